from typing import Any

import keras
import tensorflow as tf

from keras_gans import _checks
from keras_gans._typing import ArrayLike, Config, FeatureExtractor, Seed, Tensor
from keras_gans.metrics.base import SampleMetric, logits
from keras_gans.metrics.checks import check
from keras_gans.metrics.distribution import num_replicas, own_slot, places_in_stream, write_slot
from keras_gans.metrics.reservoir import random_keys


@keras.saving.register_keras_serializable(package="keras_gans")
class InceptionScore(SampleMetric):
    """Inception Score: exp of the mean KL(p(y|x) ‖ p(y)), between 1 and the number of classes.

    Computed in float64 from the log-softmax of the logits. The score is the mean over the splits,
    and `standard_deviation()` is the (population) standard deviation that is printed behind the ±.

    The paper's code cuts shuffled samples into parts. Here every `splits` consecutive samples are
    dealt out, one to each split, in a pseudo-random order that depends on `seed` and on their place
    in the stream alone. So the splits are of equal size up to one sample, samples sorted by class
    or with classes in turn score as shuffled ones do, and neither batches nor replicas matter.

    Args:
        splits: Number of parts into which the samples are dealt. Defaults to 10.
        from_logits: Whether `generated`, or what the extractor returns, are logits; `False` means
            probabilities, whose rows must sum to one. Defaults to `True`.
        feature_extractor: Callable from images in [-1, 1] to logits (batch, classes), or an object
            with `features_and_logits`, such as `InceptionFeatures()`, of which the logits are
            taken. `None`: `update_state` takes the logits themselves.
        seed: Seed of the order in which samples are dealt to the splits. Defaults to 0.
        name: Defaults to "inception_score".
        dtype: Type of the result. Defaults to float64.

    Raises:
        ValueError: Values are NaN, not of shape (batch, classes), or do not sum to one with
            `from_logits=False`; fewer than max(2, `splits`) samples in `result()`.

    Example:

    >>> metric = InceptionScore(splits=1, from_logits=False)
    >>> metric.update_state([[1.0, 0.0], [0.0, 1.0]])
    >>> float(metric.result())
    2.0

    References:
        - [Salimans et al. 2016, Improved Techniques for Training GANs, section 4](
          https://arxiv.org/abs/1606.03498)
        - [Barratt and Sharma 2018, A Note on the Inception Score](
          https://arxiv.org/abs/1801.01973)
    """

    layout = "batch, classes"

    def __init__(
        self,
        splits: int = 10,
        from_logits: bool = True,
        feature_extractor: FeatureExtractor | None = None,
        seed: Seed = 0,
        name: str = "inception_score",
        dtype: str = "float64",
    ) -> None:
        super().__init__(feature_extractor=feature_extractor, name=name, dtype=dtype)
        self.splits = _checks.positive_int("splits", splits)
        self.seed = _checks.positive_int("seed", seed, minimum=0)
        self.from_logits = from_logits

    def create_state(self, sample_shape: tuple[int, ...]) -> None:
        def zeros(shape, name):
            return self.add_variable(shape, "zeros", dtype="float64", name=name)

        self.seen = self.add_variable((num_replicas(),), "zeros", dtype="int64", name="seen")
        self.counts = zeros((self.splits,), "counts")
        self.negative_entropies = zeros((self.splits,), "negative_entropies")
        self.probabilities = zeros((self.splits, *sample_shape), "probabilities")

    def update_state(self, generated: ArrayLike) -> None:
        """Take in a batch of class logits (or of images, with a feature extractor)."""
        scores = self.prepare(generated, "generated")
        self.watch("generated", generated)
        if self.from_logits:
            log_probabilities = tf.nn.log_softmax(scores)
            probabilities = tf.exp(log_probabilities)
            negative_entropies = tf.reduce_sum(probabilities * log_probabilities, axis=-1)
        else:
            probabilities = normalized(scores)
            negative_entropies = tf.reduce_sum(tf.math.xlogy(probabilities, probabilities), axis=-1)
        places, seen = places_in_stream(own_slot(self.seen), tf.shape(scores)[0])
        split = splits_of(places, self.splits, self.seed)

        def deal(values):
            return tf.math.unsorted_segment_sum(values, split, self.splits)

        write_slot(self.seen, seen)

        self.counts.assign_add(deal(tf.ones_like(negative_entropies)))
        self.negative_entropies.assign_add(deal(negative_entropies))
        self.probabilities.assign_add(deal(probabilities))

    def extract(self, samples: ArrayLike) -> Tensor:
        return logits(self.feature_extractor, samples)

    def count(self) -> Tensor:
        return tf.reduce_sum(tf.convert_to_tensor(self.counts))

    def split_scores(self) -> Tensor:
        """Inception Score of each split, shape (splits,); NaN for a split without samples."""
        counts = tf.convert_to_tensor(self.counts)
        marginals = self.probabilities / counts[:, tf.newaxis]
        marginal_entropies = -tf.reduce_sum(tf.math.xlogy(marginals, marginals), axis=-1)
        return tf.exp(marginal_entropies + self.negative_entropies / counts)

    def result(self) -> Tensor:
        if not self._has_samples():
            return self.nan()
        return self.as_result(tf.reduce_mean(self.split_scores()))

    def standard_deviation(self) -> Tensor:
        """Standard deviation of the score over the splits."""
        if not self._has_samples():
            return self.nan()
        return self.as_result(tf.math.reduce_std(self.split_scores()))

    def _has_samples(self):
        if not self.built or (tf.executing_eagerly() and self.count() == 0):
            return False
        self.check_count(self.count(), max(2, self.splits), "generated")
        self.check_ranges()
        return True

    def merge_one(self, metric: Any) -> None:
        """Add each split of the other to one's own, as it was dealt."""
        for name in ("counts", "negative_entropies", "probabilities"):
            getattr(self, name).assign_add(tf.convert_to_tensor(getattr(metric, name)))
        write_slot(self.seen, own_slot(self.seen) + own_slot(metric.seen), slot=0)

    def get_config(self) -> Config:
        return {
            **super().get_config(),
            "splits": self.splits,
            "from_logits": self.from_logits,
            "seed": self.seed,
        }


def splits_of(places, splits, seed):
    """The split of each place in a stream: every `splits` places are a random permutation."""
    block = splits * (places // splits)
    keys = random_keys(
        tf.reshape(block[:, tf.newaxis] + tf.range(splits, dtype=tf.int64), [-1]), (seed, 0, 3)
    )
    keys = tf.reshape(keys, [-1, splits])
    own = tf.gather(keys, places - block, axis=1, batch_dims=1)
    return tf.math.count_nonzero(keys < own[:, tf.newaxis], axis=1)


def normalized(probabilities, tolerance=1e-4):
    """The probabilities, after a check that each row is a distribution up to float32 rounding."""
    sums = tf.reduce_sum(probabilities, axis=-1)
    check(
        tf.reduce_all(probabilities >= 0) & tf.reduce_all(tf.abs(sums - 1) <= tolerance),
        "`generated` must be probabilities whose rows sum to one (or logits, with "
        "`from_logits=True`). Received: rows that are negative or sum to something else",
    )
    return probabilities / sums[:, tf.newaxis]
