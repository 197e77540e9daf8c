"""Historical averaging (Salimans et al. 2016)."""

import keras
from keras import ops

from keras_gans import _checks
from keras_gans.techniques.technique import Technique


@keras.saving.register_keras_serializable(package="keras_gans")
class HistoricalAveraging(Technique):
    """Hold each player near the mean of its past: add λ‖θ − (1/t) Σᵢ θ[i]‖² to its loss.

    θ[1] … θ[t] are the player's parameters after each of its updates so far. Players that circle
    around an equilibrium are pulled to the centre of the circle. λ shrinks while the game is
    explored and exploited: after r updates of the generator it is weight · decayʳ.

    Args:
        weight: Float ≥ 0, λ at the start. Defaults to `1.0`.
        decay: Float in (0, 1], factor of λ for each update of the generator. Defaults to `0.999`:
            a half after 693 updates. `1.0` keeps it, as in the paper.

    Raises:
        ValueError, TypeError: If a number is out of range.

    Example:

    >>> import keras_gans as kg
    >>> averaging = kg.techniques.HistoricalAveraging(weight=0.1, decay=0.9995)

    Reference:
        Salimans et al. 2016, Improved Techniques for Training GANs, section 3.3.
    """

    def __init__(self, weight=1.0, decay=0.999, **kwargs):
        super().__init__(**kwargs)
        self.weight = _checks.real_number("weight", weight, low=0.0)
        self.decay = _checks.real_number("decay", decay, 0.0, 1.0, low_open=True)

    def prepare(self, game):
        self.present_weight = self.add_state(
            "present_weight", initializer=keras.initializers.Constant(self.weight)
        )
        self.updates = {}
        means = {}
        for player in ("generator", "discriminator"):
            self.updates[player] = self.add_state(f"{player}_updates")
            for i, parameter in enumerate(getattr(game, player).trainable_variables):
                means[id(parameter)] = self.add_state(f"{player}_mean_{i}", parameter.shape)
        self.mean_of = lambda parameter: means[id(parameter)]

    def loss(self, game, player, loss, real, fake):
        distance = sum(
            ops.sum(ops.square(parameter - self.mean_of(parameter)))
            for parameter in getattr(game, player).trainable_variables
        )
        has_a_past = ops.cast(self.updates[player] > 0, distance.dtype)
        return loss + self.present_weight * has_a_past * distance

    def update(self, game, player):
        self.updates[player].assign_add(1.0)
        for parameter in getattr(game, player).trainable_variables:
            mean = self.mean_of(parameter)
            mean.assign(mean + (parameter - mean) / self.updates[player])
        if player == "generator":
            self.present_weight.assign(self.present_weight * self.decay)

    def get_config(self):
        return {**super().get_config(), "weight": self.weight, "decay": self.decay}
