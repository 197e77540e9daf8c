"""Malformed values: what people, programs and broken files pass for an argument.

Integers between 7 and 2³¹ are not among them: as a size each is right, and takes the memory and the
time that it asks for. Those of 2³¹ and more no size may be. Paths stay inside the working folder or
cannot be made.
"""

import datetime
import decimal
import fractions
import functools
import pathlib

import keras
import numpy as np
import tensorflow as tf
from hypothesis import strategies as st

INTEGERS = st.one_of(
    st.integers(-3, 6),
    st.sampled_from([2**31, 2**32, 2**63, 10**30, -(2**31), -(2**63), -(10**30)]),
)
FLOATS = st.sampled_from(
    [float("nan"), float("inf"), -float("inf"), -1.0, -0.0, 0.5, 1.0, 1.5, 5e-324, 1e-30, 1e300]
)
STRINGS = st.one_of(
    st.sampled_from(
        ["", " ", ".", "..", "/", "~", "\0", "a\0b", "no/such/place", "auto", "nan", "1"]
    ),
    st.sampled_from(["x" * 5000, "é", "\ud800", "{0}", "%s", "a\nb", "'", "float32", "None"]),
    st.text("aZ0 _-\n\té", max_size=6),
)
SCALARS = st.one_of(
    st.none(), st.booleans(), INTEGERS, FLOATS, STRINGS, st.complex_numbers(max_magnitude=2)
)
SHAPES = [
    *[(), (0,), (1,), (2,), (3,), (2, 0), (1, 1), (2, 2), (4, 2), (3, 3), (8, 2), (0, 2)],
    *[(2, 3, 1), (4, 4, 1), (1, 8, 8, 1), (2, 8, 8, 3), (0, 8, 8, 1), (2, 2, 8, 8, 1), (1,) * 6],
]
FILLS = [0.0, 1.0, -1.0, 0.5, 3.0, 255.0, float("nan"), float("inf"), -float("inf"), 1e30, 1e300]
DTYPES = ["float64", "float32", "float16", "int64", "int8", "uint8", "bool", "complex64"]
DTYPES += ["object", "str", "bytes", "datetime64[s]"]
DENSE = functools.partial(keras.layers.Dense, kernel_initializer="zeros")
OBJECTS = [
    object,
    int,
    lambda: lambda: None,
    lambda: lambda *args, **kwargs: None,
    lambda: b"",
    lambda: b"abc\xff",
    lambda: ...,
    lambda: NotImplemented,
    lambda: int,
    lambda: ValueError("a value"),
    lambda: range(3),
    lambda: iter([1, 2]),
    lambda: (x for x in [1.0]),
    lambda: {1, 2},
    lambda: pathlib.Path("no", "such", "place"),
    lambda: datetime.date(2000, 1, 1),
    lambda: decimal.Decimal("0.5"),
    lambda: decimal.Decimal("nan"),
    lambda: fractions.Fraction(1, 3),
    lambda: np.float32(0.5),
    lambda: np.float64("nan"),
    lambda: np.int64(2),
    lambda: np.uint8(3),
    lambda: np.bool_(True),
    lambda: np.str_("a"),
    lambda: np.random.default_rng(0),
    lambda: np.ma.masked_array([1.0, 2.0], [True, False]),
    lambda: tf.constant(1.0),
    lambda: tf.constant(2),
    lambda: tf.constant(["a", "b"]),
    lambda: tf.constant([[1.0, float("nan")]]),
    lambda: tf.ragged.constant([[1.0], [2.0, 3.0]]),
    lambda: tf.sparse.from_dense([[0.0, 1.0]]),
    lambda: tf.Variable([1.0, 2.0]),
    lambda: tf.float32,
    lambda: tf.TensorSpec((None, 2)),
    lambda: tf.data.Dataset.from_tensors([1.0, 2.0]),
    lambda: tf.data.Dataset.from_tensors({"a": 1}),
    lambda: keras.Input((2,)),
    lambda: DENSE(1),
    lambda: keras.layers.Dense,
    lambda: keras.Sequential(),
    lambda: keras.Sequential([keras.Input((2,)), DENSE(3)]),
    lambda: keras.Sequential([DENSE(3)]),
    lambda: keras.optimizers.SGD(),
    lambda: keras.initializers.Zeros(),
    lambda: keras.random.SeedGenerator(0),
    lambda: keras.metrics.Mean(),
]


def _filled(shape, fill, dtype):
    with np.errstate(all="ignore"):
        return np.full(shape, fill).astype(dtype)


