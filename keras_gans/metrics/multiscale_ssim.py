from typing import Any

import keras
import numpy as np
import tensorflow as tf

from keras_gans import _checks
from keras_gans._typing import ArrayLike, Config, Tensor
from keras_gans.metrics.base import SampleMetric
from keras_gans.metrics.distribution import num_replicas, own_slot, write_slot

_SCALE_WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)


@keras.saving.register_keras_serializable(package="keras_gans")
class MultiScaleSSIM(SampleMetric):
    """Mean multi-scale structural similarity of pairs of generated images: high means alike.

    Pairs are samples 2i and 2i + 1 of the stream; one that has no partner yet waits in the state,
    so memory is one image. The stream must be in random order: of images sorted by class the pairs
    are of one class. Feed the samples of one class to measure the diversity within it.
    The paper's five scales need images of 176 pixels; smaller ones take the first scales whose
    images still hold the filter, with the weights of those scaled to the sum of all five.

    Args:
        filter_size: Side of the Gaussian window (σ = 1.5). Defaults to 11; smaller for tiny images.
        name: Defaults to "ms_ssim".
        dtype: Type of the result. Defaults to float64; a pair's similarity is found in float32.

    `update_state(generated)` takes images (batch, height, width, channels) in [-1, 1], which are
    rounded to 8 bits.

    Raises:
        TypeError: Images are not floating point numbers.
        ValueError: Images are NaN, beyond [-1, 1], in [0, 1], smaller than the filter or of
            different shapes; fewer than 2 in `result()`.

    Example:

    >>> metric = MultiScaleSSIM()
    >>> metric.update_state(keras.ops.ones((2, 28, 28, 1)))
    >>> float(metric.result())
    1.0

    References:
        - [Odena et al. 2017, Conditional Image Synthesis with Auxiliary Classifier GANs](
          https://arxiv.org/abs/1610.09585)
        - [Wang et al. 2003, Multi-scale Structural Similarity for Image Quality Assessment](
          https://ece.uwaterloo.ca/~z70wang/publications/msssim.pdf)
    """

    layout = "batch, height, width, channels"

    def takes_images(self, samples: ArrayLike) -> bool:
        return True

    def __init__(
        self, filter_size: int = 11, name: str = "ms_ssim", dtype: str = "float64"
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        _checks.positive_int("filter_size", filter_size, minimum=2)
        self.filter_size = filter_size

    def create_state(self, sample_shape: tuple[int, ...]) -> None:
        side = min(sample_shape[:2])
        if side < self.filter_size:
            raise ValueError(
                f"`generated` must be at least {self.filter_size} pixels high and wide "
                f"(`filter_size`). Received: images of shape {sample_shape}"
            )
        scales = [s for s in range(len(_SCALE_WEIGHTS)) if side // 2**s >= self.filter_size]
        weights = np.array(_SCALE_WEIGHTS[: len(scales)])
        self.scale_weights = (weights * sum(_SCALE_WEIGHTS) / weights.sum()).tolist()

        def zeros(shape, name):
            return self.add_variable(shape, "zeros", dtype="float64", name=name)

        self.total = zeros((), "total")
        self.pairs = zeros((), "pairs")
        self.waiting = zeros((num_replicas(),), "waiting")
        self.waiting_image = zeros((num_replicas(), *sample_shape), "waiting_image")

    def update_state(self, generated: ArrayLike) -> None:
        """Take in a batch of images (batch, height, width, channels) in [-1, 1]."""
        images = self.prepare(generated, "generated")
        self.watch("generated", generated)
        self._pair(images, own_slot(self.waiting), own_slot(self.waiting_image))

    def _pair(self, images, waiting, waiting_image, slot=None):
        images = tf.concat(
            [tf.repeat(waiting_image[tf.newaxis], tf.cast(waiting, tf.int32), axis=0), images],
            axis=0,
        )
        pairs = tf.shape(images)[0] // 2
        similarities = tf.image.ssim_multiscale(
            to_unit(images[0 : 2 * pairs : 2]),
            to_unit(images[1 : 2 * pairs : 2]),
            max_val=1.0,
            power_factors=self.scale_weights,
            filter_size=self.filter_size,
        )
        rest = images[2 * pairs :]
        self.total.assign_add(tf.reduce_sum(tf.cast(similarities, tf.float64)))
        self.pairs.assign_add(tf.cast(pairs, tf.float64))
        write_slot(self.waiting, tf.shape(rest)[0], slot)
        write_slot(self.waiting_image, tf.reduce_sum(rest, axis=0), slot)

    def count(self) -> Tensor:
        waiting = tf.reduce_sum(tf.convert_to_tensor(self.waiting))
        return 2 * tf.convert_to_tensor(self.pairs) + waiting

    def result(self) -> Tensor:
        if not self.built or (tf.executing_eagerly() and self.count() == 0):
            return self.nan()
        self.check_count(self.count(), 2, "generated")
        self.check_ranges()
        return self.as_result(tf.convert_to_tensor(self.total) / tf.convert_to_tensor(self.pairs))

    def merge_one(self, metric: Any) -> None:
        self.total.assign_add(metric.total)
        self.pairs.assign_add(metric.pairs)
        waiting = tf.cast(tf.convert_to_tensor(metric.waiting), tf.int32)
        images = tf.repeat(tf.convert_to_tensor(metric.waiting_image), waiting, axis=0)
        self._pair(images, self.waiting[0], self.waiting_image[0], slot=0)

    def get_config(self) -> Config:
        config = super().get_config()
        del config["feature_extractor"]
        return {**config, "filter_size": self.filter_size}


def to_unit(images):
    """Images in [-1, 1] as float32 in [0, 1]: the luminance term needs positive values."""
    return tf.cast((images + 1.0) / 2.0, tf.float32)
