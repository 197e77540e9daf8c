"""Historical averaging (Salimans et al. 2016)."""

from typing import Any

import keras
from keras import ops

from keras_gans._hyperparameters import Hyperparameter
from keras_gans._loss_result import LossResult
from keras_gans._precision import as_float
from keras_gans._typing import Examples, FloatOrSchedule
from keras_gans.techniques.technique import Technique, refuse_decay_of_schedule


@keras.saving.register_keras_serializable(package="keras_gans")
class HistoricalAveraging(Technique):
    """Hold each network near the mean of its past: add λ‖θ − (1/t) Σᵢ θ[i]‖² to its loss.

    θ[1] … θ[t] are the network's parameters after each of its updates so far. Networks that circle
    around an equilibrium are pulled to the center of the circle. λ shrinks in training: after r
    updates of the generator it is weight · decayʳ. The attribute `weight` is λ as it is now.

    Args:
        weight: Float ≥ 0, λ at the start, or a schedule of λ. Defaults to `1.0`.
        decay: Float in (0, 1], factor of λ for each update of the generator; `1.0` keeps λ, as in
            the paper. Defaults to `None`: 0.999, a half after 693 updates, or 1 for a schedule.

    Raises:
        ValueError, TypeError: If a number is out of range.

    Logs: `g_distance_to_mean` and `d_distance_to_mean`, ‖θ − (1/t) Σᵢ θ[i]‖² of both networks,
    before the weight.

    Example:

    >>> import keras_gans as kg
    >>> averaging = kg.techniques.HistoricalAveraging(weight=0.1, decay=0.9995)

    Reference:
        Salimans et al. 2016, Improved Techniques for Training GANs, section 3.3.
    """

    loss_names = ("g_distance_to_mean", "d_distance_to_mean")
    weight = Hyperparameter(low=0.0)
    decay = Hyperparameter(0.0, 1.0, low_open=True, check=refuse_decay_of_schedule("weight"))

    def __init__(
        self, weight: FloatOrSchedule = 1.0, decay: FloatOrSchedule | None = None, **kwargs
    ) -> None:
        super().__init__(**kwargs)
        self.weight = weight
        if decay is None:
            decay = 1.0 if self.is_scheduled("weight") else 0.999
        self.decay = decay

    def prepare(self, model: keras.Model) -> None:
        self.updates = {}
        means = {}
        for network in ("generator", "discriminator"):
            self.updates[network] = self.add_state(f"{network}_updates")
            for i, parameter in enumerate(getattr(model, network).trainable_variables):
                means[id(parameter)] = self.add_state(
                    f"{network}_mean_{i}", parameter.shape, parameter.dtype
                )
        self.mean_of = lambda parameter: means[id(parameter)]

    def loss(
        self, model: keras.Model, network: str, loss: LossResult, real: Examples, fake: Examples
    ) -> LossResult:
        distance = sum(
            ops.sum(ops.square(as_float(parameter - self.mean_of(parameter))))
            for parameter in getattr(model, network).trainable_variables
        )
        has_a_past = as_float(self.updates[network] > 0)
        return loss.plus(f"{network[0]}_distance_to_mean", has_a_past * distance, self.weight)

    def update(self, model: keras.Model, network: str, outputs: dict[str, Any]) -> None:
        self.updates[network].assign_add(1.0)
        for parameter in getattr(model, network).trainable_variables:
            mean = self.mean_of(parameter)
            mean.assign(mean + (parameter - mean) / ops.cast(self.updates[network], mean.dtype))
        if network == "generator" and not self.is_scheduled("weight"):
            self.weight *= self.decay
