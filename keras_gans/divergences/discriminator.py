"""The best discriminator against a fixed generator, and what the game is worth then."""

import math
from typing import Any

import tensorflow as tf

from keras_gans._typing import ArrayLike, Distribution, Seed, Tensor
from keras_gans.divergences import _distributions, _inputs
from keras_gans.divergences.information import js_divergence


def optimal_discriminator(
    p: ArrayLike | Distribution,
    q: ArrayLike | Distribution,
    x: ArrayLike | None = None,
    real_target: float = 1.0,
    fake_target: float = 0.0,
) -> Tensor:
    """The optimal discriminator D*(x) = (α p_r(x) + β p_g(x)) / (p_r(x) + p_g(x)).

    It minimizes the cross-entropy (and the squared error) to the target α on real and β on
    generated samples. With α = 1 and β = 0 it is p_r / (p_r + p_g).

    Args:
        p: The real distribution p_r: a histogram `(..., n)` or a TFP distribution.
        q: The generated distribution p_g: the same.
        x: Where to evaluate: for distributions, points `(..., event)`; for histograms, integer bin
            indices `(k,)`, or None for all bins.
        real_target: α in [0, 1]. Defaults to 1.
        fake_target: β in [0, 1]. Defaults to 0.

    Returns:
        Float64 tensor between `fake_target` and `real_target`, of the shape of the densities at
        `x`; NaN where neither distribution has mass, as any value is optimal there. Differentiable;
        works in a `tf.function`.

    Raises:
        TypeError: If one argument is a distribution and the other an array.
        ValueError: If a histogram is negative or unnormalized, `x` is missing or out of range, or a
            target is outside [0, 1].

    Example:

    >>> from keras_gans.divergences import optimal_discriminator
    >>> print(optimal_discriminator([0.75, 0.25, 0.0], [0.25, 0.25, 0.5]).numpy())
    [0.75 0.5  0.  ]

    Reference:
        Goodfellow et al. 2014, "Generative adversarial nets", proposition 1; Salimans et al. 2016,
        "Improved techniques for training GANs", section 3.4, for smoothed targets.
    """
    alpha, beta = _target("real_target", real_target), _target("fake_target", fake_target)
    if not _distributions.both_distributions(p, q):
        p, q = _inputs.histogram("p", p), _inputs.histogram("q", q)
        _inputs.same_bins(p, q)
        if x is not None:
            p, q = (tf.gather(h, _bins(x, h.shape[-1]), axis=-1) for h in (p, q))
        return (alpha * p + beta * q) / (p + q)
    x = _inputs.array("x", x) if x is not None else _missing_points()
    p, q = _distributions.in_float64(p), _distributions.in_float64(q)
    log_p, log_q = (tf.cast(d.log_prob(tf.cast(x, d.dtype)), tf.float64) for d in (p, q))
    return beta + (alpha - beta) * tf.sigmoid(log_p - log_q)


def game_value(
    p: ArrayLike | Distribution,
    q: ArrayLike | Distribution,
    *,
    method: str = "auto",
    num_samples: int = 10_000,
    seed: Seed = None,
    return_standard_error: bool = False,
) -> Tensor | Any:
    """The value of the game at the optimal discriminator, 2 JS(p_r, p_g) − log 4, in nats.

    It is E_{p_r}[log D*] + E_{p_g}[log(1 − D*)], what the generator minimizes.

    Args:
        p: The real distribution p_r: a histogram `(..., n)` or a TFP distribution.
        q: The generated distribution p_g: the same.
        method: As in `js_divergence`.
        num_samples: As in `js_divergence`.
        seed: As in `js_divergence`.
        return_standard_error: Whether to return `(value, standard_error)`.

    Returns:
        Float64 tensor in [−log 4, 0] of the shape of the leading axes: −log 4 for equal and 0 for
        disjoint distributions.

    Raises:
        TypeError, ValueError: As `js_divergence`.

    Example:

    >>> from keras_gans.divergences import game_value
    >>> print(f"{game_value([0.5, 0.5], [0.5, 0.5]):.6f}")  # −log 4
    -1.386294

    Reference:
        Goodfellow et al. 2014, "Generative adversarial nets", theorem 1.
    """
    divergence, standard_error = js_divergence(
        p, q, method=method, num_samples=num_samples, seed=seed, return_standard_error=True
    )
    value = 2 * divergence - math.log(4)
    return (value, 2 * standard_error) if return_standard_error else value


def _target(name, value):
    target = _inputs.array(name, value)
    if target.shape.rank != 0 or not _inputs.known(target, lambda v: 0 <= v <= 1):
        raise _inputs.error(name, "a number in [0, 1]", value)
    return target


def _bins(x, size):
    x = _inputs.as_tensor("x", x, "integer bin indices")
    if not x.dtype.is_integer:
        raise _inputs.error("x", "integer bin indices where `p` is a histogram", x, TypeError)
    if not _inputs.known(x, lambda v: (v >= 0).all() and (v < size).all()):
        raise _inputs.error("x", f"bin indices from 0 to {size - 1}", x)
    return tf.cast(x, tf.int64)


def _missing_points():
    raise _inputs.error("x", "given where `p` and `q` are distributions", None)
