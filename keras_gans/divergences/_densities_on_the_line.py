"""Transport between distributions with densities on the real line, by quadrature."""

import tensorflow as tf

from keras_gans.divergences import _distributions, _inputs, _quadrature

# Differences of two cumulative probabilities below this are rounding.
_ROUNDING = 1e-14


def distance(p, q):
    _check_on_the_line(p, q)
    p, q = _distributions.in_float64(p), _distributions.in_float64(q)
    surplus = _surplus_below(p, q)
    edges = _distributions.panel_edges(p, q)
    return _quadrature.integrate(lambda x: tf.abs(surplus(x)), edges)


def dual(p, q):
    """The value, and the witness: it falls where mass must move right and rises where left."""
    _check_on_the_line(p, q)
    p, q = _distributions.in_float64(p), _distributions.in_float64(q)
    if p.batch_shape.rank or q.batch_shape.rank:
        raise _inputs.error("p", "a single distribution, without a batch", p)
    surplus = _surplus_below(p, q)
    edges = _distributions.panel_edges(p, q)

    def size_and_sign(x):
        return tf.stack([tf.abs(surplus(x)), tf.sign(surplus(x))], -1)

    left, right = _quadrature.refine(size_and_sign, edges)
    knots = tf.concat([left[:1], right], 0)
    slopes = -tf.sign(surplus((left + right) / 2))
    heights = tf.concat([[0.0], tf.cumsum(slopes * (right - left))], 0)

    def piecewise_linear(z):
        z = tf.clip_by_value(z, knots[0], knots[-1])
        panel = tf.searchsorted(right, z)
        rise = tf.gather(slopes, panel) * (z - tf.gather(left, panel))
        return tf.gather(heights, panel) + rise

    def mean(d):
        # E[f] by parts: f at the right end, less ∫ f′F.
        areas = _quadrature.panel_integrals(lambda x: _distributions.cumulative(d, x), left, right)
        return heights[-1] - tf.reduce_sum(slopes * areas)

    at_p, at_q = mean(p), mean(q)
    middle = (at_p + at_q) / 2

    def witness(points):
        points = _inputs.array("points", points)
        return piecewise_linear(points) - middle

    return at_p - at_q, witness


def _check_on_the_line(p, q):
    for name, d in (("p", p), ("q", q)):
        if not _distributions.is_one_dimensional_density(d):
            raise _inputs.error(
                name, "a distribution with a density on the real line; draw samples otherwise", d
            )


def _surplus_below(p, q):
    """x ↦ F_P(x) − F_Q(x), the mass that must cross x from left to right."""

    rank = max(p.batch_shape.rank, q.batch_shape.rank)

    def surplus(x):
        below_p, below_q = (_distributions.cumulative(d, x, rank) for d in (p, q))
        difference = below_p - below_q
        return tf.where(tf.abs(difference) > _ROUNDING, difference, 0.0)

    return surplus
