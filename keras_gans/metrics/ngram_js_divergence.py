import math
from typing import Any

import keras
import tensorflow as tf

from keras_gans import _checks, _replicas
from keras_gans._typing import ArrayLike, Config, Tensor
from keras_gans.divergences import js_divergence
from keras_gans.metrics.base import TwoSampleMetric
from keras_gans.metrics.checks import as_tensor
from keras_gans.metrics.distribution import create_once, num_replicas, own_slot, write_slot

_SEPARATOR = "\x1f"  # the control character "unit separator": no text holds it
_PADDING = ""  # no token is empty


@keras.saving.register_keras_serializable(package="keras_gans")
class NGramJSDivergence(TwoSampleMetric):
    """Jensen-Shannon divergence between the n-gram distributions of two texts, in nats or bits.

    Between 0 and log 2 = 0.693 nats = 1 bit. N-grams do not cross the ends of a sample. By default
    the unit is nats and a text ends where it ends. The reference code of the paper gives bits and
    counts the padding that fills every text up to 32 tokens: `base=2, length=32`.

    The counts live in a table of `capacity` different n-grams, known by 64-bit fingerprints. The
    n-grams that come after the table is full share its last row; merging rows never raises a
    divergence, so the result is then a lower bound. Fingerprints are hashed on the CPU.

    Args:
        n: Tokens in an n-gram. Defaults to 4.
        base: Base of the logarithm, above 1: 2 for bits. Defaults to `None`, e, for nats.
        length: Tokens to which every text is cut or filled up, at least `n`; n-grams with padding
            count. Defaults to `None`: texts stay as they are.
        capacity: Number of different n-grams that are told apart. Defaults to 262,144 (6 MiB).
        name: Defaults to "js_" and `n`.
        dtype: Type of the result. Defaults to float64.

    `update_state(real, generated)` takes integer tokens (batch, length) with length ≥ n, or strings
    (batch,) of any length, of which the tokens are the Unicode characters.

    Raises:
        TypeError: A side is neither integers nor strings, or the two differ in that.
        ValueError: An argument is out of its range; a side has the wrong rank or fewer than `n`
            tokens; only one side has n-grams in `result()`.

    Example:

    >>> metric = NGramJSDivergence(n=1)
    >>> metric.update_state(real=["aaab"], generated=["bbba"])
    >>> round(float(metric.result()), 4)
    0.1308

    References:
        - [Gulrajani et al. 2017, Improved Training of Wasserstein GANs, the language model](
          https://arxiv.org/abs/1704.00028), and its code, language_helpers.py
    """

    def __init__(
        self,
        n: int = 4,
        capacity: int = 2**18,
        base: float | None = None,
        length: int | None = None,
        name: str | None = None,
        dtype: str = "float64",
    ) -> None:
        _checks.positive_int("n", n)
        _checks.positive_int("capacity", capacity, minimum=2)
        super().__init__(name=name or f"js_{n}", dtype=dtype)
        self.n = n
        self.capacity = capacity
        self.base = base
        if base is not None:
            self.base = _checks.real_number("base", base, low=1.0, low_open=True)
        self.length = length
        if length is not None:
            self.length = _checks.positive_int("length", length, minimum=n)

    def create_state(self, sample_shape: tuple[int, ...]) -> None:
        size = (num_replicas(), self.capacity)
        self.keys = self.add_variable(size, "zeros", dtype="int64", name="keys")  # 0: empty
        self.real = self.add_variable(size, "zeros", dtype="float64", name="real")
        self.generated = self.add_variable(size, "zeros", dtype="float64", name="generated")

    def update_state(
        self, real: ArrayLike | None = None, generated: ArrayLike | None = None
    ) -> None:
        """Take in a batch of real text, of generated text, or both."""
        if real is not None and generated is not None:
            kinds = [
                as_tensor(*side).dtype.is_integer
                for side in (("real", real), ("generated", generated))
            ]
            if kinds[0] != kinds[1]:
                raise TypeError(
                    "`generated` must be integers or strings as `real` is. Received: "
                    + " and ".join("integers" if kind else "no integers" for kind in kinds)
                )
        super().update_state(real, generated)

    def prepare(self, samples: ArrayLike, name: str) -> Tensor:
        if not self.built:
            create_once(lambda: self.build(()))
        samples = _replicas.without_padding(as_tensor(name, samples))
        return fingerprints(samples, self.n, name, self.length)

    def add_samples(self, side: str, samples: Tensor) -> None:
        ones = tf.ones_like(samples, tf.float64)
        zeros = tf.zeros_like(ones)
        self._count(
            samples,
            ones if side == "real" else zeros,
            ones if side == "generated" else zeros,
            slot=None,
        )

    def _count(self, keys, real, generated, slot):
        """Add counts of n-grams to the table of a slot."""
        table_keys = own_slot(self.keys)
        size = tf.math.count_nonzero(table_keys, dtype=tf.int32)
        # The keys of the table come first, so that they keep their rows.
        keys, row = tf.unique(tf.concat([table_keys[:size], keys], axis=0))
        row = tf.minimum(row, self.capacity - 1)
        keys = keys[: self.capacity]
        write_slot(self.keys, tf.pad(keys, [[0, self.capacity - tf.size(keys)]]), slot)
        for table, counts in ((self.real, real), (self.generated, generated)):
            counts = tf.concat([own_slot(table)[:size], counts], axis=0)
            write_slot(table, tf.math.unsorted_segment_sum(counts, row, self.capacity), slot)

    def _table(self):
        """Keys and counts of all replicas; a key is there once for each replica that met it."""
        keys = tf.reshape(tf.convert_to_tensor(self.keys), [-1])
        used = keys > 0

        def rows(table):
            return tf.boolean_mask(tf.reshape(tf.convert_to_tensor(table), [-1]), used)

        return tf.boolean_mask(keys, used), rows(self.real), rows(self.generated)

    def result(self) -> Tensor:
        if not self.built:
            return self.nan()
        keys, real, generated = self._table()
        keys, row = tf.unique(keys)
        p, q = (
            tf.math.unsorted_segment_sum(counts, row, tf.size(keys)) for counts in (real, generated)
        )
        totals = tf.reduce_sum(p), tf.reduce_sum(q)
        if tf.executing_eagerly():
            if not any(totals):
                return self.nan()
            for name, total in zip(("real", "generated"), totals, strict=True):
                if total == 0:
                    raise ValueError(f"`{name}` must hold an n-gram. Received: none")
        unit = math.log(self.base or math.e)
        return self.as_result(js_divergence(p / totals[0], q / totals[1]) / unit)

    def merge_one(self, metric: Any) -> None:
        keys, real, generated = metric._table()
        self._count(keys, real, generated, slot=0)

    def get_config(self) -> Config:
        config = super().get_config()
        del config["feature_extractor"]
        return {
            **config,
            "n": self.n,
            "capacity": self.capacity,
            "base": self.base,
            "length": self.length,
        }


