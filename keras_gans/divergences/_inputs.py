"""Arguments in, checked float64 tensors out.

Values are checked whenever they are known: always in eager mode, and for constants inside a
`tf.function`. Shapes are checked in both.
"""

import reprlib

import numpy as np
import tensorflow as tf

# A table that is printed with three digits need not sum to one exactly.
NORMALIZATION_TOLERANCE = 2e-3
EQUAL_MASS_TOLERANCE = 1e-6
LARGEST = 1e100
LARGEST_EXPONENT = 300  # of a power of ten that float64 holds, and sums of such


def error(name, requirement, received, kind=ValueError):
    """An exception that names the argument, what it must be and what was received."""
    if isinstance(received, tf.Tensor) and not tf.is_symbolic_tensor(received):
        received = received.numpy()
    return kind(f"`{name}` must be {requirement}. Received: {name}={_abbreviate(received)}")


def _abbreviate(value):
    if isinstance(value, np.ndarray):
        head = np.array2string(value, threshold=12, edgeitems=3, separator=", ", precision=6)
        return head if value.size <= 12 else f"{head} of shape {value.shape}"
    shorten = reprlib.Repr()
    shorten.maxother = shorten.maxstring = 200
    return shorten.repr(value)


def known(tensor, condition):
    """Whether `condition(array)` holds; True where the values are not known yet."""
    value = tf.get_static_value(tensor)
    return value is None or bool(condition(value))


def as_tensor(name, x, expected, dtype_hint=None):
    """A tensor, or an error that says what is expected in place of what cannot become one."""
    try:
        return tf.convert_to_tensor(x, dtype_hint=dtype_hint)
    except (TypeError, ValueError, tf.errors.InvalidArgumentError):
        raise error(name, expected, x, TypeError) from None


def array(name, x):
    """A float64 tensor of finite numbers, none so large that its square overflows."""
    x = as_tensor(name, x, "a rectangular array of numbers", tf.float64)
    if not (x.dtype.is_floating or x.dtype.is_integer):
        raise error(name, "an array of real numbers", x, TypeError)
    x = tf.cast(x, tf.float64)
    if not known(x, lambda v: v.max(initial=0) <= LARGEST and v.min(initial=0) >= -LARGEST):
        if not known(x, lambda v: np.all(np.isfinite(v))):
            raise error(name, "finite (no NaN, no infinity)", x)
        raise error(name, f"at most {LARGEST:g} in size, to be squared and summed", x)
    return x


def weights(name, x, size=None):
    """Non-negative masses `(..., n)` of which some are positive."""
    x = array(name, x)
    if (x.shape.rank is not None and x.shape.rank < 1) or x.shape[-1] == 0:
        raise error(name, "a histogram of shape (..., n) with at least one bin", x)
    if size is not None and x.shape[-1] not in (None, size):
        raise error(name, f"one mass for each of the {size} points", x)
    if not known(x, lambda v: np.all(v >= 0)):
        raise error(name, "non-negative", x)
    if not known(x, lambda v: np.all(v.sum(-1) > 0)):
        raise error(name, "of positive total mass", x)
    return x


def histogram(name, x):
    """Probabilities `(..., n)` that sum to one over the last axis."""
    x = weights(name, x)
    if not known(x, lambda v: np.all(np.abs(v.sum(-1) - 1) <= NORMALIZATION_TOLERANCE)):
        raise error(name, "normalized (its last axis must sum to 1)", x)
    return x


def cloud(name, x, min_samples=1, batched=False):
    """Sample points `(n, d)`, or `(..., n, d)` if batched; `(n,)` means `(n, 1)`."""
    x = array(name, x)
    if x.shape.rank == 1:
        x = x[:, tf.newaxis]
    expected = "(..., n, d)" if batched else "(n, d)"
    if x.shape.rank is None or x.shape.rank < 2 or (x.shape.rank > 2 and not batched):
        raise error(name, f"a cloud of samples of shape {expected} or (n,)", x)
    if x.shape[-1] == 0 or (x.shape[-2] is not None and x.shape[-2] < min_samples):
        points = "sample" if min_samples == 1 else "samples"
        raise error(name, f"a cloud of at least {min_samples} {points} {expected}", x)
    return x


def clouds(x, y, min_samples=1, batched=False, names=("x", "y")):
    """Two clouds in the same space."""
    x = cloud(names[0], x, min_samples, batched)
    y = cloud(names[1], y, min_samples, batched)
    if not x.shape[-1:].is_compatible_with(y.shape[-1:]):
        raise error(names[1], f"of the dimension of `{names[0]}`, {x.shape[-1]}", y)
    return x, y


def same_bins(p, q):
    """Histograms over the same bins, whose leading axes broadcast."""
    if not p.shape[-1:].is_compatible_with(q.shape[-1:]):
        raise error("q", f"a histogram over the {p.shape[-1]} bins of `p`", q)
    try:
        tf.broadcast_static_shape(p.shape, q.shape)
    except ValueError:
        raise error("q", f"of a shape that broadcasts with {p.shape} of `p`", q) from None


def same_mass(p, q):
    def equal(difference):
        return np.all(np.abs(difference) <= EQUAL_MASS_TOLERANCE)

    mass_p, mass_q = tf.reduce_sum(p, -1), tf.reduce_sum(q, -1)
    if not known((mass_q - mass_p) / mass_p, equal):
        raise error("q", "of the same total mass as `p`", q)


def positive(name, value):
    """A finite positive number, or an array of them, none so small that its square is zero."""
    value = array(name, value)
    if not known(value, lambda v: v.size and np.all(v >= 1 / LARGEST)):
        raise error(name, "positive", value)
    return value


def scalar(name, value):
    """A finite number."""
    value = array(name, value)
    if value.shape.rank != 0:
        raise error(name, "a number", value)
    return value


def order(name, p, *clouds):
    """The order of a Wasserstein distance between clouds, to whose power distances are finite."""
    try:
        valid = 1 <= p < np.inf
    except (TypeError, ValueError, ArithmeticError):
        valid = False
    if not valid:
        raise error(name, "a finite number that is at least 1", p)
    for points in clouds:
        if not known(points, lambda v: p * np.log10(1 + 4 * np.sum(np.abs(v))) < LARGEST_EXPONENT):
            raise error(name, "less: distances to its power overflow", p)
    return float(p)
