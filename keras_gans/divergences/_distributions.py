"""What the divergences need to know about a TensorFlow Probability distribution."""

import sys

import keras
import numpy as np
import tensorflow as tf

from keras_gans.divergences import _inputs

_SAMPLES_FOR_EDGES = 512
_TAIL_PANELS = 20
_GAP_PANELS = 24
_GAP_RATIO = 16
# Where the real line is cut off to ask a bijector for the ends of a support.
_FAR = 1e30


def is_distribution(x):
    """Whether `x` is a TFP distribution; does not import TFP."""
    tfp = sys.modules.get("tensorflow_probability")
    return tfp is not None and isinstance(x, tfp.distributions.Distribution)


def both_distributions(p, q):
    """True for two distributions on one space, False for two arrays; anything else is an error."""
    if is_distribution(p) != is_distribution(q):
        raise _inputs.error(
            "q", "of the kind of `p`: two arrays, or two TFP distributions", q, TypeError
        )
    if not is_distribution(p):
        return False
    if str(p.event_shape) != str(q.event_shape):
        raise _inputs.error("q", f"a distribution of the event shape of `p`, {p.event_shape}", q)
    return True


def in_float64(distribution):
    """The same distribution with float64 parameters, or itself where it cannot be rebuilt."""
    try:
        return _rebuilt(distribution)
    except (TypeError, ValueError):
        return distribution


def _rebuilt(distribution):
    parameters = {name: _widened(value) for name, value in distribution.parameters.items()}
    return type(distribution)(**parameters)


def _widened(value):
    if value is None or isinstance(value, (bool, int, str, tf.DType)):
        return value
    if is_distribution(value):
        return _rebuilt(value)
    value = tf.convert_to_tensor(value, dtype_hint=tf.float64)
    return tf.cast(value, tf.float64) if value.dtype.is_floating else value


def is_one_dimensional_density(distribution):
    """Whether quadrature over the real line applies."""
    from tensorflow_probability import distributions as tfd

    if isinstance(distribution, tfd.MixtureSameFamily):
        return is_one_dimensional_density(distribution.components_distribution)
    if isinstance(distribution, tfd.Independent):
        inner = distribution.distribution
        return distribution.event_shape.num_elements() == 1 and is_one_dimensional_density(inner)
    if isinstance(distribution, (tfd.Deterministic, tfd.Empirical, tfd.JointDistribution)):
        return False
    if distribution.event_shape.num_elements() != 1 or not distribution.dtype.is_floating:
        return False
    try:
        return distribution.experimental_default_event_space_bijector() is not None
    except NotImplementedError:
        return True


def classes(distribution):
    """The probabilities `(..., n)` of a distribution on n classes, None for any other."""
    from tensorflow_probability import distributions as tfd

    if isinstance(distribution, (tfd.Categorical, tfd.OneHotCategorical)):
        return tf.cast(distribution.probs_parameter(), tf.float64)
    if isinstance(distribution, tfd.Bernoulli):
        probability = tf.cast(distribution.probs_parameter(), tf.float64)
        return tf.stack([1 - probability, probability], -1)
    return None


def support(distribution):
    """The least and the greatest value `(low, high)` in the support, each of the batch shape."""
    from tensorflow_probability import distributions as tfd

    if isinstance(distribution, tfd.MixtureSameFamily):
        low, high = support(distribution.components_distribution)
        return tf.reduce_min(low, -1), tf.reduce_max(high, -1)
    try:
        bijector = distribution.experimental_default_event_space_bijector()
        real_line = tf.constant([-_FAR, _FAR], distribution.dtype)
        ends = bijector.forward(tf.reshape(real_line, _column(distribution)))
    except (NotImplementedError, TypeError, ValueError):
        everywhere = tf.fill(distribution.batch_shape_tensor(), tf.constant(np.inf, tf.float64))
        return -everywhere, everywhere
    ends = tf.cast(_without_event(distribution, ends), tf.float64)
    return tuple(
        tf.broadcast_to(end, distribution.batch_shape_tensor()) for end in (ends[0], ends[1])
    )


def log_density(distribution, x, batch_rank=0):
    """`log p` at the points `x` `(n,)`: float64 `(n, ...batch)`, −∞ off the support."""
    points = tf.reshape(x, _column(distribution, batch_rank))
    log_p = tf.cast(distribution.log_prob(tf.cast(points, distribution.dtype)), tf.float64)
    low, high = support(distribution)
    points = _without_event(distribution, points)
    # The ends themselves, where a density may be infinite, have no mass.
    inside = (points > low) & (points < high) & ~tf.math.is_nan(log_p)
    return tf.where(inside, log_p, tf.constant(-np.inf, tf.float64))


