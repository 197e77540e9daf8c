"""Optimal transport: the earth mover's distance, its plan, its dual, and Wasserstein distances.

A distribution is given as a histogram on positions, as a cloud of equally likely samples, or as a
one-dimensional TensorFlow Probability distribution. Transport on the line is solved by sorting,
transport in the plane and above by the network simplex of POT; both are exact.

Derivatives are taken through the optimal plan held fixed, which is the gradient of the distance
wherever the plan is unique (envelope theorem).
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from keras_gans import _checks
from keras_gans._typing import ArrayLike, Distribution, Tensor
from keras_gans.divergences import _densities_on_the_line, _distributions, _inputs, _plans
from keras_gans.divergences._host import on_host


class EarthMoversSteps(NamedTuple):
    """The earth mover's distance and the partial sums δ that it adds up."""

    distance: tf.Tensor
    steps: tf.Tensor


class KantorovichDual(NamedTuple):
    """The dual value and the 1-Lipschitz function that attains it."""

    value: tf.Tensor
    witness: Any


def earth_movers_distance(
    p: ArrayLike | Distribution,
    q: ArrayLike | Distribution,
    positions: ArrayLike | None = None,
    q_positions: ArrayLike | None = None,
    *,
    return_steps: bool = False,
) -> Tensor | Any:
    """Earth mover's distance: the least total of mass times distance that turns P into Q.

    On the line it is the partial-sum algorithm. With the positions in order, the mass that must
    cross from the first i of them to the rest is δ_i = δ_{i−1} + P_i − Q_i, and the distance is
    Σ |δ_i| times the gap that it crosses.

    Args:
        p: Non-negative masses `(..., n)`, or a one-dimensional TFP distribution.
        q: Masses of the same total, which need not be 1: `(..., n)`, or `(..., m)` with positions
            of its own; or a one-dimensional TFP distribution. Leading axes broadcast.
        positions: Where the masses of `p` lie: `(n,)` on the line, `(n, d)` in space with the
            Euclidean distance. Defaults to 0, 1, …, n − 1.
        q_positions: Where the masses of `q` lie: `(m,)` or `(m, d)`. Defaults to `positions`.
        return_steps: Whether to return the δ_i too. On the line only.

    Returns:
        Float64 tensor of the leading axes' shape (a scalar for positions `(n, d)`, which take no
        leading axes), in units of mass times distance. With `return_steps=True` the pair
        `(distance, steps)`, where `steps` is `(..., k + 1)`: δ_0 = 0, then δ_i after each of the k
        positions in increasing order (k = n on shared positions, n + m otherwise).
        On the line it is batched, differentiable and works in a `tf.function`; in space it is
        differentiable in the positions.

    Raises:
        ValueError: If the masses are negative, not finite or of unequal total, or shapes differ.
        TypeError: If one argument is a distribution and the other an array.

    Example:

    >>> from keras_gans.divergences import earth_movers_distance
    >>> distance, steps = earth_movers_distance([3, 2, 1, 4], [1, 2, 4, 3], return_steps=True)
    >>> print(float(distance), steps.numpy().tolist())
    5.0 [0.0, 2.0, 2.0, -1.0, 0.0]

    Reference:
        Rubner, Tomasi and Guibas 2000, "The earth mover's distance as a metric for image
        retrieval"; Vallender 1974 for the line.
    """
    _checks.boolean("return_steps", return_steps)
    if _distributions.both_distributions(p, q):
        if return_steps or positions is not None or q_positions is not None:
            raise ValueError(
                "`p` must be a histogram for `positions` or `return_steps` to apply. "
                f"Received: p={p}"
            )
        return _densities_on_the_line.distance(p, q)
    p, q = _inputs.weights("p", p), _inputs.weights("q", q)
    _inputs.same_mass(p, q)
    if positions is None and q_positions is not None:
        raise _inputs.error("positions", "given when `q_positions` is", positions)
    if q_positions is None:
        _inputs.same_bins(p, q)
        if positions is None:
            return _result(_partial_sums(p - q, None), return_steps)
    x = _positions(positions, "positions", p)
    y = x if q_positions is None else _positions(q_positions, "q_positions", q)
    if x.shape.rank != y.shape.rank or x.shape[1:] != y.shape[1:]:
        raise _inputs.error("q_positions", "of the dimension of `positions`", y)
    if x.shape.rank == 1:
        if q_positions is None:
            return _result(_partial_sums(p - q, x), return_steps)
        leading = tf.broadcast_dynamic_shape(tf.shape(p)[:-1], tf.shape(q)[:-1])
        p, q = (tf.broadcast_to(m, tf.concat([leading, tf.shape(m)[-1:]], 0)) for m in (p, q))
        return _result(_partial_sums(tf.concat([p, -q], -1), tf.concat([x, y], 0)), return_steps)
    if return_steps:
        raise _inputs.error("positions", "on the line for `return_steps=True`", positions)
    if p.shape.rank != 1 or q.shape.rank != 1:
        raise _inputs.error("p", "a single histogram (n,) with positions (n, d)", p)
    return _plans.transport_cost(x, y, p, q, 1.0)


