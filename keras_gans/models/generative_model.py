"""The stair of the house: what every generative model needs and no paper talks about."""

import contextlib
import dataclasses
import inspect
import itertools
import json
import types
import warnings

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from keras_gans import _checks, _files, _replicas
from keras_gans._configured import MADE_WITH, check_call
from keras_gans._hyperparameters import SCHEDULE, Tunable
from keras_gans._precision import as_float, float_dtype
from keras_gans._progress import Progress, resuming_callback
from keras_gans._read_only import SEED_STATE
from keras_gans.data import mini_batches, resuming
from keras_gans.data.assertions import readable_errors
from keras_gans.data.batch_spec import BatchSpec
from keras_gans.models import conversion, layers_on_replicas
from keras_gans.models.moving_average import MovingAverage


class OptimizerGroup:
    """The optimizers of a model, where Keras callbacks look for the only one: `model.optimizer`.

    Callbacks that tune learning rates go through `optimizers`; those of Keras before 3.15, and
    experiment trackers, read and set `learning_rate`, that of the first and of all. Trackers log
    `name` and `get_config()`, too: names and numbers, one level deep.
    """

    built = True
    name = "optimizer_group"

    def __init__(self, optimizers):
        self.named = dict(optimizers)
        self.optimizers = list(self.named.values())

    def get_config(self):
        """The configs of all optimizers, under names such as `g_optimizer/learning_rate`."""
        config = {"name": self.name}
        for name, optimizer in self.named.items():
            config[f"{name}/class_name"] = type(optimizer).__name__
            config |= {f"{name}/{key}": value for key, value in optimizer.get_config().items()}
        return config

    @property
    def variables(self):
        return [variable for optimizer in self.optimizers for variable in optimizer.variables]

    @property
    def iterations(self):
        return self.optimizers[0].iterations

    @property
    def learning_rate(self):
        return self.optimizers[0].learning_rate

    @learning_rate.setter
    def learning_rate(self, value):
        for optimizer in self.optimizers:
            optimizer.learning_rate = value


