import keras
import tensorflow as tf

from keras_gans import _checks, _memory
from keras_gans._typing import Config, FeatureExtractor, Seed, Tensor
from keras_gans.metrics.base import TwoSampleMetric
from keras_gans.metrics.reservoir import Reservoir, random_keys


@keras.saving.register_keras_serializable(package="keras_gans")
class KernelDistance(TwoSampleMetric):
    """Kernel (Inception) distance, KID: squared maximum mean discrepancy of features.

    The kernel is (x·y/d + 1)³ and the estimate is unbiased (no diagonal), so it may be negative.
    A random subset of at most `max_samples` samples of each side is kept, in float64. From what is
    kept, `subsets` random subsets of `subset_size` samples of each side are drawn (or of all, where
    a side has fewer), without repetition within a subset; the result is the mean of their
    estimates, and `standard_deviation()` theirs. When neither side has more than `subset_size`, one
    subset holds everything.

    Args:
        subsets: Number of subsets. Defaults to 100, as in the paper.
        subset_size: Samples of each side in a subset. Defaults to 1000, as in the paper.
        max_samples: Samples of each side that are kept, at least `subset_size`. Defaults to 10,000:
            164 MB a side at 2048 features.
        seed: Seed of all random choices. Defaults to 0.
        feature_extractor: Callable from images in [-1, 1] to features (batch, d). `None`: the
            arguments are the features.
        name: Defaults to "kernel_distance".
        dtype: Type of the result. Defaults to float64.

    Raises:
        ValueError: `subset_size` is above `max_samples`; values are NaN or of different feature
            numbers; fewer than 2 samples of either
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
        subsets: int = 100,
        subset_size: int = 1000,
        max_samples: int = 10_000,
        seed: Seed = 0,
        feature_extractor: FeatureExtractor | None = None,
        name: str = "kernel_distance",
        dtype: str = "float64",
    ) -> None:
        super().__init__(feature_extractor=feature_extractor, name=name, dtype=dtype)
        self.subsets = _checks.positive_int("subsets", subsets)
        self.subset_size = _checks.positive_int("subset_size", subset_size, minimum=2)
        self.max_samples = _checks.positive_int("max_samples", max_samples, minimum=2)
        if subset_size > max_samples:
            raise ValueError(
                "`subset_size` must be at most `max_samples`. "
                f"Received: {subset_size} and {max_samples}"
            )
        self.seed = _checks.positive_int("seed", seed, minimum=0)

    def check_memory(self, sample_shape: tuple[int, ...]) -> None:
        _memory.check("max_samples", self.max_samples, [(4, *sample_shape)])  # float64

    def create_state(self, sample_shape: tuple[int, ...]) -> None:
        self.real, self.generated = (
            Reservoir(self.max_samples, sample_shape[0], seed=2 * self.seed + side, name=name)
            for side, name in enumerate(self.sides)
        )

    def subset_estimates(self) -> Tensor:
        """Unbiased squared discrepancy of each subset, shape (subsets,)."""
        real, generated = self.real.result(), self.generated.result()
        larger = tf.maximum(tf.shape(real)[0], tf.shape(generated)[0])
        return tf.map_fn(
            lambda number: unbiased_discrepancy(
                self._subset(real, 2 * self.seed, number),
                self._subset(generated, 2 * self.seed + 1, number),
            ),
            tf.range(tf.where(larger > self.subset_size, self.subsets, 1)),
            fn_output_signature=tf.float64,
        )

    def _subset(self, samples, seed, number):
        keys = random_keys(tf.range(tf.shape(samples)[0]), (seed, number, 4))
        size = tf.minimum(tf.size(keys), self.subset_size)
        return tf.gather(samples, tf.math.top_k(keys, size).indices)

    def result(self) -> Tensor:
        if not self.built or not self.check_counts(minimum=2):
            return self.nan()
        return self.as_result(tf.reduce_mean(self.subset_estimates()))

    def standard_deviation(self) -> Tensor:
        """Standard deviation of the subset estimates (n − 1); NaN with a single subset.

        The subsets overlap, so it tells how a subset varies, and is no error of the result.
        """
        if not self.built or not self.check_counts(minimum=2):
            return self.nan()
        estimates = self.subset_estimates()
        degrees = tf.cast(tf.size(estimates) - 1, tf.float64)
        deviations = estimates - tf.reduce_mean(estimates)
        return self.as_result(tf.sqrt(tf.reduce_sum(deviations**2) / degrees))

    def get_config(self) -> Config:
        return {
            **super().get_config(),
            "subsets": self.subsets,
            "subset_size": self.subset_size,
            "max_samples": self.max_samples,
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
