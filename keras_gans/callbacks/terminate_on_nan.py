"""The end of a training whose losses are not finite."""

import keras
import numpy as np

from keras_gans import _checks
from keras_gans._typing import Logs, PathLike


class TerminateOnNaN(keras.callbacks.Callback):
    """Stop training when any loss is NaN or infinite.

    Keras's own looks at `loss` alone, which a model of several networks does not have.

    Args:
        checkpoint: Path of the last good checkpoint, to be named in the message, or `None`.
            Defaults to `None`.

    Attributes:
        message: What happened: at which step, in which losses, to which networks; `None` so far.

    Example:

    >>> import keras_gans as kg
    >>> callback = kg.callbacks.TerminateOnNaN()
    """

    def __init__(self, checkpoint: PathLike | None = None) -> None:
        super().__init__()
        self.checkpoint = None if checkpoint is None else _checks.path("checkpoint", checkpoint)
        self.message: str | None = None

    def on_train_begin(self, logs: Logs = None) -> None:
        self.message = None

    def on_train_batch_end(self, batch: int, logs: Logs = None) -> None:
        bad = [name for name, loss in (logs or {}).items() if not np.isfinite(loss).all()]
        if bad and self.message is None:
            self.message = self._describe(bad)
            print(f"\n{self.message}")
            self.model.stop_training = True

    def _describe(self, losses):
        step = int(self.model.optimizer.iterations.numpy())
        message = f"Step {step}: {', '.join(losses)} is NaN or infinite, training stops."
        lost = diverged_networks(self.model)
        if lost:
            message += f" Weights that are not finite: {', '.join(lost)}."
        if self.checkpoint is not None and self.checkpoint.exists():
            message += f" The last good checkpoint is {self.checkpoint}."
        return message


def diverged_networks(model):
    """Names of the networks, of those that a model trains, with weights that are not finite."""
    return [
        name
        for name in getattr(model, "network_names", ())
        if not all(np.isfinite(weight).all() for weight in getattr(model, name).get_weights())
    ]
