"""Batches of two domains whose examples do not belong to each other.

An epoch goes once through the longer domain, while the shorter one is repeated.
"""

import numpy as np
import tensorflow as tf

from keras_gans import _checks
from keras_gans.data import workers
from keras_gans.data.mini_batches import repeated


def unpaired_batches(a, b, batch_size=None, shuffle_seed=None):
    """Return a `tf.data.Dataset` of pairs of batches.

    Args:
        a, b: Two arrays, or two datasets of batches of known or infinite length.
        batch_size: Integer or `None`, examples of each domain in a batch of arrays. Defaults to
            `None`, 32.
        shuffle_seed: Integer, to shuffle each array at every epoch, and at every repetition, or
            `None` not to. Defaults to `None`.
    """
    if are_datasets(a, b):
        lengths = [int(dataset.cardinality()) for dataset in (a, b)]
        if tf.data.UNKNOWN_CARDINALITY in lengths:
            raise ValueError(
                "`x` and `y` must be datasets of known length, so that the shorter one can be "
                "repeated: apply tf.data.experimental.assert_cardinality(num_batches), or zip "
                "them yourself. Received: a dataset of unknown length"
            )
        is_endless = tf.data.INFINITE_CARDINALITY in lengths
        num_batches = tf.data.INFINITE_CARDINALITY if is_endless else max(lengths)
        domains = [a.repeat(), b.repeat()]
    else:
        a, b = np.asarray(a), np.asarray(b)
        batch_size = 32 if batch_size is None else _checks.positive_int("batch_size", batch_size)
        num_batches = _longest(a, b) // batch_size
        if num_batches == 0:
            raise ValueError(
                f"`x` or `y` must fill at least one batch of {batch_size}. "
                f"Received: {len(a)} and {len(b)} examples"
            )
        seeds = (None, None) if shuffle_seed is None else (shuffle_seed, shuffle_seed + 1)
        domains = [
            _batches(examples, num_batches, batch_size, seed)
            for examples, seed in zip((a, b), seeds, strict=True)
        ]
    return tf.data.Dataset.zip(*domains).take(num_batches)


def as_long_as_each_other(a, b):
    """Return two arrays of one length: the shorter one is repeated."""
    indices = np.arange(_longest(a, b))
    return [np.asarray(examples)[indices % len(examples)] for examples in (a, b)]


def are_datasets(a, b):
    """Whether both domains are datasets, rather than arrays; refuse anything else."""
    both = [isinstance(examples, tf.data.Dataset) for examples in (a, b)]
    if not all(both) and not all(hasattr(examples, "__array__") for examples in (a, b)):
        raise TypeError(
            "`x` and `y` must be two arrays or two tf.data.Datasets, of unpaired images of each "
            "domain; or `x` alone a dataset of pairs of batches. "
            f"Received: x of type {type(a).__name__} and y of type {type(b).__name__}"
        )
    return all(both)


def _longest(a, b):
    """Return the length of the longer array; refuse empty ones."""
    if not (len(a) and len(b)):
        raise ValueError(
            "`x` and `y` must hold examples of both domains. "
            f"Received: {len(a)} and {len(b)} examples"
        )
    return max(len(a), len(b))


def _batches(examples, num_batches, batch_size, seed):
    indices = tf.data.Dataset.range(len(examples))
    if seed is not None:
        indices = indices.shuffle(len(examples), seed)
    indices = repeated(indices, len(examples), num_batches * batch_size)
    examples = tf.constant(examples)
    batches = indices.batch(batch_size, drop_remainder=True)
    return workers.read_by_all(batches.map(lambda i: tf.gather(examples, i)))
