"""Divergences that compare probabilities point by point: Kullback–Leibler, Jensen–Shannon, total
variation.

They take two histograms or two TensorFlow Probability distributions. A distribution is handled by
the first of these methods that applies:

- `"closed_form"`: the divergence that TFP registers for the two families (KL only), or the sum
  over the classes of two categorical distributions;
- `"quadrature"`: adaptive Gauss–Kronrod quadrature for densities on the real line. The first
  panels are quantiles of a fixed draw from both, so no scale needs to be given;
- `"monte_carlo"`: the mean over draws, with its standard error.
"""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from keras_gans import _checks
from keras_gans._typing import ArrayLike, Distribution, Seed, Tensor
from keras_gans.divergences import _distributions, _inputs, _quadrature

METHODS = ("auto", "closed_form", "quadrature", "monte_carlo")


def kl_divergence(
    p: ArrayLike | Distribution,
    q: ArrayLike | Distribution,
    *,
    method: str = "auto",
    num_samples: int = 10_000,
    seed: Seed = None,
    return_standard_error: bool = False,
) -> Tensor | Any:
    """Kullback–Leibler divergence KL(P‖Q) = E_P[log P/Q], in nats.

    0·log 0 = 0, and the divergence is +∞ where P has mass and Q has none. It is not symmetric.

    Args:
        p: Histogram `(..., n)` of probabilities that sum to 1 (to 0.002, so that a table printed
            with three digits passes; it is used as it is), or a TFP distribution.
        q: Histogram `(..., n)` whose leading axes broadcast with those of `p`, or a TFP
            distribution of the same event shape.
        method: For distributions: `"auto"`, `"closed_form"`, `"quadrature"` or `"monte_carlo"`.
        num_samples: Draws for `"monte_carlo"`. Defaults to 10,000.
        seed: Integer, `keras.random.SeedGenerator` or None, for `"monte_carlo"`.
        return_standard_error: Whether to return `(value, standard_error)`. The standard error is
            zero for the exact methods.

    Returns:
        Float64 tensor in [0, ∞], of the shape of the leading axes (the batch shape), or the pair.
        A Monte Carlo estimate may fall below 0 by its error.
        Differentiable in histograms and in the parameters of distributions; works in a
        `tf.function`.

    Raises:
        TypeError: If one argument is a distribution and the other an array.
        ValueError: If a histogram is negative, unnormalized or not finite, or shapes differ.

    Example:

    >>> from keras_gans.divergences import kl_divergence
    >>> p, q = [0.36, 0.48, 0.16], [1 / 3, 1 / 3, 1 / 3]
    >>> print(f"{kl_divergence(q, p):.7f} {kl_divergence(p, q):.7f}")
    0.0974550 0.0852996
    >>> print(float(kl_divergence([1.0, 0.0], [0.0, 1.0])))
    inf

    Reference:
        Kullback and Leibler 1951, "On information and sufficiency".
    """
    return _between(_KL, p, q, method, num_samples, seed, return_standard_error)


def js_divergence(
    p: ArrayLike | Distribution,
    q: ArrayLike | Distribution,
    *,
    method: str = "auto",
    num_samples: int = 10_000,
    seed: Seed = None,
    return_standard_error: bool = False,
) -> Tensor | Any:
    """Jensen–Shannon divergence JS = ½ KL(P‖M) + ½ KL(Q‖M) with M = ½(P + Q), in nats.

    Symmetric, between 0 (for P = Q alone) and log 2 (for disjoint supports alone).

    Args:
        p: Histogram `(..., n)` of probabilities, or a TFP distribution; see `kl_divergence`.
        q: The same.
        method: For distributions: `"auto"`, `"closed_form"` (categorical families only),
            `"quadrature"` or `"monte_carlo"`.
        num_samples: Draws from each distribution for `"monte_carlo"`. Defaults to 10,000.
        seed: Integer, `keras.random.SeedGenerator` or None, for `"monte_carlo"`.
        return_standard_error: Whether to return `(value, standard_error)`.

    Returns:
        Float64 tensor in [0, log 2], of the shape of the leading axes, or the pair.

    Raises:
        TypeError, ValueError: As `kl_divergence`.

    Example:

    >>> from keras_gans.divergences import js_divergence
    >>> print(f"{js_divergence([1.0, 0.0], [0.0, 1.0]):.6f}")  # log 2
    0.693147

    Reference:
        Lin 1991, "Divergence measures based on the Shannon entropy", eq. (4.1).
    """
    return _between(_JS, p, q, method, num_samples, seed, return_standard_error)


