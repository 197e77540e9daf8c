"""A model that is used, outside training, with moving averages of its networks."""

from collections.abc import Iterable
from typing import Any

import keras

from keras_gans._hyperparameters import Tunable


class Averaged(Tunable, keras.Model):
    """A `keras.Model` that may keep moving averages of networks: see `DecayOfAverages`."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.averages: dict[str, Any] = {}

    def in_use(self, name: str, training: bool = False) -> keras.layers.Layer:
        """A network by its name: outside training its moving average, if there is one.

        Of a network that grows it may be the part that has grown.
        """
        network = getattr(self, name)
        return network if training else self.averages.get(name, network)

    def update_averages(self, names: Iterable[str] | None = None) -> None:
        """Move averages after an update of the networks: those of some, by default of all.

        `minimize` does so itself.
        """
        for name, average in self.averages.items():
            if names is None or name in names:
                average.update()

    def catch_up(self) -> None:
        """Before the first step, let averages be what the networks are, whatever was loaded."""
        for average in self.averages.values():
            average.catch_up()
