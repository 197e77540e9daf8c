"""Learning rates over a run, as the papers have them."""

import keras
from keras import ops

from keras_gans._typing import Config, Tensor


@keras.saving.register_keras_serializable(package="keras_gans")
class LinearToZero(keras.optimizers.schedules.LearningRateSchedule):
    """A learning rate that stays for some updates, and then goes linearly to zero.

    Args:
        learning_rate: Positive float, the rate at the start.
        total_steps: Positive integer, updates until it is zero.
        start: Integer in [0, total_steps), updates until it begins to fall. Defaults to `0`.

    Example:

    >>> from keras_gans.models.schedules import LinearToZero
    >>> rate = LinearToZero(1.0, total_steps=8, start=4)
    >>> [float(rate(step)) for step in (0, 4, 5, 8, 9)]
    [1.0, 1.0, 0.75, 0.0, 0.0]
    """

    def __init__(self, learning_rate: float, total_steps: int, start: int = 0) -> None:
        self.learning_rate = learning_rate
        self.total_steps = total_steps
        self.start = start

    def __call__(self, step: int | Tensor) -> Tensor:
        rest = self.total_steps - ops.cast(step, "float32")
        return self.learning_rate * ops.clip(rest / (self.total_steps - self.start), 0.0, 1.0)

    def get_config(self) -> Config:
        return {
            "learning_rate": self.learning_rate,
            "total_steps": self.total_steps,
            "start": self.start,
        }
