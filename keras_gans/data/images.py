"""Pictures: the one place where images in [−1, 1] become pixels."""

import math

import numpy as np

from keras_gans import _checks, _files


def to_uint8(images):
    """Turn images in [−1, 1] into pixels 0 … 255, by rounding and clipping.

    Args:
        images: Float array of any shape.

    Returns:
        uint8 array of the same shape.

    Example:

    >>> import keras_gans as kg
    >>> kg.data.to_uint8([-1.0, 0.0, 1.0]).tolist()
    [0, 128, 255]
    """
    pixels = np.rint((np.asarray(images, "float64") + 1) * 127.5)
    return np.clip(pixels, 0, 255).astype("uint8")


def image_grid(images, columns=None, padding=2, scale=None):
    """Lay images out in a grid, row by row, on a white ground.

    Args:
        images: Float array `(num, height, width, channels)` in [−1, 1], with 1 or 3 channels.
        columns: Positive integer. Defaults to `None`, the grid nearest to a square.
        padding: Pixels between images. Defaults to `2`.
        scale: Positive integer, side in the grid of one pixel of an image. Defaults to `None`, as
            much as makes images at least 32 pixels high.

    Returns:
        A `PIL.Image.Image`.

    Raises:
        ValueError: If `images` have another shape.

    Example:

    >>> import numpy as np, keras_gans as kg
    >>> kg.data.image_grid(np.zeros((4, 8, 8, 1)), padding=1, scale=1).size
    (19, 19)
    """
    from PIL import Image

    images = to_uint8(images)
    if images.ndim != 4 or len(images) == 0 or images.shape[3] not in (1, 3):
        raise ValueError(
            "`images` must have shape (num, height, width, channels) with 1 or 3 channels. "
            f"Received: shape {images.shape}"
        )
    scale = _checks.positive_int("scale", -(-32 // images.shape[1]) if scale is None else scale)
    images = images.repeat(scale, axis=1).repeat(scale, axis=2)
    num, height, width, channels = images.shape
    if columns is None:
        columns = math.ceil(math.sqrt(num))
    columns = _checks.positive_int("columns", columns)
    rows = math.ceil(num / columns)
    grid = np.full(
        (rows * (height + padding) + padding, columns * (width + padding) + padding, channels),
        255,
        "uint8",
    )
    for i, image in enumerate(images):
        top = padding + (i // columns) * (height + padding)
        left = padding + (i % columns) * (width + padding)
        grid[top : top + height, left : left + width] = image
    return Image.fromarray(grid[..., 0] if channels == 1 else grid)


def save_grid(images, filepath, **kwargs):
    """Write a grid of images to a picture file.

    Args:
        images: Float array `(num, height, width, channels)` in [−1, 1].
        filepath: Path of the picture; its ending names the format.
        **kwargs: Those of `image_grid`.

    Raises:
        ValueError: If `images` have another shape, or the format is unknown.

    Example:

    >>> import os, numpy as np, keras_gans as kg
    >>> kg.data.save_grid(np.zeros((4, 8, 8, 1)), "grid.png")
    >>> os.path.exists("grid.png")
    True
    """
    grid = image_grid(images, **kwargs)
    with _files.replacing(filepath) as temporary:
        grid.save(temporary)
