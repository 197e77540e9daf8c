"""What every generative model needs and no paper talks about: what a new one states and calls."""

import inspect
from collections.abc import Callable, Sequence
from typing import Any

import keras
import tensorflow as tf
from keras import ops

from keras_gans import _replicas
from keras_gans._loss_result import LossResult
from keras_gans._precision import as_float, float_dtype
from keras_gans._typing import Examples, PathLike, Schedule, Tensor, Tensors
from keras_gans.data import mini_batches
from keras_gans.data.batch_spec import BatchSpec
from keras_gans.models.fitting import Fitted
from keras_gans.models.optimizers import overflow_everywhere


class GenerativeModel(Fitted):
    """Base class: a `keras.Model` with networks, several named optimizers, and a random state.

    A subclass states

    - `optimizer_networks`: for each optimizer, the networks that it trains, by attribute name. A
      network may have several optimizers. An only optimizer may be called `optimizer`;
    - `loss_names`: the names of the losses that it logs, and `evaluation_names`, if there are more
      in an evaluation;
    - `default_optimizers()`: the paper's optimizers;
    - `train_step(data)`, made of calls to `minimize` and `record`, and `test_step(data)`;
    - `example_spec`, a `keras_gans.data.Spec` of the examples that it learns from, and if they come
      with labels or the like `condition_spec`, one of these: `fit` and `evaluate` refuse others. A
      model that states neither accepts anything;
    - which networks it keeps moving averages of, if any: see `averages.DecayOfAverages`.
      What is not training calls `self.in_use("generator")`, not `self.generator`;
    - `call(inputs)`, and `served_verbs()`, what others may do with it.

    Everything else is inherited: optimizers are built on their networks inside the strategy's scope
    and saved; losses are averaged over replicas; noise is drawn once for the global batch and cut
    to each replica's part, so that results do not depend on the number of replicas, also by Keras's
    layers in the networks: dropout, noise, batch normalization; seeds are saved. Models that draw
    examples from latents are a `LatentModel`.

    Arguments stay as they are, with the exception of numbers that weigh terms of a loss and the
    like: where a docstring says "or a schedule", a callback may set the attribute while the model
    trains, and the constructor takes a `keras.optimizers.schedules.LearningRateSchedule`, of the
    updates of the model's first optimizer, in place of the number. They are saved with the model.

    Args:
        seed: Integer or `None`, seed of the noise drawn in training. Defaults to `None`, which
            takes one from Python's `random` (see `keras.utils.set_random_seed`).
        **kwargs: `name`, `dtype`, `trainable` of `keras.Model`.

    Raises:
        ValueError: If `seed` is out of range, or the model is made under a
            `ParameterServerStrategy`.

    Example:

    >>> import keras, keras_gans as kg
    >>> class Denoiser(kg.models.GenerativeModel):
    ...     optimizer_networks = {"optimizer": ("network",)}
    ...     loss_names = ("error",)
    ...
    ...     def __init__(self, network, **kwargs):
    ...         super().__init__(**kwargs)
    ...         self.network = network
    ...
    ...     def default_optimizers(self):
    ...         return {"optimizer": keras.optimizers.Adam(1e-2)}
    ...
    ...     def train_step(self, clean):
    ...         num, size = clean.shape
    ...         noisy = clean + self.draw(keras.random.normal, num, (size,))
    ...
    ...         def error():
    ...             difference = self.network(noisy, training=True) - clean
    ...             return kg.models.LossResult({"error": keras.ops.mean(difference**2)})
    ...
    ...         self.record(self.minimize("optimizer", error))
    ...         return self.logs()
    >>> model = Denoiser(kg.networks.mlp_generator((2,), 2, (8,)))
    >>> model.compile(optimizer="sgd")
    >>> history = model.fit(kg.data.swiss_roll().sample(512), epochs=5, verbose=0)
    >>> sorted(history.history)
    ['error']
    """

    loss_names: tuple[str, ...] = ()
    evaluation_names: tuple[str, ...] = ()
    example_spec: Any = None
    condition_spec: Any = None

    def __init__(self, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(seed, **kwargs)
        self.evaluated_names = (*self.loss_names, *self.evaluation_names)
        self.trackers = [keras.metrics.Mean(name) for name in self.evaluated_names]
        self.built = True

    # Optimizers

    def default_optimizers(self) -> dict[str, keras.optimizers.Optimizer]:
        """Return the paper's optimizers: a dictionary with the keys of `optimizer_networks`."""
        raise NotImplementedError

    def learning_rates(self, total_steps: int) -> dict[str, Schedule] | None:
        """Return the paper's learning rates over a run, or `None` if it keeps them constant.

        Args:
            total_steps: Integer, training steps of the run. An optimizer that makes several updates
                in a step has as many times more.

        Returns:
            Dictionary of `keras.optimizers.schedules.LearningRateSchedule`s by optimizer.
        """

    def minimize(self, optimizer_name: str, loss_fn: Callable[[], LossResult]) -> LossResult:
        """Update the networks of one optimizer.

        Layers of these networks that have a method `before_update` are called by it first: so what
        belongs to the weights, such as the vectors of spectral normalization, moves once in an
        update, and not in each call. A moving average of a network follows the last optimizer that
        trains the network.

        Args:
            optimizer_name: Key of `optimizer_networks`. Only the variables of its networks change.
            loss_fn: Function without arguments that computes the loss from networks called with
                `training=True`, and returns a `LossResult`.

        Returns:
            What `loss_fn` returned.

        Raises:
            TypeError: If `loss_fn` returns something else.
        """
        optimizer = getattr(self, optimizer_name)
        names = self.optimizer_networks[optimizer_name]
        networks = [self.in_use(name, training=True) for name in names]
        variables = [weight for network in networks for weight in network.trainable_variables]
        _announce_update(networks)
        with tf.GradientTape() as tape:
            result = loss_fn()
            if not isinstance(result, LossResult):
                raise TypeError(
                    f"`loss_fn` must return a LossResult. Received: {type(result).__name__}"
                )
            loss = result.loss
            for network in networks:
                for regularizer in network.losses:
                    loss += regularizer
            loss = optimizer.scale_loss(loss / tf.distribute.get_strategy().num_replicas_in_sync)
        # All gradients are there before any weight changes: TensorFlow's optimizer of graphs relies
        # on it when it drops "read this weight before changing it", but does not see to it.
        *gradients, _ = tf.tuple([*tape.gradient(loss, variables), loss])
        if isinstance(optimizer, keras.optimizers.LossScaleOptimizer):
            gradients = overflow_everywhere(gradients)
        optimizer.apply(gradients, variables)
        self.update_averages(self._trained_last_by(optimizer_name))
        return result

    def _trained_last_by(self, optimizer_name):
        """Names of the networks that no later optimizer trains, too."""
        last = {name: o for o, names in self.optimizer_networks.items() for name in names}
        return [name for name, o in last.items() if o == optimizer_name]

    def add_counter(self, name: str) -> keras.Variable:
        """Return a new weight that counts what training has seen, an integer that starts at zero.

        It is saved with the model, and stays as it is when the model is compiled again, as the
        numbers of updates of optimizers do not. On every replica it must be the same.
        """
        return self.add_weight(
            name=name,
            dtype="int64",
            initializer="zeros",
            trainable=False,
            aggregation="only_first_replica",
        )

    # Randomness

    def draw(
        self,
        distribution: Callable[..., Tensor],
        batch_size: int | Tensor,
        shape: Sequence[int] = (),
        training: bool = True,
    ) -> Tensor:
        """Draw noise for the global batch and return this replica's part.

        Args:
            distribution: `keras.random.normal`, `keras.random.uniform` or alike.
            batch_size: Integer or scalar tensor, examples on this replica: on all as many in
                training, while the last batch of an evaluation may give some fewer.
            shape: Shape of the noise of one example.
            training: Boolean, whether to advance the random state of training or of evaluation.

        Returns:
            Tensor `(batch_size, *shape)`, float32 (float64 if that is Keras's `floatx`).
        """
        seeds = self.training_seeds if training else self.evaluation_seeds

        def noise(num):
            return distribution((num, *shape), dtype=float_dtype(), seed=seeds)

        return _replicas.own_rows(noise, batch_size, is_equal=training)

    # Logs

    @property
    def metrics(self) -> list[keras.metrics.Metric]:
        """The running means: in an evaluation those of what is logged there, too."""
        names = self.evaluated_names if self.is_evaluated else self.loss_names
        return [tracker for tracker in self.trackers if tracker.name in names]

    def log_also(self, *names: str, in_evaluation: bool = False) -> None:
        """Log more than the class does: to be called by the constructor.

        Args:
            *names: Names of the losses.
            in_evaluation: Boolean, whether `evaluate` gives them, too, beside what the class logs.
                Defaults to `False`: they are of training alone, as those of techniques are.
        """
        new = tuple(name for name in names if name not in self.loss_names)
        self.loss_names = (*self.loss_names, *new)
        if in_evaluation:
            self.evaluated_names = (*self.evaluated_names, *new)
        self.trackers.extend(keras.metrics.Mean(name) for name in new)

    def record(self, result: LossResult, batch_size: int | Tensor = 1) -> None:
        """Add what a `LossResult` logs, means over `batch_size` examples, to the running means."""
        for name, value in result.logs.items():
            self.record_mean(name, value, batch_size)

    def record_mean(self, name: str, value: Tensor, num: int | Tensor) -> None:
        """Add the mean of `num` examples to a running mean.

        A replica without examples, in the last batch of an evaluation, adds nothing.
        """
        num = _replicas.num_real(num)
        for tracker in self.trackers:
            if tracker.name == name:
                tracker.update_state(ops.where(num > 0, value, 0.0), sample_weight=num)

    def logs(self) -> dict[str, Tensor]:
        """Return the running means by name: those of all `metrics`.

        Keras takes its own means, which are over all replicas, if the names are the same.
        """
        return {metric.name: metric.result() for metric in self.metrics}

    # Training and evaluation

    @property
    def batches_per_step(self) -> int:
        """Mini-batches of real examples that one `train_step` consumes. Defaults to `1`."""
        return 1

    @property
    def batch_spec(self) -> BatchSpec:
        """What a batch that this model learns from holds."""
        return BatchSpec(self.example_spec, self.condition_spec, type(self).__name__)

    def training_batches(
        self, x: Any, y: Any, batch_size: int | None, shuffle_seed: int | None
    ) -> Any:
        """Return what `fit` was given as batches that each hold the mini-batches of one step.

        Args:
            x, y, batch_size: Those of `fit`.
            shuffle_seed: Integer, seed of the order of arrays, or `None` to leave it as it is.
        """
        return mini_batches.mini_batches(
            x,
            y,
            batch_size=batch_size,
            batches_per_step=self.batches_per_step,
            replicas=self.distribute_strategy.num_replicas_in_sync,
            shuffle_seed=shuffle_seed,
            spec=self.batch_spec,
        )

    def evaluation_batches(self, x: Any, y: Any) -> tuple[Any, Any]:
        """Return what `evaluate` was given, checked, as `keras.Model.evaluate` takes it."""
        return mini_batches.evaluation_batches(x, y, self.batch_spec)

    def real_examples(self, data: Tensors) -> Examples:
        """Return real examples, out of what `fit` is given, as the networks take them."""
        examples, _, _ = keras.utils.unpack_x_y_sample_weight(data)
        return as_float(examples)

    def as_inputs(self, name: str, inputs: Any) -> Tensors:
        """Return what the model is called on, checked by the argument's name."""
        return inputs

    def __call__(self, inputs: Any, *args: Any, **kwargs: Any) -> Tensors:
        return super().__call__(self.as_inputs("inputs", inputs), *args, **kwargs)

    def update_sample_metrics(self, real: Tensor, generated: Tensor) -> None:
        """Show a batch to the metrics given to `compile`; some compare, some look at one side."""
        for metric in self.sample_metrics:
            if "real" in inspect.signature(metric.update_state).parameters:
                metric.update_state(real=real, generated=generated)
            else:
                metric.update_state(generated)


def _announce_update(networks):
    for network in networks:
        for layer in network._flatten_layers():
            if hasattr(layer, "before_update"):
                layer.before_update()


def from_preset(preset: PathLike, load_weights: bool = True, **changes: Any) -> Any:
    """Make a model again as it was trained, whatever its class: see `GenerativeModel.from_preset`.

    Args:
        preset: Name of a preset; or the path, the name or the address of what `save_to_preset`
            wrote.
        load_weights: Boolean, whether to begin with the trained weights. Defaults to `True`.
        **changes: Arguments of the constructor that are to be other ones.

    Returns:
        A compiled model.

    Raises:
        ValueError, ImportError: See `GenerativeModel.from_preset`.

    Example:

    >>> import keras_gans as kg
    >>> type(kg.models.from_preset("wgan_gp_digits", load_weights=False)).__name__
    'WGANGP'
    """
    return GenerativeModel.from_preset(preset, load_weights, **changes)
