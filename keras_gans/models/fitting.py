"""A model that trains on, and is measured on, whatever holds examples."""

import contextlib
import dataclasses
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from keras_gans import _checks
from keras_gans._progress import Progress, resuming_callback
from keras_gans.data import mini_batches, resuming
from keras_gans.data.assertions import readable_errors
from keras_gans.models.trainer import Trainer, is_within_fit


class Fitted(Trainer):
    """A model that turns examples into batches, refuses what it cannot learn from, and resumes.

    A subclass states `batches_per_step`, `batch_spec`, `training_batches` and
    `evaluation_batches`.
    """

    def __init__(self, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.seed = _checks.seed("seed", seed)
        self.training_seeds = keras.random.SeedGenerator(self.seed)
        self.evaluation_seeds = keras.random.SeedGenerator(0)
        self.is_evaluated = False

    def fit(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        epochs: int = 1,
        verbose: str | int = "auto",
        callbacks: Sequence[keras.callbacks.Callback] | None = None,
        validation_split: float = 0.0,
        validation_data: Any = None,
        shuffle: bool = True,
        validation_batch_size: int | None = None,
        initial_epoch: int = 0,
        steps_per_epoch: int | None = None,
        **kwargs: Any,
    ) -> keras.callbacks.History:
        """Train the model. As `keras.Model.fit`, with these additions.

        One step is one iteration of the paper's algorithm: it consumes `batches_per_step`
        mini-batches, each of `batch_size` examples (of the dataset's batch, if `x` is a dataset),
        and the number of steps an epoch is counted so. Examples that do not fill a step are left
        out of the epoch.

        Each step takes `batches_per_step` batches of a dataset, whatever their sizes, and deals
        their examples out evenly. So a shorter batch, such as the last one of `batch(32)`, counts
        as any other, wherever it comes; `batch(32, drop_remainder=True)` leaves it out.

        Args:
            x: Real examples: NumPy array or tensor `(num_examples, …)`, `tf.data.Dataset` of
                batches, `keras.utils.PyDataset`, or generator of batches. Images are floats in
                [−1, 1].
            y: What belongs to an array `x`: integer labels `(num_examples,)`, for models that take
                labels, or whatever else they are conditioned on, an array or a tuple or dictionary
                of arrays; images of the other domain for models that translate between two.
            batch_size: Examples of one mini-batch of an array `x`. Defaults to `32`, and to the
                paper's `1` for `CycleGAN`.
            validation_data: Held-out examples, in any form of `x`, or a tuple `(x, y)`; `evaluate`
                is called on them after each epoch.
            steps_per_epoch: Integer, steps of an epoch. The data are gone through as often as that
                needs. Defaults to `None`: once.
            callbacks: Those of Keras and of `keras_gans.callbacks`. A `Checkpoint` among them lets
                training go on from there.
            epochs, verbose, validation_split, shuffle, validation_batch_size, initial_epoch,
                **kwargs: Those of `keras.Model.fit`, but for `class_weight` and `sample_weight`.

        Returns:
            A `keras.callbacks.History`. The losses of networks that diverge become NaN, unless
            `keras_gans.callbacks.TerminateOnNaN` stops them before.

        Raises:
            ValueError, TypeError: If the examples do not fit the networks, are not finite, are not
                scaled, carry labels that are not expected, or are too few for one step.
        """
        _refuse_weights(
            class_weight=kwargs.pop("class_weight", None),
            sample_weight=kwargs.pop("sample_weight", None),
        )
        if validation_split and validation_data is None:
            (x, y), validation_data = mini_batches.split(x, y, validation_split, self.batch_spec)
        if validation_data is not None:
            *held_out, weights = keras.utils.unpack_x_y_sample_weight(validation_data)
            if weights is not None:
                raise ValueError(
                    "`validation_data` must be x or (x, y): all examples count alike. Received: "
                    f"weights of examples, too, of type {type(weights).__name__}"
                )
            validation_data = self.evaluation_batches(*held_out)
            validation_batch_size = _checks.optional_positive_int(
                "validation_batch_size", validation_batch_size or batch_size
            )
        initial_epoch = _checks.positive_int("initial_epoch", initial_epoch, minimum=0)
        steps_per_epoch = _checks.optional_positive_int("steps_per_epoch", steps_per_epoch)
        checkpoint = resuming_callback(callbacks)
        batches, progress = self._begin(
            x, y, batch_size, shuffle, initial_epoch, steps_per_epoch, checkpoint
        )
        history = keras.callbacks.History()
        history.on_train_begin()
        for part in resuming.parts(batches, progress, epochs, steps_per_epoch):
            steps = resuming.steps_in_epoch(part.batches, part.steps_per_epoch)
            ends = part.steps_per_epoch is None and isinstance(part.batches, tf.data.Dataset)
            self.choose_execution(steps, ends, callbacks, part.epochs - part.initial_epoch)
            with readable_errors():
                found = super().fit(
                    part.batches,
                    initial_epoch=part.initial_epoch,
                    epochs=part.epochs,
                    steps_per_epoch=part.steps_per_epoch,
                    verbose=verbose,
                    callbacks=callbacks,
                    validation_data=validation_data,
                    validation_batch_size=validation_batch_size,
                    shuffle=False,
                    **kwargs,
                )
            history = _joined(history, found)
            if self.stop_training:
                break
        if history.epoch and not history.history:
            raise ValueError(
                "`x` must hold at least the mini-batches of one step, "
                f"{self.batches_per_step}. Received: a dataset of fewer batches"
            )
        for name in self.optimizer_networks:
            getattr(self, name).finalize_variable_values(self._trained_variables(name))
        return history

    def _begin(self, x, y, batch_size, shuffle, initial_epoch, steps_per_epoch, checkpoint):
        """The data of steps, and the `Progress` at which training goes on in them.

        What cannot be trained on is refused before a checkpoint is looked for.
        """
        start = Progress(initial_epoch, initial_epoch)
        batch_size = _checks.optional_positive_int("batch_size", batch_size)
        if shuffle:
            start = dataclasses.replace(start, shuffle_seed=self._shuffle_seed())
        batches = self.training_batches(x, y, batch_size, start.shuffle_seed)
        if checkpoint is None:
            return batches, start
        steps = resuming.steps_in_epoch(batches, steps_per_epoch)
        description = resuming.description(x, y, batch_size, steps)
        progress = checkpoint.resume(self, start, x, description)
        checkpoint.follow(progress, steps)
        if progress == start:
            return batches, progress
        later = resuming.later(x, progress.steps * self.batches_per_step)
        if later is not None and steps_per_epoch is not None:
            x, progress = later, dataclasses.replace(progress, steps=0)
        return self.training_batches(x, y, batch_size, progress.shuffle_seed), progress

    def evaluate(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        verbose: str | int = "auto",
        sample_weight: None = None,
        steps: int | None = None,
        callbacks: Sequence[keras.callbacks.Callback] | None = None,
        return_dict: bool = False,
        **kwargs: Any,
    ) -> dict[str, float] | list[float]:
        """Measure the losses, and the metrics given to `compile`, on held-out examples.

        As `keras.Model.evaluate`. Networks run with `training=False`, and noise is the same at
        every call. Without `return_dict` the result is a list: the losses that the model logs, then
        the metrics. Terms that techniques add are left out.

        Raises:
            ValueError, TypeError: As `fit`.
        """
        _refuse_weights(sample_weight=sample_weight)
        if not is_within_fit(kwargs):
            x, y = self.evaluation_batches(x, y)
        batch_size = _checks.optional_positive_int("batch_size", batch_size)
        self.evaluation_seeds.state.assign(np.array([0, 0]))
        for metric in self.sample_metrics:
            metric.reset_state()
        with readable_errors(), self._evaluation(), self.batch_by_batch():
            logs = super().evaluate(
                x,
                y,
                batch_size=batch_size,
                verbose=verbose,
                steps=steps,
                callbacks=callbacks,
                return_dict=True,
                **kwargs,
            )
        if not logs:
            raise ValueError("`x` must hold an example to evaluate. Received: none")
        logs = {name: logs[name] for name in self.evaluated_names}
        for metric in self.sample_metrics:
            result = metric.result()
            logs.update(result if isinstance(result, dict) else {metric.name: result})
        logs = {name: float(value) for name, value in logs.items()}
        return logs if return_dict else list(logs.values())

    # Single batches

    def as_batch(self, x: Any, y: Any) -> tuple[Any, Any]:
        """Return one batch of examples as arrays, or refuse what `fit` refuses."""
        return self.batch_spec.single(x, y)

    def train_on_batch(
        self,
        x: Any,
        y: Any = None,
        sample_weight: None = None,
        class_weight: None = None,
        return_dict: bool = False,
    ) -> Any:
        """Take one step, as `keras.Model.train_on_batch`.

        Args:
            x, y: Arrays or tensors, as in `fit`: the `batches_per_step` mini-batches of one step,
                of n mini-batches the j-th being `x[j::n]`.
            return_dict: Boolean, whether to return losses by name. Defaults to `False`, a list in
                the order of `metrics_names`.

        Raises:
            ValueError, TypeError: As `fit`.
        """
        _refuse_weights(sample_weight=sample_weight, class_weight=class_weight)
        x, y = self.as_batch(x, y)
        replicas = self.distribute_strategy.num_replicas_in_sync
        if len(x) % (self.batches_per_step * replicas):
            shared = f", a multiple of the {replicas} replicas" if replicas > 1 else ""
            raise ValueError(
                f"`x` must hold the {self.batches_per_step} mini-batches of a step, of one "
                f"size{shared}. Received: {len(x)} examples"
            )
        return super().train_on_batch(x, y, return_dict=return_dict)

    def test_on_batch(
        self, x: Any, y: Any = None, sample_weight: None = None, return_dict: bool = False
    ) -> Any:
        """Measure the losses of one batch, as `keras.Model.test_on_batch`.

        Args:
            x, y: Arrays or tensors, as in `evaluate`.
            return_dict: See `train_on_batch`.

        Raises:
            ValueError, TypeError: As `evaluate`.
        """
        _refuse_weights(sample_weight=sample_weight)
        with self._evaluation():
            return super().test_on_batch(*self.as_batch(x, y), return_dict=return_dict)

    @contextlib.contextmanager
    def _evaluation(self):
        """What `metrics` are depends on it."""
        self.is_evaluated = True
        try:
            yield
        finally:
            self.is_evaluated = False

    def _shuffle_seed(self):
        """A seed that all workers share, and that is another in the next `fit`."""
        state = ops.convert_to_numpy(self.training_seeds.state)
        return int(np.random.SeedSequence(state.tolist()).generate_state(1)[0]) >> 1


def _joined(first, second):
    """The history of two calls of Keras's `fit` as that of one: the second object."""
    second.epoch = first.epoch + second.epoch
    for name, values in first.history.items():
        second.history[name] = values + second.history.get(name, [])
    return second


def _refuse_weights(**weights):
    for name, value in weights.items():
        if value is not None:
            raise ValueError(
                f"`{name}` must be None: all examples count alike. "
                f"Received: {name} of type {type(value).__name__}"
            )
