import numbers
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from keras_gans import _checks, _memory
from keras_gans._typing import ArrayLike, Config, FeatureExtractor, Tensor
from keras_gans.metrics.base import SampleMetric, logits


@keras.saving.register_keras_serializable(package="keras_gans")
class ModeCoverage(SampleMetric):
    """How many modes of the data the samples reach, and how evenly.

    Modes are the centers of a known mixture, or the classes of any classifier:

    - Of a mixture, a sample belongs to the nearest center, and is good if that is at most
      `threshold · stddev` away. A mode is covered when its good samples are at least `min_share` of
      what would be the mode's part of all samples, were they spread as the data.
    - Of a classifier, a sample belongs to the class of the largest score, and is always good. One
      sample covers a class, unless `min_share` is given.

    `result()` is a dict: `modes_covered`, from 0 to k; `mode_kl`, the Kullback-Leibler divergence
    KL(samples ‖ data) between the shares of the modes in nats, without smoothing, from 0 to log k
    if the data are uniform; and of a mixture `good_share`, from 0 to 1.

    Args:
        modes: Array (k, d) of the centers, or the number k of classes. `update_state` then takes
            scores (batch, k), such as logits, or what the extractor makes scores of.
        stddev: Standard deviation of every mode along each axis, in the units of the samples. Of a
            mixture alone.
        threshold: Largest distance of a good sample, in standard deviations. Defaults to 4.
        min_share: Smallest share of its part that covers a mode, in (0, 1]. Defaults to `None`: of
            a mixture 0.1, and of classes a single sample.
        data_shares: Array (k,) of the modes' shares of the data, or of their numbers of examples.
            Defaults to `None`: all alike. A mode of share 0 is never covered, and samples of it
            make `mode_kl` infinite.
        feature_extractor: Callable from samples to points (batch, d), or to scores (batch, k). Of
            one with `features_and_logits`, such as `MNISTFeatures()` and `PerChannelFeatures`, the
            logits are the scores. Defaults to `None`.
        name: Defaults to "mode_coverage".
        dtype: Type of the result. Defaults to float64.

    Raises:
        ValueError, TypeError: An argument is out of its range; samples are not finite, or not of
            shape (batch, d) or (batch, k).

    Example:

    >>> metric = ModeCoverage(modes=[[-1.0], [1.0]], stddev=0.1)
    >>> metric.update_state([[0.9], [1.1], [1.0], [0.0]])
    >>> {key: round(float(value), 3) for key, value in metric.result().items()}
    {'modes_covered': 1.0, 'mode_kl': 0.131, 'good_share': 0.75}
    >>> metric = ModeCoverage(modes=3)
    >>> metric.update_state([[2.5, 0.0, -1.0], [0.3, 0.2, 0.1]])
    >>> {key: round(float(value), 3) for key, value in metric.result().items()}
    {'modes_covered': 1.0, 'mode_kl': 1.099}

    References:
        - [Metz et al. 2017, Unrolled GANs, section 3.3.1](https://arxiv.org/abs/1611.02163)
        - [Srivastava et al. 2017, VEEGAN](https://arxiv.org/abs/1705.07761)
        - [Lin et al. 2018, PacGAN](https://arxiv.org/abs/1712.04086)
    """

    def __init__(
        self,
        modes: int | ArrayLike,
        stddev: float | None = None,
        threshold: float = 4.0,
        min_share: float | None = None,
        data_shares: ArrayLike | None = None,
        feature_extractor: FeatureExtractor | None = None,
        name: str = "mode_coverage",
        dtype: str = "float64",
    ) -> None:
        super().__init__(feature_extractor=feature_extractor, name=name, dtype=dtype)
        self.modes, self.stddev = _modes(modes, stddev)
        self.are_classes = isinstance(self.modes, int)
        self.layout = "batch, classes" if self.are_classes else "batch, dimensions"
        self.number = self.modes if self.are_classes else len(self.modes)
        positive = {"low": 0.0, "low_open": True}
        self.threshold = _checks.real_number("threshold", threshold, **positive)
        self.min_share = min_share
        if min_share is not None:
            self.min_share = _checks.real_number("min_share", min_share, high=1.0, **positive)
        self.data_shares = _shares(data_shares, self.number)
        self.build((self.number,) if self.are_classes else self.modes.shape[1:])

    def create_state(self, sample_shape: tuple[int, ...]) -> None:
        def zeros(name):
            return self.add_variable((self.number,), "zeros", dtype="float64", name=name)

        self.counts, self.good = zeros("counts"), zeros("good")

    def extract(self, samples: ArrayLike) -> Tensor:
        if self.are_classes:
            return logits(self.feature_extractor, samples)
        return super().extract(samples)

    def update_state(self, generated: ArrayLike) -> None:
        """Take in a batch of samples: points (batch, d), scores (batch, k), or for an extractor."""
        samples = self.prepare(generated, "generated")
        self.watch("generated", generated)
        mode, is_good = self._assigned(samples)

        def count(counted):
            return tf.math.unsorted_segment_sum(tf.cast(counted, tf.float64), mode, self.number)

        self.counts.assign_add(count(tf.ones_like(is_good)))
        self.good.assign_add(count(is_good))

    def _assigned(self, samples):
        """The mode of each sample, and whether it is a good one."""
        if self.are_classes:
            mode = tf.argmax(samples, axis=-1, output_type=tf.int32)
            return mode, tf.ones_like(mode, tf.bool)
        distances = tf.norm(samples[:, tf.newaxis] - self.modes, axis=-1)
        is_good = tf.reduce_min(distances, axis=-1) <= self.threshold * self.stddev
        return tf.argmin(distances, axis=-1, output_type=tf.int32), is_good

    def result(self) -> dict[str, Tensor]:
        self.check_ranges()
        counts, good = tf.convert_to_tensor(self.counts), tf.convert_to_tensor(self.good)
        total = tf.reduce_sum(counts)
        min_share = self.min_share or (0.0 if self.are_classes else 0.1)
        is_in_data = self.data_shares > 0
        is_covered = is_in_data & (good >= min_share * total * self.data_shares) & (good > 0)
        covered = tf.reduce_sum(tf.cast(is_covered, tf.float64))
        shares = counts / total
        terms = tf.where(shares == 0, shares, shares * tf.math.log(shares / self.data_shares))
        result = {
            "modes_covered": tf.where(total > 0, covered, np.nan),
            "mode_kl": tf.reduce_sum(terms),
        }
        if not self.are_classes:
            result["good_share"] = tf.reduce_sum(good) / total
        return {name: self.as_result(value) for name, value in result.items()}

    def merge_one(self, metric: Any) -> None:
        self.counts.assign_add(metric.counts)
        self.good.assign_add(metric.good)

    def get_config(self) -> Config:
        return {
            **super().get_config(),
            "modes": self.modes if self.are_classes else self.modes.tolist(),
            "stddev": self.stddev,
            "threshold": self.threshold,
            "min_share": self.min_share,
            "data_shares": self.data_shares.tolist(),
        }