def cumulative(distribution, x, batch_rank=0):
    """The cumulative distribution function at `x` `(n,)`: float64 `(n, ...batch)`."""
    low, high = support(distribution)
    points = tf.reshape(x, _column(distribution, batch_rank))
    clipped = tf.clip_by_value(_without_event(distribution, points), low, high)
    clipped = _with_event(distribution, clipped)
    return tf.cast(distribution.cdf(tf.cast(clipped, distribution.dtype)), tf.float64)


def panel_edges(*distributions):
    """Sorted points `(k,)` that lie where the mass of the distributions lies, and far beyond.

    The quantiles of a fixed draw follow any scale and any number of modes. The ends of supports
    are where densities jump. From each side of a gap between modes the panels double in width, and
    so they do beyond the draw, to 10^6 times its spread.
    """
    draws, ends = [], []
    for seed, distribution in enumerate(distributions):
        x = distribution.sample(_SAMPLES_FOR_EDGES, seed=tf.constant([seed, 0]))
        draws.append(tf.reshape(tf.cast(x, tf.float64), (-1,)))
        ends.append(_ends_of_supports(distribution))
    draws, ends = tf.sort(tf.concat(draws, 0)), tf.concat(ends, 0)
    inner = tf.gather(draws, tf.cast(tf.linspace(0, tf.size(draws) - 1, 257), tf.int32))
    spread = tf.maximum(inner[-1] - inner[0], 1e-12 * (1 + tf.abs(inner[0])))
    steps = spread * tf.constant(2.0 ** np.arange(-_GAP_PANELS, _TAIL_PANELS), tf.float64)
    edges = tf.concat([inner[0] - steps, inner, _inside_gaps(inner), inner[-1] + steps], 0)
    ends = tf.boolean_mask(ends, tf.abs(ends) < _FAR)
    return tf.stop_gradient(tf.sort(tf.concat([edges, ends], 0)))


def _inside_gaps(points):
    """Points that grade the panels much wider than a neighbor from both of their ends."""
    width = points[1:] - points[:-1]
    neighbors = tf.pad(width, [[1, 1]], constant_values=np.inf)
    wide = width > _GAP_RATIO * tf.minimum(neighbors[:-2], neighbors[2:])
    left, right, width = (tf.boolean_mask(x, wide) for x in (points[:-1], points[1:], width))
    steps = width[:, tf.newaxis] * tf.constant(2.0 ** -np.arange(1, _GAP_PANELS), tf.float64)
    graded = tf.concat([left[:, tf.newaxis] + steps, right[:, tf.newaxis] - steps], 0)
    return tf.reshape(graded, (-1,))


def _ends_of_supports(distribution):
    """Both ends `(k,)` of the support of each member of the batch, and of each component."""
    from tensorflow_probability import distributions as tfd

    if isinstance(distribution, tfd.MixtureSameFamily):
        return _ends_of_supports(distribution.components_distribution)
    return tf.reshape(tf.stack(support(distribution)), (-1,))


def sample(distribution, num_samples, seed):
    """Draws `(num, ...batch, ...event)` and their weights `(num, ...batch)`.

    The weights are one. They carry the derivative of the sampling where the draws themselves do
    not: ∇E[f] = E[∇f + f ∇log p].
    """
    from tensorflow_probability import distributions as tfd

    x = distribution.sample(num_samples, seed=seed)
    if distribution.reparameterization_type == tfd.FULLY_REPARAMETERIZED:
        return x, tf.ones((), tf.float64)
    x = tf.stop_gradient(x)
    log_p = tf.cast(distribution.log_prob(x), tf.float64)
    return x, tf.exp(log_p - tf.stop_gradient(log_p))


def draw_seeds(num, seed):
    """Stateless seeds `(num, 2)` from an integer, a `keras.random.SeedGenerator` or None."""
    return keras.random.randint((num, 2), 0, 2**31 - 1, dtype="int32", seed=seed)


def _column(distribution, batch_rank=0):
    """The shape in which points `(n,)` broadcast as events against the batch."""
    ranks = max(batch_rank, distribution.batch_shape.rank) + distribution.event_shape.rank
    return [-1] + [1] * ranks


def _without_event(distribution, x):
    axes = list(range(-distribution.event_shape.rank, 0))
    return tf.squeeze(x, axes) if axes else x


def _with_event(distribution, x):
    for _ in range(distribution.event_shape.rank):
        x = x[..., tf.newaxis]
    return x
