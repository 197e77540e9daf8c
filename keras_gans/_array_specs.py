"""Descriptions of arrays: what an argument of a served verb holds, or its output."""

import dataclasses
from typing import Any, cast

import numpy as np
import tensorflow as tf

from keras_gans import _checks, _inputs
from keras_gans._precision import float_dtype
from keras_gans._typing import ArrayLike, Tensor
from keras_gans.data import specs

#: Meanings of what a model is conditioned on, which may be one for all examples.
CONDITIONS = ("labels", "condition")

#: Meanings of arguments that may be left out.
OPTIONAL = (*CONDITIONS, "seed", "truncation")

#: What arrays may hold.
DTYPES = ("float16", "bfloat16", "float32", "float64", "int32", "int64", "uint8", "bool", "string")


@dataclasses.dataclass(frozen=True)
class ArraySpec:
    """What an argument of a verb holds, or its output.

    Args:
        meaning: String. `"latents"`, `"labels"`, `"condition"`, `"examples"`, `"count"`, of
            examples to make, `"seed"`, and `"truncation"`, of the latents that it draws, have
            checks of their own; of any other, such as `"codes"`, the type, the shape and the range
            are checked.
        shape: Tuple of integers and `None`. That of one for each example begins with `None`, the
            batch axis. Defaults to `()`, one number.
        dtype: String, name of a dtype. Defaults to `"float32"`, or `"float64"` if that is Keras's
            `floatx`.
        value_range: Lowest and highest number. Defaults to `None`, any.
        num_classes: Positive integer, of how many classes labels are.
        class_names: Tuple of their names. Defaults to `None`, no names.
        vocabulary: Tuple of the characters of texts. Defaults to `None`, not known.
        default: Float, of one number, which then may be left out. Defaults to `None`, none.

    Raises:
        ValueError, TypeError: If an argument is of another kind, or makes no sense with `meaning`.

    Example:

    >>> import keras_gans as kg
    >>> kg.serving.ArraySpec("codes", (None, 64)).check("w", [[0.5] * 64]).shape
    (1, 64)
    """

    meaning: str
    shape: tuple[int | None, ...] = ()
    dtype: str = dataclasses.field(default_factory=float_dtype)
    value_range: tuple[float, float] | None = None
    num_classes: int | None = None
    class_names: tuple[str, ...] | None = None
    vocabulary: tuple[str, ...] | None = None
    default: float | None = None

    def __post_init__(self):
        _checks.string("meaning", self.meaning)
        _checks.one_of("dtype", self.dtype, DTYPES)
        object.__setattr__(self, "shape", _shape(self.shape))
        if self.value_range is not None:
            object.__setattr__(self, "value_range", _value_range(self.value_range))
        for name in ("class_names", "vocabulary"):
            if getattr(self, name) is not None:
                object.__setattr__(self, name, _strings(name, getattr(self, name)))
        if self.default is not None:
            self._expect((), float_dtype())
            _checks.real_number("default", self.default, *(self.value_range or ()))
        if self.meaning in ("count", "seed"):
            self._expect((), "int32")
        if self.meaning == "truncation":
            self._expect((), float_dtype())
        if self.meaning == "labels":
            self._expect((None,), "int32")
            self._check_classes()
        if self.meaning == "latents" and not (len(self.shape) == 2 and self.shape[1]):
            raise ValueError(f"`shape` must be (None, latent_dim). Received: shape={self.shape}")

    def _expect(self, shape, dtype):
        if (self.shape, self.dtype) != (shape, dtype):
            raise ValueError(
                f"`shape` and `dtype` must be {shape} and {dtype!r} for {self.meaning!r}. "
                f"Received: shape={self.shape}, dtype={self.dtype!r}"
            )

    def _check_classes(self):
        num_classes = _checks.positive_int("num_classes", self.num_classes)
        names = self.class_names
        if names is not None and not len(names) == len(set(names)) == num_classes:
            raise ValueError(
                f"`class_names` must be {num_classes} different names. "
                f"Received: class_names={names!r}"
            )

    @property
    def is_batched(self) -> bool:
        """Whether there is one for each example."""
        return self.shape[:1] == (None,)

    @property
    def spec(self) -> specs.Spec:
        """What one of them is, if there is one for each example."""
        kind = "string" if self.is_text else "float" if self.is_float else "integer"
        return specs.Spec(
            self.shape[1:],
            kind,
            self.value_range if self.num_classes is None else "auto",
            self.num_classes,
            self.class_names,
        )

    @property
    def is_text(self) -> bool:
        return self.dtype == "string"

    @property
    def is_float(self) -> bool:
        return "float" in self.dtype

    def check(self, name: str, value: Any, num: int | None = None) -> Any:
        """Return an argument as a number or an array, or refuse it by its name.

        Args:
            name: Name of the argument.
            value: What was given.
            num: Integer, how many examples it is for, or `None` if it says so itself.

        Raises:
            ValueError, TypeError: If it is not what is described here.
        """
        if self.meaning == "count":
            return _checks.positive_int(name, value)
        if self.meaning == "seed":
            return _checks.seed_or_new(name, value)
        if self.meaning == "truncation":
            return _checks.truncation(name, value)
        found = self._checked(name, value, num)
        return found if self.is_text else _inputs.held(name, found, self.dtype)

    def _checked(self, name, value, num):
        if self.meaning in CONDITIONS:
            return _inputs.conditions(name, value, self.spec, num)
        if self.shape == () and self.is_float:
            return _checks.real_number(name, value, *(self.value_range or ()))
        if self.is_text and not self.is_batched:
            return _checks.string(name, value)
        if self.meaning == "latents":
            found = _inputs.latents(name, value, self.shape[1])
        elif self.is_text or self.meaning == "examples":
            found = _inputs.examples(name, value, self.spec)
        else:
            found = _inputs.array(name, value, self.shape, self.dtype, self.value_range)
        return np.asarray(found)

    def as_tensor(self, value: ArrayLike) -> Tensor:
        """Return what `check` did, or some examples of it, as the verb's function takes it."""
        if self.is_float:
            value = np.asarray(value, tf.as_dtype(self.dtype).as_numpy_dtype)
        return tf.constant(value, self.dtype)

    def tensor_spec(self, name: str) -> tf.TensorSpec:
        """Return what TensorFlow needs to know of it."""
        return tf.TensorSpec(self.shape, self.dtype, name)

    def __str__(self):
        if self.meaning == "count":
            return "Positive integer, how many."
        if self.meaning == "seed":
            return "Integer or `None`. The same seed gives the same result. Defaults to `None`."
        if self.meaning == "truncation":
            return (
                "Float > 0, largest size of a number in the latents, or `None`. Defaults to `None`."
            )
        if self.meaning == "labels":
            names = " or class names" if self.class_names else ""
            return f"Integers in [0, {self.num_classes}){names} `(num,)`, or one for all."
        axes = ["num" if axis is None else str(axis) for axis in self.shape]
        shape = f" `({axes[0]},)`" if len(axes) == 1 else f" `({', '.join(axes)})`"
        kind = "Strings" if self.is_text else self.dtype.capitalize() + " array" * bool(axes)
        bounds = self.value_range and f" in [{self.value_range[0]:g}, {self.value_range[1]:g}]"
        default = "" if self.default is None else f" Defaults to `{self.default}`."
        return f"{kind}{shape if axes else ''}{bounds or ''}, {self.meaning}.{default}"


