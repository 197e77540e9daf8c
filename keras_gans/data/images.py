"""Pictures: the one place where images in [−1, 1] become pixels."""

import collections.abc
import math
import pathlib
import reprlib

import numpy as np

from keras_gans import _checks, _files
from keras_gans._typing import ArrayLike, PathLike, Picture

#: Pixels of the largest picture to write: viewers refuse larger ones, as `data.load` does.
MAX_PIXELS = 10**8


def to_uint8(images: ArrayLike) -> np.ndarray:
    """Turn images in [−1, 1] into pixels 0 … 255, by rounding and clipping; NaN is black.

    Args:
        images: Float array of any shape.

    Returns:
        uint8 array of the same shape.

    Raises:
        TypeError: If `images` are not numbers.

    Example:

    >>> import keras_gans as kg
    >>> kg.data.to_uint8([-1.0, 0.0, 1.0]).tolist()
    [0, 128, 255]
    """
    images = np.clip(_checks.array("images", images).astype("float64"), -1, 1)
    return np.nan_to_num(np.rint((images + 1) * 127.5)).astype("uint8")


def image_grid(
    images: ArrayLike, columns: int | None = None, padding: int = 2, scale: int | None = None
) -> Picture:
    """Lay images out in a grid, row by row, on a white ground.

    Args:
        images: Float array `(num, height, width, channels)` in [−1, 1], with 1, 3 or 4 channels:
            gray, red-green-blue, or these and opacity.
        columns: Positive integer. Defaults to `None`, the grid nearest to a square.
        padding: Non-negative integer, pixels between images. Defaults to `2`.
        scale: Positive integer, side in the grid of one pixel of an image. Defaults to `None`, as
            much as makes images at least 32 pixels high.

    Returns:
        A `PIL.Image.Image`.

    Raises:
        ValueError, TypeError: If `images` have another shape or are not numbers, or a number is out
            of range.

    Example:

    >>> import numpy as np, keras_gans as kg
    >>> kg.data.image_grid(np.zeros((4, 8, 8, 1)), padding=1, scale=1).size
    (19, 19)
    """
    from PIL import Image

    images = to_uint8(images)
    _check_shape(images.shape)
    scale = _scale_of(scale, images.shape[1])
    padding = _checks.positive_int("padding", padding, minimum=0)
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


