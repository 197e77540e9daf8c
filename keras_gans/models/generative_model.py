"""What every generative model needs and no paper talks about: what a new one states and calls."""

import inspect

import keras
import tensorflow as tf
from keras import ops

from keras_gans import _replicas
from keras_gans._precision import float_dtype
from keras_gans.data import mini_batches
from keras_gans.models.fitting import Fitted
from keras_gans.models.optimizers import overflow_everywhere


class GenerativeModel(Fitted):
    """Base class: a `keras.Model` with networks, several named optimizers, and a random state.

    A subclass states

    - `optimizer_networks`: for each optimizer, the networks that it trains, by attribute name. A
      network may have several optimizers. An only optimizer may be called `optimizer`;
    - `loss_names`: the names of the losses that it logs;
    - `default_optimizers()`: the paper's optimizers;
    - `train_step(data)`, made of calls to `minimize` and `record`, and `test_step(data)`;
    - `check_examples(x, y)`, what it cannot learn from;
    - which networks it keeps moving averages of, if any: see `moving_average.DecayOfAverages`.
      What is not training calls `self.in_use("generator")`, not `self.generator`;
    - `call(inputs)`, and `serving_endpoints()` for `export`.

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
    ...             return {"error": keras.ops.mean(difference**2)}
    ...
    ...         self.record(self.minimize("optimizer", error))
    ...         return self.logs()
    >>> model = Denoiser(kg.networks.mlp_generator((2,), 2, (8,)))
    >>> model.compile(optimizer="sgd")
    >>> history = model.fit(kg.data.swiss_roll().sample(512), epochs=5, verbose=0)
    >>> sorted(history.history)
    ['error']
    """

    loss_names = ()

    def __init__(self, seed=None, **kwargs):
        super().__init__(seed, **kwargs)
        self.trackers = [keras.metrics.Mean(name) for name in self.loss_names]
        self.built = True

    # Optimizers

    def default_optimizers(self):
        """Return the paper's optimizers: a dictionary with the keys of `optimizer_networks`."""
        raise NotImplementedError

    def learning_rates(self, total_steps):
        """Return the paper's learning rates over a run, or `None` if it keeps them constant.

        Args:
            total_steps: Integer, training steps of the run. An optimizer that makes several updates
                in a step has as many times more.

        Returns:
            Dictionary of `keras.optimizers.schedules.LearningRateSchedule`s by optimizer.
        """

    def minimize(self, optimizer_name, loss_fn):
        """Take one step of one player.

        A moving average of a network follows the last optimizer that trains the network.

        Args:
            optimizer_name: Key of `optimizer_networks`. Only the variables of its networks change.
            loss_fn: Function without arguments that computes the loss from networks called with
                `training=True`. Returns the scalar to minimise, or a dictionary of scalars whose
                first value is the one to minimise: the mean over the replica's examples.

        Returns:
            What `loss_fn` returned.
        """
        optimizer = getattr(self, optimizer_name)
        variables = self._trained_variables(optimizer_name)
        with tf.GradientTape() as tape:
            losses = loss_fn()
            loss = next(iter(losses.values())) if isinstance(losses, dict) else losses
            for network in self._trained_networks(optimizer_name):
                for regularizer in network.losses:
                    loss += regularizer
            loss = optimizer.scale_loss(loss / tf.distribute.get_strategy().num_replicas_in_sync)
        # All gradients are there before any weight changes: TensorFlow's optimizer of graphs relies
        # on it when it drops "read this weight before changing it", but does not see to it.
        *gradients, _ = tf.tuple([*tape.gradient(loss, variables), loss])
        if isinstance(optimizer, keras.optimizers.LossScaleOptimizer):
            gradients = overflow_everywhere(gradients)
        optimizer.apply(gradients, variables)
        self._update_averages_of(optimizer_name)
        return losses

    def _update_averages_of(self, optimizer_name):
        """Move the averages of the networks that no later optimizer trains, too."""
        last = {name: o for o, names in self.optimizer_networks.items() for name in names}
        for name, average in self.averages.items():
            if last.get(name) == optimizer_name:
                average.update()

    # Randomness

    def draw(self, distribution, batch_size, shape=(), training=True):
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
    def metrics(self):
        return self.trackers

    def record(self, losses, batch_size=1):
        """Add a dictionary of losses, means over `batch_size` examples, to the running means.

        A replica without examples, in the last batch of an evaluation, adds nothing.
        """
        batch_size = _replicas.num_real(batch_size)
        for tracker in self.trackers:
            if tracker.name in losses:
                loss = ops.where(batch_size > 0, losses[tracker.name], 0.0)
                tracker.update_state(loss, sample_weight=batch_size)

    def logs(self):
        """Return the running means by name."""
        return {tracker.name: tracker.result() for tracker in self.trackers}

    # Training and evaluation

    @property
    def batches_per_step(self):
        """Mini-batches of real examples that one `train_step` consumes. Defaults to `1`."""
        return 1

    @property
    def label_range(self):
        """The labels that this model learns from, `(low, high)` for low … high − 1, or `None`."""

    def check_examples(self, x, y):
        """Refuse specs or arrays that this model cannot learn from: see `mini_batches`."""

    def training_batches(self, x, y, batch_size, shuffle_seed):
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
            check=self.check_examples,
            label_range=self.label_range,
        )

    def evaluation_batches(self, x, y):
        """Return what `evaluate` was given, checked, as `keras.Model.evaluate` takes it."""
        return mini_batches.evaluation_batches(x, y, self.check_examples, self.label_range)

    def as_inputs(self, name, inputs):
        """Return what the model is called on, checked by the argument's name."""
        return inputs

    def __call__(self, inputs, *args, **kwargs):
        return super().__call__(self.as_inputs("inputs", inputs), *args, **kwargs)

    def update_sample_metrics(self, real, generated):
        """Show a batch to the metrics given to `compile`; some compare, some look at one side."""
        for metric in self.sample_metrics:
            if "real" in inspect.signature(metric.update_state).parameters:
                metric.update_state(real=real, generated=generated)
            else:
                metric.update_state(generated)
