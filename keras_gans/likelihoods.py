"""Likelihoods: what a decoder's outputs say about an example, as TensorFlow Probability has it.

A likelihood p(x | z) is a family of distributions whose parameters a decoder computes from z. A new
one is a class with `num_outputs`, `distribution` and `mean`.
"""

from collections.abc import Sequence

import keras
from keras import ops

from keras_gans import _checks
from keras_gans._configured import Fixed
from keras_gans._precision import at_least_float32
from keras_gans._typing import Config, Distribution, Tensor

__all__ = ["Bernoulli", "Gaussian", "Likelihood", "get"]


class Likelihood(Fixed):
    """Base class of likelihoods.

    A subclass states

    - `num_outputs`: how many outputs a decoder may have;
    - `distribution(*outputs)`: the TFP distribution of an example's independent numbers, after
      `to_support`;
    - `mean(*outputs)`: the mean example;
    - `value_range`: lowest and highest number of an example. Defaults to `None`, any;
    - `of_logits`: whether the outputs are logits, and must not be probabilities.

    Example:

    >>> import keras_gans as kg
    >>> class Laplace(kg.likelihoods.Likelihood):
    ...     def distribution(self, location):
    ...         from tensorflow_probability import distributions
    ...
    ...         return distributions.Laplace(location, 0.5)
    ...
    ...     def mean(self, location):
    ...         return location
    >>> Laplace().log_prob([[0.0, 0.5]], [[[0.0, 0.0]]]).numpy().tolist()
    [-1.0]
    """

    num_outputs: tuple[int, ...] = (1,)
    value_range: tuple[float, float] | None = None
    of_logits = False

    def distribution(self, *outputs: Tensor) -> Distribution:
        raise NotImplementedError

    def mean(self, *outputs: Tensor) -> Tensor:
        raise NotImplementedError

    def to_support(self, x: Tensor) -> Tensor:
        """Return examples as numbers of the kind that the distribution is about."""
        return x

    def log_prob(self, x: Tensor, outputs: Sequence[Tensor]) -> Tensor:
        """Return log p(x | z) of each example.

        Args:
            x: Float tensor of examples `(batch, …)`.
            outputs: List of the decoder's outputs.

        Returns:
            Tensor `(batch,)`, float32 or wider, in nats: the sum over an example's numbers; −∞
            where it is beyond the type.
        """
        x, *outputs = map(at_least_float32, (x, *outputs))
        dtype = keras.backend.result_type(*(part.dtype for part in (x, *outputs)))
        x, *outputs = (ops.cast(part, dtype) for part in (x, *outputs))
        log_probs = self.distribution(*outputs).log_prob(self.to_support(x))
        return ops.sum(log_probs, axis=tuple(range(1, len(log_probs.shape))))

    def get_config(self) -> Config:
        return {}

    @classmethod
    def from_config(cls, config: Config) -> "Likelihood":
        return cls(**config)


@keras.saving.register_keras_serializable(package="keras_gans")
class Bernoulli(Likelihood):
    """Black and white pixels: the decoder's output is the logit of white.

    An example x in [−1, 1] counts as the probability (x + 1)/2 of white, so that gray pixels get
    their cross-entropy. The log-likelihood is one only for x = ±1.

    Example:

    >>> import numpy as np, keras_gans as kg
    >>> x, logits = np.array([[-1.0, 1.0]]), np.zeros((1, 2))
    >>> kg.likelihoods.Bernoulli().log_prob(x, [logits]).numpy().round(4).tolist()
    [-1.3863]

    Reference:
        Kingma and Welling 2013, Auto-Encoding Variational Bayes, appendix C.1.
    """

    value_range = (-1.0, 1.0)
    of_logits = True

    def distribution(self, logits: Tensor) -> Distribution:
        return _distributions().Bernoulli(logits=logits)

    def to_support(self, x: Tensor) -> Tensor:
        return (x + 1) / 2

    def mean(self, logits: Tensor) -> Tensor:
        return ops.tanh(at_least_float32(logits) / 2)


@keras.saving.register_keras_serializable(package="keras_gans")
class Gaussian(Likelihood):
    """Pixels with Gaussian noise around the decoder's first output.

    A decoder with a second output says the logarithm of the noise's variance itself, of any shape
    that broadcasts with the mean's.

    Args:
        stddev: Positive float, standard deviation of the noise if the decoder has one output; the
            range of an image is 2. Defaults to `1.0`.

    Raises:
        ValueError, TypeError: If `stddev` is not a positive number.

    Example:

    >>> import numpy as np, keras_gans as kg
    >>> x, mean, log_variance = np.zeros((1, 2)), np.zeros((1, 2)), np.zeros((1, 1))
    >>> gaussian = kg.likelihoods.Gaussian()
    >>> gaussian.log_prob(x, [mean, log_variance]).numpy().round(4).tolist()
    [-1.8379]

    Reference:
        Kingma and Welling 2013, Auto-Encoding Variational Bayes, appendix C.2.
    """

    num_outputs = (1, 2)

    def __init__(self, stddev: float = 1.0) -> None:
        self.stddev = _checks.real_number("stddev", stddev, low=0.0, low_open=True)

    def distribution(self, mean: Tensor, log_variance: Tensor | None = None) -> Distribution:
        stddev = self.stddev if log_variance is None else ops.exp(log_variance / 2)
        return _distributions().Normal(mean, stddev)

    def mean(self, mean: Tensor, log_variance: Tensor | None = None) -> Tensor:
        return at_least_float32(mean)

    def get_config(self) -> Config:
        return {"stddev": self.stddev}


def _distributions():
    from tensorflow_probability import distributions

    return distributions


#: Likelihoods by the name that a model's `likelihood` argument takes.
LIKELIHOODS = {"bernoulli": Bernoulli, "gaussian": Gaussian}


def get(likelihood: str | Likelihood) -> Likelihood:
    """Return a likelihood given itself or its name.

    Raises:
        ValueError: If the name is unknown.
        TypeError: If it is neither.

    Example:

    >>> import keras_gans as kg
    >>> kg.likelihoods.get("gaussian").stddev
    1.0
    """
    if isinstance(likelihood, Likelihood):
        return likelihood
    if not isinstance(likelihood, str):
        raise TypeError(
            "`likelihood` must be a keras_gans.likelihoods.Likelihood or its name. "
            f"Received: likelihood={likelihood!r}"
        )
    return LIKELIHOODS[_checks.one_of("likelihood", likelihood, list(LIKELIHOODS))]()
