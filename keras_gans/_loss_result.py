"""What a loss function returns."""

import dataclasses
from typing import Any

from keras_gans._typing import Tensor


@dataclasses.dataclass(frozen=True)
class LossResult:
    """What a loss function minimizes, what it logs, and what it hands on, each by name.

    Args:
        minimized: Dictionary of one scalar tensor, the loss to minimize, by the name under which it
            is logged: the mean over the replica's examples.
        logged: Dictionary of other scalar tensors to log. Defaults to none.
        handed_on: Dictionary of what a later part of the step, or a technique, looks at: logits,
            generated images. Defaults to nothing.

    Raises:
        ValueError: If `minimized` is not a dictionary of one loss.

    Example:

    >>> import keras, keras_gans as kg
    >>> x = keras.ops.array([1.0, 3.0])
    >>> result = kg.models.LossResult({"loss": keras.ops.mean(x**2)}, handed_on={"x": x})
    >>> result = result.plus("mean", keras.ops.mean(x), weight=10.0)
    >>> {name: float(value) for name, value in result.logs.items()}
    {'loss': 25.0, 'mean': 2.0}
    """

    minimized: dict[str, Tensor]
    logged: dict[str, Tensor] = dataclasses.field(default_factory=dict)
    handed_on: dict[str, Any] = dataclasses.field(default_factory=dict)

    def __post_init__(self):
        if not isinstance(self.minimized, dict) or len(self.minimized) != 1:
            raise ValueError(
                "`minimized` must be a dictionary of one loss, by its name. "
                f"Received: minimized={self.minimized!r}"
            )

    @property
    def loss(self) -> Tensor:
        """The scalar to minimize."""
        (loss,) = self.minimized.values()
        return loss

    @property
    def logs(self) -> dict[str, Tensor]:
        """All scalars to log, by name."""
        return {**self.minimized, **self.logged}

    def plus(self, name: str, term: Tensor, weight: float | Tensor = 1.0) -> "LossResult":
        """Add a weighted term to the loss, and log it under a name of its own, without weight.

        Terms of one name, of two techniques of a kind, are logged as their sum.
        """
        (loss_name,) = self.minimized
        logged = {**self.logged, name: self.logged.get(name, 0.0) + term}
        minimized = {loss_name: self.loss + weight * term}
        return dataclasses.replace(self, minimized=minimized, logged=logged)

    def logging(self, **scalars: Tensor) -> "LossResult":
        """The same with more scalars to log."""
        return dataclasses.replace(self, logged={**self.logged, **scalars})
