"""What models take, live or read from a SavedModel: the same checks wherever it comes in.

Every function returns its argument as the model can use it, or says why it cannot be used, by the
argument's name. Tensors stay tensors, so that gradients reach them; of symbolic ones, which have no
values yet, shape and type are checked.
"""

import keras
import numpy as np
import tensorflow as tf

from keras_gans import _checks
from keras_gans.data import specs


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


def examples(name, value, spec):
    """Return examples `(num, …)`, as `fit` takes them: an array, or a tensor if they are one.

    Args:
        name: String, the argument's name.
        value: Array, tensor, or list of numbers or strings.
        spec: `keras_gans.data.Spec` of one example.
    """
    value = _unwrapped(value)
    if is_symbolic(value):
        specs.check(name, spec, tf.TensorSpec(value.shape, value.dtype))
        return value
    found = _checks.as_array(value)
    if spec.kind != "string":
        found = _checks.array(name, value)
    specs.check(name, spec, found)
    if not len(found):
        raise ValueError(f"`{name}` must hold an example. Received: shape {found.shape}")
    return value if tf.is_tensor(value) else found


def conditions(name, value, spec, num):
    """Return conditions, or one for all, one for each of `num` examples.

    Args:
        name: String, the argument's name.
        value: Integers, or class names if there are any, where the conditions are labels. Otherwise
            as in `examples`, or a nest of these.
        spec: `keras_gans.data.Spec` of one condition, or a nest of them.
        num: Integer, examples that they belong to.
    """

    def of_part(name, spec, value):
        return (labels if specs.are_labels(spec) else _for_all)(name, value, spec, num)

    return specs.mapped(of_part, name, spec, value)


def array(name, value, shape, dtype, value_range=None):
    """Return an array of a shape, with `None` for any number of examples, and of a kind of dtype.

    Args:
        value_range: Lowest and highest number. Defaults to `None`, any.
    """
    found = _checks.as_array(value)
    if "float" in dtype:
        found = _checks.finite(name, value, "float64" if dtype == "float64" else "float32")
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
        kind = "float" if found.dtype.kind == "f" else "integer"
        specs.check_values(name, specs.Spec(found.shape, kind, value_range), found)
    return found


def held(name, value, dtype):
    """Return numbers, checked otherwise, that a dtype holds, or refuse them."""
    found = np.asarray(value)
    if "int" in dtype and found.size:
        low, high = np.iinfo(dtype).min, np.iinfo(dtype).max
        lowest, highest = int(found.min()), int(found.max())  # exact, beside unsigned ones, too
        if not (low <= lowest and highest <= high):
            raise ValueError(
                f"`{name}` must be in [{low}, {high}], as {dtype} is. "
                f"Received: values from {lowest} to {highest}"
            )
    if dtype in ("float16", "bfloat16"):
        _checks.finite(name, found, np.dtype(tf.as_dtype(dtype).as_numpy_dtype))
    return value


def labels(name, value, spec, num):
    """Return labels, or one label for all, as an int32 array `(num,)`."""
    if is_symbolic(value):
        return value
    found = _checks.as_array(value)
    if found.dtype.kind == "U":
        found = _positions(name, found, spec.class_names)
    num = found.size if num is None else num
    if found.dtype.kind not in "iu" or found.shape not in ((), (num,)):
        kind = "integer" if spec.class_names is None else "integer or class name"
        raise ValueError(
            f"`{name}` must be one {kind} or {num} of them, as the model is conditional. "
            f"Received: {name}={value!r}"
        )
    low, high = spec.value_range
    if found.size and not (low <= found.min() and found.max() <= high):
        raise ValueError(
            f"`{name}` must be in [{low}, {high + 1}). Received: {name} from {found.min()} to "
            f"{found.max()}"
        )
    return np.broadcast_to(found, (num,)).astype("int32")


def _for_all(name, value, spec, num):
    """Return `num` conditions, given so many or one."""
    if value is None:
        raise ValueError(
            f"`{name}` must be what the model is conditioned on, for {num} examples or one for "
            "all. Received: None"
        )
    value = _unwrapped(value)
    if not is_symbolic(value) and num is not None:
        found = _checks.as_array(value)
        if found.ndim == len(spec.shape):
            broadcast = tf.broadcast_to if tf.is_tensor(value) else np.broadcast_to
            value = broadcast(value if tf.is_tensor(value) else found, (num, *found.shape))
    found = examples(name, value, spec)
    if None not in (num, found.shape[0]) and found.shape[0] != num:
        raise ValueError(
            f"`{name}` must be {num} conditions, one for each example, or one for all. "
            f"Received: shape {tuple(found.shape)}"
        )
    return found


def no_labels(name, value, model):
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
    return np.array([class_names.index(one) for one in found], int).reshape(names.shape)