def check_grid_size(
    name: str,
    num: int,
    shape: tuple[int, ...],
    columns: int | None = None,
    scale: int | None = None,
    padding: int = 2,
) -> None:
    """Refuse a grid too large for a picture, before its images are made.

    Args:
        name: Name of the argument that says how many images.
        num: Positive integer, how many images.
        shape: Their shape `(height, width, channels)`.
        columns, scale, padding: See `image_grid`.

    Raises:
        ValueError: If the picture would have more than `MAX_PIXELS` pixels, or these are no images.
    """
    _check_shape((num, *shape))
    columns = math.ceil(math.sqrt(num)) if columns is None else columns
    scale = _scale_of(scale, shape[0])
    cell_height, cell_width = (side * scale + padding for side in shape[:2])
    width, height = columns * cell_width + padding, -(-num // columns) * cell_height + padding
    if width * height > MAX_PIXELS:
        most = MAX_PIXELS // (cell_height * cell_width)
        raise ValueError(
            f"`{name}` must be less for images of shape {shape} in one picture of at most "
            f"{MAX_PIXELS:,} pixels, which are about {most:,} images. "
            f"Received: {num} images, {width}×{height} pixels"
        )


def _check_shape(shape):
    if len(shape) != 4 or shape[0] == 0 or shape[3] not in (1, 3, 4):
        raise ValueError(
            "`images` must have shape (num, height, width, channels) with 1, 3 or 4 channels. "
            f"Received: shape {shape}"
        )


def _scale_of(scale, height):
    return _checks.positive_int("scale", -(-32 // height) if scale is None else scale)


def save_grid(images: ArrayLike, filepath: PathLike, **kwargs) -> None:
    """Write a grid of images to a picture file.

    Args:
        images: Float array `(num, height, width, channels)` in [−1, 1].
        filepath: Path of the picture; its ending names the format.
        **kwargs: Those of `image_grid`.

    Raises:
        ValueError, TypeError: As `image_grid`; or if the format is unknown.
        OSError: If the file cannot be written.

    Example:

    >>> import os, numpy as np, keras_gans as kg
    >>> kg.data.save_grid(np.zeros((4, 8, 8, 1)), "grid.png")
    >>> os.path.exists("grid.png")
    True
    """
    grid = image_grid(images, **kwargs)
    with _files.replacing(filepath) as temporary:
        grid.save(temporary)


def save_animation(
    frames: collections.abc.Sequence[Picture],
    filepath: PathLike,
    milliseconds: int = 100,
    last: int | None = None,
) -> None:
    """Write pictures as an animated GIF that runs without end.

    Args:
        frames: Sequence of `PIL.Image.Image`s of one size.
        filepath: Path of the picture, which ends in `.gif`.
        milliseconds: Positive integer, duration of a frame. Defaults to `100`.
        last: Positive integer, duration of the last frame. Defaults to `None`, that of the others.

    Raises:
        ValueError, TypeError: If there is no frame, one is not a picture, the ending is another or
            a number is out of range.
        OSError: If the file cannot be written.

    Example:

    >>> import os, numpy as np, keras_gans as kg
    >>> frames = [kg.data.image_grid(np.full((1, 8, 8, 1), x)) for x in (-1.0, 1.0)]
    >>> kg.data.save_animation(frames, "blinking.gif")
    >>> os.path.exists("blinking.gif")
    True
    """
    from PIL import Image

    is_sequence = isinstance(frames, collections.abc.Sequence)
    if not is_sequence or not all(isinstance(frame, Image.Image) for frame in frames):
        raise TypeError(
            "`frames` must be a sequence of PIL.Image.Images. "
            f"Received: frames={reprlib.repr(frames)}"
        )
    if not frames:
        raise ValueError("`frames` must hold a picture. Received: none")
    if not str(filepath).endswith(".gif"):
        raise ValueError(f"`filepath` must end in '.gif'. Received: filepath={str(filepath)!r}")
    milliseconds = _checks.positive_int("milliseconds", milliseconds)
    last = milliseconds if last is None else _checks.positive_int("last", last)
    durations = [milliseconds] * (len(frames) - 1) + [last]
    with _files.replacing(filepath) as temporary:
        frames[0].save(
            temporary, save_all=True, append_images=frames[1:], duration=durations, loop=0
        )


def save_paths(images: ArrayLike, filepath: PathLike, scale: int | None = None) -> None:
    """Write images along paths: a picture with a row for each path, and an animation beside it.

    Args:
        images: Float array `(num, steps, height, width, channels)` in [−1, 1].
        filepath: Path of the picture. The animation, which goes along the paths and back, has the
            same name with the ending `.gif`.
        scale: See `image_grid`.

    Raises:
        ValueError, TypeError: As `image_grid`; or if the format is unknown.
        OSError: If the file cannot be written.

    Example:

    >>> import os, numpy as np, keras_gans as kg
    >>> kg.data.save_paths(np.zeros((2, 5, 8, 8, 1)), "paths.png")
    >>> os.path.exists("paths.gif")
    True
    """
    images = _checks.array("images", images)
    if images.ndim != 5 or images.shape[1] < 2:
        raise ValueError(
            "`images` must have shape (num, steps, height, width, channels) with at least 2 steps. "
            f"Received: shape {images.shape}"
        )
    num, steps = images.shape[:2]
    flat = images.reshape(num * steps, *images.shape[2:])
    save_grid(flat, filepath, columns=steps, scale=scale)
    there = [image_grid(images[:, i], scale=scale) for i in range(steps)]
    save_animation(there + there[-2:0:-1], pathlib.Path(filepath).with_suffix(".gif"))
