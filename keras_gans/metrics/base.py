"""What all metrics of sample quality have in common."""

import warnings
from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from keras_gans import _checks, _replicas
from keras_gans._typing import ArrayLike, Config, Tensor
from keras_gans.metrics.checks import as_numbers, check
from keras_gans.metrics.distribution import create_once
from keras_gans.metrics.images import ValueRange, are_images, as_images


class SampleMetric(keras.metrics.Metric):
    """A metric of generated samples: `update_state(generated)`.

    The state is made by `build(sample_shape)` at the first update, or earlier by the user. It is
    streamed, of bounded size, and summed over the replicas of a `tf.distribute` strategy. Before
    the first sample the result is NaN; with too few samples `result()` raises `ValueError`, or is
    NaN inside a `tf.function`.

    Images (batch, height, width, channels) must be floats in [-1, 1], and are rounded to 8 bits as
    files hold them. Not a value below 0 in all of a stream means images in [0, 1], which `result()`
    refuses.

    Args:
        feature_extractor: Any callable that maps a batch of images in [-1, 1] to features of
            shape (batch, features). `None`: the samples are the features.
        name: Name of the metric, and its key in the logs.
        dtype: Type of the result. The state is float64 whatever the type. Defaults to float64.
    """

    layout = "batch, features"
    sides: tuple[str, ...] = ("generated",)

    def __init__(self, feature_extractor=None, name=None, dtype="float64"):
        super().__init__(name=name and _checks.string("name", name), dtype=dtype)
        if feature_extractor is not None and not callable(feature_extractor):
            raise TypeError(
                "`feature_extractor` must be callable or None. "
                f"Received: {feature_extractor!r} of type {type(feature_extractor)}"
            )
        self.feature_extractor = feature_extractor
        self.sample_shape: Any = None
        self.ranges = {}

    @property
    def built(self) -> bool:
        return self.sample_shape is not None

    def build(self, sample_shape: tf.TensorShape) -> None:
        """Make the state for samples (or features) of `sample_shape`, without the batch axis."""
        sample_shape = tuple(sample_shape)
        if None in sample_shape:
            raise ValueError(f"`sample_shape` must be fully known. Received: {sample_shape}")
        self.check_memory(sample_shape)
        self.create_state(sample_shape)
        self.ranges = {side: ValueRange(f"{side}_range") for side in self.sides}
        self.sample_shape = sample_shape

    def check_memory(self, sample_shape: tuple[int, ...]) -> None:
        """Refuse samples of which the state could never fit in memory."""

    def create_state(self, sample_shape: tuple[int, ...]) -> None:
        raise NotImplementedError

    def prepare(self, samples: ArrayLike, name: str) -> Tensor:
        """Features of the samples, float64 and checked; builds the metric at the first call."""
        if self.takes_images(samples):
            samples = as_images(samples, name)
        if self.feature_extractor is not None:
            samples = self.features(samples, name)
        samples = _replicas.without_padding(samples)
        samples = as_numbers(name, samples, self.layout)
        if 0 in samples.shape[1:]:
            raise ValueError(
                f"`{name}` must hold samples of one number or more. Received: shape {samples.shape}"
            )
        if not self.built:
            create_once(lambda: self.build(samples.shape[1:]))
        if not samples.shape[1:].is_compatible_with(self.sample_shape):
            raise ValueError(
                f"`{name}` must be of shape (batch, {', '.join(map(str, self.sample_shape))}), as "
                f"the samples before it. Received: shape {samples.shape}"
            )
        return tf.ensure_shape(samples, (None, *self.sample_shape))

    def takes_images(self, samples: ArrayLike) -> bool:
        """Whether the samples are images, to be measured or to be given to an extractor."""
        return self.feature_extractor is not None and are_images(samples)

    def watch(self, name: str, samples: ArrayLike) -> None:
        """Note the value range of a batch of samples that have been taken in."""
        if self.ranges and self.takes_images(samples):
            samples = _replicas.without_padding(tf.convert_to_tensor(samples))
            self.ranges[name].update_state(samples)

    def check_ranges(self) -> None:
        """Refuse images in [0, 1]."""
        for name, values in self.ranges.items():
            values.check(name)

    def features(self, samples: ArrayLike, name: str) -> Tensor:
        """What the extractor makes of the samples; says so if they do not fit it."""
        try:
            return _replicas.also_of_none(self.extract, tf.convert_to_tensor(samples))
        except tf.errors.InvalidArgumentError as error:
            raise ValueError(
                f"`feature_extractor` must take what `{name}` holds. "
                f"Received: {self.feature_extractor!r}, which fails: {error}"
            ) from error

    def extract(self, samples: ArrayLike) -> Tensor:
        return self.feature_extractor(samples)

    def check_count(self, count: Tensor, minimum: int, name: str) -> None:
        """Too few samples: an error when eager, left to the NaN of the result in a graph."""
        if tf.executing_eagerly():
            check(
                count >= minimum,
                f"`{name}` must hold at least {minimum} samples for {type(self).__name__}. "
                f"Received: {int(count)}",
            )

    def as_result(self, value: ArrayLike) -> Tensor:
        return tf.cast(value, self.dtype)

    def nan(self) -> Tensor:
        return self.as_result(float("nan"))

    def merge_state(self, metrics: Sequence[Any]) -> None:
        """Add the samples that other metrics of the same configuration have seen.

        Outside of a strategy: inside one, the replicas are merged when the state is read.
        """
        for metric in metrics:
            if type(metric) is not type(self):
                raise TypeError(
                    f"`metrics` must be {type(self).__name__} objects. Received: {metric!r}"
                )
            if not metric.built:
                continue
            if not self.built:
                self.build(metric.sample_shape)
            if metric.sample_shape != self.sample_shape:
                raise ValueError(
                    f"`metrics` must hold samples of shape {self.sample_shape}. "
                    f"Received: {metric.sample_shape}"
                )
            self.merge_one(metric)
            for side, values in self.ranges.items():
                values.merge_state(metric.ranges[side])

    def merge_one(self, metric):
        """Merge the statistics of another metric into one's own."""
        raise NotImplementedError

    def get_config(self) -> Config:
        return {
            **super().get_config(),
            "feature_extractor": serialized_extractor(self.feature_extractor, self.name),
        }

    @classmethod
    def from_config(cls, config: Config) -> "SampleMetric":
        config = dict(config)
        if config.get("feature_extractor") is not None:
            config["feature_extractor"] = keras.saving.deserialize_keras_object(
                config["feature_extractor"]
            )
        return cls(**config)


