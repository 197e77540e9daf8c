"""How many training steps TensorFlow takes at once, where that is left to the model.

Between two executions Python looks at the data and at the callbacks: nothing beside a step of
convolutions, but a good part of one of small networks.
"""

import math

import keras

from keras_gans import _checks

#: Weights of all networks together up to which much of a step is not arithmetic.
FEW_WEIGHTS = 100_000
MOST_STEPS = 32
#: A graph of several steps is worth its time from so many steps of an epoch on.
FEWEST_STEPS = 16

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
