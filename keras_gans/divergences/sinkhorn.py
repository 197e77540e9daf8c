"""Sinkhorn divergence: transport with an entropic penalty, made unbiased."""

import tensorflow as tf

from keras_gans.divergences import _checks
from keras_gans.divergences.transport import pairwise_distances

_DEFAULT_EPSILON = 0.05
_CHECK_EVERY = 10


def sinkhorn_divergence(x, y, p=2, *, epsilon=None, max_iterations=2000, tolerance=1e-7):
    """Sinkhorn divergence S = OT_ε(X, Y) − ½ OT_ε(X, X) − ½ OT_ε(Y, Y).

    OT_ε is the least mean of ‖x − y‖^p + ε KL(plan ‖ independent plan). The two corrections make S
    zero for X = Y alone. It goes from W_p^p (ε → 0) to a maximum mean discrepancy (ε → ∞).

    Args:
        x: Cloud `(..., n, d)` or `(n,)`.
        y: Cloud `(..., m, d)` or `(m,)`; leading axes broadcast.
        p: The cost of a pair is its Euclidean distance to this power: 1 ≤ p ≤ 2. Defaults to 2.
        epsilon: Weight of the entropy, in units of the cost. Defaults to 1/20 of the mean cost
            between `x` and `y`, held constant to differentiation.
        max_iterations: Most Sinkhorn updates for each of the three terms. Defaults to 2,000.
        tolerance: The updates end when no potential changes by more than this fraction of ε.

    Returns:
        Float64 tensor of the leading axes' shape, non-negative, in units of the cost (distance to
        the p-th power). Differentiable in `x` and `y`; works in a `tf.function`. Needs O(nm)
        memory.

    Raises:
        ValueError: If the clouds differ in dimension, are empty or not finite, or `epsilon` is not
            positive.

    Example:

    >>> import numpy as np
    >>> from keras_gans.divergences import sinkhorn_divergence
    >>> x = np.random.default_rng(0).normal(size=(50, 2))
    >>> print(f"{sinkhorn_divergence(x, x + [3.0, 0.0], epsilon=1.0):.4f}")  # W2² of a shift
    9.0000

    Reference:
        Genevay, Peyré and Cuturi 2018, "Learning generative models with Sinkhorn divergences";
        Feydy et al. 2019, "Interpolating between optimal transport and MMD using Sinkhorn
        divergences", eq. (3) and theorem 1.
    """
    x, y = _checks.clouds(x, y, batched=True)
    p = _checks.order(p)
    if p > 2:
        raise _checks.error("p", "between 1 and 2, for the divergence to be positive", p)
    max_iterations = _checks.count(max_iterations, "max_iterations")
    cost_xy = pairwise_distances(x, y) ** p
    if epsilon is None:
        mean_cost = tf.reduce_mean(cost_xy, axis=(-2, -1), keepdims=True)
        # Equal one-point clouds have no scale of their own; any ε serves.
        epsilon = tf.stop_gradient(_DEFAULT_EPSILON * tf.where(mean_cost > 0, mean_cost, 1.0))
    else:
        epsilon = _checks.positive(epsilon, "epsilon")
    between, within_x, within_y = (
        _entropic_cost(cost, epsilon, max_iterations, tolerance)
        for cost in (cost_xy, pairwise_distances(x, x) ** p, pairwise_distances(y, y) ** p)
    )
    return between - (within_x + within_y) / 2


def _entropic_cost(cost, epsilon, max_iterations, tolerance):
    """The dual value ⟨f⟩ + ⟨g⟩ − ε⟨exp((f + g − C)/ε) − 1⟩ at the optimal potentials.

    The potentials are held fixed: at the optimum the derivative in C is the plan itself.
    """
    f, g = _potentials(tf.stop_gradient(cost), tf.stop_gradient(epsilon), max_iterations, tolerance)
    excess = tf.math.expm1((f + g - cost) / epsilon)
    mean = tf.reduce_mean(f + g, axis=(-2, -1))
    return mean - tf.reduce_mean(epsilon * excess, axis=(-2, -1))


def _potentials(cost, epsilon, max_iterations, tolerance):
    """The optimal potentials, by Sinkhorn updates in the log domain.

    Averaging each update with the previous potential converges fast where X = Y; a last exact
    update of each makes the plan's total mass one.
    """

    def update_f(g):
        return -epsilon * _log_mean_exp((g - cost) / epsilon, -1)

    def update_g(f):
        return -epsilon * _log_mean_exp((f - cost) / epsilon, -2)

    def unfinished(iteration, _f, _g, change):
        return (iteration < max_iterations) & (change > tolerance)

    def update(iteration, f, g, _):
        for _ in range(_CHECK_EVERY):
            f, previous = (f + update_f(g)) / 2, f
            g = (g + update_g(previous)) / 2
        new_f = update_f(g)
        new_g = update_g(new_f)
        change = tf.reduce_max(tf.abs(new_f - f) / epsilon)
        change = tf.maximum(change, tf.reduce_max(tf.abs(new_g - g) / epsilon))
        return iteration + _CHECK_EVERY + 1, new_f, new_g, change

    f = tf.zeros_like(cost[..., :1])
    g = tf.zeros_like(cost[..., :1, :])
    _, f, g, _ = tf.while_loop(
        unfinished, update, (tf.constant(0), f, g, tf.constant(float("inf"), tf.float64))
    )
    return tf.stop_gradient(f), tf.stop_gradient(g)


def _log_mean_exp(x, axis):
    size = tf.cast(tf.shape(x)[axis], x.dtype)
    return tf.reduce_logsumexp(x, axis, keepdims=True) - tf.math.log(size)
