"""How far a training has come, which `fit` learns from a callback that keeps checkpoints."""

import dataclasses

import keras


@dataclasses.dataclass(frozen=True)
class Progress:
    """Where a training goes on.

    Attributes:
        first_epoch: Integer, the epoch that `fit` began with.
        epoch: Integer, the epoch to go on in.
        step: Integer, steps of this epoch that are done.
        steps: Integer, steps done since `fit` began.
        shuffle_seed: Integer, of the order of arrays since then; `None` if they are not shuffled.
    """

    first_epoch: int = 0
    epoch: int = 0
    step: int = 0
    steps: int = 0
    shuffle_seed: int | None = None

    def after(self, steps):
        """The progress some steps later in this epoch."""
        return dataclasses.replace(self, step=self.step + steps, steps=self.steps + steps)

    def at_next_epoch(self):
        return dataclasses.replace(self, epoch=self.epoch + 1, step=0)

    def is_later_than(self, other):
        return (self.epoch, self.step) > (other.epoch, other.step)

    def __str__(self):
        within = f"step {self.step} of epoch {self.epoch + 1}"
        return within if self.step else f"epoch {self.epoch}"


class Resuming(keras.callbacks.Callback):
    """A callback that `fit` asks where to begin, before it looks for data to begin with."""

    def resume(self, model, start, x, description):
        """Put a model back to where its training was stopped, and return where that is.

        Args:
            model: The model, compiled.
            start: `Progress` of a training that begins now.
            x: What `fit` was given.
            description: Dictionary of JSON values: what makes other data, and other steps.

        Returns:
            `Progress`, `start` if there is nothing to go on with.
        """
        raise NotImplementedError

    def follow(self, progress, steps_per_epoch):
        """Count steps from a progress on.

        Args:
            progress: `Progress`, where the training begins, or goes on.
            steps_per_epoch: Integer, or `None` if an epoch ends when its data do.
        """
        raise NotImplementedError


def resuming_callback(callbacks):
    """The `Resuming` callback among those given to `fit`, or `None`."""
    found = [c for c in getattr(callbacks, "callbacks", callbacks) or () if isinstance(c, Resuming)]
    if len(found) > 1:
        raise ValueError(
            "`callbacks` must hold one that keeps checkpoints, whose folder says where training "
            f"goes on. Received: {len(found)}"
        )
    return found[0] if found else None
