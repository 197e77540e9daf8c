"""What an object is made with: it stays, and is saved as the call that makes the object again."""

import functools
import inspect

import keras

PARAMETER = inspect.Parameter

#: Names of attributes that Keras leaves out of files: it saves what others hold.
MADE_WITH = "__made_with"
VARIABLES = "__hyperparameters"


class Fixed:
    """An object whose arguments stay what they were when it was made.

    They have been built into variables and graphs, so that to set another one would change nothing.
    Those that may change are properties or `Hyperparameter`s.
    """

    def __setattr__(self, name, value):
        is_plain = not hasattr(getattr(type(self), name, None), "__set__")
        if is_plain and name in vars(self) and name in arguments_of(type(self)):
            present = vars(self)[name]
            is_same = isinstance(value, (int, float, str)) and value == present
            if not (value is present or is_same):
                kind = type(self).__name__
                raise AttributeError(
                    f"`{name}` must stay as it is: this {kind} was made with it, and what was "
                    f"built from it would not change. Make a new {kind}. "
                    f"Received: {name}={value!r}"
                )
        super().__setattr__(name, value)
        if is_plain and name in arguments_of(type(self)):
            vars(self).setdefault(name, value)  # TensorFlow skips a value that the class has


class Configured(Fixed):
    """A Keras layer or model whose config is the call that made it.

    So a subclass needs no `get_config`, be it that its constructor takes `*args` and `**kwargs` or
    that it gives its parents some of their arguments.
    """

    def __new__(cls, *args, **kwargs):
        self = super().__new__(cls, *args, **kwargs)
        vars(self)[MADE_WITH] = _by_name(cls, args, kwargs)
        return self

    def made_again(self, **changes):
        """Return another object of the call that made this one, with some other arguments."""
        args, kwargs = _call(type(self), {**vars(self)[MADE_WITH], **changes})
        return type(self)(*args, **kwargs)

    def get_config(self):
        """Return the arguments that the constructor was given, defaults included.

        One that is `None` is there as what the constructor made in its place.
        """
        given = {
            name: vars(self).get(name) if value is None else value
            for name, value in vars(self)[MADE_WITH].items()
        }
        given = {
            # Files, and Keras when it reads a config, know no tuples.
            name: keras.saving.serialize_keras_object(list(x) if isinstance(x, tuple) else x)
            for name, x in given.items()
        }
        of_keras = super().get_config().items()
        return {**given, **{k: v for k, v in of_keras if _takes(type(self), k)}}

    @classmethod
    def from_config(cls, config, custom_objects=None):
        given = keras.saving.deserialize_keras_object(config, custom_objects=custom_objects)
        args, kwargs = _call(cls, given)
        return cls(*args, **kwargs)


@functools.cache
def arguments_of(cls):
    """Names of the arguments of a class and of its parents, those of Keras excluded."""
    return {name for signature in _signatures(cls) for name in _named(signature)}


def check_call(cls, config):
    """Raise if a config is not one of arguments that the constructor takes."""
    args, kwargs = _call(cls, config)
    _signature(cls).bind(*args, **kwargs)


def _call(cls, given):
    """The positional and the named arguments of a call, by name: the reverse of `_by_name`."""
    signature, given = _signature(cls), dict(given)
    named = [p.name for p in signature.parameters.values() if p.kind != PARAMETER.VAR_KEYWORD]
    bound = inspect.BoundArguments(signature, {n: given.pop(n) for n in named if n in given})
    return bound.args, {**bound.kwargs, **given}


def _takes(cls, name):
    """Whether an argument of Keras gets through all constructors."""
    for signature in _signatures(cls):
        if name in _named(signature):
            return True
        if not any(p.kind == PARAMETER.VAR_KEYWORD for p in signature.parameters.values()):
            return False
    return True


def _by_name(cls, args, kwargs):
    """The arguments of a call, with defaults; those beyond the signature keep their own names."""
    try:
        bound = _signature(cls).bind(*args, **kwargs)
    except TypeError:
        return {}  # of a call that Python is about to refuse
    bound.apply_defaults()
    arguments = dict(bound.arguments)
    for parameter in bound.signature.parameters.values():
        if parameter.kind == PARAMETER.VAR_KEYWORD:
            arguments |= arguments.pop(parameter.name)
        elif parameter.kind == PARAMETER.VAR_POSITIONAL and not arguments[parameter.name]:
            del arguments[parameter.name]
    return arguments


def _signatures(cls):
    for base in cls.__mro__:
        if base.__module__.split(".")[0] in ("keras", "builtins"):
            return
        if "__init__" in vars(base):
            yield _signature(base)


def _signature(cls):
    """The constructor's, without `self`."""
    signature = inspect.signature(cls.__init__)
    return signature.replace(parameters=list(signature.parameters.values())[1:])


def _named(signature):
    variadic = PARAMETER.VAR_KEYWORD, PARAMETER.VAR_POSITIONAL
    return [p.name for p in signature.parameters.values() if p.kind not in variadic]