@dataclasses.dataclass(frozen=True)
class Parts:
    """What an argument of several parts holds: a condition, for each example or one for all.

    Args:
        parts: Tuple or dictionary of `ArraySpec`s, or of such parts.

    Raises:
        TypeError: If it holds something else, or nothing.
        ValueError: If names of nested parts coincide when they are joined.

    Example:

    >>> import keras_gans as kg
    >>> mask = kg.serving.ArraySpec("condition", (None, 16))
    >>> weight = kg.serving.ArraySpec("condition", (None,))
    >>> sorted(kg.serving.Parts({"mask": mask, "weight": weight}).named("y"))
    ['y_mask', 'y_weight']
    """

    parts: tuple[Any, ...] | dict[str, Any]
    meaning = "condition"
    is_batched = True

    def __post_init__(self):
        parts = self.parts.values() if isinstance(self.parts, dict) else self.parts
        kinds = isinstance(self.parts, (tuple, dict)) and len(self.parts)
        if not kinds or not all(isinstance(part, (ArraySpec, Parts)) for part in parts):
            raise TypeError(
                "`parts` must be a tuple or a dictionary of ArraySpecs. "
                f"Received: parts={self.parts!r}"
            )
        self.named("")  # which refuses names that coincide

    @property
    def spec(self) -> specs.Specs:
        """What one of them is, for each example."""
        return _mapped(lambda part: part.spec, self)

    @property
    def is_text(self) -> bool:
        return any(part.is_text for part in self.named("").values())

    def named(self, name: str) -> dict[str, ArraySpec]:
        """Return the `ArraySpec`s by names such as `labels_0`, in the order of TensorFlow."""
        parts = self.parts
        named = parts.items() if isinstance(parts, dict) else enumerate(parts)
        found: dict[str, ArraySpec] = {}
        for key, part in sorted(named):
            own = f"{name}_{key}"
            more = part.named(own) if isinstance(part, Parts) else {own: part}
            if found.keys() & more.keys():
                raise ValueError(
                    "`parts` must have names that differ when those of nested parts are joined by "
                    f"underscores. Received: {sorted(found.keys() & more.keys())} twice"
                )
            found |= more
        return found

    def check(self, name: str, value: Any, num: int | None = None) -> Any:
        """As that of `ArraySpec`."""
        return _inputs.conditions(name, value, self.spec, num)

    def as_tensor(self, value: Any) -> Any:
        """As that of `ArraySpec`."""
        return _mapped(lambda part, x: part.as_tensor(x), self, value)

    def tensor_spec(self, name: str) -> Any:
        """As that of `ArraySpec`."""
        flat = [part.tensor_spec(own) for own, part in self.named(name).items()]
        return tf.nest.pack_sequence_as(_mapped(lambda part: 0, self), flat)

    def __str__(self):
        return "; ".join(f"`{name}`: {part}" for name, part in self.named("").items())


