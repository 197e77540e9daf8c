"""A bounded, seeded random subset of a stream."""

import keras
import tensorflow as tf

from keras_gans.metrics.distribution import num_replicas, own_slot, replica_id, write_slot

_LARGEST_KEY = 2**62 - 1
_ROUNDS = 24  # of the block cipher; its default of 4 leaves neighboring indices correlated


def random_keys(indices, seed):
    """One pseudo-random integer in [0, 2⁶²) for each index, without repetition.

    A key depends on the index and the three integers of `seed` alone, so a stream gives the same
    keys however it is cut into batches.
    """
    # The op refuses an empty batch, so it gets one index more.
    keys = tf.raw_ops.RandomIndexShuffle(
        index=tf.pad(tf.cast(indices, tf.int64), [[0, 1]]),
        seed=tf.stack([tf.cast(part, tf.int64) for part in seed]),
        max_index=tf.constant(_LARGEST_KEY, tf.int64),
        rounds=_ROUNDS,
    )
    return keys[:-1]


class Reservoir(keras.metrics.Metric):
    """Uniform random subset of at most `capacity` of the samples (batch, dim) of a stream.

    Every sample draws a random key and the largest keys stay, so that the union of two subsets is
    cut by the same rule (bottom-k sampling; Cohen and Kaplan 2007). All samples are kept until
    `capacity` is reached. Replicas share the capacity equally.
    """

    def __init__(self, capacity, dim, seed=0, name="reservoir"):
        super().__init__(name=name, dtype="float64")
        self.seed = seed
        replicas = num_replicas()
        self.capacity = max(1, capacity // replicas)
        size = (replicas, self.capacity)
        self.seen = self.add_variable((replicas,), "zeros", dtype="int64", name="seen")
        self.keys = self.add_variable(size, "zeros", dtype="int64", name="keys")  # 0: empty
        self.samples = self.add_variable((*size, dim), "zeros", dtype="float64", name="samples")

    def next_indices(self, number):
        """Places in this replica's stream of the `number` samples that come next."""
        return own_slot(self.seen) + tf.range(tf.cast(number, tf.int64))

    def update_state(self, samples):
        number = tf.shape(samples)[0]
        new_keys = 1 + random_keys(self.next_indices(number), (self.seed, replica_id(), 0))
        self._keep(
            tf.concat([own_slot(self.keys), new_keys], axis=0),
            tf.concat([own_slot(self.samples), samples], axis=0),
        )
        write_slot(self.seen, own_slot(self.seen) + tf.cast(number, tf.int64))

    def _keep(self, keys, samples, slot=None):
        keys, order = tf.math.top_k(keys, self.capacity)
        write_slot(self.keys, keys, slot)
        write_slot(self.samples, tf.gather(samples, order), slot)

    def count(self):
        """Number of samples seen."""
        return tf.reduce_sum(tf.convert_to_tensor(self.seen))

    def result(self):
        """The subset (kept, dim), in random order."""
        return self._kept()[1]

    def _kept(self):
        keys = tf.reshape(tf.convert_to_tensor(self.keys), [-1])
        samples = tf.convert_to_tensor(self.samples)
        samples = tf.reshape(samples, [-1, samples.shape[-1]])
        order = tf.argsort(keys, direction="DESCENDING", stable=True)
        order = order[: tf.math.count_nonzero(keys, dtype=tf.int32)]
        return tf.gather(keys, order), tf.gather(samples, order)

    def merge_state(self, other):
        pairs = zip(self._kept(), other._kept(), strict=True)
        keys, samples = (tf.concat(pair, axis=0) for pair in pairs)
        missing = tf.maximum(self.capacity - tf.size(keys), 0)
        self._keep(tf.pad(keys, [[0, missing]]), tf.pad(samples, [[0, missing], [0, 0]]), slot=0)
        write_slot(self.seen, self.count() + other.count(), slot=0)
