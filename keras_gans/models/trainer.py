"""All that goes round Keras's trainer, or leans on what it does not promise.

Each says for which Keras it is; `tests/models/test_trainer.py` fails when one can go. Those about
optimizers are in `optimizers.py`, that about random states in `saving.py`.
"""

import contextlib
import functools
import itertools
import types
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from keras_gans import _checks, _replicas
from keras_gans._typing import Tensors
from keras_gans.data import specs
from keras_gans.models import executions
from keras_gans.models.compiling import Compiled


class Trainer(Compiled):
    """A model whose steps are counted, shared among replicas and averaged over them.

    A subclass states `train_step`, `test_step`, and `as_inputs`: what it is called on.
    """

    train_function: Any
    test_function: Any
    jit_compile: Any
    steps_per_execution: int

    #: Whether Python has something to do between two training steps.
    changes_between_steps = False

    _trains_by_xla = False

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if isinstance(self.distribute_strategy, tf.distribute.ParameterServerStrategy):
            raise ValueError(
                "Models must not be made under a ParameterServerStrategy: its workers would train "
                "networks against others of another age. Use MirroredStrategy on one machine, "
                "MultiWorkerMirroredStrategy on several. "
                f"Received: {type(self.distribute_strategy).__name__}"
            )

    @property
    def train_steps(self) -> Sequence[Callable[[Tensors], dict[str, Any]]]:
        """The training step of each phase. Defaults to one phase, of `train_step`.

        A model with several states them here, which of them it takes by `step_in_use`, and as its
        `train_step` calls `step_in_phase`.
        """
        return [self.train_step]

    def step_in_use(self) -> Any:
        """Return the number of the phase that training is in, an integer or an int32 tensor."""
        return 0

    def step_in_phase(self, data: Tensors) -> dict[str, Any]:
        """Take the training step of the phase that training is in, be it known in a graph alone."""
        steps = [functools.partial(step, data) for step in self.train_steps]
        return _replicas.one_of(self.step_in_use(), steps)

    def choose_execution(self, steps: int | None, ends: bool, callbacks: Any, epochs: int) -> None:
        """Choose how many steps to take at once, and by XLA, as far as `compile` has left that.

        Args:
            steps, ends, callbacks: See `executions.best`.
            epochs: Integer, how many epochs of so many steps follow.
        """
        num, by_xla = self.steps_per_execution, bool(self.jit_compile)
        if self._leaves("steps_per_execution"):
            num = executions.best(self, steps, ends, callbacks)
        if self._leaves("jit_compile") and not self.jit_compile and not self._is_replicated:
            total = None if steps is None else steps * epochs
            by_xla = executions.are_worth_compiling(self, num, total)
        if (num, by_xla) != (self.steps_per_execution, self._trains_by_xla):
            self.steps_per_execution, self._trains_by_xla = num, by_xla
            self.train_function = None

    def _leaves(self, argument):
        """Whether `compile` was not told about it."""
        return self._compile_arguments.get(argument) == "auto"

    @contextlib.contextmanager
    def batch_by_batch(self) -> Iterator[None]:
        """Evaluate and predict one batch at once, unless `compile` was given another number.

        For Keras 3.15, which has one number for all, and takes that of `fit` for validation.
        """
        num = self.steps_per_execution
        if self._leaves("steps_per_execution"):
            self.steps_per_execution = 1
            validation = getattr(self, "_eval_epoch_iterator", None)
            if validation is not None:
                validation.steps_per_execution = 1
        try:
            yield
        finally:
            self.steps_per_execution = num

    def _make_function(self, step_function):
        """As `keras.Model`, but no step begins after the last batch of a dataset.

        For Keras 3.15 with `steps_per_execution=1`, and TensorFlow 2.21.
        """
        return super()._make_function(_replicas.begun_by_data(step_function))

    def make_train_function(self, force: bool = False) -> Callable[..., Any]:
        """As `keras.Model`; of several replicas, see `_on_replicas`, of XLA `_by_xla`."""
        self.catch_up()
        if self.train_function is None or force:
            if self._is_replicated:
                self.train_function = self._on_replicas(self.train_steps, self.step_in_use)
            else:
                super().make_train_function(force)
                by_xla = self.jit_compile or self._trains_by_xla
                if by_xla and self.steps_per_execution > 1 and not self.run_eagerly:
                    self.train_function = self._by_xla(self.train_function)
        return self.train_function

    def _by_xla(self, train_function):
        """A train function that takes all its steps in one program, of batches of one shape.

        For Keras 3.15, which compiles each step by itself.
        """
        compiled = executions.steps_by_xla(self.train_step, self.steps_per_execution)

        def function(iterator):
            in_one = executions.has_batches_of_one_shape(iterator)
            return (compiled if in_one else train_function)(iterator)

        return function

    def make_test_function(self, force: bool = False) -> Callable[..., Any]:
        """As `keras.Model`, but without XLA if there are metrics, which sort and count on hosts."""
        self.catch_up()
        if not self._is_replicated:
            compiled_by_xla = self.jit_compile
            self.jit_compile = compiled_by_xla and not self.sample_metrics
            super().make_test_function(force)
            self.jit_compile = compiled_by_xla
        elif self.test_function is None or force:
            self.test_function = self._on_replicas([_replicas.never_empty(self.test_step)])
        return self.test_function

    def predict_step(self, data: Tensors) -> Tensors:
        """As `keras.Model.predict_step`, also of a replica that has no example.

        For Keras 3.15, which calls networks on empty batches, and TensorFlow 2.21.
        """

        def predictions(data):
            outputs = super(Trainer, self).predict_step(data)
            return tf.nest.map_structure(_replicas.without_padding, outputs)

        return _replicas.never_empty(predictions)(data)

    def make_predict_function(self, force: bool = False) -> Callable[..., Any]:
        self.catch_up()
        return super().make_predict_function(force)

    def _maybe_symbolic_build(self, *args, **kwargs):
        """Build nothing, as all is built.

        For Keras 3.15, which uses a batch up for it under a strategy, built or not.
        """

    def _on_replicas(self, steps, number=lambda: 0):
        """The function of an iterator that takes steps on all replicas: those of a number.

        For Keras 3.15, which averages no scalars over workers, fails to take several steps at once
        on several replicas, and gives each of them the whole of a single batch.
        """
        if self.jit_compile:
            raise ValueError(
                "`jit_compile` must be 'auto' or False where replicas share a batch, as TensorFlow "
                "compiles no step of several replicas. Received: jit_compile=True"
            )
        strategy, num = self.distribute_strategy, self.steps_per_execution
        return _replicas.steps(strategy, steps, number, num, self.run_eagerly)

    def predict(
        self,
        x: Any,
        batch_size: int | None = None,
        verbose: str | int = "auto",
        steps: int | None = None,
        callbacks: Sequence[keras.callbacks.Callback] | None = None,
    ) -> np.ndarray:
        """Call the model on many inputs, as `keras.Model.predict`.

        Args:
            x: What the model is called on, as arrays, or whatever yields batches of it.
            batch_size, verbose, steps, callbacks: Those of `keras.Model.predict`.

        Raises:
            ValueError, TypeError: If the inputs are not what the model is called on.
        """
        batch_size = _checks.optional_positive_int("batch_size", batch_size)
        if isinstance(x, keras.utils.PyDataset):
            numbers = itertools.count() if x.num_batches is None else range(x.num_batches)
            steps, x = steps or x.num_batches, map(x.__getitem__, numbers)
        elif isinstance(x, tf.data.Dataset):
            known = int(x.cardinality())
            steps = steps or (known if known >= 0 else None)
        elif not isinstance(x, types.GeneratorType):
            x = specs.for_keras(self.as_inputs("x", x))
            with self.batch_by_batch():
                return super().predict(x, batch_size, verbose, steps, callbacks)
        refused = []  # TensorFlow 2.21 makes its own errors of those of a generator

        def checked():
            for batch in x:
                inputs, _, _ = keras.utils.unpack_x_y_sample_weight(batch)
                try:
                    inputs = self.as_inputs("x", inputs)
                except (TypeError, ValueError) as error:
                    refused.append(error)
                    raise
                yield (tuple(inputs) if isinstance(inputs, list) else inputs,)

        try:
            with self.batch_by_batch():
                return super().predict(checked(), None, verbose, steps, callbacks)
        except tf.errors.OpError:
            if refused:
                raise refused[0] from None
            raise

    def predict_on_batch(self, x: Any) -> np.ndarray:
        """Call the model on one batch of inputs, as `keras.Model.predict_on_batch`.

        On several replicas through `predict`, for Keras 3.15, which gives each the whole batch.

        Raises:
            ValueError, TypeError: As `predict`.
        """
        x = specs.for_keras(self.as_inputs("x", x))
        if self._is_replicated:
            return self.predict(x, batch_size=len(tf.nest.flatten(x)[0]), verbose=0)
        return super().predict_on_batch(x)


def is_within_fit(kwargs: dict[str, Any]) -> bool:
    """Whether it is `fit` that calls `evaluate`, with examples that it has prepared.

    For Keras 3.15, which says so by this argument alone.
    """
    return bool(kwargs.get("_use_cached_eval_dataset"))
