"""What a preset states: all that it takes to train a model again, and to say how good it is."""

import math
from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from keras_gans import _checks
from keras_gans._typing import Config, PathLike, Picture
from keras_gans.data import DatasetInfo, TextInfo


class Preset:
    """All that it takes to train a model again: networks, data, optimizers, and how many steps.

    Each is a subclass, called `Preset`, in the file of its name. It states

    - `model`: its class; `arguments` of its constructor, by name; and `build(info)`, which makes it
      for what a dataset holds;
    - `dataset`, `info` of it, and `load`, which reads it;
    - `batch_size`, `steps_per_epoch`, `epochs`, and `precision`, the policy of the networks;
    - `rates`, the learning rate of each optimizer, and `optimizers(model, steps, rates)`. Without
      these they are the paper's;
    - `prepare(model, batches)`, if anything comes before its training;
    - `measure(generator)`, and `pictures(generator)` or `texts(generator)`, of what has been
      trained;
    - what its card says: `title`, `summary`, `paper`, `differs`, `limits`, `data`, `license`,
      `task`, `tags`.

    Args:
        name: String, its name.

    Raises:
        TypeError: If `name` is no string.

    Example:

    >>> import keras_gans as kg
    >>> preset = kg.presets.get("wgan_gp_digits")
    >>> gan = preset.build(preset.info, filters=4)
    >>> preset.compile(gan, epochs=1)
    >>> gan.sample(2).shape
    (2, 8, 8, 1)
    """

    model: Any
    arguments: Config = {}
    dataset: str
    info: Any

    batch_size = 64
    steps_per_epoch = 200
    epochs = 10
    precision = "float32"
    rates: dict[str, float] = {}

    title: str
    summary: str
    paper: dict[str, Any]
    differs: str
    limits: list[str] = []
    data: dict[str, str]
    license = "apache-2.0"
    task = "unconditional-image-generation"
    tags: list[str] = []

    #: What a card says of use: lines of Python about `model`, which has been loaded; without any,
    #: `sample` with these arguments.
    uses: list[str] = []
    sampling = "16, seed=0"

    #: The result of `measure` that tests measure again, and by how much of it it may differ.
    check = "frechet_distance"
    tolerance = 0.02

    def __init__(self, name: str) -> None:
        self.name = _checks.string("name", name)

    @property
    def steps(self) -> int:
        """Training steps of the whole run."""
        return self.epochs * self.steps_per_epoch

    @property
    def usage(self) -> list[str]:
        """Lines of Python for a card."""
        loaded, kind = f'kg.load("{self.name}")', self.model.__name__
        if self.uses:
            lines = [f"model = {loaded}  # in a checkout", *self.uses]
        else:
            lines = [
                f"images = {loaded}.sample({self.sampling})  # in a checkout",
                f'model = kg.models.{kind}.from_preset("{self.name}")  # to train further',
            ]
        return ["import keras_gans as kg", "", *lines]

    def build(self, info: Any, **changes: Any) -> keras.Model:
        """Return the model for what a dataset holds, not compiled.

        Args:
            info: What `load` returns beside the data.
            **changes: Arguments of the constructor that are to be other ones.
        """
        raise NotImplementedError

    def optimizers(
        self, model: Any, steps: int, rates: dict[str, float]
    ) -> dict[str, keras.optimizers.Optimizer]:
        """Return optimizers by name, for a run of so many training steps."""
        return {}

    def compile(
        self,
        model: Any,
        steps_per_epoch: int | None = None,
        epochs: int | None = None,
        rates: dict[str, float] | None = None,
    ) -> None:
        """Give the model its optimizers.

        Args:
            model: What `build` made.
            steps_per_epoch, epochs: Integers, of a run of another length. Default to `None`.
            rates: Learning rates that are to be other ones, by optimizer. Defaults to `None`.
        """
        steps_per_epoch = steps_per_epoch or self.steps_per_epoch
        steps = steps_per_epoch * (epochs or self.epochs)
        rates = {**self.rates, **(rates or {})}
        optimizers = self.optimizers(model, steps, rates)
        model.compile(**optimizers, steps_per_execution=math.gcd(10, steps_per_epoch))
        for name in set(rates) - set(optimizers):
            getattr(model, name).learning_rate = rates[name]

    def prepare(
        self, model: Any, batches: Any, callbacks: Sequence[keras.callbacks.Callback] = ()
    ) -> None:
        """Do to a new model what comes before its training, such as a training of a part of it.

        The training command calls it once in a run. Whoever builds a model in Python, without
        trained weights, calls it before `fit`.

        Args:
            model: What `build` made, compiled.
            batches: Endless data, as `load` returns them.
            callbacks: Callbacks of each training in it, which may stop that. Defaults to none.
        """

    def load(
        self, source: Any = None, split: str = "train", **kwargs: Any
    ) -> tuple[tf.data.Dataset, DatasetInfo | TextInfo]:
        """Return batches, and what the dataset holds, as `keras_gans.data.load`.

        Args:
            source: Another dataset. Defaults to `None`, the preset's.
            split, **kwargs: As `keras_gans.data.load` takes them.
        """
        raise NotImplementedError

    def callbacks(self, folder: PathLike) -> list[keras.callbacks.Callback]:
        """Return callbacks that draw, in a folder, what the model makes while it trains.

        Without any, the report of the training draws samples itself.
        """
        return []

    def measure(self, generator: Any, only_check: bool = False) -> Config:
        """Return how good what is drawn is: `results` by name, and the `protocol`.

        Args:
            generator: What `keras_gans.load` returns.
            only_check: Boolean, whether to measure no more than `check`. Defaults to `False`.
        """
        raise NotImplementedError

    def pictures(
        self, generator: Any, source: Any = None, **kwargs: Any
    ) -> dict[str, tuple[Picture, str]]:
        """Return pictures of what is drawn, with a caption each, by the names of their files.

        Args:
            generator: What `keras_gans.load` returns.
            source, **kwargs: Of the data that it learned from, as `load` takes them.
        """
        return {}

    def texts(self, generator: Any) -> list[str]:
        """Return lines that show what is written, of a model that writes."""
        return []
