from typing import Any

import keras
import numpy as np
import tensorflow as tf

from keras_gans import _checks
from keras_gans._typing import ArrayLike, Config, FeatureExtractor, Tensor
from keras_gans.metrics.base import SampleMetric


@keras.saving.register_keras_serializable(package="keras_gans")
class ModeCoverage(SampleMetric):
    """How many modes of a known mixture the samples reach, and how many samples lie near a mode.

    A sample is good when its nearest mode is at most `threshold · stddev` away, and counts for that
    mode. A mode is covered when its good samples are at least `min_share` of the part that it would
    hold if all samples were spread evenly, 1/k of them. `result()` is a dict: `modes_covered`, from
    0 to k, and `good_share`, from 0 to 1.

    Args:
        modes: Array (k, d) of the centers.
        stddev: Standard deviation of every mode along each axis, in the units of the samples.
        threshold: Largest distance of a good sample, in standard deviations. Defaults to 4.
        min_share: Smallest share of its even part that covers a mode, in (0, 1]. Defaults to 0.1.
        feature_extractor: Callable from samples to points (batch, d). Defaults to `None`.
        name: Defaults to "mode_coverage".
        dtype: Type of the result. Defaults to float64.

    Raises:
        ValueError, TypeError: An argument is out of its range; samples are NaN or not of shape
            (batch, d).

    Example:

    >>> metric = ModeCoverage(modes=[[-1.0], [1.0]], stddev=0.1)
    >>> metric.update_state([[0.9], [1.1], [1.0], [0.0]])
    >>> {key: float(value) for key, value in metric.result().items()}
    {'modes_covered': 1.0, 'good_share': 0.75}

    References:
        - [Srivastava et al. 2017, VEEGAN](https://arxiv.org/abs/1705.07761)
        - [Lin et al. 2018, PacGAN](https://arxiv.org/abs/1712.04086)
    """

    layout = "batch, dimensions"

    def __init__(
        self,
        modes: ArrayLike,
        stddev: float,
        threshold: float = 4.0,
        min_share: float = 0.1,
        feature_extractor: FeatureExtractor | None = None,
        name: str = "mode_coverage",
        dtype: str = "float64",
    ) -> None:
        super().__init__(feature_extractor=feature_extractor, name=name, dtype=dtype)
        self.modes = _checks.finite("modes", modes, "float64")
        if self.modes.ndim != 2 or not self.modes.size:
            raise ValueError(
                "`modes` must be an array of shape (modes, dimensions). "
                f"Received: shape {self.modes.shape}"
            )
        positive = {"low": 0.0, "low_open": True}
        self.stddev = _checks.real_number("stddev", stddev, **positive)
        self.threshold = _checks.real_number("threshold", threshold, **positive)
        self.min_share = _checks.real_number("min_share", min_share, high=1.0, **positive)
        number, dimensions = self.modes.shape
        self.total = self.add_variable((), "zeros", dtype="float64", name="total")
        self.good = self.add_variable((number,), "zeros", dtype="float64", name="good")
        self.sample_shape = (dimensions,)

    def build(self, sample_shape: tf.TensorShape) -> None:
        """Nothing to make: the modes tell the shape of the samples."""

    def update_state(self, generated: ArrayLike) -> None:
        """Take in a batch of samples (batch, d)."""
        samples = self.prepare(generated, "generated")
        distances = tf.norm(samples[:, tf.newaxis] - self.modes, axis=-1)
        nearest = tf.argmin(distances, axis=-1, output_type=tf.int32)
        good = tf.reduce_min(distances, axis=-1) <= self.threshold * self.stddev
        self.total.assign_add(tf.cast(tf.shape(samples)[0], tf.float64))
        self.good.assign_add(
            tf.math.unsorted_segment_sum(tf.cast(good, tf.float64), nearest, len(self.modes))
        )

    def result(self) -> dict[str, Tensor]:
        total, good = tf.convert_to_tensor(self.total), tf.convert_to_tensor(self.good)
        needed = self.min_share * total / len(self.modes)
        covered = tf.reduce_sum(tf.cast((good >= needed) & (good > 0), tf.float64))
        return {
            "modes_covered": self.as_result(tf.where(total > 0, covered, np.nan)),
            "good_share": self.as_result(tf.reduce_sum(good) / total),
        }

    def merge_one(self, metric: Any) -> None:
        self.total.assign_add(metric.total)
        self.good.assign_add(metric.good)

    def get_config(self) -> Config:
        return {
            **super().get_config(),
            "modes": self.modes.tolist(),
            "stddev": self.stddev,
            "threshold": self.threshold,
            "min_share": self.min_share,
        }
