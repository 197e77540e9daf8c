"""Adam whose β₂ may follow a schedule."""

from typing import Any

import keras

from keras_gans._hyperparameters import SCHEDULE
from keras_gans._typing import Config, FloatOrSchedule


@keras.saving.register_keras_serializable(package="keras_gans")
class Adam(keras.optimizers.Adam):
    """`keras.optimizers.Adam`, whose β₂ may be a schedule, as its learning rate may.

    Both are functions of the updates that this optimizer has made. The bias of the second moments
    is corrected with the present β₂, as if it had always been that.

    Args:
        learning_rate, beta_1: Those of `keras.optimizers.Adam`.
        beta_2: Float in [0, 1), or a `keras.optimizers.schedules.LearningRateSchedule`. Defaults to
            `0.999`.
        **kwargs: Those of `keras.optimizers.Adam`.

    Example:

    >>> import keras
    >>> from keras_gans.models.adam import Adam
    >>> growing = keras.optimizers.schedules.PolynomialDecay(0.9, 10, 0.99)
    >>> optimizer = Adam(1e-3, beta_1=0.0, beta_2=growing)
    >>> round(float(optimizer.beta_2), 3)
    0.9
    """

    def __init__(
        self,
        learning_rate: FloatOrSchedule = 1e-3,
        beta_1: float = 0.9,
        beta_2: FloatOrSchedule = 0.999,
        **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate, beta_1, beta_2, **kwargs)

    @property
    def beta_2(self) -> Any:
        """β₂ in the next update."""
        value = self._beta_2
        return value(self.iterations) if isinstance(value, SCHEDULE) else value

    @beta_2.setter
    def beta_2(self, value: FloatOrSchedule) -> None:
        self._beta_2 = value

    def get_config(self) -> Config:
        config = {**super().get_config(), "beta_2": self._beta_2}
        if isinstance(self._beta_2, SCHEDULE):
            config["beta_2"] = keras.saving.serialize_keras_object(self._beta_2)
        return config

    @classmethod
    def from_config(cls, config: Config, custom_objects: Any = None) -> "Adam":
        if isinstance(config.get("beta_2"), dict):
            beta_2 = keras.saving.deserialize_keras_object(config["beta_2"], custom_objects)
            config = {**config, "beta_2": beta_2}
        return super().from_config(config, custom_objects)
