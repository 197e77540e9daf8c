"""Sinkhorn divergence: transport with an entropic penalty, made unbiased."""

import tensorflow as tf

from keras_gans import _checks
from keras_gans._typing import ArrayLike, Tensor
from keras_gans.divergences import _inputs
from keras_gans.divergences._plans import pairwise_distances

_DEFAULT_EPSILON = 0.05
_SMALLEST_EPSILON = 1e-12  # of a cost, whose rounding error it must exceed
_AVERAGED_STEPS = 50


def sinkhorn_divergence(
    x: ArrayLike,
    y: ArrayLike,
    p: float = 2,
    *,
    epsilon: float | None = None,
    max_iterations: int = 2000,
    tolerance: float = 1e-7,
) -> Tensor:
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
            positive, or nothing beside the costs.

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
    x, y = _inputs.clouds(x, y, batched=True)
    p = _inputs.order("p", p, x, y)
    if p > 2:
        raise _inputs.error("p", "between 1 and 2, for the divergence to be positive", p)
    max_iterations = _checks.positive_int("max_iterations", max_iterations)
    tolerance = _inputs.scalar("tolerance", tolerance)
    costs = [pairwise_distances(*pair) ** p for pair in ((x, y), (x, x), (y, y))]
    if epsilon is None:
        mean_cost = tf.reduce_mean(costs[0], axis=(-2, -1), keepdims=True)
        # Equal one-point clouds have no scale of their own; any ε serves.
        epsilon = tf.stop_gradient(_DEFAULT_EPSILON * tf.where(mean_cost > 0, mean_cost, 1.0))
    else:
        epsilon = _inputs.positive("epsilon", _inputs.scalar("epsilon", epsilon))
        for cost in costs:
            if not _inputs.known(epsilon / tf.reduce_max(cost), lambda v: v >= _SMALLEST_EPSILON):
                largest = f"at least {_SMALLEST_EPSILON:g} times the largest cost"
                raise _inputs.error("epsilon", largest, epsilon)
    between, within_x, within_y = (
        _entropic_cost(cost, epsilon, max_iterations, tolerance) for cost in costs
    )
    return between - (within_x + within_y) / 2


def _entropic_cost(cost, epsilon, max_iterations, tolerance):
    """The dual value ⟨f⟩ + ⟨g⟩ − ε⟨exp((f + g − C)/ε) − 1⟩ at the optimal potentials.

    The potentials are held fixed: at the optimum the derivative in C is the plan itself.
    """
    n, m = tf.unstack(tf.shape(cost)[-2:])
    batch = tf.broadcast_dynamic_shape(tf.shape(cost)[:-2], tf.shape(epsilon)[:-2])
    cost = tf.broadcast_to(cost, tf.concat([batch, [n, m]], 0))
    epsilons = tf.broadcast_to(epsilon, tf.concat([batch, [1, 1]], 0))
    f, g = _potentials(
        tf.reshape(tf.stop_gradient(cost), [-1, n, m]),
        tf.reshape(tf.stop_gradient(epsilons), [-1, 1, 1]),
        tf.constant(max_iterations),
        tolerance,
    )
    f = tf.reshape(f, tf.concat([batch, [n, 1]], 0))
    g = tf.reshape(g, tf.concat([batch, [1, m]], 0))
    f, g = tf.stop_gradient(f), tf.stop_gradient(g)
    excess = tf.math.expm1((f + g - cost) / epsilon)
    mean = tf.reduce_mean(f + g, axis=(-2, -1))
    return mean - tf.reduce_mean(epsilon * excess, axis=(-2, -1))


@tf.function(
    input_signature=[
        tf.TensorSpec([None, None, None], tf.float64),
        tf.TensorSpec([None, 1, 1], tf.float64),
        tf.TensorSpec([], tf.int32),
        tf.TensorSpec([], tf.float64),
    ]
)
def _potentials(cost, epsilon, max_iterations, tolerance):
    """The optimal potentials `(batch, n, 1)` and `(batch, 1, m)`, by log-domain updates.

    While ε is annealed from the largest cost to its value, and some steps more, both potentials are
    averaged with their updates: between a cloud and itself this converges in a few steps. Then
    the updates alternate, which is faster between different clouds.
    """

    def update_f(g, epsilon):
        return -epsilon * _log_mean_exp((g - cost) / epsilon, -1)

    def update_g(f, epsilon):
        return -epsilon * _log_mean_exp((f - cost) / epsilon, -2)

    def unfinished(iteration, annealed, _f, _g, change):
        annealing = tf.reduce_any(annealed > epsilon)
        return (iteration < max_iterations) & (annealing | (change > tolerance))

    def step(iteration, annealed, f, g, _):
        annealed = tf.maximum(annealed / 2, epsilon)

        def averaged():
            return (f + update_f(g, annealed)) / 2, (g + update_g(f, annealed)) / 2

        def alternating():
            new_f = update_f(g, annealed)
            return new_f, update_g(new_f, annealed)

        new_f, new_g = tf.cond(iteration < _AVERAGED_STEPS, averaged, alternating)
        change = tf.reduce_max(tf.abs(new_f - f) / epsilon)
        change = tf.maximum(change, tf.reduce_max(tf.abs(new_g - g) / epsilon))
        return iteration + 1, annealed, new_f, new_g, change

    f, g = tf.zeros_like(cost[:, :, :1]), tf.zeros_like(cost[:, :1, :])
    largest = tf.maximum(tf.reduce_max(cost, axis=(-2, -1), keepdims=True), epsilon)
    change = tf.constant(float("inf"), tf.float64)
    _, _, f, g, _ = tf.while_loop(unfinished, step, (tf.constant(0), largest, f, g, change))
    return f, g


def _log_mean_exp(x, axis):
    size = tf.cast(tf.shape(x)[axis], x.dtype)
    return tf.reduce_logsumexp(x, axis, keepdims=True) - tf.math.log(size)
