"""What a valid call is, and what calls are about: small, and made once."""

import dataclasses
import functools
import inspect
from collections.abc import Callable

import keras
import numpy as np

from tests.models import every_model


@dataclasses.dataclass(frozen=True)
class Call:
    """A function, and how to call it well.

    Attributes:
        function: Function, class or method.
        arguments: Function that returns what is given besides the defaults of the signature.
        of: For a method, function that returns its object.
        use: What is done with the result at once, so that no error waits there.
        errors: Documented errors besides `ValueError` and `TypeError`.
        nan, infinite: Whether the documentation promises NaN, or infinity, for some arguments.
        kept: Arguments that are not exchanged: they are Keras's, to be passed on.
        cost: How many times dearer than others a call is, and so how many fewer the suite makes.
    """

    function: Callable
    arguments: Callable = dict
    of: Callable | None = None
    use: Callable = lambda result: result
    errors: tuple = ()
    nan: bool = False
    infinite: bool = False
    kept: tuple = ()
    cost: int = 1

    def bound(self):
        return self.function if self.of is None else self.function.__get__(self.of())

    def valid_arguments(self):
        """All that may be exchanged, by name."""
        given = self.arguments()
        parameters = inspect.signature(self.function).parameters.values()
        defaults = {
            p.name: p.default
            for p in parameters
            if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY) and p.default is not p.empty
        }
        return {**defaults, **given}


def points(num=8, seed=0):
    return np.random.default_rng(seed).normal(size=(num, 2)).astype("float32")


def images(num=2, side=8, channels=1):
    shape = (num, side, side, channels)
    return np.random.default_rng(0).uniform(-1, 1, shape).astype("float32")


IMAGE = (8, 8, 1)
WORDS = ["ab", "ba", "aab", "bb"]


@functools.cache
def model(name):
    """A tiny model, compiled."""
    made = every_model.make(name)
    made.compile(run_eagerly=True)
    return made


def dense(units=1):
    """A network without hidden layers."""
    return keras.Sequential([keras.Input((2,)), keras.layers.Dense(units)])


def on(*inputs):
    """Call a layer on examples."""
    return lambda layer: layer(list(inputs) if len(inputs) > 1 else inputs[0])


def on_zeros(made):
    """Call a network on zeros."""
    shapes = [[2, *(side or 16 for side in x.shape[1:])] for x in made.inputs]
    zeros = [np.zeros(s, x.dtype) for s, x in zip(shapes, made.inputs, strict=True)]
    return made(zeros if len(zeros) > 1 else zeros[0])


def two_sides():
    return {"real": points(), "generated": points(8, 1)}
