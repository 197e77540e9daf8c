"""Served verbs: what a model does with tensors for others, described once.

A model's `served_verbs()` say what it does: generate, score, encode, …. Its methods of these names
call the verbs with all checks of their arguments; `export` writes them, with a manifest of their
descriptions; and `keras_gans.load` makes its methods from that.
"""

import dataclasses
import inspect
import keyword
from collections.abc import Callable

import numpy as np
import tensorflow as tf

from keras_gans import _checks, _inputs
from keras_gans._precision import as_float, float_dtype
from keras_gans.data import specs

__all__ = ["ArraySpec", "Verb"]

#: Meanings of what a model is conditioned on, which may be one for all examples.
CONDITIONS = ("labels", "condition")

#: What arrays may hold.
DTYPES = ("float16", "bfloat16", "float32", "float64", "int32", "int64", "uint8", "bool", "string")

#: Attributes of what `keras_gans.load` returns, which no verb may have the name of.
FACTS = ("endpoints", "latent_dim", "example_shape", "makes_text", "conditional", "num_classes")
FACTS += ("class_names", "vocabulary", "value_range")


@dataclasses.dataclass(frozen=True)
class ArraySpec:
    """What an argument of a verb holds, or its output.

    Args:
        meaning: String. `"latents"`, `"labels"`, `"condition"`, `"examples"`, `"count"`, of
            examples to make, and `"seed"` have checks of their own; of any other, such as
            `"codes"`, the type, the shape and the range are checked.
        shape: Tuple of integers and `None`. That of one for each example begins with `None`, the
            batch axis. Defaults to `()`, one number.
        dtype: String, name of a dtype. Defaults to `"float32"`, or `"float64"` if that is Keras's
            `floatx`.
        value_range: Lowest and highest number. Defaults to `None`, any.
        num_classes: Positive integer, of how many classes labels are.
        class_names: Tuple of their names. Defaults to `None`, no names.
        vocabulary: Tuple of the characters of texts. Defaults to `None`, not known.

    Raises:
        ValueError, TypeError: If an argument is of another kind, or makes no sense with `meaning`.

    Example:

    >>> import keras_gans as kg
    >>> kg.serving.ArraySpec("codes", (None, 64)).check("w", [[0.5] * 64]).shape
    (1, 64)
    """

    meaning: str
    shape: tuple = ()
    dtype: str = dataclasses.field(default_factory=float_dtype)
    value_range: tuple | None = None
    num_classes: int | None = None
    class_names: tuple | None = None
    vocabulary: tuple | None = None

    def __post_init__(self):
        _checks.string("meaning", self.meaning)
        _checks.one_of("dtype", self.dtype, DTYPES)
        object.__setattr__(self, "shape", _shape(self.shape))
        if self.value_range is not None:
            object.__setattr__(self, "value_range", _value_range(self.value_range))
        for name in ("class_names", "vocabulary"):
            if getattr(self, name) is not None:
                object.__setattr__(self, name, _strings(name, getattr(self, name)))
        if self.meaning in ("count", "seed"):
            self._expect((), "int32")
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
    def is_batched(self):
        """Whether there is one for each example."""
        return self.shape[:1] == (None,)

    @property
    def spec(self):
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
    def is_text(self):
        return self.dtype == "string"

    @property
    def is_float(self):
        return "float" in self.dtype

    def check(self, name, value, num=None):
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
            return _checks.seed_or_new(value, name)
        if self.meaning in CONDITIONS:
            return _inputs.conditions(name, value, self.spec, num)
        if self.shape == () and self.is_float:
            return _checks.real_number(name, value, *(self.value_range or ()))
        if self.meaning == "latents":
            found = _inputs.latents(name, value, self.shape[1])
        elif self.is_text or self.meaning == "examples":
            found = _inputs.examples(name, value, self.spec)
        else:
            found = _inputs.array(name, value, self.shape, self.dtype, self.value_range)
        return np.asarray(found)

    def as_tensor(self, value):
        """Return what `check` did, or some examples of it, as the verb's function takes it."""
        return as_float(value) if self.is_float else tf.constant(value, self.dtype)

    def tensor_spec(self, name):
        """Return what TensorFlow needs to know of it."""
        return tf.TensorSpec(self.shape, self.dtype, name)

    def __str__(self):
        if self.meaning == "count":
            return "Positive integer, how many."
        if self.meaning == "seed":
            return "Integer or `None`. The same seed gives the same result. Defaults to `None`."
        if self.meaning == "labels":
            names = " or class names" if self.class_names else ""
            return f"Integers in [0, {self.num_classes}){names} `(num,)`, or one for all."
        axes = ["num" if axis is None else str(axis) for axis in self.shape]
        shape = f" `({axes[0]},)`" if len(axes) == 1 else f" `({', '.join(axes)})`"
        kind = "Strings" if self.is_text else self.dtype.capitalize() + " array" * bool(axes)
        bounds = self.value_range and f" in [{self.value_range[0]:g}, {self.value_range[1]:g}]"
        return f"{kind}{shape if axes else ''}{bounds or ''}, {self.meaning}."


