"""What a model learns from, stated once: the shape, the kind and the values of an example.

One specification is checked wherever examples come in: in arrays, in the `tf.TensorSpec`s of a
dataset, in the tensors that it yields, in the batches of a `keras.utils.PyDataset` or a generator,
and in what the methods of a model, live or served, are given.
"""

import dataclasses
import re
from typing import Any, TypeAlias

import keras
import numpy as np
import tensorflow as tf

from keras_gans import _checks
from keras_gans.data.assertions import asserted

KINDS = ("float", "integer", "string")

#: Largest magnitude of floats without a range: squares of what networks make of them, and sums of
#: these, are finite in float32.
LARGEST = 1e15


@dataclasses.dataclass(frozen=True)
class Spec:
    """Specification of one example, or of what a model is conditioned on: of one tensor's rows.

    What has several parts is specified by a tuple or a dictionary of these.

    Args:
        shape: Tuple, without the axis of examples; `None` for a side of any length. Defaults to
            `()`, one value an example.
        kind: `"float"`, `"integer"` or `"string"`, of any precision. Defaults to `"float"`.
        value_range: `(low, high)`, the lowest and the highest value, or `None` for any, of floats
            those of a magnitude of at most 1e15.
            Defaults to `"auto"`: −1 to 1 for images, which are floats with three axes, the labels
            of the classes if there are any, and otherwise any.
        num_classes: Positive integer, if the values are integer labels of so many classes, 0 …
            `num_classes` − 1. Defaults to `None`.
        class_names: Tuple of the names of the classes, which may then stand for their labels, or
            `None`. Defaults to `None`.

    Raises:
        ValueError, TypeError: If an argument is of another kind or does not fit the others.

    Example:

    >>> import keras_gans as kg
    >>> kg.data.Spec((28, 28, 1)).value_range
    (-1.0, 1.0)
    >>> kg.data.Spec(kind="integer", num_classes=10).value_range
    (0, 9)
    >>> text_embedding_and_mask = kg.data.Spec((16, 512)), kg.data.Spec((16,), value_range=(0, 1))
    """

    shape: tuple[int | None, ...] = ()
    kind: str = "float"
    value_range: tuple[float, float] | str | None = "auto"
    num_classes: int | None = None
    class_names: tuple[str, ...] | None = None

    def __post_init__(self):
        shape = _shape(self.shape)
        _checks.one_of("kind", self.kind, KINDS)
        num_classes = self.num_classes
        if num_classes is not None:
            num_classes = _checks.positive_int("num_classes", num_classes)
            if self.kind != "integer":
                raise ValueError(
                    "`num_classes` must be None for what are no integer labels. "
                    f"Received: num_classes={num_classes} and kind={self.kind!r}"
                )
        class_names = self.class_names
        if class_names is not None:
            class_names = _class_names(class_names, num_classes)
        value_range = self.value_range
        if isinstance(value_range, str):
            _checks.one_of("value_range", value_range, ["auto"])
            is_image = self.kind == "float" and len(shape) == 3
            value_range = (-1.0, 1.0) if is_image else num_classes and (0, num_classes - 1)
        elif value_range is not None:
            value_range = _value_range(self.kind, value_range)
        values = (shape, self.kind, value_range, num_classes, class_names)
        for field, value in zip(dataclasses.fields(self), values, strict=True):
            object.__setattr__(self, field.name, value)

    @property
    def is_scaled_image(self) -> bool:
        """Whether this is an image in [−1, 1]."""
        return self.kind == "float" and len(self.shape) == 3 and self.value_range == (-1, 1)

    def tensor_spec(self, name: str | None = None) -> tf.TensorSpec:
        """Return the `tf.TensorSpec` of a batch, of any size, as networks take it."""
        dtype = {"float": tf.float32, "integer": tf.int32, "string": tf.string}[self.kind]
        return tf.TensorSpec((None, *self.shape), dtype, name)


#: A specification, or a tuple or dictionary of nested ones.
Specs: TypeAlias = Spec | tuple[Any, ...] | dict[str, Any]


def _shape(value):
    try:
        return tuple(None if side is None else _checks.positive_int("", side) for side in value)
    except (TypeError, ValueError):
        raise ValueError(
            "`shape` must be a tuple of positive integers, None for a side of any length. "
            f"Received: shape={value!r}"
        ) from None


def _value_range(kind, value):
    try:
        low, high = (_checks.real_number("", bound) for bound in value)
    except (TypeError, ValueError):
        low, high = 1, 0
    if low > high or kind == "string":
        raise ValueError(
            "`value_range` must be (low, high) of numbers, or None. "
            f"Received: value_range={value!r} and kind={kind!r}"
        )
    return (int(low), int(high)) if kind == "integer" else (low, high)


