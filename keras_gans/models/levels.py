"""The levels of a pyramid of networks: each is a game of its own."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import keras
from keras import ops

from keras_gans import losses
from keras_gans._loss_result import LossResult
from keras_gans._precision import as_float
from keras_gans._read_only import call_network
from keras_gans._typing import Examples, Tensor
from keras_gans.models.game import Game
from keras_gans.models.latent_model import with_labels
from keras_gans.techniques import technique

#: What the networks of each level are about: an image, and what it is conditioned on.
Levels = list[list[Tensor]]


class Level(Game):
    """The GAN of one level: what the techniques of this level know as the model.

    Args:
        pyramid: The `LAPGAN`, whose noise, seeds and weights are also those of its levels.
        k: Integer, number of the level.
        objective, techniques: See `GAN`. The techniques are those of this level alone.
    """

    def __init__(
        self,
        pyramid: keras.Model,
        k: int,
        objective: str | losses.Objective,
        techniques: Sequence[technique.Technique],
    ) -> None:
        self.pyramid = pyramid
        self.adopt(techniques)
        self.generator = pyramid.generators[k]
        self.discriminator = pyramid.discriminators[k]
        self.begin(objective)

    def __getattr__(self, name: str) -> Any:
        if name == "pyramid":  # of a copy that is being made
            raise AttributeError(name)
        return getattr(self.pyramid, name)

    def in_use(self, name: str, training: bool = False) -> keras.Model:
        """A network of this level. Its weights are those that the pyramid puts in use."""
        return getattr(self, name)

    def fake_examples(
        self, real: Examples, generator: Callable[..., Tensor], training: bool = True
    ) -> Examples:
        """Return as many fakes of this level as there are real ones, on the same conditions."""
        h, *condition = real
        shape = self.generator.inputs[0].shape[1:]
        z = self.draw(keras.random.normal, ops.shape(h)[0], shape, training)
        return [as_float(generator(with_labels(z, condition))), *condition]

    def discriminate(
        self, examples: Examples, training: bool = False, call: Callable[..., Tensor] = call_network
    ) -> Tensor:
        def call_with_condition(network, inputs, training):
            return call(network, with_labels(inputs[0], inputs[1:]), training)

        return super().discriminate(examples, training, call_with_condition)


def sum_of_levels(of_levels: Iterable[LossResult]) -> LossResult:
    """The sum over networks that do not meet. What each level logs has its number."""
    of_levels = list(of_levels)
    (name,) = of_levels[0].minimized
    total = sum(result.loss for result in of_levels)
    logged = {
        f"{key}_{k}": value
        for k, result in enumerate(of_levels)
        for key, value in result.logs.items()
    }
    return LossResult({name: total}, logged, {"levels": [x.handed_on for x in of_levels]})