def _mapped(function, spec, *values):
    """Call a function of an `ArraySpec`, and of what belongs to it, on each of the parts."""
    if not isinstance(spec, Parts):
        return function(spec, *values)
    if isinstance(spec.parts, dict):
        return {
            key: _mapped(function, part, *(value[key] for value in values))
            for key, part in spec.parts.items()
        }
    return tuple(map(lambda part, *own: _mapped(function, part, *own), spec.parts, *values))


def of(meaning: str, spec: specs.Specs) -> ArraySpec | Parts:
    """Return the description of one for each example of what a `keras_gans.data.Spec` specifies.

    Args:
        meaning: See `ArraySpec`.
        spec: `keras_gans.data.Spec`, or a tuple or dictionary of nested ones.

    Returns:
        `ArraySpec`, or `Parts` of them.

    Raises:
        TypeError: If `spec` is something else.

    Example:

    >>> import keras_gans as kg
    >>> kg.serving.of("examples", kg.data.Spec((28, 28, 1))).shape
    (None, 28, 28, 1)
    """
    if isinstance(spec, dict):
        return Parts({key: of(meaning, part) for key, part in spec.items()})
    if isinstance(spec, (tuple, list)):
        return Parts(tuple(of(meaning, part) for part in spec))
    if not isinstance(spec, specs.Spec):
        raise TypeError(f"`spec` must be a keras_gans.data.Spec. Received: spec={spec!r}")
    dtype = {"float": float_dtype(), "integer": "int32", "string": "string"}[spec.kind]
    shape = (None, *spec.shape)
    value_range = spec.value_range if spec.num_classes is None else None  # which says it all
    return ArraySpec(
        meaning, shape, dtype, cast(Any, value_range), spec.num_classes, spec.class_names
    )


def _shape(shape):
    if not isinstance(shape, (list, tuple)):
        raise TypeError(f"`shape` must be a tuple. Received: shape={shape!r}")
    return tuple(n if n is None else _checks.positive_int("shape", n) for n in shape)


def _value_range(value_range):
    if not isinstance(value_range, (list, tuple)) or len(value_range) != 2:
        raise TypeError(f"`value_range` must be two numbers. Received: value_range={value_range!r}")
    low, high = (_checks.real_number("value_range", bound) for bound in value_range)
    if low > high:
        raise ValueError(
            f"`value_range` must not end below its start. Received: value_range={value_range!r}"
        )
    return low, high


def _strings(name, value):
    if not isinstance(value, (list, tuple)) or not all(isinstance(v, str) for v in value):
        raise TypeError(f"`{name}` must be a list of strings. Received: {name}={value!r}")
    return tuple(value)


#: What verbs that make examples take: how many, and the seed of what is drawn.
COUNT, SEED = ArraySpec("count", (), "int32"), ArraySpec("seed", (), "int32")
