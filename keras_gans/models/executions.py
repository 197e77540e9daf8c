"""How many training steps TensorFlow takes at once, and by XLA, where that is left to the model.

Between two executions Python looks at the data and at the callbacks: nothing beside a step of
convolutions, but a good part of one of small networks. Of those XLA makes few kernels out of many
operations, too, in a minute's training or more.
"""

import math
from collections.abc import Callable, Iterator
from typing import Any

import keras
import tensorflow as tf

from keras_gans import _checks, layers
from keras_gans._origin import is_from
from keras_gans._typing import Tensors

#: Weights of all networks together up to which much of a step is not arithmetic.
FEW_WEIGHTS = 100_000
MOST_STEPS = 32
#: A graph of several steps is worth its time from so many steps of an epoch on.
FEWEST_STEPS = 16

#: Training steps from which on XLA saves more than the seconds that it takes to compile them.
MANY_STEPS = 5_000

#: Layers whose steps XLA makes faster on a CPU: all but convolutions, which it makes slower.
_DENSE = (
    keras.Model,
    keras.layers.Activation,
    keras.layers.Dense,
    keras.layers.Dropout,
    keras.layers.Flatten,
    keras.layers.InputLayer,
    keras.layers.LeakyReLU,
    keras.layers.ReLU,
    keras.layers.Reshape,
    layers.LabelProjection,
)

_HOOKS = ("on_train_batch_begin", "on_train_batch_end", "on_batch_begin", "on_batch_end")


def check(steps_per_execution):
    """Return the argument of `compile`, or refuse it."""
    if steps_per_execution == "auto":
        return "auto"
    if isinstance(steps_per_execution, str):
        raise ValueError(
            "`steps_per_execution` must be a positive integer or 'auto'. "
            f"Received: steps_per_execution={steps_per_execution!r}"
        )
    return _checks.positive_int("steps_per_execution", steps_per_execution)


def best(model, steps, ends, callbacks):
    """Return how many steps to take at once: one, but of small networks up to `MOST_STEPS`.

    Args:
        model: `Trainer`.
        steps: Integer, those of an epoch, or `None` if nobody knows.
        ends: Boolean, whether the data end after them, which may cut the last execution short. Of
            others the number divides `steps`.
        callbacks: What `fit` is given. One that looks at every batch sees every batch.
    """
    callbacks = getattr(callbacks, "callbacks", callbacks) or ()
    limit = keras.config.max_steps_per_epoch()
    if steps is not None and limit is not None and limit < steps:
        steps, ends = limit, False
    if (
        steps is None
        or steps < FEWEST_STEPS
        or model.run_eagerly
        or model.changes_between_steps
        or model.distribute_strategy.num_replicas_in_sync > 1
        or any(map(looks_at_batches, callbacks))
        or sum(math.prod(weight.shape) for weight in model.weights) > FEW_WEIGHTS
    ):
        return 1
    if ends:
        return math.ceil(steps / math.ceil(steps / MOST_STEPS))
    return max(n for n in range(1, MOST_STEPS + 1) if steps % n == 0)


def looks_at_batches(callback):
    """Whether a callback has a method of its own for the begin or the end of a batch."""
    return any(
        getattr(method := getattr(callback, hook), "__func__", method)
        is not getattr(keras.callbacks.Callback, hook)
        for hook in _HOOKS
    )


def are_worth_compiling(model, num, total_steps):
    """Whether XLA shall compile training steps on a CPU that are taken some at once.

    Args:
        model: `Trainer`.
        num: Integer, how many at once: see `best`.
        total_steps: Integer or `None`, all that a call of `fit` takes.
    """
    return bool(
        num > 1
        and total_steps is not None
        and total_steps >= MANY_STEPS
        and not tf.config.list_logical_devices("GPU")
        and all(isinstance(layer, _DENSE) for layer in _layers_of_networks(model))
        and all(map(is_from, _code_of_steps(model)))
    )


def _code_of_steps(model):
    """What else a step is made of: XLA may lack operations of what comes from elsewhere."""
    objective = getattr(model, "objective", None)
    of_objective = [] if objective is None else [objective.generator, objective.discriminator]
    optimizers = [getattr(model, name) for name in model.optimizer_networks]
    parts = _layers_of_networks(model)
    calls = [type(part).call for part in parts]
    activations = [a for part in parts if (a := getattr(part, "activation", None))]
    techniques = getattr(model, "techniques", ())
    return [model, *techniques, *of_objective, *optimizers, *calls, *activations]


def _layers_of_networks(model):
    return [
        layer for name in model.network_names for layer in getattr(model, name)._flatten_layers()
    ]


def steps_by_xla(
    step: Callable[[Tensors], dict[str, Any]], num: int
) -> Callable[[Iterator[Tensors]], dict[str, Any]]:
    """Return a function of an iterator that takes up to a number of steps, in one XLA program.

    Between two calls of a program of one step all weights are handed over.

    Args:
        step: A training step, function of a batch of one shape.
        num: Positive integer.
    """
    one_step = tf.function(step)

    @tf.function
    def batches(iterator):
        specs = tf.nest.flatten(iterator.element_spec)
        arrays = [tf.TensorArray(s.dtype, num, element_shape=s.shape) for s in specs]

        def goes_on(i, batch, arrays):
            return tf.logical_and(i < num, batch.has_value())

        def write(i, batch, arrays):
            parts = tf.nest.flatten(batch.get_value())
            arrays = [array.write(i, part) for array, part in zip(arrays, parts, strict=True)]
            more = i + 1 < num
            batch = tf.cond(more, iterator.get_next_as_optional, lambda: batch)
            return i + 1, batch, arrays

        found, _, arrays = tf.while_loop(
            goes_on, write, (tf.constant(0), iterator.get_next_as_optional(), arrays)
        )
        stacked = [array.stack() for array in arrays]
        return found, tf.nest.pack_sequence_as(iterator.element_spec, stacked)

    @tf.function(jit_compile=True)
    def steps(found, batches):
        def at(i):
            return tf.nest.map_structure(lambda array: array[i], batches)

        logs = one_step.get_concrete_function(at(0)).structured_outputs
        logs = tf.nest.map_structure(lambda spec: tf.zeros(spec.shape, spec.dtype), logs)
        loop = (tf.constant(0), logs)
        return tf.while_loop(lambda i, _: i < found, lambda i, _: (i + 1, one_step(at(i))), loop)[1]

    def take_steps(iterator):
        found, stacked = batches(iterator)
        if not found:
            raise StopIteration
        return steps(found, stacked)

    return take_steps


def has_batches_of_one_shape(iterator):
    """Whether an iterator is one of TensorFlow, over tensors whose shapes are known."""
    if not isinstance(iterator, tf.data.Iterator):
        return False
    specs = tf.nest.flatten(iterator.element_spec)
    return all(
        isinstance(s, tf.TensorSpec) and s.shape.is_fully_defined() and s.dtype != tf.string
        for s in specs
    )