def _modes(modes, stddev):
    """The number of classes and `None`, or the centers of a mixture and the width of each."""
    if modes is None or isinstance(modes, (numbers.Number, str)):
        number = _checks.positive_int("modes", modes)
        _memory.check("modes", number, [(16,)])  # counts, and what is made of them
        if stddev is not None:
            raise ValueError(
                "`stddev` must be None for a number of classes, which have no centers. "
                f"Received: modes={modes!r}, stddev={stddev!r}"
            )
        return number, None
    modes = _checks.finite("modes", modes, "float64")
    if modes.ndim != 2 or not modes.size:
        raise ValueError(
            "`modes` must be an array of shape (modes, dimensions), or a number of classes. "
            f"Received: shape {modes.shape}"
        )
    return modes, _checks.real_number("stddev", stddev, low=0.0, low_open=True)


def _shares(data_shares, number):
    if data_shares is None:
        return np.full(number, 1 / number)
    shares = _checks.finite("data_shares", data_shares, "float64")
    if shares.shape != (number,) or shares.min() < 0 or not shares.sum() > 0:
        raise ValueError(
            f"`data_shares` must be {number} numbers of at least 0, not all of them 0, one for "
            f"each mode. Received: data_shares={data_shares!r}"
        )
    return shares / shares.sum()
