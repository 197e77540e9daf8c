"""Served verbs: what a model does with tensors for others, described once.

A model's `served_verbs()` say what it does: generate, score, encode, …. Its methods of these names
call the verbs with all checks of their arguments; `export` writes them, with a manifest of their
descriptions; and `keras_gans.load` makes its methods from that.
"""

import dataclasses
import inspect
import keyword
from collections.abc import Callable
from typing import Any

from keras_gans import _checks
from keras_gans._array_specs import CONDITIONS as CONDITIONS
from keras_gans._array_specs import COUNT as COUNT
from keras_gans._array_specs import OPTIONAL, ArraySpec, Parts, of
from keras_gans._array_specs import SEED as SEED
from keras_gans._typing import Tensor

__all__ = ["ArraySpec", "Parts", "Verb", "of"]

#: What is said of the model by what `keras_gans.load` returns.
FACTS = (
    "endpoints",
    "latent_dim",
    "example_shape",
    "makes_text",
    "conditional",
    "num_classes",
    "class_names",
    "condition_spec",
    "vocabulary",
    "value_range",
)

#: Names there that no verb may have.
TAKEN = (*FACTS, "verbs", "prepare")


@dataclasses.dataclass(frozen=True)
class Verb:
    """What a model does with tensors for others: its name, its inputs and its output.

    Args:
        name: Name of the method.
        function: Function of tensors, one for each input that is not `None`, to one tensor.
        inputs: Dictionary of `ArraySpec`s by the names of the arguments, in their order. `None`
            stands for labels of a model that takes none: the argument must be `None`. Labels,
            conditions, seeds, truncations and what has a default may be left out at the end.
        output: `ArraySpec`. If it has a batch axis, examples go through the function some at a
            time.
        fixed: Dictionary. Verbs of one name may differ in these arguments, which are strings: the
            method has them after the others, and calls the verb that has the given ones; those of
            the first are the defaults. Defaults to none.
        through: For a verb that takes a count, labels if there are any, a seed, and a truncation if
            the paper has it: name of the verb that it is with latents from N(0, I),
            `keras_gans.latents.draw(count, …, seed, truncation)`. Many examples are made so, some
            at a time. Defaults to `None`.
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
    function: Callable[..., Tensor]
    inputs: dict[str, ArraySpec | Parts | None]
    output: ArraySpec
    fixed: dict[str, str] = dataclasses.field(default_factory=dict)
    through: str | None = None
    summary: str = ""

    def __post_init__(self):
        self._check_kinds()
        for name in (self.name, self.endpoint):
            _check_name("name", name, TAKEN)
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
            kinds = ArraySpec if name == "output" else (ArraySpec, Parts, type(None))
            if not isinstance(spec, kinds):
                raise TypeError(f"`{name}` must be an ArraySpec. Received: {name}={spec!r}")
        for value in self.fixed.values():
            _checks.string("fixed", value)
        if self.through is not None:
            _checks.string("through", self.through)
        _checks.string("summary", self.summary)

    @property
    def endpoint(self) -> str:
        """Its name in a SavedModel."""
        return "_".join([self.name, *self.fixed.values()])

    @property
    def taken(self) -> dict[str, ArraySpec | Parts]:
        """The inputs that the function takes."""
        return {name: spec for name, spec in self.inputs.items() if spec is not None}

    @property
    def input_signature(self) -> list[Any]:
        """What TensorFlow needs to know of them."""
        return [spec.tensor_spec(name) for name, spec in self.taken.items()]

    @property
    def named_inputs(self) -> dict[str, ArraySpec]:
        """The inputs that the function takes, and those of several parts part by part, by name."""
        return named(self.inputs)

    @property
    def is_of_numbers(self) -> bool:
        """Whether it takes and gives numbers and draws none: what ONNX and LiteRT know."""
        specs = [*self.taken.values(), self.output]
        drawn = any(spec.is_text or spec.meaning in ("count", "seed") for spec in specs)
        return bool(self.taken) and not drawn

    def check_output(self, made: Tensor) -> None:
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

    def signature(self) -> inspect.Signature:
        """Return the signature of the method."""
        defaults: dict[str, Any] = dict(self.fixed)
        default: Any = None
        for name, spec in reversed(self.inputs.items()):
            number = getattr(spec, "default", None)
            if spec is not None and spec.meaning not in OPTIONAL and number is None:
                default = inspect.Parameter.empty
            is_optional = default is None and number is not None
            defaults = {name: number if is_optional else default, **defaults}
        kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
        named = defaults.items()
        return inspect.Signature([inspect.Parameter(name, kind, default=d) for name, d in named])


def named(inputs: dict[str, ArraySpec | Parts | None]) -> dict[str, ArraySpec]:
    """The `ArraySpec`s of a verb's inputs, and of those of several parts part by part, by name."""
    found: dict[str, ArraySpec] = {}
    for name, spec in inputs.items():
        if spec is not None:
            found |= spec.named(name) if isinstance(spec, Parts) else {name: spec}
    return found


def _check_name(argument, name, taken):
    """Refuse what can be no name of a method or an argument, or is that of something else."""
    _checks.string(argument, name)
    if not name.isidentifier() or keyword.iskeyword(name) or name.startswith("_") or name in taken:
        raise ValueError(
            f"`{argument}` must be a name that is not taken, without an underscore in front. "
            f"Received: {name!r}"
        )
