import keras
import tensorflow as tf

from keras_gans import _checks
from keras_gans.metrics.base import SampleMetric
from keras_gans.metrics.checks import check


@keras.saving.register_keras_serializable(package="keras_gans")
class InceptionScore(SampleMetric):
    """Inception Score: exp of the mean KL(p(y|x) ‖ p(y)), between 1 and the number of classes.

    Computed in float64 from the log-softmax of the logits. Sample i of the stream belongs to split
    i mod `splits`; the score is the mean over the splits, and `standard_deviation()` is the
    (population) standard deviation that is printed behind the ±.

    Args:
        splits: Number of parts into which the samples are dealt. Defaults to 10.
        from_logits: Whether `generated`, or what the extractor returns, are logits; `False` means
            probabilities, whose rows must sum to one. Defaults to `True`.
        feature_extractor: Callable from images in [-1, 1] to logits (batch, classes), or an object
            with `features_and_logits`, such as `InceptionFeatures()`, of which the logits are
            taken. `None`: `update_state` takes the logits themselves.
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
        splits=10,
        from_logits=True,
        feature_extractor=None,
        name="inception_score",
        dtype="float64",
    ):
        super().__init__(feature_extractor=feature_extractor, name=name, dtype=dtype)
        _checks.positive_int("splits", splits)
        self.splits = splits
        self.from_logits = from_logits

    def create_state(self, sample_shape):
        def zeros(shape, name):
            return self.add_variable(shape, "zeros", dtype="float64", name=name)

        self.counts = zeros((self.splits,), "counts")
        self.negative_entropies = zeros((self.splits,), "negative_entropies")
        self.probabilities = zeros((self.splits, *sample_shape), "probabilities")

    def update_state(self, generated):
        """Take in a batch of class logits (or of images, with a feature extractor)."""
        scores = self.prepare(generated, "generated")
        if self.from_logits:
            log_probabilities = tf.nn.log_softmax(scores)
            probabilities = tf.exp(log_probabilities)
            negative_entropies = tf.reduce_sum(probabilities * log_probabilities, axis=-1)
        else:
            probabilities = normalized(scores)
            negative_entropies = tf.reduce_sum(tf.math.xlogy(probabilities, probabilities), axis=-1)
        index = tf.range(tf.shape(scores)[0]) + tf.cast(self.count() % self.splits, tf.int32)

        def deal(values):
            return tf.math.unsorted_segment_sum(values, index % self.splits, self.splits)

        self.counts.assign_add(deal(tf.ones_like(negative_entropies)))
        self.negative_entropies.assign_add(deal(negative_entropies))
        self.probabilities.assign_add(deal(probabilities))

    def extract(self, samples):
        if hasattr(self.feature_extractor, "features_and_logits"):
            return self.feature_extractor.features_and_logits(samples)[1]
        return self.feature_extractor(samples)

    def count(self):
        return tf.reduce_sum(tf.convert_to_tensor(self.counts))

    def split_scores(self):
        """Inception Score of each split, shape (splits,); NaN for a split without samples."""
        counts = tf.convert_to_tensor(self.counts)
        marginals = self.probabilities / counts[:, tf.newaxis]
        marginal_entropies = -tf.reduce_sum(tf.math.xlogy(marginals, marginals), axis=-1)
        return tf.exp(marginal_entropies + self.negative_entropies / counts)

    def result(self):
        if not self._has_samples():
            return self.nan()
        return self.as_result(tf.reduce_mean(self.split_scores()))

    def standard_deviation(self):
        """Standard deviation of the score over the splits."""
        if not self._has_samples():
            return self.nan()
        return self.as_result(tf.math.reduce_std(self.split_scores()))

    def _has_samples(self):
        if not self.built or (tf.executing_eagerly() and self.count() == 0):
            return False
        self.check_count(self.count(), max(2, self.splits), "generated")
        return True

    def merge_one(self, metric):
        """Deal the other's samples on from where one's own end, as one stream would have."""
        shift = tf.cast(self.count() % self.splits, tf.int32)
        for own, other in zip(self.variables, metric.variables, strict=True):
            own.assign_add(tf.roll(tf.convert_to_tensor(other), shift, axis=0))

    def get_config(self):
        return {**super().get_config(), "splits": self.splits, "from_logits": self.from_logits}


def normalized(probabilities, tolerance=1e-4):
    """The probabilities, after a check that each row is a distribution up to float32 rounding."""
    sums = tf.reduce_sum(probabilities, axis=-1)
    check(
        tf.reduce_all(probabilities >= 0) & tf.reduce_all(tf.abs(sums - 1) <= tolerance),
        "`generated` must be probabilities whose rows sum to one (or logits, with "
        "`from_logits=True`). Received: rows that are negative or sum to something else",
    )
    return probabilities / sums[:, tf.newaxis]