def total_variation(
    p: ArrayLike | Distribution,
    q: ArrayLike | Distribution,
    *,
    method: str = "auto",
    num_samples: int = 10_000,
    seed: Seed = None,
    return_standard_error: bool = False,
) -> Tensor | Any:
    """Total variation distance TV = ½ Σ|P − Q|: the greatest difference of any event's probability.

    A metric, between 0 and 1.

    Args:
        p: Histogram `(..., n)` of probabilities, or a TFP distribution; see `kl_divergence`.
        q: The same.
        method: For distributions: `"auto"`, `"closed_form"` (categorical families only),
            `"quadrature"` or `"monte_carlo"`.
        num_samples: Draws from each distribution for `"monte_carlo"`. Defaults to 10,000.
        seed: Integer, `keras.random.SeedGenerator` or None, for `"monte_carlo"`.
        return_standard_error: Whether to return `(value, standard_error)`.

    Returns:
        Float64 tensor in [0, 1], of the shape of the leading axes, or the pair.

    Raises:
        TypeError, ValueError: As `kl_divergence`.

    Example:

    >>> from keras_gans.divergences import total_variation
    >>> print(f"{total_variation([0.5, 0.5, 0.0], [0.25, 0.25, 0.5]):.6f}")
    0.500000

    Reference:
        Levin, Peres and Wilmer 2009, "Markov chains and mixing times", prop. 4.2.
    """
    return _between(_TV, p, q, method, num_samples, seed, return_standard_error)


class _Divergence(NamedTuple):
    """What one divergence is, in each of the ways that it can be computed.

    With r = log p − log q, `expectations(r)` gives the functions whose means under P and under Q
    add up to the divergence; None stands for zero.
    """

    of_histograms: Callable
    integrand: Callable
    expectations: Callable
    has_registered_forms: bool = False


def _kl_of_histograms(p, q):
    return tf.maximum(_relative_entropy(p, q), 0.0)


def _js_of_histograms(p, q):
    mean = (p + q) / 2
    value = (_relative_entropy(p, mean) + _relative_entropy(q, mean)) / 2
    return tf.clip_by_value(value, 0.0, math.log(2))


def _tv_of_histograms(p, q):
    return tf.reduce_sum(tf.abs(p - q), -1) / 2


def _relative_entropy(p, q):
    # Two terms, not p·log(p/q): so the value and the gradient follow 0·log 0 = 0.
    return tf.reduce_sum(tf.math.xlogy(p, p) - tf.math.xlogy(p, q), -1)


def _kl_integrand(log_p, log_q):
    return _mean_of(log_p, _log_ratio(log_p, log_q))


def _js_integrand(log_p, log_q):
    of_p = _mean_of(log_p, _log_ratio_to_mean(_log_ratio(log_p, log_q)))
    of_q = _mean_of(log_q, _log_ratio_to_mean(_log_ratio(log_q, log_p)))
    return (of_p + of_q) / 2


def _tv_integrand(log_p, log_q):
    return tf.abs(tf.exp(log_p) - tf.exp(log_q)) / 2


def _kl_expectations(log_ratio):
    return log_ratio, None


def _js_expectations(log_ratio):
    return _log_ratio_to_mean(log_ratio) / 2, _log_ratio_to_mean(-log_ratio) / 2


def _tv_expectations(log_ratio):
    # TV = E_P[(1 − Q/P)⁺] = E_Q[(1 − P/Q)⁺]: both means are bounded; take half of each.
    def positive_part(r):
        return -tf.math.expm1(-tf.nn.relu(r)) / 2

    return positive_part(log_ratio), positive_part(-log_ratio)