def transport_plan(
    p: ArrayLike,
    q: ArrayLike,
    positions: ArrayLike | None = None,
    q_positions: ArrayLike | None = None,
    *,
    order: float = 1,
) -> Tensor:
    """An optimal transport plan: how much mass moves from each point of P to each point of Q.

    Args:
        p: Masses `(n,)`, or a cloud `(n, d)` of samples of mass 1/n each.
        q: Masses `(m,)` of the same total, or a cloud `(m, d)`.
        positions: For masses: where those of `p` lie, `(n,)` or `(n, d)`. Defaults to 0, …, n − 1.
        q_positions: For masses: where those of `q` lie. Defaults to `positions`.
        order: The cost of a unit of mass is its Euclidean distance to this power. Defaults to 1.

    Returns:
        Float64 tensor `(n, m)`, non-negative; its rows add up to the masses of `p` and its columns
        to those of `q`. Works in a `tf.function`. Not differentiable.

    Raises:
        ValueError: If masses are negative or of unequal total, or shapes differ.

    Example:

    >>> from keras_gans.divergences import transport_plan
    >>> print(transport_plan([3, 2, 1, 4], [1, 2, 4, 3]).numpy().round(6))
    [[1. 2. 0. 0.]
     [0. 0. 2. 0.]
     [0. 0. 1. 0.]
     [0. 0. 1. 3.]]

    Reference:
        Kantorovich 1942; Bonneel et al. 2011 for the network simplex of POT.
    """
    x, y, p, q = _measures(p, q, positions, q_positions)
    rows, columns, mass = _plans.optimal_moves(x, y, p, q, _inputs.order("order", order, x, y))
    shape = tf.cast(tf.stack([tf.shape(x)[0], tf.shape(y)[0]]), tf.int64)
    return tf.scatter_nd(tf.stack([rows, columns], -1), mass, shape)


