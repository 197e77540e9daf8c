"""Presets: all that it takes to train a model again. Each is one file of the preset's name."""

import builtins
import importlib
import pkgutil

from keras_gans import _zoo
from keras_gans.presets._images import ImagePreset
from keras_gans.presets._preset import Preset

__all__ = ["ImagePreset", "Preset", "get", "list"]


def list() -> builtins.list[str]:
    """Return the names of all presets.

    Example:

    >>> import keras_gans as kg
    >>> "wgan_gp_mnist" in kg.presets.list()
    True
    """
    names = [module.name for module in pkgutil.iter_modules(__path__)]
    return sorted(name for name in names if not name.startswith("_"))


def get(name: str) -> Preset:
    """Return the preset of a name.

    Args:
        name: One of `list()`.

    Returns:
        `Preset`, which builds the model, compiles it, loads its data, and measures what it draws.

    Raises:
        ValueError: If there is none of that name. The error tells those that are near.

    Example:

    >>> import keras_gans as kg
    >>> kg.presets.get("wgan_gp_mnist").model.__name__
    'WGANGP'
    """
    names = list()
    if name not in names:
        near = _zoo.hint(str(name), names)
        raise ValueError(f"`name` must be that of a preset. Received: name={name!r}.{near}")
    return importlib.import_module(f"{__name__}.{name}").Preset(name)
