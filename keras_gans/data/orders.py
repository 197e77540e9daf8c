"""The orders of examples: a new one in each round through a dataset."""

import tensorflow as tf


def batches(num, batch_size, is_shuffled, seed):
    """Return a `tf.data.Dataset` of the numbers 0 … num − 1, int64 `(batch_size,)`.

    Numbers that do not fill a batch are dropped. Each round through a shuffled dataset has an order
    of its own, whatever `num` as cheap as another: a pseudorandom permutation that nobody keeps in
    memory, where `tf.data.Dataset.shuffle` holds 100 to 200 bytes for each number.

    Args:
        num: Positive integer.
        batch_size: Positive integer.
        is_shuffled: Boolean.
        seed: Integer or `None`, of the orders.
    """
    numbers = tf.data.Dataset.range(num).batch(batch_size, drop_remainder=True)
    if not is_shuffled:
        return numbers
    last = tf.constant(num - 1, tf.int64)

    def one_round(key):
        return numbers.map(lambda i: tf.random.experimental.index_shuffle(i, key, last))

    return _rounds(one_round, seed, num // batch_size)


def permutations(num, batch_size, seed):
    """As `batches`, shuffled, faster, and with 16 bytes for each number.

    For numbers of what is in memory itself.
    """
    length = num // batch_size

    def one_round(key):
        numbers = tf.random.experimental.stateless_shuffle(tf.range(num, dtype=tf.int64), key)
        in_batches = tf.reshape(numbers[: length * batch_size], (length, batch_size))
        return tf.data.Dataset.from_tensor_slices(in_batches)

    return _rounds(one_round, seed, length)


def _rounds(one_round, seed, length):
    """A dataset that is `one_round`, of `length` elements, of a new random key in each round."""
    keys = tf.data.Dataset.random(seed, rerandomize_each_iteration=True)
    rounds = keys.batch(2, drop_remainder=True).take(1).flat_map(one_round)
    return rounds.apply(tf.data.experimental.assert_cardinality(length))
