"""Where code comes from: of that of Keras and of this package it is known what it does."""

from collections.abc import Callable

KNOWN = ("keras.", "keras_gans.")


def is_from(code: Callable, packages: tuple[str, ...] | str = KNOWN) -> bool:
    """Whether a function or a class, or the class of an object, is of one of these packages."""
    return str(getattr(code, "__module__", None)).startswith(packages)