def _class_names(class_names, num_classes):
    """Return the names of the classes as a tuple, or say why they are none."""
    if not isinstance(class_names, (list, tuple)) or not all(
        isinstance(name, str) for name in class_names
    ):
        raise TypeError(
            f"`class_names` must be a list of strings. Received: class_names={class_names!r}"
        )
    if len(class_names) != num_classes or len(set(class_names)) < num_classes:
        raise ValueError(
            f"`class_names` must be {num_classes} different names, one for each class. "
            f"Received: class_names={class_names!r}"
        )
    return tuple(class_names)


# The parts of nested specifications


def mapped(function, name, spec, value):
    """Call `function(name, spec, part)` on each part of a value, and return what it gives.

    Args:
        name: String, the argument's name; `y` has the parts `y[0]`, `y[1]`, … or `y['mask']`, ….
        spec: `Spec`, or a tuple or dictionary of nested ones. `None` stands for any tensor.
        value: Array, tensor or `tf.TensorSpec`, or as many in a tuple, list or dictionary.

    Returns:
        What the calls give, in the structure of the specification.

    Raises:
        TypeError: If the value has not the structure of the specification.
    """
    if spec is None or isinstance(spec, Spec):
        return function(name, spec, value)
    is_dict = isinstance(spec, dict)
    keys = sorted(spec) if is_dict else range(len(spec))
    kinds = dict if is_dict else (tuple, list)
    fits = isinstance(value, kinds) and len(value) == len(keys)
    if not fits or (is_dict and set(value) != set(keys)):
        expected = f"a dictionary of {keys}" if is_dict else f"a tuple of {len(keys)} parts"
        raise TypeError(f"`{name}` must be {expected}. Received: {name} of {_described(value)}")
    parts = {key: mapped(function, f"{name}[{key!r}]", spec[key], value[key]) for key in keys}
    return parts if is_dict else tuple(parts.values())


def are_labels(spec):
    """Whether a specification is of one integer label an example."""
    return isinstance(spec, Spec) and spec.num_classes is not None and not spec.shape


def first(value):
    """The first part of what may have several: its length is the number of examples."""
    return tf.nest.flatten(value)[0]


def tensor_specs(spec, name):
    """Return the `tf.TensorSpec`s of a batch, by names such as `labels`, `labels_0`, …."""

    def of_part(name, spec, _):
        return spec.tensor_spec("_".join(re.findall(r"\w+", name)))

    return mapped(of_part, name, spec, spec)


# One tensor


def check(name, spec, x):
    """Refuse an array, or the `tf.TensorSpec` of a batch, that a specification rules out.

    Args:
        name: String, the argument's name.
        spec: See `mapped`.
        x: NumPy array, or `tf.TensorSpec`, of which shape and kind are checked; or a nest of them.
    """
    mapped(_check_part, name, spec, x)


def _check_part(name, spec, x):
    check_is_tensor(name, x)
    if spec is None:
        return
    if x is None:
        raise ValueError(f"`{name}` must be given. Received: None")
    fits = tf.TensorShape(x.shape).is_compatible_with((None, *spec.shape))
    if not (fits and _is_of_kind(spec.kind, x)):
        raise ValueError(_of_another_kind(name, spec, x, fits))
    if not isinstance(x, tf.TypeSpec):
        check_values(name, spec, x)


def _of_another_kind(name, spec, x, fits):
    shape = tuple(x.shape)
    size = ", ".join(map(str, ("num", *spec.shape))) + ("" if spec.shape else ",")
    if are_labels(spec):
        return (
            "Labels must be integers of shape (num_examples,), one class each, not one-hot. "
            f"Received: labels of shape {shape} and dtype {_dtype(x)}"
        )
    if spec.kind != "float":
        return (
            f"`{name}` must hold {spec.kind}s, of shape ({size}). "
            f"Received: shape {shape} and dtype {x.dtype}"
        )
    if not fits:
        return (
            f"`{name}` must hold batches of examples of shape {spec.shape}, as the networks know "
            f"them. Received: shape {shape}"
        )
    hint = ""
    if spec.is_scaled_image:
        hint = (
            ", images scaled to [-1, 1]: for uint8 pixels in [0, 255] "
            f"pass {name}.astype('float32') / 127.5 - 1"
        )
    return f"`{name}` must hold floats{hint}. Received: dtype {_dtype(x)}"


def check_values(name, spec, x):
    """Refuse an array of the right kind that holds NaN, infinities, or values out of range."""
    if spec.kind == "float":
        _check_size(name, x, LARGEST if spec.value_range is None else np.inf)
    if spec.value_range is not None and x.size:
        low, high = spec.value_range
        margin = _margin(spec)
        found = x.min(), x.max()
        if not (low - margin <= found[0] and found[1] <= high + margin):
            raise ValueError(_out_of_range(name, spec, found))