class TwoSampleMetric(SampleMetric):
    """A distance between real and generated samples: `update_state(real, generated)`.

    The two may differ in number: either may be `None` in a call.
    """

    sides = ("real", "generated")

    def update_state(
        self, real: ArrayLike | None = None, generated: ArrayLike | None = None
    ) -> None:
        """Take in a batch of real samples, of generated samples, or both.

        Args:
            real: Batch of real samples or `None`.
            generated: Batch of generated samples or `None`.

        Raises:
            ValueError: Both are `None`, or one has the wrong shape or a value that is not finite.
            TypeError: One does not hold numbers.
        """
        if real is None and generated is None:
            raise ValueError("`real` or `generated` must be given. Received: None for both")
        sides = {"real": real, "generated": generated}
        prepared = {
            name: self.prepare(samples, name)
            for name, samples in sides.items()
            if samples is not None
        }
        for name, samples in prepared.items():
            self.watch(name, sides[name])
            self.add_samples(name, samples)

    def add_samples(self, side: str, samples: Tensor) -> None:
        """Update the statistics of one side, `self.real` or `self.generated`."""
        getattr(self, side).update_state(samples)

    def check_counts(self, minimum: int) -> bool:
        """Whether there is anything to compare; an error when one side has too few samples."""
        counts = (self.real.count(), self.generated.count())
        if tf.executing_eagerly() and not any(counts):
            return False
        for name, count in zip(self.sides, counts, strict=True):
            self.check_count(count, minimum, name)
        self.check_ranges()
        return True

    def merge_one(self, metric: Any) -> None:
        for side in self.sides:
            getattr(self, side).merge_state(getattr(metric, side))


def logits(extractor, samples):
    """What an extractor makes of samples: its logits, if it gives features and logits."""
    if hasattr(extractor, "features_and_logits"):
        return extractor.features_and_logits(samples)[1]
    return extractor(samples)


def serialized_extractor(extractor, owner):
    """Configuration of an extractor that comes back whole, else `None` and a warning.

    A config holds no weights, so a plain model would come back untrained and its features would be
    wrong without a sign of it.
    """
    if extractor is None:
        return None
    if _comes_back_whole(extractor):
        return keras.saving.serialize_keras_object(extractor)
    warnings.warn(
        f"The feature extractor of {owner!r} is not saved with it, because a configuration holds "
        "no weights. Pass it again after loading, or register a class with `get_config` for it.",
        stacklevel=4,
    )
    return None


def _comes_back_whole(extractor):
    """Whether it is registered, with all that it is made of, and has no weights of its own."""
    is_named = isinstance(extractor, type) or hasattr(extractor, "__name__")
    registered = keras.saving.get_registered_name(extractor if is_named else type(extractor))
    parts = getattr(extractor, "parts", ())
    is_whole = ">" in registered and not isinstance(extractor, keras.Layer)
    return is_whole and all(map(_comes_back_whole, parts))