def fingerprints(samples, n, name, length=None):
    """Positive 64-bit hashes of all n-grams of a batch, shape (n-grams,)."""
    samples = as_tensor(name, samples)
    if samples.dtype == tf.string:
        if samples.shape.rank != 1:
            raise ValueError(
                f"`{name}` must be strings of shape (batch). Received: shape {samples.shape}"
            )
        tokens = tf.strings.unicode_split(samples, "UTF-8")
    elif samples.dtype.is_integer:
        if samples.shape.rank != 2 or (length or samples.shape[1] or n) < n:
            raise ValueError(
                f"`{name}` must be tokens of shape (batch, length) with length ≥ {n}. "
                f"Received: shape {samples.shape}"
            )
        tokens = tf.RaggedTensor.from_tensor(tf.strings.as_string(samples))
    else:
        raise TypeError(
            f"`{name}` must be integer tokens or strings. Received: dtype {samples.dtype.name}"
        )
    if length is not None:
        padded = tokens.to_tensor(_PADDING, shape=(None, length))
        tokens = tf.RaggedTensor.from_tensor(padded)
    ngrams = tf.strings.ngrams(tokens, n, separator=_SEPARATOR).flat_values
    return 1 + tf.strings.to_hash_bucket_fast(ngrams, 2**63 - 1)
