import keras
import tensorflow as tf

from keras_gans import _checks
from keras_gans.metrics.base import TwoSampleMetric
from keras_gans.metrics.reservoir import Reservoir


@keras.saving.register_keras_serializable(package="keras_gans")
class KernelDistance(TwoSampleMetric):
    """Kernel (Inception) distance, KID: squared maximum mean discrepancy of features.

    The kernel is (x·y/d + 1)³ and the estimate is unbiased (no diagonal), so it may be negative.
    A random subset of at most `max_blocks · block_size` samples of each side is kept, in float64;
    it is cut into disjoint blocks of `block_size`, and the result is the mean of the estimates of
    the blocks. With fewer samples than `block_size` on a side there is one block that holds them
    all. `standard_deviation()` is that of the block estimates.

    Args:
        block_size: Samples of each side in a block. Defaults to 1000, as in the paper.
        max_blocks: Most blocks kept. Defaults to 10: 164 MB a side at 2048 features.
        seed: Seed of the random subset. Defaults to 0.
        feature_extractor: Callable from images in [-1, 1] to features (batch, d). `None`: the
            arguments are the features.
        name: Defaults to "kernel_distance".
        dtype: Type of the result. Defaults to float64.

    Raises:
        ValueError: Values are NaN or of different feature numbers; fewer than 2 samples of either
            side in `result()`.

    Example:

    >>> metric = KernelDistance()
    >>> metric.update_state(real=[[0.0], [0.0]], generated=[[1.0], [1.0]])
    >>> float(metric.result())
    7.0

    References:
        - [Bińkowski et al. 2018, Demystifying MMD GANs](
          https://arxiv.org/abs/1801.01401)
    """

    def __init__(
        self,
        block_size=1000,
        max_blocks=10,
        seed=0,
        feature_extractor=None,
        name="kernel_distance",
        dtype="float64",
    ):
        super().__init__(feature_extractor=feature_extractor, name=name, dtype=dtype)
        _checks.positive_int("block_size", block_size, minimum=2)
        _checks.positive_int("max_blocks", max_blocks)
        self.block_size = block_size
        self.max_blocks = max_blocks
        self.seed = _checks.positive_int("seed", seed, minimum=0)

    def create_state(self, sample_shape):
        capacity = self.block_size * self.max_blocks
        self.real = Reservoir(capacity, *sample_shape, seed=2 * self.seed, name="real")
        self.generated = Reservoir(
            capacity, *sample_shape, seed=2 * self.seed + 1, name="generated"
        )

    def block_estimates(self):
        """Unbiased squared discrepancy of each block, shape (blocks,)."""
        real, generated = self.real.result(), self.generated.result()
        smaller = tf.minimum(tf.shape(real)[0], tf.shape(generated)[0])
        blocks = tf.maximum(1, smaller // self.block_size)
        return tf.map_fn(
            lambda pair: unbiased_discrepancy(*pair),
            (self._blocks(real, blocks), self._blocks(generated, blocks)),
            fn_output_signature=tf.float64,
        )

    def _blocks(self, samples, blocks):
        size = tf.minimum(tf.shape(samples)[0], self.block_size)
        return tf.reshape(samples[: blocks * size], [blocks, size, samples.shape[-1]])

    def result(self):
        if not self.built or not self.check_counts(minimum=2):
            return self.nan()
        return self.as_result(tf.reduce_mean(self.block_estimates()))

    def standard_deviation(self):
        """Standard deviation of the block estimates (n − 1); NaN with a single block."""
        if not self.built or not self.check_counts(minimum=2):
            return self.nan()
        estimates = self.block_estimates()
        degrees = tf.cast(tf.size(estimates) - 1, tf.float64)
        deviations = estimates - tf.reduce_mean(estimates)
        return self.as_result(tf.sqrt(tf.reduce_sum(deviations**2) / degrees))

    def get_config(self):
        return {
            **super().get_config(),
            "block_size": self.block_size,
            "max_blocks": self.max_blocks,
            "seed": self.seed,
        }


def cubic_kernel(x, y):
    return (tf.matmul(x, y, transpose_b=True) / x.shape[-1] + 1.0) ** 3


def unbiased_discrepancy(x, y):
    """Squared maximum mean discrepancy: means over pairs of two samples, never one with itself."""

    def mean_within(samples):
        number = tf.cast(tf.shape(samples)[0], tf.float64)
        kernel = cubic_kernel(samples, samples)
        return (tf.reduce_sum(kernel) - tf.linalg.trace(kernel)) / (number * (number - 1.0))

    return mean_within(x) + mean_within(y) - 2.0 * tf.reduce_mean(cubic_kernel(x, y))
