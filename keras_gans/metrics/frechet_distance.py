import math

import keras
import numpy as np
import tensorflow as tf

from keras_gans import _memory
from keras_gans._typing import FeatureExtractor, Tensor
from keras_gans.divergences import gaussian_wasserstein_squared
from keras_gans.metrics.base import TwoSampleMetric
from keras_gans.metrics.moments import Moments


@keras.saving.register_keras_serializable(package="keras_gans")
class FrechetDistance(TwoSampleMetric):
    """Fréchet distance between Gaussians fitted to real and generated features: FID.

    ‖μ₁ − μ₂‖² + tr(Σ₁ + Σ₂ − 2 (Σ₁ Σ₂)^½), with the unbiased covariances. Means and covariances
    are streamed in float64 by pairwise updates; the state is two (d, d) matrices whatever the
    number of samples. Right for fewer samples than features, too. The value is biased upwards for
    few samples: state both counts with it.

    Args:
        feature_extractor: Callable from images in [-1, 1] to features (batch, d); with
            `InceptionFeatures()` the value is the FID. `None`: the arguments are the features.
        name: Defaults to "frechet_distance".
        dtype: Type of the result. Defaults to float64.

    Raises:
        ValueError: Values are NaN or of different feature numbers; fewer than 2 samples of either
            side in `result()`.

    Example:

    >>> metric = FrechetDistance()
    >>> metric.update_state(real=[[0.0], [2.0]], generated=[[3.0], [5.0]])
    >>> round(float(metric.result()), 6)
    9.0

    References:
        - [Heusel et al. 2017, GANs Trained by a Two Time-Scale Update Rule, equation 6](
          https://arxiv.org/abs/1706.08500)
    """

    def __init__(
        self,
        feature_extractor: FeatureExtractor | None = None,
        name: str = "frechet_distance",
        dtype: str = "float64",
    ) -> None:
        super().__init__(feature_extractor=feature_extractor, name=name, dtype=dtype)

    def check_memory(self, sample_shape: tuple[int, ...]) -> None:
        numbers = _memory.capacity([(4,)])  # two matrices of float64
        largest = numbers if numbers == math.inf else math.isqrt(numbers)
        _memory.check_features(sample_shape[0], largest, type(self).__name__)

    def create_state(self, sample_shape: tuple[int, ...]) -> None:
        self.real = Moments(sample_shape[0], name="real")
        self.generated = Moments(sample_shape[0], name="generated")

    def result(self) -> Tensor:
        if not self.built or not self.check_counts(minimum=2):
            return self.nan()
        squared = gaussian_wasserstein_squared(
            *self.real.covariance(), *self.generated.covariance()
        )
        enough = tf.minimum(self.real.count(), self.generated.count()) >= 2
        return self.as_result(tf.where(enough, squared, np.nan))