ARRAYS = st.builds(
    _filled, st.sampled_from(SHAPES), st.sampled_from(FILLS), st.sampled_from(DTYPES)
)
MADE = st.sampled_from(OBJECTS).map(lambda make: make())
NESTED = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.lists(inner, max_size=4).map(tuple),
        st.dictionaries(STRINGS, inner, max_size=2),
    ),
    max_leaves=6,
)
ANYTHING = st.one_of(SCALARS, ARRAYS, MADE, NESTED)


def malformed(valid):
    """Values that may stand for `valid` and mostly should not: anything, or a damaged copy."""
    if isinstance(valid, (bool, type(None))):
        return ANYTHING
    if isinstance(valid, (int, float)):
        return st.one_of(ANYTHING, st.sampled_from(DAMAGES_OF_NUMBERS).map(lambda f: f(valid)))
    if isinstance(valid, str):
        return st.one_of(ANYTHING, st.sampled_from(DAMAGES_OF_STRINGS).map(lambda f: f(valid)))
    if isinstance(valid, (list, tuple)) and not _is_array(valid):
        return st.one_of(ANYTHING, _sequences(valid), _sequences(valid))
    if _is_array(valid):
        return st.one_of(ANYTHING, _arrays(valid), _arrays(valid))
    return ANYTHING


def _is_array(value):
    try:
        return np.asarray(value).dtype.kind in "fiu" and np.size(value) > 0 < np.ndim(value)
    except (TypeError, ValueError):
        return False


DAMAGES_OF_NUMBERS = [
    lambda x: -x,
    lambda x: x + 0.5,
    lambda x: x * 1e30,
    lambda x: x * 1j,
    str,
    lambda x: [x],
    lambda x: (x, x),
    lambda x: {x: x},
    lambda x: np.full((2, 2), x),
    lambda x: np.array([x]),
    np.float16,
    lambda x: tf.constant(x),
    lambda x: lambda: x,
]
DAMAGES_OF_STRINGS = [
    str.upper,
    lambda x: x + " ",
    lambda x: x + "\0",
    lambda x: f"no/such/{x}",
    lambda x: x[:-1],
    lambda x: x.encode(),
    lambda x: [x],
    lambda x: {x: x},
    lambda x: np.array(x),
    lambda x: np.array([x]),
    lambda x: tf.constant(x),
    lambda x: lambda: x,
]
DAMAGES_OF_ARRAYS_OF_NUMBERS = [
    lambda x: -x,
    lambda x: 300 * x + 7,
    lambda x: 1e30 * x,
    lambda x: 1e300 * x.astype("float64"),
    lambda x: 0 * x,
]
DAMAGES_OF_ARRAYS = [
    lambda x: x[None],
    lambda x: x[..., None],
    lambda x: x[0],
    lambda x: x[:0],
    lambda x: x[..., :0],
    lambda x: x[:-1],
    lambda x: np.concatenate([x, x]),
    lambda x: np.concatenate([x, x], axis=-1),
    lambda x: x.T,
    lambda x: x.reshape(-1),
    lambda x: x.tolist(),
    lambda x: [*x.tolist(), []],
    lambda x: [*x.tolist(), None],
    lambda x: [*x.tolist(), "a"],
    lambda x: dict(enumerate(x.tolist())),
    lambda x: tf.constant(x),
    lambda x: tf.RaggedTensor.from_tensor(x) if x.ndim > 1 else x,
    lambda x: tf.data.Dataset.from_tensors(x),
    lambda x: (x, x),
    lambda x: (x, None, x),
    lambda x: np.ma.masked_array(x, np.zeros(x.shape, bool)),
]


def _arrays(valid):
    """Copies of an array with a bad number in it, of another type or of another shape."""
    valid = np.asarray(valid)

    def with_number(number):
        copy = valid.astype("float64")
        copy.flat[-1] = number
        return copy

    def with_dtype(dtype):
        with np.errstate(all="ignore"):
            return valid.astype(dtype)

    wide = valid if valid.dtype.kind == "f" else valid.astype("int64")  # in which 300 fits
    return st.one_of(
        st.sampled_from([f for f in FILLS if f != f or abs(f) > 2]).map(with_number),
        st.sampled_from(DTYPES[2:-1]).map(with_dtype),
        st.sampled_from(DAMAGES_OF_ARRAYS_OF_NUMBERS).map(lambda damage: damage(wide)),
        st.sampled_from(DAMAGES_OF_ARRAYS).map(lambda damage: damage(valid)),
    )


def _sequences(valid):
    """Copies of a list or tuple with an item exchanged, lost or added."""
    kind = type(valid)

    @st.composite
    def exchanged(draw):
        items = list(valid)
        place = draw(st.integers(0, len(items)))
        items[place : place + draw(st.integers(0, 1))] = draw(
            st.one_of(st.just([]), st.tuples(st.one_of(SCALARS, MADE)))
        )
        return kind(items)

    return exchanged()