class GenerativeModel(Tunable, keras.Model):
    """Base class: a `keras.Model` with networks, several named optimizers, and a random state.

    A subclass states

    - `optimizer_networks`: for each optimizer, the networks that it trains, by attribute name. A
      network may have several optimizers. An only optimizer may be called `optimizer`;
    - `loss_names`: the names of the losses that it logs;
    - `default_optimizers()`: the paper's optimizers;
    - `train_step(data)`, made of calls to `minimize` and `record`, and `test_step(data)`;
    - `example_spec`, a `keras_gans.data.Spec` of the examples that it learns from, and if they come
      with labels or the like `condition_spec`, one of these: `fit` and `evaluate` refuse others. A
      model that states neither accepts anything;
    - `call(inputs)`, and `serving_endpoints()` for `export`.

    Everything else is here: optimizers are built on their networks inside the strategy's scope and
    saved; losses are averaged over replicas; noise is drawn once for the global batch and cut to
    each replica's part, so that results do not depend on the number of replicas, also by Keras's
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

    optimizer_networks = {}
    loss_names = ()
    example_spec = None
    condition_spec = None

    def __init__(self, seed=None, **kwargs):
        super().__init__(**kwargs)
        if isinstance(self.distribute_strategy, tf.distribute.ParameterServerStrategy):
            raise ValueError(
                "Models must not be made under a ParameterServerStrategy: its workers would play "
                "against players of different ages. Use MirroredStrategy on one machine, "
                "MultiWorkerMirroredStrategy on several. "
                f"Received: {type(self.distribute_strategy).__name__}"
            )
        self.seed = _checks.seed("seed", seed)
        self.training_seeds = keras.random.SeedGenerator(self.seed)
        self.evaluation_seeds = keras.random.SeedGenerator(0)
        self.trackers = [keras.metrics.Mean(name) for name in self.loss_names]
        self.sample_metrics = []
        self.averages = {}
        self.built = True

    # Optimizers

    def default_optimizers(self):
        """Return the paper's optimizers: a dictionary with the keys of `optimizer_networks`."""
        raise NotImplementedError

    def compile(
        self,
        metrics=None,
        run_eagerly=False,
        steps_per_execution=1,
        jit_compile="auto",
        auto_scale_loss=True,
        total_steps=None,
        **optimizers,
    ):
        """Give the model its optimizers.

        Args:
            metrics: List of `keras_gans.metrics` that compare real with generated examples; they
                are updated by `evaluate`.
            run_eagerly, steps_per_execution, jit_compile: Those of `keras.Model.compile`.
            auto_scale_loss: Boolean, wrap each optimizer in a `LossScaleOptimizer` if its networks
                compute in float16. Defaults to `True`.
            total_steps: Positive integer or `None`. If given, the paper's optimizers follow the
                paper's learning rates over a run of so many training steps: see `learning_rates`.
                Defaults to `None`, the constant rates of `default_optimizers`.
            **optimizers: One Keras optimizer for each name of `optimizer_networks`, as an object,
                a name or a config. Those not given, or `None`, are the paper's. Under a strategy
                they are made inside its scope, as the model is.

        Raises:
            TypeError: If an optimizer's name is unknown, or `metrics` holds something else.
            ValueError: If one optimizer is given twice, or was made outside the strategy's scope;
                if `total_steps` is given and the paper has no schedule, or optimizers are given,
                too; or if the model could not be saved.
        """
        _check_metrics(metrics)
        unknown = set(optimizers) - set(self.optimizer_networks)
        if unknown:
            raise TypeError(
                f"`compile()` takes the optimizers {list(self.optimizer_networks)}. "
                f"Received: {sorted(unknown)}"
            )
        given = [id(o) for o in optimizers.values() if isinstance(o, keras.optimizers.Optimizer)]
        if len(set(given)) < len(given):
            raise ValueError(
                f"{list(self.optimizer_networks)} must be different objects: each keeps the state "
                "of its own networks. Received: one object twice"
            )
        super().compile(
            optimizer=None,
            run_eagerly=run_eagerly,
            steps_per_execution=steps_per_execution,
            jit_compile=jit_compile,
        )
        with self.distribute_strategy.scope():
            defaults = self.default_optimizers()
            if total_steps is not None:
                for name, rate in self._scheduled_rates(total_steps, optimizers).items():
                    defaults[name].learning_rate = rate
            for name in self.optimizer_networks:
                optimizer = _checks.optimizer(name, optimizers.get(name) or defaults[name])
                self._check_optimizer(name, optimizer)
                if auto_scale_loss and self._computes_in_float16(name):
                    optimizer = _with_loss_scale(optimizer)
                optimizer.build(self._trained_variables(name))
                setattr(self, name, optimizer)
        if "optimizer" not in self.optimizer_networks:
            self.optimizer = OptimizerGroup(
                {name: getattr(self, name) for name in self.optimizer_networks}
            )
        with self.distribute_strategy.scope():
            for layer in self._flatten_layers():
                if isinstance(layer, Tunable):
                    layer.prepare_hyperparameters(lambda: self.optimizer.iterations)
        if self._is_replicated:
            layers_on_replicas.prepare(self)
        self.sample_metrics = list(metrics or [])
        self._compile_arguments = {
            "run_eagerly": run_eagerly,
            "steps_per_execution": steps_per_execution,
            "jit_compile": jit_compile,
            "auto_scale_loss": auto_scale_loss,
        }

        self._check_saving()

    def _check_saving(self):
        """Refuse, before it is trained, a model whose class could not be saved or loaded.

        One whose networks hold layers without a config can be trained and exported.
        """
        kind = type(self)
        parts = keras.tree.flatten(list(vars(self)[MADE_WITH].values()))
        networks = [part for part in parts if isinstance(part, keras.Model)]
        without = [network.name for network in networks if not _has_config(network)]
        if without:
            warnings.warn(
                f"{without} hold layers without a config, so that this {kind.__name__} can be "
                "trained and exported, and its weights can be saved, but not the model.",
                stacklevel=3,
            )
            return
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # saving will give them
                json.dumps(keras.saving.serialize_keras_object(self))
            if kind.from_config.__func__ is Tunable.from_config.__func__:
                check_call(kind, self.get_config())
        except Exception as error:
            raise ValueError(
                f"{kind.__name__} must be able to make itself again from its config, as saving and "
                "loading do: give objects among its arguments a `get_config`, functions a name, or "
                f"override `get_config` and `from_config`. Received: {error}"
            ) from error

    def learning_rates(self, total_steps):
        """Return the paper's learning rates over a run, or `None` if it keeps them constant.

        Args:
            total_steps: Integer, training steps of the run. An optimizer that makes several updates
                in a step has as many times more.

        Returns:
            Dictionary of `keras.optimizers.schedules.LearningRateSchedule`s by optimizer.
        """

    def _scheduled_rates(self, total_steps, optimizers):
        given = [name for name, optimizer in optimizers.items() if optimizer is not None]
        if given:
            raise ValueError(
                "`total_steps` must be None beside optimizers, which have learning rates of their "
                f"own: give them schedules. Received: total_steps={total_steps!r} and {given}"
            )
        rates = self.learning_rates(_checks.positive_int("total_steps", total_steps))
        if rates is None:
            raise ValueError(
                f"`total_steps` must be None: the learning rates of the paper of "
                f"{type(self).__name__} are constant. Received: total_steps={total_steps!r}"
            )
        return rates

    def get_compile_config(self):
        if not self.compiled:
            return {}
        parts = {name: getattr(self, name) for name in self.optimizer_networks}
        parts["metrics"] = self.sample_metrics
        return {**self._compile_arguments, **keras.saving.serialize_keras_object(parts)}

    def compile_from_config(self, config):
        if config:
            self.compile(**keras.saving.deserialize_keras_object(config))

    def _trained_networks(self, optimizer_name):
        return [getattr(self, name) for name in self.optimizer_networks[optimizer_name]]

    def _trained_variables(self, optimizer_name):
        networks = self._trained_networks(optimizer_name)
        return [variable for network in networks for variable in network.trainable_variables]

    def _check_optimizer(self, name, optimizer):
        strategy = self.distribute_strategy
        if strategy.num_replicas_in_sync > 1 and optimizer.gradient_accumulation_steps:
            raise ValueError(
                f"`{name}` must not accumulate gradients when replicas share a batch: TensorFlow "
                "cannot. Received: gradient_accumulation_steps="
                f"{optimizer.gradient_accumulation_steps}"
            )
        iterations = optimizer.variables[0].value
        if not strategy.extended.variable_created_in_scope(iterations):
            raise ValueError(
                f"`{name}` must be made inside `strategy.scope()`, as the model is. Received: an "
                "optimizer made outside"
            )

    def _computes_in_float16(self, optimizer_name):
        networks = self._trained_networks(optimizer_name)
        layers = [layer for network in networks for layer in network._flatten_layers()]
        return any(layer.compute_dtype == "float16" for layer in layers)

    def minimize(self, optimizer_name, loss_fn):
        """Take one step of one player.

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
            gradients = _overflow_everywhere(gradients)
        optimizer.apply(gradients, variables)
        return losses

    # Moving averages

    def keep_averages(self, decay, *names, argument="ema_decay"):
        """Keep moving averages of networks: what `in_use` returns from then on.

        Args:
            decay: Float in [0, 1), a schedule, or `None` for no averages.
            *names: Names of the attributes that hold the networks.
            argument: What the model calls `decay`. Defaults to `"ema_decay"`.
        """
        if decay is not None:
            if not isinstance(decay, SCHEDULE):
                _checks.real_number(argument, decay, 0.0, 1.0, high_open=True)
            for name in names:
                self.averages[name] = MovingAverage(getattr(self, name), decay)

    def update_averages(self, *names):
        """Move averages, of all networks if none is named, after an update of the networks."""
        for name in names or self.averages:
            if name in self.averages:
                self.averages[name].update()

    def in_use(self, name):
        """A network as it is used outside training: its moving average, if there is one."""
        return self.averages.get(name, getattr(self, name))

    def catch_up(self):
        """Before the first step, let averages be what the networks are, whatever was loaded."""
        for average in self.averages.values():
            average.catch_up()

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

    def _shuffle_seed(self):
        """A seed that all workers share, and that is another in the next `fit`."""
        state = ops.convert_to_numpy(self.training_seeds.state)
        return int(np.random.SeedSequence(state.tolist()).generate_state(1)[0]) >> 1

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
    def batch_spec(self):
        """What a batch that this model learns from holds."""
        return BatchSpec(self.example_spec, self.condition_spec, type(self).__name__)

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
            spec=self.batch_spec,
        )

    def evaluation_batches(self, x, y):
        """Return what `evaluate` was given, checked, as `keras.Model.evaluate` takes it."""
        return mini_batches.evaluation_batches(x, y, self.batch_spec)

    def fit(
        self,
        x=None,
        y=None,
        batch_size=None,
        epochs=1,
        verbose="auto",
        callbacks=None,
        validation_split=0.0,
        validation_data=None,
        shuffle=True,
        validation_batch_size=None,
        initial_epoch=0,
        steps_per_epoch=None,
        **kwargs,
    ):
        """Train the model. As `keras.Model.fit`, with these additions.

        One step is one round of the game: it consumes `batches_per_step` mini-batches, each of
        `batch_size` examples (of the dataset's batch, if `x` is a dataset), and the number of steps
        an epoch is counted so. Examples that do not fill a step are left out of the epoch.

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
            A `keras.callbacks.History`. The losses of players that diverge become NaN, unless
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
            held_out = keras.utils.unpack_x_y_sample_weight(validation_data)[:2]
            validation_data = self.evaluation_batches(*held_out)
            validation_batch_size = _optional_positive_int(
                "validation_batch_size", validation_batch_size or batch_size
            )
        initial_epoch = _checks.positive_int("initial_epoch", initial_epoch, minimum=0)
        steps_per_epoch = _optional_positive_int("steps_per_epoch", steps_per_epoch)
        checkpoint = resuming_callback(callbacks)
        batches, progress = self._begin(
            x, y, batch_size, shuffle, initial_epoch, steps_per_epoch, checkpoint
        )
        history = keras.callbacks.History()
        history.on_train_begin()
        for part in resuming.parts(batches, progress, epochs, steps_per_epoch):
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
        batch_size = _optional_positive_int("batch_size", batch_size)
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
        x=None,
        y=None,
        batch_size=None,
        verbose="auto",
        sample_weight=None,
        steps=None,
        callbacks=None,
        return_dict=False,
        **kwargs,
    ):
        """Measure the losses, and the metrics given to `compile`, on held-out examples.

        As `keras.Model.evaluate`. Networks run with `training=False`, and noise is the same at
        every call.

        Raises:
            ValueError, TypeError: As `fit`.
        """
        _refuse_weights(sample_weight=sample_weight)
        if not kwargs.get("_use_cached_eval_dataset"):
            x, y = self.evaluation_batches(x, y)
        batch_size = _optional_positive_int("batch_size", batch_size)
        self.evaluation_seeds.state.assign(np.array([0, 0]))
        for metric in self.sample_metrics:
            metric.reset_state()
        with readable_errors():
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
        logs = {name: logs[name] for name in self.metrics_names}
        for metric in self.sample_metrics:
            result = metric.result()
            logs.update(result if isinstance(result, dict) else {metric.name: result})
        logs = {name: float(value) for name, value in logs.items()}
        return logs if return_dict else list(logs.values())

    # Single batches and predictions

    def as_batch(self, x, y):
        """Return one batch of examples as arrays, or refuse what `fit` refuses."""
        return self.batch_spec.single(x, y)

    def train_on_batch(self, x, y=None, sample_weight=None, class_weight=None, return_dict=False):
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

    def test_on_batch(self, x, y=None, sample_weight=None, return_dict=False):
        """Measure the losses of one batch, as `keras.Model.test_on_batch`.

        Args:
            x, y: Arrays or tensors, as in `evaluate`.
            return_dict: See `train_on_batch`.

        Raises:
            ValueError, TypeError: As `evaluate`.
        """
        _refuse_weights(sample_weight=sample_weight)
        return super().test_on_batch(*self.as_batch(x, y), return_dict=return_dict)

    def as_inputs(self, name, inputs):
        """Return what the model is called on, checked by the argument's name."""
        return inputs

    def __call__(self, inputs, *args, **kwargs):
        return super().__call__(self.as_inputs("inputs", inputs), *args, **kwargs)

    def predict(self, x, batch_size=None, verbose="auto", steps=None, callbacks=None):
        """Call the model on many inputs, as `keras.Model.predict`.

        Args:
            x: What the model is called on, as arrays, or whatever yields batches of it.
            batch_size, verbose, steps, callbacks: Those of `keras.Model.predict`.

        Raises:
            ValueError, TypeError: If the inputs are not what the model is called on.
        """
        batch_size = _optional_positive_int("batch_size", batch_size)
        if isinstance(x, keras.utils.PyDataset):
            numbers = itertools.count() if x.num_batches is None else range(x.num_batches)
            steps, x = steps or x.num_batches, map(x.__getitem__, numbers)
        elif isinstance(x, tf.data.Dataset):
            known = int(x.cardinality())
            steps = steps or (known if known >= 0 else None)
        elif not isinstance(x, types.GeneratorType):
            x = self.as_inputs("x", x)
            return super().predict(x, batch_size, verbose, steps, callbacks)
        refused = []

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
            return super().predict(checked(), None, verbose, steps, callbacks)
        except tf.errors.OpError:
            if refused:
                raise refused[0] from None
            raise

    def predict_on_batch(self, x):
        """Call the model on one batch of inputs, as `keras.Model.predict_on_batch`.

        Raises:
            ValueError, TypeError: As `predict`.
        """
        x = self.as_inputs("x", x)
        if self._is_replicated:  # of which Keras would give each the whole batch
            return self.predict(x, batch_size=len(tf.nest.flatten(x)[0]), verbose=0)
        return super().predict_on_batch(x)

    def update_sample_metrics(self, real, generated):
        """Show a batch to the metrics given to `compile`; some compare, some look at one side."""
        for metric in self.sample_metrics:
            if "real" in inspect.signature(metric.update_state).parameters:
                metric.update_state(real=real, generated=generated)
            else:
                metric.update_state(generated)

    def _make_function(self, step_function):
        """As `keras.Model`, but no step begins after the last batch of a dataset."""
        return super()._make_function(_replicas.begun_by_data(step_function))

    def make_train_function(self, force=False):
        self.catch_up()
        if not self._is_replicated:
            return super().make_train_function(force)
        if self.train_function is None or force:
            self.train_function = self._on_replicas(self.train_step)
        return self.train_function

    def make_test_function(self, force=False):
        """As `keras.Model`, but without XLA if there are metrics, which sort and count on hosts."""
        self.catch_up()
        if not self._is_replicated:
            compiled_by_xla = self.jit_compile
            self.jit_compile = compiled_by_xla and not self.sample_metrics
            super().make_test_function(force)
            self.jit_compile = compiled_by_xla
        elif self.test_function is None or force:
            self.test_function = self._on_replicas(_replicas.never_empty(self.test_step))
        return self.test_function

    def predict_step(self, data):
        """As `keras.Model.predict_step`, also of a replica that has no example."""

        def predictions(data):
            outputs = super(GenerativeModel, self).predict_step(data)
            return tf.nest.map_structure(_replicas.without_padding, outputs)

        return _replicas.never_empty(predictions)(data)

    def make_predict_function(self, force=False):
        self.catch_up()
        return super().make_predict_function(force)

    def _maybe_symbolic_build(self, *args, **kwargs):
        """Build nothing, as all is built: under a strategy Keras would use a batch up for it."""

    @property
    def _is_replicated(self):
        return self.distribute_strategy.num_replicas_in_sync > 1

    def _on_replicas(self, step):
        if self.jit_compile:
            raise ValueError(
                "`jit_compile` must be 'auto' or False where replicas share a batch, as TensorFlow "
                "compiles no step of several replicas. Received: jit_compile=True"
            )
        strategy, num = self.distribute_strategy, self.steps_per_execution
        return _replicas.steps(strategy, step, num, self.run_eagerly)

    # Saving

    @contextlib.contextmanager
    def _writing(self, replacing, *arguments):
        """Write a file that the chief keeps, and that is there for all workers at the end.

        It takes its place when all have come to the end of the block. What TensorFlow says of a
        disk that is full becomes an `OSError`, as everybody else says it.
        """
        with replacing(*arguments, keep=_replicas.is_chief(self.distribute_strategy)) as temporary:
            try:
                yield temporary
            except tf.errors.OpError as error:
                raise OSError(f"{arguments[0]} cannot be written: {error.message}") from error
            _replicas.wait_for_all(self.distribute_strategy)
        _replicas.wait_for_all(self.distribute_strategy)

    def save(self, filepath, overwrite=True, **kwargs):
        """Save the model as a `.keras` file, written beside its target and renamed.

        Of several workers all must call this, as `save_weights` and `export`. The chief writes.

        Raises:
            ValueError: If `filepath` does not end in `.keras`.
        """
        if not str(filepath).endswith(".keras"):
            raise ValueError(f"`filepath` must end in '.keras'. Received: filepath={filepath!r}")
        with self._writing(_files.replacing, filepath, overwrite) as temporary:
            super().save(temporary, **kwargs)

    def save_weights(self, filepath, overwrite=True, **kwargs):
        """Save all weights, optimizers and random state as a `.weights.h5` file.

        Raises:
            ValueError: If `filepath` does not end in `.weights.h5`, or if several workers are to
                write shards.
        """
        shard_size = kwargs.get("max_shard_size")
        if shard_size is not None:
            if _replicas.num_workers(self.distribute_strategy) > 1:
                raise ValueError(
                    "`max_shard_size` must be None with several workers: their shards would be "
                    f"written over each other. Received: max_shard_size={shard_size!r}"
                )
            return super().save_weights(filepath, overwrite=overwrite, **kwargs)
        if not str(filepath).endswith(".weights.h5"):
            raise ValueError(
                f"`filepath` must end in '.weights.h5'. Received: filepath={filepath!r}"
            )
        with self._writing(_files.replacing, filepath, overwrite) as temporary:
            super().save_weights(temporary)

    def save_own_variables(self, store):
        super().save_own_variables(store)
        for key, state in self._seed_states().items():
            store[key] = ops.convert_to_numpy(state)

    def load_own_variables(self, store):
        states = self._seed_states()
        missing = set(states) - set(store.keys())
        if missing:
            raise ValueError(
                f"The saved file holds no random state for {sorted(missing)}: it was saved from "
                "other networks, or by other code."
            )
        for key, state in states.items():
            state.assign(store[key][()])
        super().load_own_variables({k: store[k] for k in store.keys() if k not in states})

    def _seed_states(self):
        """The state of every seed generator in the model and its networks, by a stable key."""
        states = [v for v in self.non_trainable_variables if v.path.endswith(SEED_STATE)]
        return {f"seed_state_{i}": state for i, state in enumerate(states)}

    # Serving

    def export(self, filepath, format="tf_saved_model", verbose=None, endpoint=None, **kwargs):
        """Write the model for inference, beside its target and renamed.

        A SavedModel holds all of `serving_endpoints()`. `keras_gans.load(filepath)` and
        `tf.saved_model.load(filepath)` read it without any training code. An ONNX or LiteRT file
        holds one function of numbers, converted by Keras. Moving averages are written in place of
        the networks that they are of.

        Args:
            filepath: Path of the folder to write, or of the file. An older one there is replaced. A
                LiteRT file must end in `.tflite`.
            format: `"tf_saved_model"`; `"onnx"`, which needs tf2onnx; or `"litert"`, the former
                TensorFlow Lite. Defaults to `"tf_saved_model"`.
            verbose: Boolean, whether to print what was written. Defaults to `None`, no.
            endpoint: Name of the function to write to a file, one of `tensor_endpoints()`. Its
                inputs have the names that `tensor_endpoints()` gives them. Defaults to `None`, the
                first: `"generate"` for models that draw from latents, `"translate_ab"` for those
                that translate.
            **kwargs: For a file, options of Keras's exporter: `opset_version` of ONNX, those of
                TensorFlow's converter to LiteRT.

        Raises:
            ValueError: If `format` or `endpoint` is unknown, `filepath` holds something else, or
                the format has no such operations as the networks need.
            ImportError: If the converter is not installed.

        Example:

        >>> import keras_gans as kg
        >>> gan = kg.models.GAN(
        ...     kg.networks.mlp_generator((2,), latent_dim=2, hidden_units=(32,)),
        ...     kg.networks.mlp_discriminator((2,), hidden_units=(32,)),
        ...     latent_dim=2,
        ...     ema_decay=0.99,
        ... )
        >>> gan.export("saved_model")
        >>> kg.load("saved_model").sample(4).shape
        (4, 2)
        >>> gan.export("generator.tflite", format="litert")  # of gan.ema_generator
        """
        formats = ["tf_saved_model", *conversion.CONVERTERS]
        if _checks.one_of("format", format, formats) != "tf_saved_model":
            self._export_file(filepath, format, endpoint, bool(verbose), kwargs)
            return
        if endpoint is not None or kwargs:
            raise ValueError(
                "`format` must be 'onnx' or 'litert' for further arguments: a SavedModel holds all "
                f"endpoints. Received: format={format!r}, endpoint={endpoint!r}, {kwargs}"
            )
        self.catch_up()
        archive = keras.export.ExportArchive()
        networks, endpoints = self.serving_endpoints()
        for network in networks:
            archive.track(network)
        for name, (function, signature) in endpoints.items():
            archive.add_endpoint(name, function, signature)
        with self._writing(_files.replacing_saved_model, filepath) as temporary:
            archive.write_out(temporary, verbose=bool(verbose))

    def _export_file(self, filepath, format, endpoint, verbose, kwargs):
        networks, endpoints = self.tensor_endpoints()
        names = list(endpoints)
        endpoint = names[0] if endpoint is None else _checks.one_of("endpoint", endpoint, names)
        conversion.check(self, filepath, format)
        if _checks.path("filepath", filepath).is_dir():
            raise IsADirectoryError(f"{filepath} is a folder. Nothing was written.")
        self.catch_up()
        function, signature = endpoints[endpoint]
        served = conversion.Endpoint(networks, function)
        with self._writing(_files.replacing, filepath) as temporary:
            conversion.convert(served, signature, temporary, format, verbose, **kwargs)

    def serving_endpoints(self):
        """Return the networks to export and a dictionary of `(function, input signature)`."""
        raise NotImplementedError

    def tensor_endpoints(self):
        """As `serving_endpoints`: those that take and give numbers and draw none at random, which
        is what ONNX and LiteRT know."""
        networks, endpoints = self.serving_endpoints()
        constants = [name for name, (_, signature) in endpoints.items() if not signature]
        without = {"sample", *constants}
        return networks, {name: e for name, e in endpoints.items() if name not in without}


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
                f"`{name}` must be None: weights of examples have no meaning in a game between "
                f"networks. Received: {name} of type {type(value).__name__}"
            )


