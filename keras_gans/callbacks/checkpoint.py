"""Checkpoints from which a training goes on as if it had never been stopped."""

import json
import warnings
from typing import Any

import keras

from keras_gans import _checks, _replicas
from keras_gans._progress import Progress, Resuming
from keras_gans._typing import Config, Logs, PathLike
from keras_gans.callbacks.terminate_on_nan import diverged_networks
from keras_gans.data import resuming
from keras_gans.runs import Run


class Checkpoint(Resuming):
    """Keep a run in a folder, and go on from there when the same script is started again.

    The folder is that of `python -m keras_gans train`: `model.keras`, which is a checkpoint and a
    model for `keras.models.load_model`; `model.previous.keras`, the one before; `log.csv`, the
    losses of each epoch; and `config.json`, which says what makes this run another one. `fit` puts
    the weights, optimizers and random states of the checkpoint into the model, and goes on with the
    step after it, in the middle of an epoch too, with the data that would have come next. So a run
    that is killed at any moment, and started again, ends with the weights of one that never was:
    bit for bit, where TensorFlow's operations are deterministic (see
    `tf.config.experimental.enable_op_determinism`).

    That holds for arrays, `keras.utils.PyDataset`s whose items depend on their number and the
    epochs that they were told of, and datasets whose order follows from seeds, as that of
    `keras_gans.data.load` with a `seed`. Where an order cannot be known, such as that of a
    generator, a warning says so. The number of replicas may change. Other callbacks begin anew.

    Weights that are not finite are not kept: the last checkpoint is always a good one. Among
    several workers, who must all see the folder, the chief writes.

    Args:
        folder: Folder of the run; made if missing. It is of one process, or cluster, at a time.
        every: Positive integer, steps between checkpoints within an epoch. Defaults to `None`: one
            at the end of each epoch, also of one that is cut short.
        configuration: Dictionary of JSON values, such as the options of a script: under others the
            run is refused. The data, the batch size and the steps of an epoch belong to it anyway.
            Defaults to `None`.

    Attributes:
        steps: Integer, steps since training began, in this process and in those before.

    Raises:
        ValueError, TypeError: If an argument is of another kind; at the beginning of training, if
            the folder holds a run of other data, another model or another configuration, if its
            checkpoints cannot be read, or if another process is training there.
        RuntimeError: After a step, if the folder was removed or replaced.
        OSError: If nothing can be written to the folder.

    Example:

    >>> import numpy as np, keras_gans as kg
    >>> def train(epochs):
    ...     gan = kg.models.GAN(
    ...         kg.networks.mlp_generator((2,), latent_dim=2, hidden_units=(8,)),
    ...         kg.networks.mlp_discriminator((2,), hidden_units=(8,)),
    ...         latent_dim=2,
    ...         seed=0,
    ...     )
    ...     gan.compile()
    ...     x = kg.data.ring_of_gaussians().sample(64, seed=0)
    ...     checkpoint = kg.callbacks.Checkpoint("run")
    ...     return gan.fit(x, epochs=epochs, verbose=0, callbacks=[checkpoint]).epoch
    >>> train(epochs=2)
    [0, 1]
    >>> train(epochs=3)  # in another process, or after a crash
    run: resumed after epoch 2.
    [2]
    """

    def __init__(
        self, folder: PathLike, every: int | None = None, configuration: Config | None = None
    ) -> None:
        super().__init__()
        self.run = Run(folder)
        self.every = every if every is None else _checks.positive_int("every", every)
        self.configuration = _checks.json_values("configuration", configuration or {})

    def resume(
        self, model: keras.Model, start: Progress, x: Any, description: dict[str, Any]
    ) -> Progress:
        """See `Resuming`."""
        _check_saves(model)
        reason = resuming.unknown_order(x)
        if reason:
            warnings.warn(
                f"`x` {reason}: a run that is stopped goes on with the right weights, but with "
                "other data than would have come next.",
                stacklevel=4,
            )
        strategy = model.distribute_strategy
        if _replicas.is_chief(strategy):
            self.run.claim({**self.configuration, "data": description})
        _replicas.wait_for_all(strategy)
        progress = self.run.restore(model, description["steps_per_epoch"])
        if progress is None or not progress.is_later_than(start):
            return start
        print(f"{self.run.folder}: resumed after {progress}.")
        return progress

    def follow(self, progress: Progress, steps_per_epoch: int) -> None:
        """See `Resuming`."""
        self.progress = progress
        self.steps_per_epoch = steps_per_epoch

    @property
    def steps(self) -> int:
        """Steps since training began, in this process and in those before."""
        return self.progress.steps

    def on_train_begin(self, logs: Logs = None) -> None:
        if _replicas.is_chief(self.model.distribute_strategy):
            self.run.cut_log(self.progress.epoch)

    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
        self._seen, self._is_stopped = 0, False

    def on_train_batch_end(self, batch: int, logs: Logs = None) -> None:
        self.run.check_held()
        before = self.progress.step
        after = before + batch + 1 - self._seen
        if self.steps_per_epoch is not None:
            after = min(after, self.steps_per_epoch)  # the last execution may be of fewer steps
        self.progress = self.progress.after(after - before)
        self._seen, self._is_stopped = batch + 1, self.model.stop_training
        is_due = self.every is not None and before // self.every != after // self.every
        if is_due and after != self.steps_per_epoch:  # after the last step the epoch ends
            self._save()

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        length = self.steps_per_epoch
        if not self._is_stopped if length is None else self.progress.step >= length:
            self.progress = self.progress.at_next_epoch()
        self.run.check_held()
        if _replicas.is_chief(self.model.distribute_strategy):
            self.run.write_log(epoch, logs or {})
        self._save()

    def _save(self):
        if not diverged_networks(self.model):
            self.run.save(self.model, self.progress)


def _check_saves(model):
    """Refuse, before it is trained, a model of which no checkpoint could be written."""
    try:
        json.dumps(keras.saving.serialize_keras_object(model))
    except Exception as error:
        raise ValueError(
            f"`Checkpoint` needs a model that can be saved. Received: {model.name!r}: {error}"
        ) from error
