"""Checks of arguments: early, and in words that name the argument and what was received."""

import contextlib
import json
import math
import numbers
import operator
import os
import pathlib
import random

import keras
import numpy as np

#: Numbers in an image. With many more TensorFlow's kernels run over their 31-bit indices.
MAX_IMAGE_SIZE = 10**8


def positive_int(name, value, minimum=1):
    """Return `value` as an `int` of at least `minimum` that fits 31 bits, or say why it is not."""
    expected = "a positive integer" if minimum == 1 else f"an integer of at least {minimum}"
    whole = isinstance(value, numbers.Integral) and not isinstance(value, bool)
    if whole and value >= 2**31:
        expected += " below 2**31"
    if not (whole and minimum <= value < 2**31):
        error = ValueError if whole else TypeError
        raise error(f"`{name}` must be {expected}. Received: {name}={value!r}")
    return int(value)


def optional_positive_int(name, value):
    """Return `value` as `positive_int` does, or `None` if it is `None`."""
    return None if value is None else positive_int(name, value)


def real_number(name, value, low=-np.inf, high=np.inf, low_open=False, high_open=False):
    """Return `value` as a `float` that is inside the interval in float32, or say why it is not.

    Infinity is in no interval.
    """
    low_open, high_open = low_open or np.isinf(low), high_open or np.isinf(high)
    interval = f"{'(' if low_open else '['}{low:g}, {high:g}{')' if high_open else ']'}"
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise TypeError(f"`{name}` must be a number in {interval}. Received: {name}={value!r}")
    with np.errstate(over="ignore"), contextlib.suppress(OverflowError):
        rounded = np.float32("inf")  # of integers beyond all floats
        rounded = np.float32(value)
    inside = (low < rounded if low_open else low <= rounded) and (
        rounded < high if high_open else rounded <= high
    )
    if not (inside and np.isfinite(rounded)):
        raise ValueError(f"`{name}` must be a number in {interval}. Received: {name}={value!r}")
    return float(value)


def one_of(name, value, choices):
    """Return `value` if it is among `choices`, or list them."""
    if not any(isinstance(value, type(choice)) and value == choice for choice in choices):
        raise ValueError(f"`{name}` must be one of {list(choices)}. Received: {name}={value!r}")
    return value


def boolean(name, value):
    """Return `value` as a `bool` if it is one."""
    if not isinstance(value, (bool, np.bool_)):
        raise TypeError(f"`{name}` must be True or False. Received: {name}={value!r}")
    return bool(value)


def optional_boolean(name, value):
    """Return `value` as a `bool` or `None` if it is one."""
    if value is not None and not isinstance(value, (bool, np.bool_)):
        raise TypeError(f"`{name}` must be True, False or None. Received: {name}={value!r}")
    return value if value is None else bool(value)


def function(name, value):
    """Return `value` if it can be called."""
    if not callable(value):
        raise TypeError(f"`{name}` must be a function. Received: {name}={value!r}")
    return value


def activation(name, value):
    """Return the Keras activation that `value` names, configures or is; linear for `None`."""
    value = "linear" if value is None else value
    return _of_keras(name, value, keras.activations, "activation")


def initializer(name, value):
    """Return the Keras initializer that `value` names, configures or is."""
    return _of_keras(name, value, keras.initializers, "initializer")


def optimizer(name, value):
    """Return the Keras optimizer that `value` names, configures or is."""
    return _of_keras(name, value, keras.optimizers, "optimizer")


def _of_keras(name, value, module, kind):
    try:
        if not (isinstance(value, (str, dict)) or callable(value) or hasattr(value, "get_config")):
            raise TypeError
        return module.get(value)
    except Exception as error:
        wrong = TypeError if isinstance(error, TypeError) else ValueError
        raise wrong(
            f"`{name}` must be a Keras {kind}, its name or its config. Received: {name}={value!r} "
            f"of type {type_name(value)}"
        ) from error


def type_name(value):
    """The name of a value's type, and what is wrong with it if it is Keras 2's."""
    name = type(value).__name__
    if any(parent.__module__.split(".")[0] == "tf_keras" for parent in type(value).__mro__):
        return f"{name} of tf_keras, which is Keras 2: make it with `keras`, which is Keras 3"
    return name


