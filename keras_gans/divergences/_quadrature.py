"""Adaptive Gauss–Kronrod quadrature, many panels at a time, in TensorFlow."""

import numpy as np
import tensorflow as tf

# Nodes and weights of the 15-point Kronrod rule and of the 7-point Gauss rule inside it, on
# [-1, 1] (Piessens et al. 1983, QUADPACK, routine QK15).
_POSITIVE_NODES = [
    0.991455371120812639206854697526329,
    0.949107912342758524526189684047851,
    0.864864423359769072789712788640926,
    0.741531185599394439863864773280788,
    0.586087235467691130294144691693256,
    0.405845151377397166906606412076961,
    0.207784955007898467600689403773245,
]
_KRONROD = [
    0.022935322010529224963732008058970,
    0.063092092629978553290700663189204,
    0.104790010322250183839876322541518,
    0.140653259715525918745189590510238,
    0.169004726639267902826583426598550,
    0.190350578064785409913256402421014,
    0.204432940075298892414161999234649,
    0.209482141084727828012999174891714,
]
_GAUSS = [
    0.0,
    0.129484966168869693270611432679082,
    0.0,
    0.279705391489276667901467771423780,
    0.0,
    0.381830050505118944950369775488975,
    0.0,
    0.417959183673469387755102040816327,
]
NODES = np.array([-x for x in _POSITIVE_NODES] + [0.0] + _POSITIVE_NODES[::-1])
KRONROD = np.array(_KRONROD + _KRONROD[-2::-1])
GAUSS = np.array(_GAUSS + _GAUSS[-2::-1])

_MAX_ROUNDS = 48
_MAX_ACTIVE_PANELS = 20_000


def integrate(function, edges, tolerance=1e-10):
    """Integrate `function` between the first and the last of the sorted `edges`.

    Every panel whose error estimate exceeds its share of the tolerance is halved, so jumps, kinks
    and narrow peaks are resolved where they are. The result is differentiable in whatever
    `function` depends on; the panels are held fixed.

    Args:
        function: Maps float64 `(n,)` to float64 `(n, ...)`. An infinite value makes the
            integral infinite.
        edges: Float64 `(k,)`, sorted; the first panels.
        tolerance: Absolute error of one panel's estimate above which it is halved.

    Returns:
        Float64 of shape `(...)`.
    """
    left, right = refine(function, edges, tolerance)
    return tf.reduce_sum(panel_integrals(function, left, right), axis=0)


def panel_integrals(function, left, right):
    """The integral of `function` over each of the panels: `(k, ...)`."""
    return _panel_sums(function, left, right, KRONROD)


def refine(function, edges, tolerance=1e-10):
    """The left and right ends, each `(k,)` and sorted, of the panels that `integrate` uses."""
    edges = tf.stop_gradient(edges)
    none = tf.zeros((0,), tf.float64)

    def unresolved(round_, left, *_):
        return (round_ < _MAX_ROUNDS) & (tf.size(left) > 0) & (tf.size(left) < _MAX_ACTIVE_PANELS)

    def halve(round_, left, right, done_left, done_right):
        rule_error = tf.abs(_panel_sums(function, left, right, KRONROD - GAUSS))
        rule_error = tf.reduce_max(tf.reshape(rule_error, (tf.size(left), -1)), axis=1)
        middle = (left + right) / 2
        split = (rule_error > tolerance) & (left < middle) & (middle < right)

        def pick(x, mask):
            return tf.boolean_mask(x, mask)

        done_left = tf.concat([done_left, pick(left, ~split)], 0)
        done_right = tf.concat([done_right, pick(right, ~split)], 0)
        new_left = tf.concat([pick(left, split), pick(middle, split)], 0)
        new_right = tf.concat([pick(middle, split), pick(right, split)], 0)
        return round_ + 1, new_left, new_right, done_left, done_right

    any_length = tf.TensorShape([None])
    _, left, right, done_left, done_right = tf.while_loop(
        unresolved,
        halve,
        (tf.constant(0), edges[:-1], edges[1:], none, none),
        shape_invariants=(tf.TensorShape([]), any_length, any_length, any_length, any_length),
    )
    left, right = tf.concat([done_left, left], 0), tf.concat([done_right, right], 0)
    return tf.stop_gradient(tf.sort(left)), tf.stop_gradient(tf.sort(right))


def _panel_sums(function, left, right, weights):
    """The rule with `weights` on each panel: `(k, ...)`."""
    half = (right - left) / 2
    x = (left + right)[:, tf.newaxis] / 2 + half[:, tf.newaxis] * NODES
    values = function(tf.reshape(x, (-1,)))
    shape = tf.concat([tf.shape(x), tf.shape(values)[1:]], 0)
    weighted = tf.tensordot(weights, tf.reshape(values, shape), axes=[[0], [1]])
    column = tf.concat([tf.shape(half), tf.ones(tf.rank(values) - 1, tf.int32)], 0)
    return weighted * tf.reshape(half, column)
