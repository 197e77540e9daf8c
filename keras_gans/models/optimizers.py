"""The optimizers of a model with several: where Keras looks for one, half precision, and Adam."""

import functools
from typing import Any

import keras
import tensorflow as tf
from keras import ops

from keras_gans import _replicas
from keras_gans._typing import Config, Tensor


class OptimizerGroup:
    """The optimizers of a model, where Keras callbacks look for the only one: `model.optimizer`.

    For Keras 3.15, whose `MultiOptimizer` refuses to step one of its optimizers without the others.
    Callbacks that tune learning rates go through `optimizers`; those of Keras before 3.15, and
    experiment trackers, read and set `learning_rate`, that of the first and of all. Trackers log
    `name` and `get_config()`, too: names and numbers, one level deep.
    """

    built = True
    name = "optimizer_group"

    def __init__(self, optimizers: dict[str, keras.optimizers.Optimizer]) -> None:
        self.named = dict(optimizers)
        self.optimizers = list(self.named.values())

    def get_config(self) -> Config:
        """The configs of all optimizers, under names such as `g_optimizer/learning_rate`."""
        config = {"name": self.name}
        for name, optimizer in self.named.items():
            config[f"{name}/class_name"] = type(optimizer).__name__
            config |= {f"{name}/{key}": value for key, value in optimizer.get_config().items()}
        return config

    @property
    def variables(self) -> list[keras.Variable]:
        return [variable for optimizer in self.optimizers for variable in optimizer.variables]

    @property
    def iterations(self) -> keras.Variable:
        return self.optimizers[0].iterations

    @property
    def learning_rate(self) -> Any:
        return self.optimizers[0].learning_rate

    @learning_rate.setter
    def learning_rate(self, value: Any) -> None:
        for optimizer in self.optimizers:
            optimizer.learning_rate = value


def with_loss_scale(optimizer: keras.optimizers.Optimizer) -> keras.optimizers.LossScaleOptimizer:
    """An optimizer that scales losses against underflow in float16."""
    if isinstance(optimizer, keras.optimizers.LossScaleOptimizer):
        return optimizer
    return keras.optimizers.LossScaleOptimizer(optimizer)


def update_in_one_operation(optimizer: keras.optimizers.Optimizer) -> None:
    """Let Adam update a variable by one operation of TensorFlow, which Keras does by a dozen.

    That is a good part of a step of small networks. It is the same formula, of this object alone.
    """
    optimizer = getattr(optimizer, "inner_optimizer", optimizer)
    update = getattr(type(optimizer), "update_step", None)
    if update is keras.optimizers.Adam.update_step and not optimizer.amsgrad:
        optimizer.update_step = functools.partial(_adam_step, optimizer)


def _adam_step(optimizer, gradient, variable, learning_rate):
    if isinstance(gradient, tf.IndexedSlices):  # of an embedding
        return type(optimizer).update_step(optimizer, gradient, variable, learning_rate)
    step = ops.cast(optimizer.iterations + 1, variable.dtype)
    index = optimizer._get_variable_index(variable)
    moments = optimizer._momentums[index], optimizer._velocities[index]
    betas = [ops.cast(beta, variable.dtype) for beta in (optimizer.beta_1, optimizer.beta_2)]
    return tf.raw_ops.ResourceApplyAdam(
        var=variable.handle,
        m=moments[0].value.handle,
        v=moments[1].value.handle,
        beta1_power=ops.power(betas[0], step),
        beta2_power=ops.power(betas[1], step),
        lr=ops.cast(learning_rate, variable.dtype),
        beta1=betas[0],
        beta2=betas[1],
        epsilon=ops.cast(optimizer.epsilon, variable.dtype),
        grad=ops.cast(gradient, variable.dtype),
    )


def reset(optimizer: keras.optimizers.Optimizer, variables: list[keras.Variable]) -> None:
    """Let an optimizer be as before its first update, but for its learning rate and loss scale.

    To be called eagerly, inside the strategy's scope.

    Args:
        optimizer: Built optimizer.
        variables: What it was built on.
    """
    optimizer = getattr(optimizer, "inner_optimizer", optimizer)
    new = type(optimizer).from_config(optimizer.get_config())
    new.build(variables)
    for variable, start in zip(optimizer.variables, new.variables, strict=True):
        variable.assign(start)


def overflow_everywhere(gradients: list[Tensor | None]) -> list[Tensor | None]:
    """Let an overflow on one replica show on all.

    For Keras 3.15, whose loss scaling looks at the gradients of the first only.
    """
    replicas = _replicas.context()
    if replicas is None:
        return gradients
    gradients = [None if g is None else tf.convert_to_tensor(g) for g in gradients]
    overflow = tf.add_n([tf.reduce_sum(g * 0) for g in gradients if g is not None])  # 0 or NaN
    overflow = replicas.all_reduce(tf.distribute.ReduceOp.SUM, overflow)
    return [None if g is None else g + overflow for g in gradients]
