"""Checks of arguments: early, and in words that name the argument and what was received."""

import numbers
import operator
import random

import numpy as np


def positive_int(name, value, minimum=1):
    """Return `value` as an `int` of at least `minimum`, or say why it is not one."""
    expected = "a positive integer" if minimum == 1 else f"an integer of at least {minimum}"
    whole = isinstance(value, numbers.Integral) and not isinstance(value, bool)
    if not whole or value < minimum:
        error = ValueError if whole else TypeError
        raise error(f"`{name}` must be {expected}. Received: {name}={value!r}")
    return int(value)


def real_number(name, value, low=-np.inf, high=np.inf, low_open=False, high_open=False):
    """Return `value` as a finite `float` inside the interval, or say why it is not."""
    interval = f"{'(' if low_open else '['}{low:g}, {high:g}{')' if high_open else ']'}"
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise TypeError(f"`{name}` must be a number in {interval}. Received: {name}={value!r}")
    inside = (low < value if low_open else low <= value) and (
        value < high if high_open else value <= high
    )
    if not (inside and np.isfinite(value)):
        raise ValueError(f"`{name}` must be a number in {interval}. Received: {name}={value!r}")
    return float(value)


def one_of(name, value, choices):
    """Return `value` if it is among `choices`, or list them."""
    if not any(value is choice or value == choice for choice in choices):
        raise ValueError(f"`{name}` must be one of {list(choices)}. Received: {name}={value!r}")
    return value


def seed(name, value):
    """Return `value` if it is `None` or a non-negative 31-bit integer."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, numbers.Integral):
        raise TypeError(f"`{name}` must be an integer or None. Received: {name}={value!r}")
    if not 0 <= value < 2**31:
        raise ValueError(f"`{name}` must be in [0, 2**31). Received: {name}={value!r}")
    return int(value)


def seed_or_new(value):
    """Return the argument `seed`, or a new one from Python's `random` if it is `None`."""
    value = seed("seed", value)
    return random.randrange(2**31) if value is None else value


def image_shape(name, value):
    """Return `value` as `(height, width, channels)` with sides of at least 4."""
    try:
        shape = tuple(operator.index(side) for side in value)
    except (TypeError, ValueError):
        shape = ()
    if len(shape) != 3 or min(shape[:2]) < 4 or shape[2] < 1:
        raise ValueError(
            f"`{name}` must be (height, width, channels) with sides of at least 4 and at least "
            f"one channel. Received: {name}={value!r}"
        )
    return shape
