"""A model that is used, outside training, with moving averages of its networks."""

from typing import Any

import keras

from keras_gans._hyperparameters import Tunable


class Averaged(Tunable, keras.Model):
    """A `keras.Model` that may keep moving averages of networks: see `DecayOfAverages`."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.averages: dict[str, Any] = {}

    def in_use(self, name: str, training: bool = False) -> keras.layers.Layer:
        """A network by its name: outside training its moving average, if there is one."""
        network = getattr(self, name)
        return network if training else self.averages.get(name, network)

    def update_averages(self, *names: str) -> None:
        """Move averages, of all networks if none is named, after an update of the networks.

        `minimize` does so itself.
        """
        for name in names or self.averages:
            if name in self.averages:
                self.averages[name].update()

    def catch_up(self) -> None:
        """Before the first step, let averages be what the networks are, whatever was loaded."""
        for average in self.averages.values():
            average.catch_up()
