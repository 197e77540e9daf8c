"""A model that is used, outside training, with moving averages of its networks."""

import keras

from keras_gans import _checks
from keras_gans._hyperparameters import SCHEDULE, Tunable
from keras_gans.models.moving_average import MovingAverage


class Averaged(Tunable, keras.Model):
    """A `keras.Model` that may keep moving averages of networks, by attribute name."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.averages = {}

    def keep_averages(self, decay, *names, argument="ema_decay"):
        """Keep moving averages of networks: what `in_use` returns from then on.

        Args:
            decay: Float in [0, 1), a schedule, or `None` for no averages.
            *names: Names of the attributes that hold the networks.
            argument: What the model calls `decay`. Defaults to `"ema_decay"`.
        """
        if decay is not None:
            if not isinstance(decay, SCHEDULE):
                _checks.real_number(argument, decay, 0.0, 1.0, high_open=True)
            for name in names:
                self.averages[name] = MovingAverage(getattr(self, name), decay)

    def update_averages(self, *names):
        """Move averages, of all networks if none is named, after an update of the networks."""
        for name in names or self.averages:
            if name in self.averages:
                self.averages[name].update()

    def in_use(self, name):
        """A network as it is used outside training: its moving average, if there is one."""
        return self.averages.get(name, getattr(self, name))

    def catch_up(self):
        """Before the first step, let averages be what the networks are, whatever was loaded."""
        for average in self.averages.values():
            average.catch_up()