def _check_size(name, x, largest):
    """Refuse floats that are not finite in float32, or whose magnitude is above `largest`."""
    finite = np.finfo("float32").max
    size = np.abs(x)
    if not (size <= min(finite, np.float32(largest))).all():
        raise ValueError(_too_large(name) if (size <= finite).all() else _not_finite(name))


def checked_tensor(name, spec, x):
    """Return a tensor of the right kind whose values are good when it is used."""
    if spec is None:
        return tf.identity(x)
    is_float = spec.kind == "float"
    checks = []
    if is_float:
        values = tf.cast(x, tf.float32)
        is_finite = tf.math.is_finite(values)
        checks.append((is_finite, _not_finite(name)))
    if is_float and spec.value_range is None:
        checks.append(((tf.abs(values) <= LARGEST) | ~is_finite, _too_large(name)))
    if spec.value_range is not None:
        low, high = spec.value_range
        margin = _margin(spec)
        values = values if is_float else tf.cast(x, tf.int64)
        in_range = (low - margin <= values) & (values <= high + margin)
        checks.append((in_range | ~is_finite if is_float else in_range, _out_of_range(name, spec)))
    assertions = [asserted(tf.reduce_all(are_good), problem) for are_good, problem in checks]
    with tf.control_dependencies(assertions):
        return tf.identity(x)


def _margin(spec):
    return 1e-3 if spec.kind == "float" else 0


def _not_finite(name):
    return f"`{name}` must hold finite numbers only. Received: NaN or infinity"


def _too_large(name):
    return (
        f"`{name}` must hold numbers of at most {LARGEST:g} in size, whose squares can be summed. "
        "Received: larger ones"
    )


def _out_of_range(name, spec, found=None):
    """What is wrong with values, of which the lowest and the highest may be known."""
    low, high = spec.value_range
    if are_labels(spec):
        received = found and f", from {found[0]} to {found[1]}, not in [{low}, {high + 1})"
        return (
            "Labels must count the classes of the model from 0. "
            f"Received: other labels{received or ''}"
        )
    if spec.is_scaled_image:
        received = found and f", up to {max(abs(found[0]), abs(found[1])):g}"
        return (
            f"`{name}` must hold images scaled to [-1, 1]: for pixels in [0, 255] pass "
            f"{name} / 127.5 - 1. Received: values outside{received or ''}"
        )
    received = f"from {found[0]:g} to {found[1]:g}" if found else "outside"
    return f"`{name}` must be in [{low:g}, {high:g}]. Received: values {received}"


def check_is_tensor(name, x):
    """Refuse the spec of anything but a tensor of known rank, or no tensor at all."""
    if x is None or (isinstance(x, tf.TensorSpec) and x.shape.rank is not None):
        return
    if isinstance(x, tf.TensorSpec):
        raise ValueError(
            f"`{name}` must hold tensors of known rank: end the dataset with "
            "map(lambda x: tf.ensure_shape(x, shape)), where None stands for what differs. "
            "Received: unknown rank"
        )
    if isinstance(x, (tuple, list, dict)):
        raise TypeError(
            f"`{name}` must be a tensor alone: take it out of the others, as does "
            "map(lambda images, labels: images). "
            f"Received: {_described(x)}"
        )
    if isinstance(x, tf.TypeSpec):
        raise TypeError(
            f"`{name}` must hold dense tensors. Received: {type(x).__name__.removesuffix('Spec')}"
        )


def as_array(name, spec, x):
    """Return what is given as an array, or say that it is none."""
    try:
        return _checks.array_of_any(x)
    except (TypeError, ValueError):
        raise TypeError(
            f"`{name}` must be an array. Received: a {type(x).__name__} that is none"
        ) from None


def for_keras(arrays):
    """Return a nest of arrays as Keras takes them: those of strings as tensors."""

    def part(x):
        is_of_strings = isinstance(x, np.ndarray) and x.dtype.kind in "OSU"
        return tf.constant(x, tf.string) if is_of_strings else x

    return tf.nest.map_structure(part, arrays)


def _described(value):
    kind = type(value).__name__
    return f"{kind} of {len(value)} components" if isinstance(value, (tuple, list, dict)) else kind


def _is_of_kind(kind, x):
    dtype = _dtype(x)
    if kind != "string":
        return {"float": "float", "integer": "int"}[kind] in dtype
    if dtype == "object" and isinstance(x, np.ndarray):
        return all(isinstance(text, (str, bytes)) for text in x.flat)
    return dtype in ("string", "str", "bytes")


def _dtype(x):
    """The name of a dtype, whether Keras knows it or not."""
    try:
        return keras.backend.standardize_dtype(x.dtype)
    except ValueError:
        is_numpy = isinstance(x.dtype, np.dtype)
        return x.dtype.type.__name__.strip("_") if is_numpy else x.dtype.name
