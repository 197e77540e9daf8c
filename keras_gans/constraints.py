"""Constraints on weights, applied by the optimizer after every update."""

import keras
from keras import ops

from keras_gans import _checks
from keras_gans._configured import Fixed
from keras_gans._typing import Config, Tensor

__all__ = ["ClipConstraint"]


@keras.saving.register_keras_serializable(package="keras_gans")
class ClipConstraint(Fixed, keras.constraints.Constraint):
    """Clip every weight to [−clip_value, clip_value].

    Args:
        clip_value: Positive float, the paper's c. Defaults to `0.01`.

    Raises:
        ValueError: If `clip_value` is not positive.
        AttributeError: If `clip_value` is set later: that of `WGAN` may change.

    Example:

    >>> import keras, keras_gans as kg
    >>> kg.constraints.ClipConstraint(0.25)(keras.ops.array([-1.0, 0.125, 1.0])).numpy().tolist()
    [-0.25, 0.125, 0.25]

    Reference:
        Arjovsky et al. 2017, Wasserstein GAN, Algorithm 1, line 7.
    """

    def __init__(self, clip_value: float = 0.01) -> None:
        self.clip_value = _checks.real_number("clip_value", clip_value, low=0.0, low_open=True)

    def __call__(self, w: Tensor) -> Tensor:
        return ops.clip(w, -self.clip_value, self.clip_value)

    def get_config(self) -> Config:
        return {"clip_value": self.clip_value}
