"""Kernel density estimation: a sum of bumps, one on each sample, as a TFP distribution."""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from keras_gans import _checks
from keras_gans._typing import ArrayLike, Tensor
from keras_gans.divergences import _inputs

BANDWIDTH_RULES = ("scott", "silverman", "cross_validation")
_MAX_CROSS_VALIDATED = 2000
_MAX_PAIRS_AT_ONCE = 2**24
_SQRT_2PI = math.sqrt(2 * math.pi)


class _Kernel(NamedTuple):
    """A radially symmetric density on R^d around 0, as a function of the radius r = ‖x‖."""

    log_profile: Callable  # r² ↦ log of the unnormalized density
    log_normalizer: Callable  # d ↦ log of its integral
    log_roughness: Callable  # d ↦ log ∫ K²
    radius: Callable  # d ↦ the distribution of r
    cdf: Callable  # x ↦ the cumulative distribution function for d = 1
    compact: bool = True


def _log_ball(d):
    """Log of the volume of the unit ball in R^d."""
    return d / 2 * math.log(math.pi) - math.lgamma(d / 2 + 1)


def _log_or_minus_infinity(x):
    positive = x > 0
    return tf.where(positive, tf.math.log(tf.where(positive, x, 1.0)), -np.inf)


def _root_of(squared):
    positive = squared > 0
    return tf.where(positive, tf.sqrt(tf.where(positive, squared, 1.0)), 0.0)


def _clip(x):
    return tf.clip_by_value(x, -1.0, 1.0)


def _beta(a, b):
    return tfd.Beta(np.float64(a), np.float64(b))


class _RootOf:
    """The distribution of √T."""

    def __init__(self, squared):
        self.squared = squared

    def sample(self, shape, seed):
        return tf.sqrt(self.squared.sample(shape, seed))


_KERNELS = {
    "gaussian": _Kernel(
        log_profile=lambda squared: -squared / 2,
        log_normalizer=lambda d: d * math.log(_SQRT_2PI),
        log_roughness=lambda d: -d / 2 * math.log(4 * math.pi),
        radius=lambda d: _RootOf(tfd.Chi2(np.float64(d))),
        cdf=lambda x: tf.math.erfc(-x / math.sqrt(2)) / 2,
        compact=False,
    ),
    "tophat": _Kernel(
        log_profile=lambda squared: tf.where(squared <= 1, tf.zeros_like(squared), -np.inf),
        log_normalizer=_log_ball,
        log_roughness=lambda d: -_log_ball(d),
        radius=lambda d: _beta(d, 1),
        cdf=lambda x: (1 + _clip(x)) / 2,
    ),
    "epanechnikov": _Kernel(
        log_profile=lambda squared: _log_or_minus_infinity(1 - squared),
        log_normalizer=lambda d: _log_ball(d) + math.log(2 / (d + 2)),
        log_roughness=lambda d: math.log(2 * (d + 2) / (d + 4)) - _log_ball(d),
        radius=lambda d: _RootOf(_beta(d / 2, 2)),
        cdf=lambda x: (2 + 3 * _clip(x) - _clip(x) ** 3) / 4,
    ),
    "triangular": _Kernel(
        log_profile=lambda squared: _log_or_minus_infinity(1 - _root_of(squared)),
        log_normalizer=lambda d: _log_ball(d) - math.log(d + 1),
        log_roughness=lambda d: math.log(2 * (d + 1) / (d + 2)) - _log_ball(d),
        radius=lambda d: _beta(d, 2),
        cdf=lambda x: (1 + 2 * _clip(x) - _clip(x) * tf.abs(_clip(x))) / 2,
    ),
    "exponential": _Kernel(
        log_profile=lambda squared: -_root_of(squared),
        log_normalizer=lambda d: _log_ball(d) + math.lgamma(d + 1),
        log_roughness=lambda d: -_log_ball(d) - math.lgamma(d + 1) - d * math.log(2),
        radius=lambda d: tfd.Gamma(np.float64(d), np.float64(1)),
        cdf=lambda x: tf.where(x < 0, tf.exp(-tf.abs(x)) / 2, 1 - tf.exp(-tf.abs(x)) / 2),
        compact=False,
    ),
}
_ALIASES = {"uniform": "tophat", "linear": "triangular"}


