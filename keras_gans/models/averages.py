"""A model that is used, outside training, with moving averages of its networks."""

import contextlib
from collections.abc import Iterable
from typing import Any

import keras

from keras_gans import _checks
from keras_gans._hyperparameters import SCHEDULE, Tunable
from keras_gans.models.moving_average import MovingAverage


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

    def weights_in_use(
        self, name: str, training: bool = False
    ) -> contextlib.AbstractContextManager[None]:
        """A context in which a network has the weights that `in_use` has, for a part of it."""
        if training or name not in self.averages:
            return contextlib.nullcontext()
        return self.averages[name].as_weights()

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


class DecayOfAverages:
    """The moving averages of some networks of a model, as an attribute of its class: their decay.

    The constructor of the model sets it when the networks are there, to a float in [0, 1), to a
    schedule, or to `None` for no averages. From then on they follow the updates of the networks,
    and `in_use` returns them. A callback may set a decay that is there, as any `Hyperparameter`.

    Args:
        *networks: Names of the attributes that hold the networks.

    Example:

    >>> import keras_gans as kg
    >>> from keras_gans.models.averages import DecayOfAverages
    >>> class Averaged(kg.models.LatentModel):
    ...     ema_decay = DecayOfAverages("generator")
    ...
    ...     def __init__(self, generator, latent_dim, ema_decay=None, **kwargs):
    ...         super().__init__(latent_dim, **kwargs)
    ...         self.generator = generator
    ...         self.ema_decay = ema_decay
    >>> generator = kg.networks.mlp_generator((2,), 3, (8,))
    >>> model = Averaged(generator, latent_dim=3, ema_decay=0.99)
    >>> type(model.in_use("generator")).__name__
    'MovingAverage'
    """

    def __init__(self, *networks: str) -> None:
        self.networks = networks

    def __set_name__(self, owner, name):
        self.name = name

    def __get__(self, model, kind=None):
        if model is None:
            return self
        if self.name not in vars(model):
            raise AttributeError(self.name)
        decays = [model.averages[name].decay for name in self.networks if name in model.averages]
        return decays[0] if decays else None

    def __set__(self, model, decay):
        is_in_constructor = self.name not in vars(model)
        vars(model).setdefault(self.name, decay)
        if is_in_constructor and decay is None:
            return
        if not is_in_constructor and not any(name in model.averages for name in self.networks):
            raise ValueError(
                f"`{self.name}` must be given to the constructor: this {type(model).__name__} "
                f"keeps no averages. Received: {self.name}={decay!r}"
            )
        if not isinstance(decay, SCHEDULE):
            _checks.real_number(self.name, decay, 0.0, 1.0, high_open=True)
        for name in self.networks:
            if name in model.averages:
                model.averages[name].decay = decay
            else:
                model.averages[name] = MovingAverage(getattr(model, name), decay)