def kantorovich_dual(
    p: ArrayLike,
    q: ArrayLike,
    positions: ArrayLike | None = None,
    q_positions: ArrayLike | None = None,
) -> tuple[Tensor, Callable[[ArrayLike], Tensor]]:
    """The Kantorovich–Rubinstein dual of the earth mover's distance, and its witness function.

    W1(P, Q) = max E_P[f] − E_Q[f] over the 1-Lipschitz functions f. The witness is high where P has
    too much mass and low where Q has; it is what a converged Wasserstein critic draws.

    Args:
        p: Masses `(n,)`, a cloud `(n, d)` of samples of mass 1/n each, or a one-dimensional TFP
            distribution.
        q: The same, of the same total mass.
        positions: For masses: where those of `p` lie, `(n,)` or `(n, d)`. Defaults to 0, …, n − 1.
        q_positions: For masses: where those of `q` lie. Defaults to `positions`.

    Returns:
        The pair `(value, witness)`. `value` is a float64 scalar, Σ p·f − Σ q·f for the witness f,
        equal to the earth mover's distance. `witness` is a function on the whole space: it maps
        points `(k,)` on the line or `(k, d)` in space to float64 `(k,)`, is 1-Lipschitz, and has
        E_P[f] = −E_Q[f]. The witness is differentiable in its argument. Eager only.

    Raises:
        TypeError, ValueError: As `earth_movers_distance`.

    Example:

    >>> from keras_gans.divergences import kantorovich_dual
    >>> value, witness = kantorovich_dual([3, 2, 1, 4], [1, 2, 4, 3])
    >>> print(round(float(value), 6), witness([0.0, 1.0, 2.0, 3.0]).numpy().round(6))
    5.0 [ 1.05  0.05 -0.95  0.05]

    Reference:
        Kantorovich and Rubinstein 1958; Villani 2009, "Optimal transport", theorem 5.10.
    """
    if _distributions.both_distributions(p, q):
        return KantorovichDual(*_densities_on_the_line.dual(p, q))
    x, y, p, q = _measures(p, q, positions, q_positions)
    x, y = x[p > 0], y[q > 0]
    p, q = p[p > 0], q[q > 0]
    potential = tf.constant(_plans.simplex(x.numpy(), y.numpy(), p.numpy(), q.numpy())[1]["v"])

    def envelope(z):
        return tf.reduce_min(_plans.distances(z[:, tf.newaxis], y) - potential, -1)

    at_p, at_q = tf.reduce_sum(p * envelope(x)), tf.reduce_sum(q * envelope(y))
    middle = (at_p + at_q) / 2 / tf.reduce_sum(p)

    def witness(points):
        return envelope(_inputs.clouds(points, y, names=("points", "q"))[0]) - middle

    return KantorovichDual(at_p - at_q, witness)


def assignment(x: ArrayLike, y: ArrayLike, p: float = 1) -> Tensor:
    """The optimal assignment between two clouds of as many samples, by the Hungarian algorithm.

    Args:
        x: Cloud `(n, d)` or `(n,)`.
        y: Cloud `(n, d)` or `(n,)`.
        p: The cost of a pair is its Euclidean distance to this power. Defaults to 1.

    Returns:
        Int64 tensor `(n,)`, a permutation: `x[i]` goes to `y[permutation[i]]`. The mean cost of the
        pairs is `wasserstein_distance(x, y, p) ** p`. Works in a `tf.function`.

    Raises:
        ValueError: If the clouds differ in size or dimension, are empty or not finite.

    Example:

    >>> from keras_gans.divergences import assignment
    >>> print(assignment([0.0, 1.0, 2.0], [2.1, 0.1, 1.1]).numpy())
    [1 2 0]

    Reference:
        Kuhn 1955, "The Hungarian method for the assignment problem"; Crouse 2016 for the
        implementation in SciPy.
    """
    x, y = _inputs.clouds(x, y)
    if not x.shape[:1].is_compatible_with(y.shape[:1]):
        raise _inputs.error("y", f"a cloud of {x.shape[0]} samples, as many as `x`", y)

    def solve(x, y, p):
        from scipy.optimize import linear_sum_assignment

        return linear_sum_assignment(_plans.cost_matrix(x, y, p))[1].astype(np.int64)

    permutation = on_host(solve, [x, y, _inputs.order("p", p, x, y)], tf.int64)
    return tf.ensure_shape(permutation, x.shape[:1])