def _log_ratio(log_p, log_q):
    """log P/Q, and 0 where P has no mass and its value cannot matter."""
    has_mass = log_p > -np.inf
    return tf.where(has_mass, tf.where(has_mass, log_p, 0.0) - log_q, 0.0)


def _log_ratio_to_mean(log_ratio):
    """log P/M for M = ½(P + Q), from log P/Q."""
    return math.log(2) - tf.nn.softplus(-log_ratio)


def _mean_of(log_p, value):
    return tf.math.multiply_no_nan(value, tf.exp(log_p))


_KL = _Divergence(_kl_of_histograms, _kl_integrand, _kl_expectations, has_registered_forms=True)
_JS = _Divergence(_js_of_histograms, _js_integrand, _js_expectations)
_TV = _Divergence(_tv_of_histograms, _tv_integrand, _tv_expectations)


def _between(divergence, p, q, method, num_samples, seed, return_standard_error):
    _checks.one_of("method", method, METHODS)
    _checks.boolean("return_standard_error", return_standard_error)
    standard_error = None
    if not _distributions.both_distributions(p, q):
        p, q = _inputs.histogram("p", p), _inputs.histogram("q", q)
        _inputs.same_bins(p, q)
        value = divergence.of_histograms(p, q)
    else:
        p, q = _distributions.in_float64(p), _distributions.in_float64(q)
        value = None
        if method in ("auto", "closed_form"):
            value = _closed_form(divergence, p, q)
        if value is None and method == "closed_form":
            raise ValueError(
                "`method` must be 'auto', 'quadrature' or 'monte_carlo' where no closed form is "
                f"known. Received: method='closed_form', p={p}, q={q}"
            )
        if value is None and method != "monte_carlo":
            value = _quadrature_value(divergence, p, q)
        if value is None and method == "quadrature":
            raise ValueError(
                "`method` must be 'auto' or 'monte_carlo' unless both distributions have a "
                f"density on the real line. Received: method='quadrature', p={p}, q={q}"
            )
        if value is None:
            num_samples = _checks.positive_int("num_samples", num_samples, minimum=2)
            value, standard_error = _monte_carlo(divergence, p, q, num_samples, seed)
    if not return_standard_error:
        return value
    return value, tf.zeros_like(value) if standard_error is None else standard_error


def _closed_form(divergence, p, q):
    from tensorflow_probability import distributions as tfd

    classes_p, classes_q = _distributions.classes(p), _distributions.classes(q)
    if classes_p is not None and classes_q is not None:
        _inputs.same_bins(classes_p, classes_q)
        return divergence.of_histograms(classes_p, classes_q)
    if not divergence.has_registered_forms:
        return None
    try:
        return tf.cast(tfd.kl_divergence(p, q), tf.float64)
    except NotImplementedError:
        return None


def _quadrature_value(divergence, p, q):
    if not all(map(_distributions.is_one_dimensional_density, (p, q))):
        return None

    rank = max(p.batch_shape.rank, q.batch_shape.rank)

    def integrand(x):
        return divergence.integrand(*(_distributions.log_density(d, x, rank) for d in (p, q)))

    return _quadrature.integrate(integrand, _distributions.panel_edges(p, q))


def _monte_carlo(divergence, p, q, num_samples, seed):
    value = variance = tf.zeros((), tf.float64)
    seeds = _distributions.draw_seeds(2, seed)
    for index, drawn_from in enumerate((p, q)):
        if divergence.expectations(tf.zeros((), tf.float64))[index] is None:
            continue
        x, weight = _distributions.sample(drawn_from, num_samples, seeds[index])
        log_p, log_q = (tf.cast(d.log_prob(x), tf.float64) for d in (p, q))
        terms = weight * divergence.expectations(log_p - log_q)[index]
        value += tf.reduce_mean(terms, 0)
        variance += tf.math.reduce_variance(terms, 0) / (num_samples - 1)
    # An infinite estimate has no error to speak of.
    return value, tf.where(tf.math.is_finite(value), tf.sqrt(variance), 0.0)
