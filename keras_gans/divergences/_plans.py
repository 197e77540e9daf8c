"""Optimal plans between clouds of masses: by sorting on the line, by POT's simplex in space."""

import numpy as np
import tensorflow as tf

from keras_gans.divergences._host import on_host

_MAX_SIMPLEX_ITERATIONS = 100_000_000


def optimal_moves(x, y, a, b, p):
    """An optimal plan as rows, columns and mass, `(k,)` each, constant to differentiation."""
    solve = _moves_on_the_line if x.shape[-1] == 1 else _moves_in_space
    rows, columns, mass = on_host(solve, [x, y, a, b, p], (tf.int64, tf.int64, tf.float64))
    return tuple(tf.stop_gradient(tf.ensure_shape(m, [None])) for m in (rows, columns, mass))


def _moves_on_the_line(x, y, a, b, p):
    x_order, y_order = np.argsort(x[:, 0]), np.argsort(y[:, 0])
    rows, columns, mass = monotone_coupling(a[x_order], b[y_order])
    return x_order[rows], y_order[columns], mass


def _moves_in_space(x, y, a, b, p):
    plan, _ = simplex(x, y, a, b, p)
    rows, columns = np.nonzero(plan)
    return rows, columns, plan[rows, columns]


def simplex(x, y, a, b, p=1.0):
    """POT's optimal plan between masses `a` and `b`, and its log with the dual potentials."""
    import ot

    mass = a.sum()
    plan, log = ot.emd(
        a / mass,
        b / b.sum(),
        cost_matrix(x, y, p),
        numItermax=_MAX_SIMPLEX_ITERATIONS,
        log=True,
        center_dual=False,
    )
    if log["warning"] is not None:
        raise RuntimeError(f"Optimal transport did not converge: {log['warning']}")
    return plan * mass, log


def transport_cost(x, y, a, b, p):
    """Σ mass·‖x − y‖^p over the moves of an optimal plan."""
    rows, columns, mass = optimal_moves(x, y, a, b, p)
    return tf.reduce_sum(mass * distances(_gather(x, rows), _gather(y, columns)) ** p)


@tf.custom_gradient
def _gather(x, rows):
    """`tf.gather` whose derivative is a tensor, not `tf.IndexedSlices`."""

    def gradient(upstream):
        return tf.math.unsorted_segment_sum(upstream, rows, tf.shape(x)[0]), None

    return tf.gather(x, rows), gradient


def pairwise_distances(x, y):
    """Euclidean distances `(..., n, m)` between clouds `(..., n, d)` and `(..., m, d)`."""
    return distances(x[..., :, tf.newaxis, :], y[..., tf.newaxis, :, :])


def distances(x, y):
    """Euclidean distances over the last axis, with derivative 0 at 0."""
    return root(tf.reduce_sum((x - y) ** 2, -1), 2)


def cost_matrix(x, y, p):
    from scipy.spatial.distance import cdist

    return cdist(x, y) ** p


def monotone_coupling(a, b):
    """The plan between sorted points of masses `a` `(n,)` and `b` `(m,)`: rows, columns, mass."""
    a, b = np.cumsum(a), np.cumsum(b)
    levels = np.sort(np.concatenate([a, b * (a[-1] / b[-1])]))
    mass = np.diff(levels, prepend=0.0)
    middle = levels - mass / 2
    rows = np.minimum(np.searchsorted(a, middle), len(a) - 1)
    columns = np.minimum(np.searchsorted(b * (a[-1] / b[-1]), middle), len(b) - 1)
    moved = mass > 0
    return rows[moved], columns[moved], mass[moved]


def root(cost, p):
    """cost^(1/p), with derivative 0 at 0, a minimum."""
    if p == 1:
        return cost
    positive = cost > 0
    return tf.where(positive, tf.where(positive, cost, 1.0) ** (1 / p), 0.0)
