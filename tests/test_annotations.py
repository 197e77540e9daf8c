"""Public functions and methods say what they take and return."""

import fnmatch
import inspect
import pathlib
import sys

import pytest

import keras_gans

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = pathlib.Path(__file__).parents[1]
CONFIG = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["mypy"]
#: Modules that are not annotated yet.
REST = [name for override in CONFIG["overrides"] for name in override["module"]]
MODULES = [keras_gans] + [
    module for name in keras_gans.__all__ if inspect.ismodule(module := getattr(keras_gans, name))
]


def functions(module):
    """The public functions of a module, and methods of its classes, by their paths."""
    for name in module.__all__:
        value = getattr(module, name)
        if inspect.isclass(value):
            ours = [kind for kind in value.__mro__ if is_ours(kind)]
            methods = {key: method for kind in reversed(ours) for key, method in vars(kind).items()}
            for key, method in methods.items():
                method = getattr(method, "__func__", getattr(method, "fget", method))
                method = inspect.unwrap(method) if callable(method) else method
                if is_public(key) and inspect.isfunction(method) and is_ours(method):
                    yield f"{name}.{key}", method
        elif inspect.isfunction(value) and is_ours(value):
            yield name, inspect.unwrap(value)


def is_ours(value):
    module = value.__module__
    return module.startswith("keras_gans.") and not any(fnmatch.fnmatch(module, r) for r in REST)


def is_public(method):
    return not method.startswith("_") or method in ("__init__", "__call__")


def missing(function):
    """What a function does not annotate."""
    signature = inspect.signature(function)
    found = [
        p.name
        for p in signature.parameters.values()
        if p.annotation is p.empty and p.name not in ("self", "cls", "args", "kwargs")
    ]
    if signature.return_annotation is signature.empty and function.__name__ != "__init__":
        found.append("return")
    return found


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)
def test_every_public_signature_is_annotated(module):
    assert not {path: m for path, f in functions(module) if (m := missing(f))}
