"""What a model learns from: examples, and what they come with, in a batch `x` or `(x, y)`."""

import dataclasses
from typing import Any, cast

import tensorflow as tf

from keras_gans import _checks
from keras_gans.data import specs
from keras_gans.data.assertions import asserted

EMPTY = "`x` must yield batches of examples. Received: an empty one"
UNEQUAL = "`x` and `y` must have the same length, a label for each example. Received: other lengths"


@dataclasses.dataclass(frozen=True)
class BatchSpec:
    """What a batch `x`, or `(x, y)`, holds.

    Args:
        x: `Spec` of the examples, or a nest of them. `None`, the default, stands for anything.
        y: Likewise of what comes with them. Beside an `x`, `None`, the default, stands for nothing.
        model: Name of the model, for messages.
        meaning: What y is, for messages. Defaults to what the model is conditioned on.
        call: The arguments of `fit`, for messages.
        is_paired: Whether each example has its own y.
        alone: What x is where it comes without y. Defaults to `None`: y must be there.
    """

    x: specs.Specs | None = None
    y: specs.Specs | None = None
    model: str = "the model"
    meaning: str | None = None
    call: str = "examples, conditions"
    is_paired: bool = True
    alone: specs.Specs | None = None

    def check(self, x: Any, y: Any) -> None:
        """Refuse arrays, or the `tf.TensorSpec`s of a batch, that the model cannot learn from."""
        self._check_parts(x, y)
        if self._are_pairs(y):
            self.check_lengths(x, y)

    def _check_parts(self, x, y):
        specs.check("x", self._spec_of_x(y), x)
        if self.y is not None and y is None and self.alone is None:
            raise ValueError(self._missing())
        if self.y is None and self.x is not None and y is not None:
            raise ValueError(
                f"Labels must be absent: {self.model} is not conditional. Pass the "
                f"examples alone. Received: labels of shape {specs.first(y).shape}"
            )
        if y is not None:
            specs.check("y", self.y, y)

    def check_lengths(self, x: Any, y: Any) -> None:
        """Refuse arrays, or specs, of different numbers of examples."""
        num = specs.first(x).shape[0]
        for part in tf.nest.flatten(y):
            if None not in (num, part.shape[0]) and num != part.shape[0]:
                raise ValueError(
                    "`x` and `y` must have the same length. "
                    f"Received: len(x)={num}, len(y)={part.shape[0]}"
                )

    def arrays(self, x: Any, y: Any) -> list[Any]:
        """Return what is given as arrays, in the structure of the specifications."""
        return self._mapped(specs.as_array, x, y)

    def single(self, x: Any, y: Any) -> tuple[Any, Any]:
        """Return one batch as arrays, or say by an argument's name why it is none."""
        x, y = self._mapped(_array_of_one_batch, x, y)
        self._check_parts(x, y)
        num = len(specs.first(x))
        if not num:
            raise ValueError(f"`x` must hold an example. Received: shape {specs.first(x).shape}")
        for part in tf.nest.flatten(y) if y is not None else ():
            if len(part) != num:
                raise ValueError(
                    f"`y` must hold as many examples as `x`. Received: {len(part)} beside {num}"
                )
        return x, y

    def checked_arrays(self, x: Any, y: Any) -> tuple[Any, Any]:
        """Return a batch of arrays that is not empty and that the model can learn from."""
        x, y = self.arrays(x, y)
        if x is None or not specs.first(x).size:
            raise ValueError(EMPTY)
        self.check(x, y)
        return x, y

    def checked_tensors(self, x: Any, y: Any) -> list[Any]:
        """Return a batch of tensors whose values are good when it is used."""
        num = tf.shape(specs.first(x))[0]
        checks = [asserted(num > 0, EMPTY)]
        if self._are_pairs(y):
            checks += [asserted(num == tf.shape(part)[0], UNEQUAL) for part in tf.nest.flatten(y)]
        with tf.control_dependencies(checks):
            return self._mapped(specs.checked_tensor, x, y)

    def _are_pairs(self, y):
        return self.y is not None and y is not None and self.is_paired

    def _spec_of_x(self, y):
        return self.x if y is not None or self.alone is None else self.alone

    def _mapped(self, function, x, y):
        parts = ("x", self._spec_of_x(y), x), ("y", self.y, y)
        return [
            None if value is None else specs.mapped(function, name, spec, value)
            for name, spec, value in parts
        ]

    def _missing(self):
        if specs.are_labels(self.y):
            lowest, _ = cast(Any, self.y).value_range
            without = f", {lowest} for examples without" if lowest < 0 else ""
            return (
                f"Labels must be given{without}: {self.model} learns from them. Call "
                "fit(images, labels), or let the dataset yield (images, labels). "
                "Received: no labels"
            )
        meaning = self.meaning or f"what {self.model} is conditioned on"
        return (
            f"`y` must be given, {meaning}: call fit({self.call}), or let the dataset yield "
            f"({self.call}). Received: examples alone"
        )


def _array_of_one_batch(name, spec, x):
    found = _checks.as_array(x)
    if not found.ndim:
        raise TypeError(
            f"`{name}` must be an array, of one batch. Received: {name} of type {type(x).__name__}"
        )
    return found
