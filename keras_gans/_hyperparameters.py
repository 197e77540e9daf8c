"""Numbers that a callback may change while a model trains, or that follow a schedule."""

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from keras_gans import _checks
from keras_gans._configured import VARIABLES, Configured
from keras_gans._precision import as_float

SCHEDULE = keras.optimizers.schedules.LearningRateSchedule


class Hyperparameter:
    """A number of a model, or of a layer in it, as an attribute of its class.

    A training step that is already compiled sees what is set between two steps. Read in a step it
    is a tensor, elsewhere a Python float. It may be made as a schedule, a function of the updates
    of the model's first optimizer, and then it cannot be set.

    Args:
        low, high, low_open, high_open: The interval: see `_checks.real_number`. That of a schedule
            holds for its start.
        check: Function of the owner and a number, which refuses one that does not go with others.
        argument: What error messages call it. Defaults to the name of the attribute.
    """

    def __init__(
        self, low=-np.inf, high=np.inf, low_open=False, high_open=False, check=None, argument=None
    ):
        self.argument = argument
        self.interval = low, high, low_open, high_open
        self.check = check

    def __set_name__(self, owner, name):
        self.name = name
        self.argument = self.argument or name

    def __get__(self, owner, kind=None):
        if owner is None:
            return self
        try:
            value = vars(owner)[self.name]
        except KeyError:
            raise AttributeError(self.name) from None
        variable = _variables_of(owner).get(self.name)
        if isinstance(value, SCHEDULE):
            value = value(owner.num_updates())
        elif variable is not None:
            value = variable.value
        if isinstance(value, float):
            return value
        value = tf.convert_to_tensor(value)
        return as_float(value) if tf.inside_function() else float(value)

    def __set__(self, owner, value):
        variable = _variables_of(owner).get(self.name)
        if tf.is_tensor(value) and tf.inside_function():
            variable.assign(ops.cast(value, variable.dtype))
            return
        self._refuse_schedules(owner, value)
        start = value(0) if isinstance(value, SCHEDULE) else value
        number = _checks.real_number(self.argument, _unboxed(start), *self.interval)
        if self.check is not None:
            self.check(owner, number)
        value = value if isinstance(value, SCHEDULE) else number
        if variable is None:
            vars(owner)[self.name] = value
        else:
            variable.assign(value)

    def _refuse_schedules(self, owner, value):
        """Once it is there, a number stays a number, and a schedule that schedule."""
        present = vars(owner).get(self.name)
        if present is not None and isinstance(present, SCHEDULE):
            raise ValueError(
                f"`{self.argument}` must stay as it is: it follows the schedule that the "
                f"{type(owner).__name__} was made with. Received: {self.argument}={value!r}"
            )
        if present is not None and isinstance(value, SCHEDULE):
            raise ValueError(
                f"`{self.argument}` must be a number: a schedule is an argument of the "
                f"constructor of {type(owner).__name__}. Received: {self.argument}={value!r}"
            )


class Tunable(Configured):
    """A model or a layer with `Hyperparameter`s. They are saved with it, beside its weights."""

    def made_again(self, **changes):
        """Return another object of the same call, with the numbers as they are now, or changed."""
        again = super().made_again(**changes)
        for name in hyperparameters_of(type(self)):
            if name not in changes and not self.is_scheduled(name):
                setattr(again, name, getattr(self, name))
        return again

    def num_updates(self):
        """How many updates the model has made, on which schedules depend."""
        return 0

    def is_scheduled(self, name):
        """Whether a hyperparameter follows a schedule."""
        return isinstance(vars(self)[name], SCHEDULE)

    def prepare_hyperparameters(self, num_updates):
        """Move them into variables, inside the strategy's scope. Call it before a step is traced.

        Args:
            num_updates: Function that returns what `num_updates` does.
        """
        self.num_updates = num_updates
        variables = _variables_of(self)
        for name in hyperparameters_of(type(self)):
            if name not in variables and not self.is_scheduled(name):
                variables[name] = keras.Variable(
                    vars(self)[name],
                    dtype="float64",  # so that the number that was set is the one that is read
                    trainable=False,
                    aggregation="only_first_replica",
                    name=name,
                )

    def save_own_variables(self, store):
        super().save_own_variables(store)
        for name in hyperparameters_of(type(self)):
            store[KEY + name] = np.float64(getattr(self, name))

    def load_own_variables(self, store):
        """What a file of an older version does not hold stays as it is."""
        weights = {key: store[key] for key in store.keys() if not key.startswith(KEY)}
        super().load_own_variables(weights)
        for name in hyperparameters_of(type(self)):
            if KEY + name in store.keys() and not self.is_scheduled(name):
                setattr(self, name, float(store[KEY + name][()]))


KEY = "hyperparameter_"


def hyperparameters_of(cls):
    """Names of the hyperparameters of a class."""
    return [name for name in dir(cls) if isinstance(getattr(cls, name, None), Hyperparameter)]


def _variables_of(owner):
    return vars(owner).setdefault(VARIABLES, {})


def _unboxed(value):
    """A number out of an array or a tensor of one."""
    has_one = hasattr(value, "shape") and tuple(value.shape) == ()
    return ops.convert_to_numpy(value).item() if has_one else value
