"""A model with several named optimizers, each of some of its networks."""

import inspect
from collections.abc import Sequence
from typing import Any

import keras

from keras_gans import _checks
from keras_gans._hyperparameters import Tunable
from keras_gans._typing import Config, Optimizer
from keras_gans.models import executions, layers_on_replicas
from keras_gans.models.optimizers import (
    OptimizerGroup,
    update_in_one_operation,
    with_loss_scale,
)
from keras_gans.models.pretrained import Pretrained


class Compiled(Pretrained):
    """A model that makes, builds, checks and saves the optimizers that a subclass names.

    A subclass states `optimizer_networks`, `default_optimizers` and `learning_rates`.
    """

    optimizer_networks: dict[str, tuple[str, ...]] = {}
    #: Whether it shows samples to metrics in `evaluate`.
    draws_samples = True
    _compile_arguments: Config = {}

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.sample_metrics: list[keras.metrics.Metric] = []

    def compile(
        self,
        metrics: Sequence[keras.metrics.Metric] | None = None,
        run_eagerly: bool = False,
        steps_per_execution: int | str = "auto",
        jit_compile: bool | str = "auto",
        auto_scale_loss: bool = True,
        total_steps: int | None = None,
        **optimizers: Optimizer | None,
    ) -> None:
        """Give the model its optimizers.

        Args:
            metrics: List of `keras_gans.metrics` that compare real with generated examples; they
                are updated by `evaluate`.
            run_eagerly: That of `keras.Model.compile`.
            jit_compile: Boolean, whether XLA compiles the steps: on a GPU usually faster; on a CPU
                slow at convolutions, and faster for small dense networks, once compiled. Or
                `"auto"`, which is Keras's choice: on a GPU, but neither on a CPU nor where replicas
                share a batch nor under deterministic operations. On a CPU `fit` compiles, too, the
                training of models of dense layers of which it takes several steps at once, where
                5,000 or more are to come and all parts are Keras's or this package's. XLA draws
                other noise from the same seeds. Defaults to `"auto"`.
            steps_per_execution: Positive integer, training steps that TensorFlow takes at once:
                callbacks and the progress bar see the last. Or `"auto"`, which `fit` decides: 1,
                but up to 32 for models of at most 100,000 weights, of whose steps much is overhead,
                unless a callback looks at each batch. Defaults to `"auto"`.
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
                if `steps_per_execution` is not positive; if `metrics` are given and the model draws
                no samples; if `total_steps` is given and the paper has no schedule, or optimizers
                are given, too; or if the model could not be saved.
        """
        _check_metrics(metrics)
        if metrics and not self.draws_samples:
            raise ValueError(
                f"`metrics` must be None: they look at samples, which a {type(self).__name__} does "
                f"not draw. Received: metrics={metrics!r}"
            )
        steps_per_execution = executions.check(steps_per_execution)
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
            optimizer=None,  # the default of Keras 3.15 is an RMSprop that would be saved, idle
            run_eagerly=run_eagerly,
            steps_per_execution=1 if steps_per_execution == "auto" else steps_per_execution,
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
                    optimizer = with_loss_scale(optimizer)
                optimizer.build(self._trained_variables(name))
                update_in_one_operation(optimizer)
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

    def get_compile_config(self) -> Config:
        if not self.compiled:
            return {}
        parts = {name: getattr(self, name) for name in self.optimizer_networks}
        parts["metrics"] = self.sample_metrics
        return {**self._compile_arguments, **keras.saving.serialize_keras_object(parts)}

    def compile_from_config(self, config: Config) -> None:
        if config:
            self.compile(**keras.saving.deserialize_keras_object(config))

    @property
    def network_names(self) -> list[str]:
        """Names of the attributes that hold the networks it trains."""
        names = (name for names in self.optimizer_networks.values() for name in names)
        return list(dict.fromkeys(names))

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

    @property
    def _is_replicated(self):
        return self.distribute_strategy.num_replicas_in_sync > 1


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