class KernelDensity(tfd.Distribution):
    """Kernel density estimate p(x) = 1/n Σ_i K((x − x_i)/h) / Π_j h_j.

    A TensorFlow Probability distribution, so every divergence takes it. The kernels are radially
    symmetric; h scales each axis.

    Args:
        samples: Samples `(n,)` on the line (scalar events) or `(n, d)` (events `(d,)`).
        bandwidth: h in the units of the samples: a positive number, one for each axis `(d,)`, or
            a rule. With σ the standard deviation of each axis, `"scott"` is σ n^(−1/(d + 4)) and
            `"silverman"` σ (n (d + 2)/4)^(−1/(d + 4)) for the Gaussian kernel; for others times
            δ/δ_Gauss, with δ = (∫K² / v²)^(1/(d + 4)) and v the kernel's variance along an axis,
            which smooths as much: 2.21 for Epanechnikov's on the line. `"cross_validation"` is the
            multiple of `"silverman"` with the highest leave-one-out likelihood, found on at most
            2,000 samples. Defaults to `"scott"`.
        kernel: `"gaussian"`, `"tophat"` (or `"uniform"`), `"epanechnikov"`, `"triangular"` (or
            `"linear"`) or `"exponential"`. Defaults to `"gaussian"`.
        validate_args: As in TFP.
        allow_nan_stats: As in TFP.
        name: Name of the distribution.

    The distribution is float64. It has `log_prob`, `prob`, `sample`, `mean`, `variance` and, on the
    line, `cdf`; `bandwidth` holds h. `log_prob` and `sample` are differentiable in the samples
    and the bandwidth, if it is a tensor.

    Raises:
        ValueError: If `samples` is not of shape `(n,)` or `(n, d)` or not finite; if a rule is
            given fewer than 2 samples or an axis without spread; or if `bandwidth` is not
            positive.

    Example:

    >>> from keras_gans.divergences import KernelDensity
    >>> density = KernelDensity([-1.0, 1.0], bandwidth=0.5, kernel="epanechnikov")
    >>> print(density.prob([-1.0, 0.0, 1.25]).numpy())
    [0.75   0.     0.5625]

    Reference:
        Silverman 1986, "Density estimation for statistics and data analysis", chapters 3 and 4;
        Scott 1992, "Multivariate density estimation", eq. (6.42); Marron and Nolan 1988,
        "Canonical kernels for density estimation", for the factor of the kernel.
    """

    def __init__(
        self,
        samples: ArrayLike,
        bandwidth: str | ArrayLike = "scott",
        kernel: str = "gaussian",
        *,
        validate_args: bool = False,
        allow_nan_stats: bool = True,
        name: str = "KernelDensity",
    ) -> None:
        parameters = dict(locals())
        _checks.string("name", name)
        samples = _inputs.array("samples", samples)
        self._scalar = samples.shape.rank == 1
        points = _inputs.cloud("samples", samples)
        _checks.one_of("kernel", kernel, (*_KERNELS, *_ALIASES))
        self._kernel = _KERNELS[_ALIASES.get(kernel, kernel)]
        self._points = points
        self._bandwidth = _bandwidth(bandwidth, points, self._kernel)
        super().__init__(
            dtype=tf.float64,
            # The choice of a sample does not depend on any parameter.
            reparameterization_type=tfd.FULLY_REPARAMETERIZED,
            validate_args=validate_args,
            allow_nan_stats=allow_nan_stats,
            parameters=parameters,
            name=name,
        )

    @property
    def samples(self) -> Tensor:
        """The samples, in the shape in which they were given."""
        return self._points[:, 0] if self._scalar else self._points

    @property
    def bandwidth(self) -> Tensor:
        """h: float64 `(d,)`, or a scalar on the line."""
        return self._bandwidth[0] if self._scalar else self._bandwidth

    def _batch_shape(self):
        return tf.TensorShape([])

    def _batch_shape_tensor(self, **_):
        return tf.constant([], tf.int32)

    def _event_shape(self):
        return tf.TensorShape([] if self._scalar else [self._points.shape[-1]])

    def _event_shape_tensor(self):
        return tf.constant(self.event_shape.as_list(), tf.int32)

    def _default_event_space_bijector(self):
        from tensorflow_probability import bijectors as tfb

        return tfb.Identity()

    def _log_prob(self, value):
        x, shape = self._as_rows(value)

        def of_rows(rows):
            squared = _squared_distances(rows / self._bandwidth, self._points / self._bandwidth)
            return tf.reduce_logsumexp(self._kernel.log_profile(squared), -1)

        size = tf.cast(tf.shape(self._points)[0], tf.float64)
        constant = tf.math.log(size) + self._kernel.log_normalizer(self._points.shape[-1])
        constant += tf.reduce_sum(tf.math.log(self._bandwidth))
        return tf.reshape(_in_blocks(of_rows, x, tf.shape(self._points)[0]) - constant, shape)

    def _cdf(self, value):
        if not self._scalar:
            raise NotImplementedError("A KernelDensity has a cdf for samples of shape (n,) only.")
        x, shape = self._as_rows(value)

        def of_rows(rows):
            steps = (rows - tf.transpose(self._points)) / self._bandwidth
            return tf.reduce_mean(self._kernel.cdf(steps), -1)

        return tf.reshape(_in_blocks(of_rows, x, tf.shape(self._points)[0]), shape)

    def _sample_n(self, n, seed=None):
        from tensorflow_probability.python.internal import samplers

        dimension = self._points.shape[-1]
        choice, direction, radius = samplers.split_seed(seed, n=3, salt="KernelDensity")
        index = samplers.uniform([n], maxval=tf.shape(self._points)[0], dtype=tf.int32, seed=choice)
        direction = samplers.normal([n, dimension], dtype=tf.float64, seed=direction)
        direction /= tf.norm(direction, axis=-1, keepdims=True)
        radius = self._kernel.radius(dimension).sample([n, 1], seed=radius)
        x = tf.gather(self._points, index) + self._bandwidth * radius * direction
        return x[:, 0] if self._scalar else x

    def _mean(self):
        return tf.reduce_mean(self.samples, 0)

    def _variance(self):
        between = tf.math.reduce_variance(self.samples, 0)
        return between + self.bandwidth**2 * _kernel_variance(self._kernel, self._points.shape[-1])

    def _stddev(self):
        return tf.sqrt(self._variance())

    def _as_rows(self, value):
        """Points `(k, d)` and the shape that their values take."""
        value = tf.convert_to_tensor(value, tf.float64)
        shape = tf.shape(value) if self._scalar else tf.shape(value)[:-1]
        return tf.reshape(value, (-1, self._points.shape[-1])), shape