def path(name, value):
    """Return `value` as a `pathlib.Path`, or say why it is none."""
    if not isinstance(value, (str, os.PathLike)):
        raise TypeError(f"`{name}` must be a path. Received: {name}={value!r}")
    return pathlib.Path(value)


def string(name, value):
    """Return `value` if it is a string."""
    if not isinstance(value, str):
        raise TypeError(f"`{name}` must be a string. Received: {name}={value!r}")
    return value


def dictionary(name, value):
    """Return `value` if it is a dictionary."""
    if not isinstance(value, dict):
        raise TypeError(f"`{name}` must be a dictionary. Received: {name}={value!r}")
    return value


def json_values(name, value):
    """Return a dictionary as JSON would give it back."""
    try:
        if isinstance(value, dict):
            return json.loads(json.dumps(value))
    except (TypeError, ValueError, RecursionError):
        pass
    raise TypeError(
        f"`{name}` must be a dictionary of numbers, strings, booleans, lists and dictionaries. "
        f"Received: {name}={value!r}"
    )


def as_array(value):
    """Return `value` as a NumPy array of any kind, that of `None` if it is none."""
    try:
        return array_of_any(value)
    except (TypeError, ValueError, NotImplementedError):  # ragged, symbolic
        return np.asarray(None)


def array_of_any(value):
    """Return `value` as a NumPy array, one of objects where there are strings and others.

    NumPy alone would write the others as strings.

    Raises:
        TypeError, ValueError: By NumPy, if it is no array.
    """
    found = np.asarray(value)
    if found.dtype.kind in "US" and isinstance(value, (list, tuple)):
        objects = np.asarray(value, object)
        if not all(isinstance(part, (str, bytes)) for part in objects.flat):
            return objects
    return found


def array(name, value):
    """Return `value` as an array of numbers, or say why it is none."""
    found = as_array(value)
    if not any(kind in found.dtype.name for kind in ("float", "int")):
        received = found.dtype if hasattr(value, "dtype") else type(value).__name__
        raise TypeError(f"`{name}` must be an array of numbers. Received: {name} of {received}")
    return found


def finite(name, value, dtype="float32"):
    """Return `value` as an array of finite floats, or say why it is none."""
    with np.errstate(over="ignore"):
        floats = array(name, value).astype(dtype, copy=False)
    if not np.isfinite(floats).all():
        raise ValueError(
            f"`{name}` must hold finite numbers only, in {dtype}, too. "
            "Received: NaN, infinity or what is too large"
        )
    return floats


def seed(name, value):
    """Return `value` if it is `None` or a non-negative 31-bit integer."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, numbers.Integral):
        raise TypeError(f"`{name}` must be an integer or None. Received: {name}={value!r}")
    whole = int(value)
    if not 0 <= whole < 2**31:
        raise ValueError(f"`{name}` must be in [0, 2**31). Received: {name}={value!r}")
    return whole


def seed_or_new(name, value):
    """Return a seed, or a new one from Python's `random` if it is `None`."""
    value = seed(name, value)
    return random.randrange(2**31) if value is None else value


def truncation(name, value):
    """Return how large a number in latents may be: infinity if `value` is `None`."""
    return math.inf if value is None else real_number(name, value, low=0.0, low_open=True)


def sides(value):
    """Return the integers of a shape as a tuple, an empty one if `value` is no shape."""
    if isinstance(value, (str, bytes)):
        return ()
    try:
        return tuple(operator.index(side) for side in value)
    except Exception:  # whatever is raised by what is not even a sequence
        return ()


def image_shape(name, value):
    """Return `value` as `(height, width, channels)` with sides of at least 4."""
    channels_last()
    shape = sides(value)
    if len(shape) != 3 or min(shape[:2]) < 4 or shape[2] < 1 or math.prod(shape) > MAX_IMAGE_SIZE:
        raise ValueError(
            f"`{name}` must be (height, width, channels) with sides of at least 4, at least one "
            f"channel and at most {MAX_IMAGE_SIZE:,} numbers in all. Received: {name}={value!r}"
        )
    return shape


def channels_last():
    """Refuse to build networks where Keras is told that channels come first."""
    found = keras.config.image_data_format()
    if found != "channels_last":
        raise ValueError(
            "`keras.config.image_data_format()` must be 'channels_last': networks of keras_gans "
            "take images (height, width, channels) and sequences (length, channels). Call "
            f"keras.config.set_image_data_format('channels_last'). Received: {found!r}"
        )