@dataclasses.dataclass(frozen=True)
class Parts:
    """What an argument of several parts holds: a condition, for each example or one for all.

    Args:
        parts: Tuple or dictionary of `ArraySpec`s, or of such parts.
    """

    parts: tuple | dict
    meaning = "condition"
    is_batched = True

    @property
    def is_text(self):
        return any(part.is_text for part in self.named("").values())

    def named(self, name):
        """Return the `ArraySpec`s by names such as `labels_0`, in the order of TensorFlow."""
        parts = self.parts
        named = parts.items() if isinstance(parts, dict) else enumerate(parts)
        found = {}
        for key, part in sorted(named):
            own = f"{name}_{key}"
            found |= part.named(own) if isinstance(part, Parts) else {own: part}
        return found

    def check(self, name, value, num=None):
        """As that of `ArraySpec`."""
        return _inputs.conditions(name, value, _mapped(lambda part: part.spec, self), num)

    def as_tensor(self, value):
        """As that of `ArraySpec`."""
        return _mapped(lambda part, x: part.as_tensor(x), self, value)

    def tensor_spec(self, name):
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


def of(meaning, spec):
    """Return the description of one for each example of what a `keras_gans.data.Spec` specifies.

    Args:
        meaning: See `ArraySpec`.
        spec: `keras_gans.data.Spec`, or a tuple or dictionary of nested ones.
    """
    if isinstance(spec, dict):
        return Parts({key: of(meaning, part) for key, part in spec.items()})
    if isinstance(spec, (tuple, list)):
        return Parts(tuple(of(meaning, part) for part in spec))
    dtype = {"float": float_dtype(), "integer": "int32", "string": "string"}[spec.kind]
    shape = (None, *spec.shape)
    return ArraySpec(meaning, shape, dtype, spec.value_range, spec.num_classes, spec.class_names)


