import keras
import numpy as np
import tensorflow as tf

from keras_gans import _checks, _memory
from keras_gans._typing import Config, FeatureExtractor, Seed, Tensor
from keras_gans.metrics.base import TwoSampleMetric
from keras_gans.metrics.neighborhoods import neighborhood_counts
from keras_gans.metrics.reservoir import Reservoir

_KEYS = ("precision", "recall", "density", "coverage")


@keras.saving.register_keras_serializable(package="keras_gans")
class PrecisionRecall(TwoSampleMetric):
    """Precision, recall, density and coverage of generated features.

    Each sample has a closed ball that reaches its k-th nearest neighbor of the same set, itself
    not counted; distances that differ by rounding only are equal. With N real and M generated
    samples:

    - precision: share of the generated samples within a real sample's ball;
    - recall: share of the real samples within a generated sample's ball;
    - density: pairs of a generated sample and a real ball that holds it, divided by k·M;
    - coverage: share of the real balls that hold a generated sample.

    Of a set of distinct samples against itself all are 1 but the density, which is (k + 1)/k.

    Neighbors need the samples themselves: a random subset of at most `max_samples` of each side
    is kept, in float64. `result()` is a dict with the four names as keys and costs
    O(max_samples² d); it runs on the host.

    Args:
        k: Which neighbor the balls reach; below `max_samples`. Defaults to 3, as Kynkäänniemi et
            al.; Naeem et al. print density and coverage at 5.
        max_samples: Size of the subset kept of each side. Defaults to 10,000: 164 MB a side at
            2048 features.
        seed: Seed of the random subset. Defaults to 0.
        feature_extractor: Callable from images in [-1, 1] to features (batch, d). `None`: the
            arguments are the features.
        name: Defaults to "precision_recall".
        dtype: Type of the result. Defaults to float64.

    Raises:
        ValueError: `k` is not below `max_samples`; values are NaN or of different feature numbers;
            no more than `k` samples of either side in `result()`.

    Example:

    >>> metric = PrecisionRecall(k=1)
    >>> metric.update_state(real=[[0.0], [1.0], [2.0]], generated=[[0.5], [1.5], [9.0]])
    >>> [round(float(value), 3) for value in metric.result().values()]
    [0.667, 1.0, 1.333, 1.0]

    References:
        - [Kynkäänniemi et al. 2019, Improved Precision and Recall Metric, equations 1 and 2](
          https://arxiv.org/abs/1904.06991)
        - [Naeem et al. 2020, Reliable Fidelity and Diversity Metrics, section 3](
          https://arxiv.org/abs/2002.09797)
    """

    def __init__(
        self,
        k: int = 3,
        max_samples: int = 10_000,
        seed: Seed = 0,
        feature_extractor: FeatureExtractor | None = None,
        name: str = "precision_recall",
        dtype: str = "float64",
    ) -> None:
        super().__init__(feature_extractor=feature_extractor, name=name, dtype=dtype)
        _checks.positive_int("k", k)
        _checks.positive_int("max_samples", max_samples, minimum=2)
        if k >= max_samples:
            raise ValueError(
                f"`k` must be smaller than `max_samples`. Received: {k} and {max_samples}"
            )
        self.k = k
        self.max_samples = max_samples
        self.seed = _checks.positive_int("seed", seed, minimum=0)

    def check_memory(self, sample_shape: tuple[int, ...]) -> None:
        _memory.check("max_samples", self.max_samples, [(4, *sample_shape)])  # float64

    def create_state(self, sample_shape: tuple[int, ...]) -> None:
        self.real = Reservoir(self.max_samples, sample_shape[0], seed=2 * self.seed, name="real")
        self.generated = Reservoir(
            self.max_samples, sample_shape[0], seed=2 * self.seed + 1, name="generated"
        )

    def result(self) -> dict[str, Tensor]:
        if not self.built or not self.check_counts(minimum=self.k + 1):
            return dict.fromkeys(_KEYS, self.nan())
        values = tf.numpy_function(
            lambda real, generated: neighborhood_shares(real, generated, self.k),
            [self.real.result(), self.generated.result()],
            tf.float64,
        )
        values = tf.ensure_shape(values, [len(_KEYS)])
        return dict(zip(_KEYS, tf.unstack(self.as_result(values)), strict=True))

    def get_config(self) -> Config:
        return {
            **super().get_config(),
            "k": self.k,
            "max_samples": self.max_samples,
            "seed": self.seed,
        }


def neighborhood_shares(real, generated, k):
    """Precision, recall, density and coverage of arrays (N, d) and (M, d)."""
    if min(len(real), len(generated)) <= k:
        return np.full(len(_KEYS), np.nan)
    balls_of_generated, generated_in_ball, balls_of_real = neighborhood_counts(real, generated, k)
    return np.array(
        [
            np.mean(balls_of_generated > 0),
            np.mean(balls_of_real > 0),
            np.sum(balls_of_generated) / (k * len(generated)),
            np.mean(generated_in_ball > 0),
        ]
    )
