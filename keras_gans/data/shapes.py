"""Drawn shapes with captions: images of which a sentence says all that there is to see."""

import dataclasses

import numpy as np

from keras_gans import _checks

#: Colors by name, in [−1, 1].
COLORS = {
    "red": (0.8, -0.7, -0.7),
    "green": (-0.7, 0.5, -0.6),
    "blue": (-0.7, -0.5, 0.9),
    "yellow": (0.9, 0.8, -0.8),
}
#: Radii by name, in parts of the side of the square that a shape has to itself.
SIZES = {"small": 0.24, "large": 0.42}
#: Functions of the distances to the center, down and right, in radii: whether a point is inside.
SHAPES = {
    "circle": lambda y, x: x**2 + y**2 <= 1,
    "square": lambda y, x: np.maximum(abs(x), abs(y)) <= 0.9,
    "triangle": lambda y, x: (y <= 0.8) & (abs(x) <= (y + 1) / 1.8),
}
#: Where the first of two shapes is: down and right, from the center to the first one's.
PLACES = {"above": (-1, 0), "below": (1, 0), "left of": (0, -1), "right of": (0, 1)}

#: Points along each side of a pixel, of which it is the mean.
_SAMPLES = 4


@dataclasses.dataclass(frozen=True)
class Shape:
    """One drawn shape: the names of its size, color and shape."""

    size: str
    color: str
    shape: str

    def __str__(self):
        return f"a {self.size} {self.color} {self.shape}"


def drawn_shapes(
    num: int, image_size: int = 32, num_shapes: int = 1, seed: int | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Draw images of colored shapes, with a caption each.

    A caption names the size, the color and the shape, as in "a small red circle", and of two shapes
    how they lie: "a large green square left of a small red circle". All are equally likely; places
    vary by a few pixels, and backgrounds are white. Two shapes are never of the same color and
    shape.

    Args:
        num: Positive integer, how many.
        image_size: Integer, at least 8, side of the images. Defaults to `32`.
        num_shapes: `1` or `2`. Defaults to `1`.
        seed: Integer or `None`, a new one at every call. Defaults to `None`.

    Returns:
        `(images, captions)`: a float32 array `(num, image_size, image_size, 3)` in [−1, 1] and an
        array of strings `(num,)`.

    Raises:
        ValueError, TypeError: If an argument is out of range.

    Example:

    >>> import keras_gans as kg
    >>> images, captions = kg.data.drawn_shapes(2, num_shapes=2, seed=0)
    >>> images.shape, str(captions[0])
    ((2, 32, 32, 3), 'a large blue square above a small green circle')
    """
    num = _checks.positive_int("num", num)
    image_size = _checks.positive_int("image_size", image_size, minimum=8)
    _checks.one_of("num_shapes", num_shapes, [1, 2])
    generator = np.random.default_rng(_checks.seed("seed", seed))
    examples = [_example(generator, image_size, num_shapes) for _ in range(num)]
    images, captions = zip(*examples, strict=True)
    return np.stack(images), np.array(captions)


def _example(generator, image_size, num_shapes):
    """One image and its caption."""
    first = _any_shape(generator)
    if num_shapes == 1:
        shapes, place, down_and_right = [first], "", np.zeros((1, 2))
    else:
        second = _any_shape(generator)
        while (second.color, second.shape) == (first.color, first.shape):
            second = _any_shape(generator)
        place = generator.choice(list(PLACES))
        shapes, offset = [first, second], np.array(PLACES[place])
        down_and_right = np.stack([offset, -offset]) / 4
    cell = image_size / num_shapes
    jitter = generator.uniform(-0.06, 0.06, (num_shapes, 2)) * cell
    centers = image_size * (0.5 + down_and_right) + jitter
    image = np.ones((image_size, image_size, 3))
    for shape, center in zip(shapes, centers, strict=True):
        covered = _covered(shape, center, SIZES[shape.size] * cell, image_size)[..., None]
        image += covered * (np.array(COLORS[shape.color]) - image)
    return image.astype("float32"), f" {place} ".join(map(str, shapes))


def _any_shape(generator):
    return Shape(*(str(generator.choice(list(names))) for names in (SIZES, COLORS, SHAPES)))


def _covered(shape, center, radius, image_size):
    """How much of each pixel a shape covers."""
    points = (np.arange(image_size * _SAMPLES) + 0.5) / _SAMPLES
    down = (points[:, None] - center[0]) / radius
    right = (points[None, :] - center[1]) / radius
    is_inside = SHAPES[shape.shape](down, right)
    return is_inside.reshape(image_size, _SAMPLES, image_size, _SAMPLES).mean((1, 3))
