"""What models take, live or read from a SavedModel: the same checks wherever it comes in.

Every function returns its argument as the model can use it, or says why it cannot be used, by the
argument's name. Tensors stay tensors, so that gradients reach them; of symbolic ones, which have no
values yet, shape and type are checked.
"""

import keras
import numpy as np
import tensorflow as tf

from keras_gans import _checks
from keras_gans.data import mini_batches


def latents(name, value, latent_dim):
    """Return latents `(num, latent_dim)`: a float32 array, or a tensor if they are one."""
    value = _unwrapped(value)
    found = value if is_symbolic(value) else _checks.finite(name, value)
    shape = tuple(found.shape)
    if len(shape) != 2 or shape[1] not in (latent_dim, None) or shape[0] == 0:
        raise ValueError(
            f"`{name}` must have shape (num, {latent_dim}), one row for each example to make. "
            f"Received: shape {shape}"
        )
    return keras.ops.cast(value, "float32") if tf.is_tensor(value) else found


def examples(name, value, shape, value_range=None):
    """Return examples `(num, *shape)`, as `fit` takes them: an array, or a tensor if they are one.

    Args:
        value_range: Lowest and highest number of an example. Defaults to `None`: [−1, 1] for
            images, which have three axes, any for others.
    """
    value = _unwrapped(value)
    if is_symbolic(value):
        mini_batches.check_examples(name, tf.TensorSpec(value.shape, value.dtype), shape)
        return value
    found = _checks.array(name, value)
    mini_batches.check_examples(name, found, shape)
    if not len(found):
        raise ValueError(f"`{name}` must hold an example. Received: shape {found.shape}")
    if value_range is not None:
        in_range(name, found, value_range)
    return value if tf.is_tensor(value) else found


def in_range(name, x, value_range, margin=1e-3):
    """Refuse an array of numbers outside a range."""
    low, high = value_range
    if x.size and not (low - margin <= x.min() and x.max() <= high + margin):
        raise ValueError(
            f"`{name}` must be in [{low:g}, {high:g}]. "
            f"Received: values from {x.min():g} to {x.max():g}"
        )


def texts(name, value):
    """Return strings `(num,)`: an array, or a tensor if they are one."""
    found = value if is_symbolic(value) else _checks.as_array(value)
    check_strings(name, found)
    if found.shape[0] == 0:
        raise ValueError(f"`{name}` must hold a string. Received: none")
    return value if tf.is_tensor(value) else found


def check_strings(name, x):
    """Refuse a spec, a tensor or an array that does not hold one string an example."""
    if isinstance(x.dtype, tf.DType):
        strings = x.dtype == tf.string
    elif isinstance(x, np.ndarray):
        strings = x.dtype.kind in "SU" or all(isinstance(text, (str, bytes)) for text in x.flat)
    else:
        strings = False
    if not strings or len(x.shape) != 1:
        raise ValueError(
            f"`{name}` must hold strings, of shape (num,). "
            f"Received: shape {tuple(x.shape)} and dtype {x.dtype}"
        )


def array(name, value, shape, dtype, value_range=None):
    """Return an array of a shape, with `None` for any number of examples, and of a kind of dtype.

    Args:
        value_range: Lowest and highest number. Defaults to `None`, any.
    """
    found = _checks.as_array(value)
    if "float" in dtype:
        found = _checks.finite(name, value)
    elif found.dtype.kind not in ("b" if dtype == "bool" else "iu"):
        kind = "booleans" if dtype == "bool" else "integers"
        raise TypeError(f"`{name}` must hold {kind}. Received: {name} of dtype {found.dtype}")
    if not tf.TensorShape(shape).is_compatible_with(found.shape) or 0 in found.shape:
        wanted = ", ".join("num" if n is None else str(n) for n in shape)
        raise ValueError(
            f"`{name}` must have shape ({wanted}{',' * (len(shape) == 1)}). "
            f"Received: shape {found.shape}"
        )
    if value_range is not None:
        in_range(name, found, value_range)
    return found


def labels(value, num, num_classes, class_names=None, name="labels"):
    """Return labels, or one label for all, as an int32 array `(num,)`.

    Args:
        value: Integers, or class names if there are any.
        num: Integer, examples that they belong to, or `None` for as many as there are.
        num_classes: Integer, of how many classes.
        class_names: Tuple of the names of the classes, or `None`.
        name: Name of the argument.
    """
    if is_symbolic(value):
        return value
    found = _checks.as_array(value)
    if found.dtype.kind == "U":
        found = _positions(name, found, class_names)
    num = found.size if num is None else num
    if found.dtype.kind not in "iu" or found.shape not in ((), (num,)):
        kind = "integer" if class_names is None else "integer or class name"
        raise ValueError(
            f"`{name}` must be one {kind} or {num} of them, as the model is conditional. "
            f"Received: {name}={value!r}"
        )
    if found.size and not (0 <= found.min() and found.max() < num_classes):
        raise ValueError(
            f"`{name}` must be in [0, {num_classes}). Received: {name} from {found.min()} to "
            f"{found.max()}"
        )
    return np.broadcast_to(found, (num,)).astype("int32")


def no_labels(value, model, name="labels"):
    """Refuse labels for a model that takes none."""
    if value is not None:
        raise ValueError(
            f"`{name}` must be None: {model} is not conditional. Received: {name}={value!r}"
        )


def is_symbolic(value):
    """Whether this is a tensor without values, of a graph or of a Keras model in the making."""
    return isinstance(value, keras.KerasTensor) or tf.is_symbolic_tensor(value)


def _unwrapped(value):
    return value.value if isinstance(value, keras.Variable) else value


def _positions(name, names, class_names):
    """The labels of classes that are given by their names."""
    if class_names is None:
        raise ValueError(
            f"`{name}` must be integers, as this model has no class names. "
            f"Received: {names.tolist()!r}"
        )
    found = names.ravel().tolist()
    unknown = sorted(set(found) - set(class_names))
    if unknown:
        raise ValueError(
            f"`{name}` must be among the class names {list(class_names)}. Received: {unknown}"
        )
    return np.array([*map(class_names.index, found)], int).reshape(names.shape)
