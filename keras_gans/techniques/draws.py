"""Random numbers of an augmentation, all drawn at once."""

import keras
from keras import ops

from keras_gans._typing import Tensor


class Draws:
    """Numbers for each image of a batch, `(num,)`, that are given out one after the other.

    Args:
        uniform: Float tensor `(num, n)` from U(0, 1).
        normal: Float tensor `(num, m)` from N(0, 1), or `None`. Defaults to `None`.
    """

    def __init__(self, uniform: Tensor, normal: Tensor | None = None) -> None:
        self._uniform = iter(ops.unstack(uniform, axis=1))
        self._normal = iter(() if normal is None else ops.unstack(normal, axis=1))

    @classmethod
    def of(cls, model: keras.Model, images: Tensor, uniform: int, normal: int = 0) -> "Draws":
        """As many numbers of each kind, from the noise of a model."""
        num = ops.shape(images)[0]
        drawn = model.draw(keras.random.uniform, num, (uniform,))
        return cls(drawn, model.draw(keras.random.normal, num, (normal,)) if normal else None)

    def uniform(self, low: float = 0.0, high: float = 1.0) -> Tensor:
        """Draw from U(low, high)."""
        return low + (high - low) * next(self._uniform)

    def normal(self, stddev: float = 1.0) -> Tensor:
        """Draw from N(0, stddev²)."""
        return stddev * next(self._normal)

    def below(self, num: int) -> Tensor:
        """Draw one of the numbers 0 … num − 1, a float."""
        return ops.floor(self.uniform(high=num))

    def sometimes(self, p: Tensor | float, *numbers: Tensor, otherwise: float = 0.0) -> list:
        """Each of the numbers with probability p, all or none of an image's, and one otherwise."""
        is_drawn = self.uniform() < p
        return [ops.where(is_drawn, x, ops.full_like(x, otherwise)) for x in numbers]
