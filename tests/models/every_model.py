"""A tiny one of every model, with what it trains on: `make(name)` and `fit(model)`.

A model is known by the test file of its own file: `tests/models/test_<file>.py` defines

- `tiny(**kwargs)`: a new model of networks of a few weights, made with these arguments, too;
- `tiny_examples()`: `(x, y)`, 32 examples and what belongs to them, or `None`;
- `tiny_calls(model)`, where a model has methods of its own beside served verbs: a dictionary of
  bound methods of a tiny model, each with a dictionary of valid arguments, for `tests.fuzz`;
- `convolutional(**kwargs)`, where there is no `for_images` and `tiny` has no convolutions: as
  `tiny`, of images 8×8×1.
"""

import importlib
import inspect
import math
import random

import numpy as np
import pytest

import keras_gans as kg
from keras_gans._configured import arguments_of

POINTS = kg.data.ring_of_gaussians().sample(32, seed=0)
IMAGES = np.random.default_rng(0).uniform(-1, 1, (32, 4, 4, 1)).astype("float32")
LABELS = np.arange(32) % 3
NAMES = sorted(
    name
    for name, kind in vars(kg.models).items()
    if inspect.isclass(kind)
    and issubclass(kind, kg.models.GenerativeModel)
    and kind.optimizer_networks
)


def file_of(kind):
    """The name of the file that a model's class is in."""
    return kind.__module__.rpartition(".")[2]


def definitions(kind):
    """The test module of a model's class, which defines a tiny one."""
    name = f"tests.models.test_{file_of(kind)}"
    state = random.getstate()
    try:
        module = importlib.import_module(name)
    except ModuleNotFoundError:
        module = None
    random.setstate(state)  # networks of its cases draw seeds, when it is first imported
    if not hasattr(module, "tiny") or not hasattr(module, "tiny_examples"):
        raise NotImplementedError(
            f"{kind.__name__} must have {name.replace('.', '/')}.py with two functions: "
            "`tiny(**kwargs)`, which makes a model of a few weights, and `tiny_examples()`, which "
            "returns what it trains on, (x, y) with 32 examples. See tests/models/every_model.py"
        )
    return module


def kind_of(model):
    """The public class of a model, which may be of a subclass that a test made."""
    return next(kind for kind in type(model).__mro__ if kind.__name__ in NAMES)


def make(name, **kwargs):
    """A new tiny model."""
    return definitions(getattr(kg.models, name)).tiny(**{"seed": 1, **kwargs})


def make_convolutional(name, **kwargs):
    """A new model of small convolutional networks."""
    kind, kwargs = getattr(kg.models, name), {"seed": 1, **kwargs}
    if getattr(kind, "for_images", None):
        info = kg.data.DatasetInfo("images", (8, 8, 1), 17, 3, "train")
        _, labels = definitions(kind).tiny_examples()
        if labels is not None and "num_classes" in inspect.signature(kind.for_images).parameters:
            kwargs = {"num_classes": info.num_classes, **kwargs}
        return kind.for_images(info, latent_dim=3, filters=2, **kwargs)
    module = definitions(kind)
    return getattr(module, "convolutional", module.tiny)(**kwargs)


def examples(model):
    """What a model trains on: `(x, y)`."""
    return definitions(kind_of(model)).tiny_examples()


def fit(model, **kwargs):
    x, y = examples(model)
    arguments = {"batch_size": 8, "shuffle": False, "verbose": 0, **kwargs}
    return model.fit(x, y, **arguments)


def that_take(argument):
    """The names of the models whose constructor takes an argument."""
    return [name for name in NAMES if argument in arguments_of(getattr(kg.models, name))]


def tiers(quick, cases=NAMES):
    """The cases as parameters of a test, of which one, or those of a set, are not slow."""
    quick = quick if isinstance(quick, set) else {quick}
    assert quick <= set(cases)
    mark = {True: pytest.mark.quick, False: pytest.mark.slow}
    return [pytest.param(case, marks=mark[case in quick]) for case in cases]


def pack_size(kwargs):
    """How many examples the discriminator of a model made with these arguments judges at once."""
    return math.prod(technique.pack_size for technique in kwargs.get("techniques", ()))


def two_player(kind, num_classes=None, num_logits=1, **kwargs):
    """A two-player model of dense networks for `POINTS`."""
    judged, classes = (2 * pack_size(kwargs),), {"num_classes": num_classes}
    return kind(
        kg.networks.mlp_generator((2,), 3, (8,), **classes),
        kg.networks.mlp_discriminator(judged, (8,), num_logits=num_logits, **classes),
        latent_dim=3,
        **kwargs,
    )
