"""Learning rates and other numbers over a run, as the papers have them."""

import math

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


@keras.saving.register_keras_serializable(package="keras_gans")
class HalfCosine(keras.optimizers.schedules.LearningRateSchedule):
    """A number that goes from one value to another over some updates, as half a cosine, and stays.

    It is start + (end − start) · sin²(πt/2T), with T = `steps` and t at most T.

    Args:
        start: Float, the number at the start.
        end: Float, the number after `steps` updates.
        steps: Positive integer.

    Example:

    >>> from keras_gans.models.schedules import HalfCosine
    >>> number = HalfCosine(2.0, 6.0, steps=8)
    >>> [round(float(number(step)), 6) for step in (0, 4, 8, 9)]
    [2.0, 4.0, 6.0, 6.0]
    """

    def __init__(self, start: float, end: float, steps: int) -> None:
        self.start = start
        self.end = end
        self.steps = steps

    def __call__(self, step: int | Tensor) -> Tensor:
        return self.start + (self.end - self.start) * _half_cosine(step, self.steps)

    def get_config(self) -> Config:
        return {"start": self.start, "end": self.end, "steps": self.steps}


@keras.saving.register_keras_serializable(package="keras_gans")
class GrowingHalfLife(keras.optimizers.schedules.LearningRateSchedule):
    """The decay of a moving average whose half-life grows from zero, as half a cosine, and stays.

    With half-life h updates, the decay is 2^(−1/h): that of h · sin²(πt/2T) is the decay of h to
    the power 1 / sin²(πt/2T), with T = `steps` and t at most T.

    Args:
        decay: Float in (0, 1), the decay after `steps` updates.
        steps: Positive integer.

    Example:

    >>> from keras_gans.models.schedules import GrowingHalfLife
    >>> decay = GrowingHalfLife(0.9, steps=8)
    >>> [round(float(decay(step)), 6) for step in (0, 4, 8, 9)]
    [0.0, 0.81, 0.9, 0.9]
    """

    def __init__(self, decay: float, steps: int) -> None:
        self.decay = decay
        self.steps = steps

    def __call__(self, step: int | Tensor) -> Tensor:
        return self.decay ** (1.0 / _half_cosine(step, self.steps))

    def get_config(self) -> Config:
        return {"decay": self.decay, "steps": self.steps}


def _half_cosine(step, steps):
    """From 0 to 1 in `steps`, as half a cosine, exact near zero."""
    progress = ops.minimum(ops.cast(step, "float32") / steps, 1.0)
    return ops.square(ops.sin(0.5 * math.pi * progress))