def wasserstein_distance(
    x: ArrayLike,
    y: ArrayLike,
    p: float = 1,
    *,
    x_weights: ArrayLike | None = None,
    y_weights: ArrayLike | None = None,
) -> Tensor:
    """Wasserstein distance W_p between two clouds of samples, exactly.

    W_p is the p-th root of the least mean of ‖x − y‖^p over all plans that pair the clouds.

    Args:
        x: Cloud `(n, d)` or `(n,)`.
        y: Cloud `(m, d)` or `(m,)`.
        p: Order, at least 1. Defaults to 1.
        x_weights: Probabilities `(n,)` of the samples of `x`. Defaults to 1/n each.
        y_weights: Probabilities `(m,)` of the samples of `y`. Defaults to 1/m each.

    Returns:
        Float64 scalar tensor, non-negative, in the units of the samples. Differentiable in `x` and
        `y`; works in a `tf.function`. In one dimension it costs a sort, above that O(nm) memory and
        a few seconds for 5,000 points.

    Raises:
        ValueError: If the clouds differ in dimension, are empty or not finite, or weights are
            not normalized.

    Example:

    >>> import numpy as np
    >>> from keras_gans.divergences import wasserstein_distance
    >>> y = np.linspace(0, 1, 50)
    >>> line, parallel = np.stack([0 * y, y], 1), np.stack([0 * y + 0.3, y], 1)
    >>> print(f"{wasserstein_distance(line, parallel):.6f}")
    0.300000

    Reference:
        Villani 2009, "Optimal transport", definition 6.1.
    """
    x, y = _inputs.clouds(x, y)
    a = _sample_weights(x, x_weights, "x_weights")
    b = _sample_weights(y, y_weights, "y_weights")
    p = _inputs.order("p", p, x, y)
    return _plans.root(_plans.transport_cost(x, y, a, b, p), p)


def _result(found, return_steps):
    """The distance and its steps, or the distance alone."""
    return EarthMoversSteps(*found) if return_steps else found[0]


def _partial_sums(surplus, positions):
    """Σ |δ_i|·gap_i and the δ_i for the signed masses `surplus` `(..., k)`."""
    if positions is None:
        gaps = tf.constant(1.0, tf.float64)
    else:
        in_order = tf.argsort(positions)
        surplus = tf.gather(surplus, in_order, axis=-1)
        positions = tf.gather(positions, in_order)
        gaps = positions[1:] - positions[:-1]
    sums = tf.cumsum(surplus, axis=-1)
    steps = tf.concat([tf.zeros_like(sums[..., :1]), sums], -1)
    return tf.reduce_sum(tf.abs(sums[..., :-1]) * gaps, -1), steps


def _positions(positions, name, masses):
    positions = _inputs.array(name, positions)
    if positions.shape.rank not in (1, 2):
        raise _inputs.error(name, "of shape (n,) or (n, d)", positions)
    if not positions.shape[:1].is_compatible_with(masses.shape[-1:]):
        raise _inputs.error(name, f"one position for each of {masses.shape[-1]} masses", positions)
    return positions


def _measures(p, q, positions, q_positions):
    """Positions `(n, d)`, `(m, d)` and masses `(n,)`, `(m,)` of two histograms or two clouds."""
    p, q = _inputs.array("p", p), _inputs.array("q", q)
    if p.shape.rank == 2:
        if positions is not None or q_positions is not None:
            raise _inputs.error("positions", "None where `p` is a cloud of samples", positions)
        x, y = _inputs.clouds(p, q, names=("p", "q"))
        return x, y, _sample_weights(x, None, ""), _sample_weights(y, None, "")
    p, q = _inputs.weights("p", p), _inputs.weights("q", q)
    if p.shape.rank != 1:
        raise _inputs.error("p", "a histogram (n,) or a cloud of samples (n, d)", p)
    if q.shape.rank != 1:
        raise _inputs.error("q", "a histogram (n,), as `p` is", q)
    _inputs.same_mass(p, q)
    if positions is None:
        if q_positions is not None:
            raise _inputs.error("positions", "given when `q_positions` is", positions)
        positions = tf.range(tf.cast(tf.shape(p)[0], tf.float64), dtype=tf.float64)
    if q_positions is None:
        _inputs.same_bins(p, q)
        q_positions = positions
    x = _positions(positions, "positions", p)
    y = _positions(q_positions, "q_positions", q)
    x, y = _inputs.clouds(x, y, names=("positions", "q_positions"))
    return x, y, p, q


def _sample_weights(x, weights, name):
    if weights is None:
        size = tf.shape(x)[0]
        return tf.fill([size], 1 / tf.cast(size, tf.float64))
    weights = _inputs.weights(name, _inputs.histogram(name, weights), x.shape[0])
    return weights / tf.reduce_sum(weights)
