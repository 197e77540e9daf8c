"""What may come of a call with malformed arguments, and what is a defect."""

import contextlib
import signal
import traceback
import warnings

import numpy as np
import tensorflow as tf

#: Seconds after which a call is taken to hang.
DEADLINE = 30


class Defect(AssertionError):
    """A call did what it must not do."""


class Hang(BaseException):
    """Raised inside a call that takes too long, past every `except Exception`."""


def outcome(call, arguments):
    """Run a call with malformed arguments and return what came of it.

    Returns:
        `"result"`, or the name of a documented error with where it comes from: keras_gans, Python
        (an unknown keyword) or a library below.

    Raises:
        Defect: For any other error, a number that is not finite or a hang.
    """
    function = call.bound()
    documented = (TypeError, ValueError, *call.errors)
    try:
        with deadline(DEADLINE), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            warnings.filterwarnings("error", category=RuntimeWarning, module="keras_gans")
            result = call.use(function(**arguments))
    except Hang:
        raise Defect(f"hangs for more than {DEADLINE} seconds") from None
    except documented as error:
        if not str(error):
            raise Defect(f"{type(error).__name__} without a message") from error
        return f"{kind(error)} of {origin(error)}"
    except Exception as error:
        message = f"{type(error).__name__} at {place(error)}: {str(error)[:200]}"
        raise Defect(message) from error
    for number in numbers(result):
        if not call.nan and np.isnan(number).any():
            raise Defect("gives NaN")
        if not call.infinite and np.isinf(number).any():
            raise Defect("gives infinity")
    return "result"


def kind(error):
    """The class of an error, or of its documented parent, such as `OSError`."""
    return next(c.__name__ for c in type(error).__mro__ if c.__module__ == "builtins")


def origin(error):
    """Whose check raised an error: those of keras_gans name the argument."""
    filename = traceback.extract_tb(error.__traceback__)[-1].filename
    if filename == __file__:
        return "Python"
    return "keras_gans" if "/keras_gans/" in filename and "`" in str(error) else "a library"


def place(error):
    """The last line of keras_gans on the way to an error."""
    frames = [f for f in traceback.extract_tb(error.__traceback__) if "/keras_gans/" in f.filename]
    return f"{frames[-1].filename.split('/keras_gans/')[1]}:{frames[-1].lineno}" if frames else "?"


def numbers(value):
    """Every array of floats in a result."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        for item in value:
            yield from numbers(item)
    elif isinstance(value, (float, np.ndarray, np.generic)) or tf.is_tensor(value):
        array = np.asarray(value)
        if array.dtype.kind in "fc":
            yield array


@contextlib.contextmanager
def deadline(seconds):
    def stop(*_):
        raise Hang

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
