"""A valid call of every public name, of which the search exchanges arguments."""

import inspect

import keras_gans as kg
from tests.fuzz import data, divergences, metrics, models, networks, parts, presets

CALLS = {}
for part in (divergences, parts, data, networks, metrics, models, presets):
    CALLS |= part.CALLS


def public_names():
    """Every function and class that users are told of, by its path below keras_gans."""
    for name in kg.__all__:
        module = getattr(kg, name)
        if not inspect.ismodule(module):
            yield name
            continue
        for public in getattr(module, "__all__", []):
            if inspect.isroutine(getattr(module, public)) or inspect.isclass(
                getattr(module, public)
            ):
                yield f"{name}.{public}"
