"""The points that a training comes to, at each of which its process may be killed.

Of a save of `Checkpoint` they are `"save"`, its beginning; `"meeting 1"` and so on, before the
workers meet; `"rename 1"` and so on, before a file is renamed; and `"saved"`, its end. Before each
execution of steps there is a `"step"`.

| Point     | What is there                                                       |
|-----------|---------------------------------------------------------------------|
| meeting 1 | a new model, half-written as far as a reader knows                  |
| rename 1  | the same, and all workers have written theirs                       |
| meeting 2 | model.new.keras                                                     |
| rename 2  | the same, with the record of the run                                |
| rename 3  | the new checkpoint, and the old one under the name of the new; where |
|           | names cannot be exchanged: none but the old one as the previous one |
| meeting 3 | the new checkpoint and the previous one                             |
"""

import collections
import functools
import os
import signal

from keras_gans import _files, _replicas, callbacks, runs


def watch(tell, exchanges=True):
    """Let a function be called with each point that this process comes to.

    Args:
        tell: Function of the name of a point.
        exchanges: Boolean, whether the system exchanges two names at once. Defaults to `True`: if
            it does.
    """
    counts = collections.Counter()
    is_saving = False

    def counted(kind, function):
        @functools.wraps(function)
        def call(*arguments, **kwargs):
            if is_saving:
                counts[kind] += 1
                tell(f"{kind} {counts[kind]}")
            return function(*arguments, **kwargs)

        return call

    def saving(save):
        @functools.wraps(save)
        def call(*arguments):
            nonlocal is_saving
            tell("save")
            counts.clear()
            is_saving = True
            save(*arguments)
            is_saving = False
            tell("saved")

        return call

    def begin_step(self, batch, logs=None):
        tell("step")

    callbacks.Checkpoint.on_train_batch_begin = begin_step
    runs.Run.save = saving(runs.Run.save)
    _replicas.wait_for_all = counted("meeting", _replicas.wait_for_all)
    os.replace = counted("rename", os.replace)
    exchange = counted("rename", _files._exchange)
    _files._exchange = exchange if exchanges else lambda a, b: False


class At:
    """Kill this process when it comes to a point for the n-th time."""

    def __init__(self, point, n=1):
        self.point, self.n = point, n

    def __call__(self, point):
        self.n -= point == self.point
        if not self.n:
            kill()


def kill():
    os.kill(os.getpid(), signal.SIGKILL)


def numbers(model):
    """Weights, averages, states of random numbers and optimizers of a model, in a fixed order."""
    of_losses = {id(variable) for variable in model.metrics_variables}
    own = [variable for variable in model.variables if id(variable) not in of_losses]
    optimizers = [getattr(model, name) for name in model.optimizer_networks]
    return own + [variable for optimizer in optimizers for variable in optimizer.variables]