@dataclasses.dataclass(frozen=True)
class Verb:
    """What a model does with tensors for others: its name, its inputs and its output.

    Args:
        name: Name of the method.
        function: Function of tensors, one for each input that is not `None`, to one tensor.
        inputs: Dictionary of `ArraySpec`s by the names of the arguments, in their order. `None`
            stands for labels of a model that takes none: the argument must be `None`. Labels,
            conditions and seeds at the end may be left out.
        output: `ArraySpec`. If it has a batch axis, examples go through the function some at a
            time.
        fixed: Dictionary. Verbs of one name may differ in these arguments, which are strings: the
            method has them after the others, and calls the verb that has the given ones; those of
            the first are the defaults. Defaults to none.
        through: For a verb that takes a count, labels if there are any, and a seed: name of the
            verb that it is with latents from N(0, I), `keras_gans.latents.draw(count, …, seed)`.
            Many examples are made so, some at a time. Defaults to `None`.
        summary: What it does, in one line. Defaults to what the docstring of the model's method of
            this name says.

    Raises:
        ValueError, TypeError: If an argument is of another kind, or a name can be none of a method
            or of an argument.

    Example:

    >>> import keras_gans as kg
    >>> class Inverting(kg.models.GAN):
    ...     def served_verbs(self):
    ...         images = self.served_examples
    ...         invert = kg.serving.Verb("invert", lambda x: -x, {"x": images}, images)
    ...         return [*super().served_verbs(), invert]
    >>> gan = Inverting(
    ...     kg.networks.mlp_generator((2,), latent_dim=3, hidden_units=(8,)),
    ...     kg.networks.mlp_discriminator((2,), hidden_units=(8,)),
    ...     latent_dim=3,
    ... )
    >>> gan.export("saved_model")
    >>> kg.load("saved_model").invert([[0.5, -0.25]]).tolist()
    [[-0.5, 0.25]]
    """

    name: str
    function: Callable
    inputs: dict
    output: ArraySpec
    fixed: dict = dataclasses.field(default_factory=dict)
    through: str | None = None
    summary: str = ""

    def __post_init__(self):
        self._check_kinds()
        for name in (self.name, self.endpoint):
            _check_name("name", name, FACTS)
        for argument in (*self.inputs, *self.fixed):
            _check_name("inputs", argument, ("batch_size",))
        self.signature()

    def _check_kinds(self):
        _checks.string("name", self.name)
        _checks.function("function", self.function)
        for name in ("inputs", "fixed"):
            if not isinstance(getattr(self, name), dict):
                raise TypeError(f"`{name}` must be a dictionary. Received: {getattr(self, name)!r}")
        for name, spec in {**self.inputs, "output": self.output}.items():
            if not isinstance(spec, ArraySpec) and (spec is not None or name == "output"):
                raise TypeError(f"`{name}` must be an ArraySpec. Received: {name}={spec!r}")
        for value in self.fixed.values():
            _checks.string("fixed", value)
        if self.through is not None:
            _checks.string("through", self.through)
        _checks.string("summary", self.summary)

    @property
    def endpoint(self):
        """Its name in a SavedModel."""
        return "_".join([self.name, *self.fixed.values()])

    @property
    def taken(self):
        """The inputs that the function takes."""
        return {name: spec for name, spec in self.inputs.items() if spec is not None}

    @property
    def input_signature(self):
        """What TensorFlow needs to know of them."""
        return [spec.tensor_spec(name) for name, spec in self.taken.items()]

    @property
    def named_inputs(self):
        """The inputs that the function takes, and those of several parts part by part, by name."""
        found = {}
        for name, spec in self.taken.items():
            found |= spec.named(name) if isinstance(spec, Parts) else {name: spec}
        return found

    @property
    def is_of_numbers(self):
        """Whether it takes and gives numbers and draws none: what ONNX and LiteRT know."""
        specs = [*self.taken.values(), self.output]
        drawn = any(spec.is_text or spec.meaning in ("count", "seed") for spec in specs)
        return bool(self.taken) and not drawn

    def check_output(self, made):
        """Refuse a description of another output than the function's, which is a symbolic tensor.

        Raises:
            ValueError: If it makes something else, or something without a shape.
        """
        described = self.output.shape, self.output.dtype
        if not getattr(made, "shape", None) or not (
            made.shape.is_compatible_with(described[0]) and made.dtype.name == described[1]
        ):
            raise ValueError(
                f"`output` of the verb {self.name!r} must be what its function makes, {made}. "
                f"Received: shape {described[0]} and dtype {described[1]!r}"
            )

    def signature(self):
        """Return the signature of the method."""
        defaults, default = dict(self.fixed), None
        for name, spec in reversed(self.inputs.items()):
            if spec is not None and spec.meaning not in (*CONDITIONS, "seed"):
                default = inspect.Parameter.empty
            defaults = {name: default, **defaults}
        kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
        named = defaults.items()
        return inspect.Signature(inspect.Parameter(name, kind, default=d) for name, d in named)


def _check_name(argument, name, taken):
    """Refuse what can be no name of a method or an argument, or is that of something else."""
    _checks.string(argument, name)
    if not name.isidentifier() or keyword.iskeyword(name) or name.startswith("_") or name in taken:
        raise ValueError(
            f"`{argument}` must be a name that is not taken, without an underscore in front. "
            f"Received: {name!r}"
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