def _has_config(network):
    try:
        return bool(network.get_config())
    except (NotImplementedError, TypeError, OSError):  # of custom layers, and of lambdas
        return False


def _check_metrics(metrics):
    """Refuse what `update_sample_metrics` cannot show samples to."""
    if not isinstance(metrics, (list, tuple, type(None))):
        raise TypeError(f"`metrics` must be a list of keras_gans.metrics. Received: {metrics!r}")
    for metric in metrics or ():
        is_metric = isinstance(metric, keras.metrics.Metric)
        if not (is_metric and "generated" in inspect.signature(metric.update_state).parameters):
            raise TypeError(
                "`metrics` must hold keras_gans.metrics, which look at samples: there are no "
                f"predictions to compare with labels. Received: {metric!r}"
            )
    names = [metric.name for metric in metrics or ()]
    if len(set(names)) < len(names):
        raise ValueError(
            f"`metrics` must have different names, under which they are logged. Received: {names}"
        )


def _optional_positive_int(name, value):
    return None if value is None else _checks.positive_int(name, value)


def in_batches(function, inputs, batch_size):
    """Call a network, or a function, on parts of its inputs.

    Args:
        function: Function of tensors with a batch axis, to one tensor.
        inputs: Array, or list of arrays, `(num, …)`.
        batch_size: Positive integer, examples of one call.

    Returns:
        Its outputs as one array `(num, …)`, float32 (float64 if that is Keras's `floatx`).
    """
    num, batch_size = (
        len(tf.nest.flatten(inputs)[0]),
        _checks.positive_int("batch_size", batch_size),
    )
    outputs = [
        function(tf.nest.map_structure(lambda x, i=i: x[i : i + batch_size], inputs))
        for i in range(0, num, batch_size)
    ]
    return np.concatenate([ops.convert_to_numpy(as_float(x)) for x in outputs])


def _overflow_everywhere(gradients):
    """Let an overflow on one replica show on all: Keras's loss scaling looks at the first only."""
    replicas = _replicas.context()
    if replicas is None:
        return gradients
    gradients = [None if g is None else tf.convert_to_tensor(g) for g in gradients]
    overflow = tf.add_n([tf.reduce_sum(g * 0) for g in gradients if g is not None])  # 0 or NaN
    overflow = replicas.all_reduce(tf.distribute.ReduceOp.SUM, overflow)
    return [None if g is None else g + overflow for g in gradients]


def _with_loss_scale(optimizer):
    if isinstance(optimizer, keras.optimizers.LossScaleOptimizer):
        return optimizer
    return keras.optimizers.LossScaleOptimizer(optimizer)
