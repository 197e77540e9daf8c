"""What is seen in the explorer as files: pictures, animations, latents; and pictures as arrays."""

import base64
import io
import json
import math
import pathlib
import tempfile
from collections.abc import Sequence

import numpy as np

from keras_gans import data
from keras_gans._typing import Picture
from keras_gans.data import look, pictures
from keras_gans.explorer.views import Point
from keras_gans.serving import ArraySpec

#: Longest side of a picture for models that take images of any size.
LONGEST = 256


def png(picture: Picture) -> bytes:
    """Return a `PIL.Image.Image` as a PNG file."""
    file = io.BytesIO()
    picture.save(file, "PNG")
    return file.getvalue()


def grid(images: np.ndarray, columns: int | None = None) -> bytes:
    """Return images `(num, height, width, channels)` in [−1, 1] as a PNG file of a grid."""
    return png(data.image_grid(images, columns))


def single(image: np.ndarray) -> bytes:
    """Return one image `(height, width, channels)` in [−1, 1] as a PNG file, pixel by pixel."""
    return png(data.image_grid(image[None], 1, padding=0, scale=1))


def animation(paths: Sequence[np.ndarray], there_and_back: bool = True) -> bytes:
    """Return images along paths as a GIF file that shows the paths side by side.

    Args:
        paths: Float arrays `(steps, height, width, channels)` in [−1, 1], all of one shape.
        there_and_back: Whether it goes along the paths and back. Defaults to `True`.
    """
    frames = [data.image_grid(np.stack(step), len(paths)) for step in zip(*paths, strict=True)]
    frames += frames[-2:0:-1] if there_and_back else []
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "animation.gif"
        data.images.save_animation(frames, path)
        return path.read_bytes()


def npy(points: Sequence[Point]) -> bytes:
    """Return the latents of points as a file for `numpy.load`, float32 `(num, latent_dim)`."""
    file = io.BytesIO()
    np.save(file, np.stack([point.latents for point in points]))
    return file.getvalue()


def as_json(points: Sequence[Point], **others: object) -> bytes:
    """Return points, and what else belongs to them, as a file of JSON.

    Its `latents` and, if the model has any, its `labels` are arguments of `generate`.
    """
    content: dict[str, object] = {"latents": [point.latents.tolist() for point in points]}
    if any(point.condition is not None for point in points):
        content["labels"] = [point.condition for point in points]
    return json.dumps({**content, **others}, ensure_ascii=False).encode()


def address(file: bytes, kind: str = "png") -> str:
    """Return an image file as the address of itself, for a page."""
    return f"data:image/{kind};base64,{base64.b64encode(file).decode()}"


def image(content: bytes, spec: ArraySpec) -> np.ndarray:
    """Read a picture file as one image that a model takes.

    The largest centered part of the model's aspect ratio is resized to the model's size. For models
    of images of any size, only pictures that are longer than `LONGEST` are resized.

    Args:
        content: The file.
        spec: `ArraySpec` of images `(None, height, width, channels)`.

    Returns:
        Float32 array `(height, width, channels)` in [−1, 1].

    Raises:
        ValueError: If it is no picture, or a damaged one.
    """
    _, *size, channels = spec.shape
    is_free = None in size
    least = (LONGEST, LONGEST) if is_free else tuple(size)
    try:
        pixels = pictures.decoded(io.BytesIO(content), least, channels)
    except Exception as error:  # whatever Pillow raises
        raise ValueError(
            "The file must be a picture that can be read, such as a PNG or a JPEG. "
            f"Received: one that cannot be decoded ({type(error).__name__})"
        ) from error
    scaled = pixels.astype("float32") / 127.5 - 1
    own = pixels.shape[:2]
    if is_free:
        shrunk = min(1.0, LONGEST / max(own))
        size = [
            math.ceil(shrunk * side) if free is None else free
            for side, free in zip(own, size, strict=True)
        ]
    if tuple(size) == own:
        return scaled
    return np.clip(look.resized(scaled, tuple(size)), -1, 1)