def _kernel_variance(kernel, dimension):
    """Variance of the kernel along one axis: E[r²]/d."""
    radius = kernel.radius(dimension)
    squared = (
        radius.squared.mean()
        if isinstance(radius, _RootOf)
        else radius.variance() + radius.mean() ** 2
    )
    return squared / dimension


def _squared_distances(x, y):
    if x.shape[-1] == 1:
        return (x - tf.transpose(y)) ** 2
    return tf.reduce_sum((x[:, tf.newaxis] - y) ** 2, -1)


def _in_blocks(function, rows, columns):
    """`function(rows)`, a block of rows at a time if a row costs many `columns`."""
    block = tf.maximum(_MAX_PAIRS_AT_ONCE // columns, 1)
    count = tf.shape(rows)[0]

    def whole():
        return function(rows)

    def by_block():
        num_blocks = (count + block - 1) // block
        padded = tf.pad(rows, [[0, num_blocks * block - count], [0, 0]])
        padded = tf.reshape(padded, [num_blocks, block, rows.shape[-1]])
        values = tf.map_fn(function, padded, fn_output_signature=tf.float64)
        return tf.reshape(values, (-1,))[:count]

    return tf.cond(count <= block, whole, by_block)


def _bandwidth(bandwidth, points, kernel):
    """h `(d,)`."""
    size, dimension = points.shape
    if not isinstance(bandwidth, str):
        bandwidth = _inputs.positive("bandwidth", bandwidth)
        if bandwidth.shape not in ([], [dimension]):
            raise _inputs.error("bandwidth", f"a number or of shape ({dimension},)", bandwidth)
        return tf.broadcast_to(bandwidth, [dimension])
    _checks.one_of("bandwidth", bandwidth, BANDWIDTH_RULES)
    if size < 2:
        raise _inputs.error("samples", f"at least 2 for the {bandwidth!r} bandwidth", points)
    deviation = tf.math.reduce_std(points, 0) * math.sqrt(size / (size - 1))
    if not _inputs.known(deviation, lambda v: np.all(v > 0)):
        raise _inputs.error("samples", "of positive variance on every axis", points)
    exponent = -1 / (dimension + 4)
    deviation *= _canonical(kernel, dimension) / _canonical(_KERNELS["gaussian"], dimension)
    if bandwidth == "scott":
        return deviation * size**exponent
    silverman = deviation * (size * (dimension + 2) / 4) ** exponent
    if bandwidth == "silverman":
        return silverman
    if tf.get_static_value(points) is None:
        raise ValueError(
            "`bandwidth` must not be 'cross_validation' inside a `tf.function`. "
            f"Received: bandwidth={bandwidth!r}"
        )
    standardized = (points / silverman).numpy()
    return silverman * _cross_validated_factor(standardized, kernel, exponent)


def _canonical(kernel, dimension):
    """δ of Marron and Nolan: kernels with bandwidths in proportion to it smooth alike."""
    variance = _kernel_variance(kernel, dimension)
    return (math.exp(kernel.log_roughness(dimension)) / variance**2) ** (1 / (dimension + 4))


def _cross_validated_factor(points, kernel, exponent):
    """The factor of the bandwidth that maximizes the leave-one-out log-likelihood."""
    from scipy.optimize import minimize_scalar
    from scipy.spatial.distance import pdist, squareform

    size, dimension = points.shape
    if size > _MAX_CROSS_VALIDATED:
        chosen = np.random.default_rng(0).choice(size, _MAX_CROSS_VALIDATED, replace=False)
        points = points[chosen]
    squared = squareform(pdist(points, "sqeuclidean"))
    np.fill_diagonal(squared, np.inf)

    def cost(log_factor):
        # No kernel has mass at an infinite distance, so the diagonal drops out.
        log_terms = kernel.log_profile(tf.constant(squared * np.exp(-2 * log_factor)))
        log_likelihood = tf.reduce_logsumexp(log_terms, -1) - dimension * log_factor
        return -float(tf.reduce_mean(log_likelihood))

    grid = np.linspace(np.log(0.02), np.log(20.0), 41)
    best = int(np.argmin([cost(g) for g in grid]))
    low, high = grid[max(best - 1, 0)], grid[min(best + 1, len(grid) - 1)]
    refined = minimize_scalar(cost, bounds=(low, high), method="bounded").x
    best = min((refined, grid[best]), key=cost)
    return np.exp(best) * (size / len(points)) ** exponent
