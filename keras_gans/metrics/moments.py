"""Mean and covariance of a stream."""

import keras
import tensorflow as tf

from keras_gans.metrics.distribution import num_replicas, own_slot, write_slot


def pool(counts, means):
    """Count and mean of several groups together, and the scatter between the groups.

    The pairwise update of Chan, Golub and LeVeque (1979) for any number of groups: differences of
    means take the place of the squares of sums, so nothing cancels when means are large.
    """
    count = tf.reduce_sum(counts)
    shares = tf.math.divide_no_nan(counts, count)
    mean = means[0] + tf.linalg.matvec(means - means[0], shares, transpose_a=True)
    deviations = means - mean
    return count, mean, tf.matmul(deviations * counts[:, tf.newaxis], deviations, transpose_a=True)


class Moments(keras.metrics.Metric):
    """Count, mean and scatter matrix Σ (x − x̄)(x − x̄)ᵀ of samples (batch, dim), in float64."""

    def __init__(self, dim, name="moments"):
        super().__init__(name=name, dtype="float64")
        replicas = num_replicas()
        self.counts = self.add_variable((replicas,), "zeros", dtype="float64", name="counts")
        self.means = self.add_variable((replicas, dim), "zeros", dtype="float64", name="means")
        self.scatter = self.add_variable((dim, dim), "zeros", dtype="float64", name="scatter")

    def update_state(self, samples):
        number = tf.cast(tf.shape(samples)[0], tf.float64)
        batch_mean = tf.math.divide_no_nan(tf.reduce_sum(samples, axis=0), number)
        deviations = samples - batch_mean
        count, mean, between = pool(
            tf.stack([own_slot(self.counts), number]),
            tf.stack([own_slot(self.means), batch_mean]),
        )
        self.scatter.assign_add(tf.matmul(deviations, deviations, transpose_a=True) + between)
        write_slot(self.counts, count)
        write_slot(self.means, mean)

    def count(self):
        return tf.reduce_sum(tf.convert_to_tensor(self.counts))

    def result(self):
        """Count, mean (dim,) and scatter matrix (dim, dim)."""
        count, mean, between = pool(
            tf.convert_to_tensor(self.counts), tf.convert_to_tensor(self.means)
        )
        return count, mean, tf.convert_to_tensor(self.scatter) + between

    def covariance(self):
        """Mean (dim,) and the unbiased covariance (dim, dim), divided by count − 1.

        Zero for a single sample.
        """
        count, mean, scatter = self.result()
        return mean, scatter / tf.maximum(count - 1.0, 1.0)

    def merge_state(self, other):
        counts, means, scatters = zip(self.result(), other.result(), strict=True)
        count, mean, between = pool(tf.stack(counts), tf.stack(means))
        self.scatter.assign(sum(scatters) + between)
        write_slot(self.counts, count, slot=0)
        write_slot(self.means, mean, slot=0)
