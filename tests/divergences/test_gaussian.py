"""W2 between Gaussians, from moments and from samples."""

import numpy as np
import pytest
import tensorflow as tf
from scipy import linalg

from keras_gans.divergences import (
    gaussian_wasserstein_distance,
    gaussian_wasserstein_squared,
    gaussian_wasserstein_squared_from_samples,
)

pytestmark = pytest.mark.first_cases


def samples(n, d, seed, rank=None):
    """Correlated samples around a mean of their own; of `rank` dimensions if given."""
    rng = np.random.default_rng(seed)
    rank = d if rank is None else rank
    mixing = rng.normal(size=(rank, d)) * np.linspace(0.2, 2, rank)[:, np.newaxis]
    return rng.normal(size=(n, rank)) @ mixing + rng.normal(size=d)


def moments(x):
    return x.mean(0), np.cov(x, rowvar=False)


def squared_by_eigenvalues(mean1, cov1, mean2, cov2):
    """‖μ1 − μ2‖² + tr(Σ1 + Σ2 − 2 (Σ1^½ Σ2 Σ1^½)^½), with the square roots of symmetric matrices
    by eigenvalues, those below the rounding of their matrix set to zero."""

    def square_root(a):
        values, vectors = linalg.eigh(a)
        values[values < len(a) * np.finfo(float).eps * values.max()] = 0
        return vectors * np.sqrt(values) @ vectors.T

    root1, root2 = square_root(cov1), square_root(cov2)
    cross = linalg.svdvals(root1 @ root2).sum()
    return np.sum((mean1 - mean2) ** 2) + np.trace(cov1) + np.trace(cov2) - 2 * cross


def squared_by_sqrtm(mean1, cov1, mean2, cov2):
    cross = np.trace(linalg.sqrtm(cov1 @ cov2)).real
    return np.sum((mean1 - mean2) ** 2) + np.trace(cov1) + np.trace(cov2) - 2 * cross


@pytest.mark.parametrize("d", [1, 2, 17, 64])
def test_agrees_with_the_square_root_formula(d):
    x, y = moments(samples(3 * d + 5, d, 0)), moments(samples(4 * d + 5, d, 1))
    if d == 1:
        x, y = ((m, c.reshape(1, 1)) for m, c in (x, y))
    expected = squared_by_sqrtm(*x, *y)
    assert float(gaussian_wasserstein_squared(*x, *y)) == pytest.approx(expected, rel=1e-9)
    distance = gaussian_wasserstein_distance(*x, *y)
    assert float(distance) == pytest.approx(np.sqrt(expected), rel=1e-9)


def test_commuting_covariances_by_hand():
    a, b = np.array([4.0, 1.0, 0.0]), np.array([1.0, 9.0, 25.0])
    value = gaussian_wasserstein_squared([1, 0, 0], np.diag(a), [0, 2, 0], np.diag(b))
    assert float(value) == pytest.approx(5 + 1 + 4 + 25, rel=1e-14)
    assert float(gaussian_wasserstein_distance(0.0, 1.0, 3.0, 25.0)) == pytest.approx(5, rel=1e-14)


@pytest.mark.parametrize("ranks", [(5, 40), (40, 5), (5, 7), (39, 39), (1, 1)])
def test_singular_covariances(ranks):
    x, y = (moments(samples(100, 40, s, rank)) for s, rank in enumerate(ranks))
    expected = squared_by_eigenvalues(*x, *y)
    assert float(gaussian_wasserstein_squared(*x, *y)) == pytest.approx(expected, rel=1e-6)


def test_equal_singular_covariances_are_at_distance_zero():
    mean, cov = moments(samples(30, 100, 0))
    value = gaussian_wasserstein_squared(mean, cov, mean, cov)
    assert float(value) == pytest.approx(0, abs=1e-9 * np.trace(cov))
    value = gaussian_wasserstein_squared(mean, 0 * cov, mean, cov)
    assert float(value) == pytest.approx(np.trace(cov), rel=1e-12)


@pytest.mark.parametrize(("n", "m"), [(20, 30), (20, 300), (300, 20), (300, 400), (2, 2)])
def test_samples_equal_their_moments(n, m):
    """More and fewer samples than the 100 features."""
    x, y = samples(n, 100, 0), samples(m, 100, 1)
    expected = squared_by_eigenvalues(*moments(x), *moments(y))
    value = gaussian_wasserstein_squared_from_samples(x, y)
    assert float(value) == pytest.approx(expected, rel=1e-6)
    of_moments = gaussian_wasserstein_squared(*moments(x), *moments(y))
    assert float(of_moments) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("ranks", [(33, 2), (20, 33), (1, 1)])
def test_many_samples_with_singular_covariances(ranks):
    """Factors of different numbers of rows, either way around."""
    x, y = (samples(101 + s, 33, s, rank) for s, rank in enumerate(ranks))
    expected = squared_by_eigenvalues(*moments(x), *moments(y))
    value = gaussian_wasserstein_squared_from_samples(x, y)
    assert float(value) == pytest.approx(expected, rel=1e-6)


def test_samples_of_axes_by_hand():
    """Variances 2 a² / (n − 1) of points ± a on the axes, n = 6: W2² = ‖μ‖² + Σ (√v − √w)²."""
    a, b = np.array([1.0, 2.0, 0.0]), np.array([3.0, 2.0, 5.0])
    x, y = (np.concatenate([np.diag(c), -np.diag(c)]) for c in (a, b))
    value = gaussian_wasserstein_squared_from_samples(x, y + np.array([0, 0, 7]))
    assert float(value) == pytest.approx(49 + 2 / 5 * np.sum((a - b) ** 2), rel=1e-14)


def test_samples_of_features_that_are_constant_or_the_same():
    x, y = samples(50, 10, 0), samples(60, 10, 1)
    x[:, 1], y[:, 1], y[:, 2] = x[:, 0], y[:, 0], 3.0
    value = gaussian_wasserstein_squared_from_samples(x, y)
    expected = squared_by_eigenvalues(*moments(x), *moments(y))
    assert float(value) == pytest.approx(expected, rel=1e-6)


def test_is_a_metric():
    triple = [moments(samples(50, 8, s)) for s in range(3)]

    def distance(i, j):
        return float(gaussian_wasserstein_distance(*triple[i], *triple[j]))

    assert distance(0, 0) == pytest.approx(0, abs=1e-6)
    assert distance(0, 1) == pytest.approx(distance(1, 0), rel=1e-12)
    assert distance(0, 2) <= distance(0, 1) + distance(1, 2)


def test_far_from_the_origin():
    x, y = samples(200, 10, 0), samples(200, 10, 1)
    near = gaussian_wasserstein_squared_from_samples(x, y)
    far = gaussian_wasserstein_squared_from_samples(x + 1e6, y + 1e6)
    assert float(far) == pytest.approx(float(near), rel=1e-8)


def test_gradient_and_graph():
    (m1, c1), (m2, c2) = moments(samples(50, 4, 0)), moments(samples(50, 4, 1))
    inputs = [tf.constant(x) for x in (m1, c1, m2, c2)]
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        value = gaussian_wasserstein_squared(*inputs)
    gradients = tape.gradient(value, inputs)
    rng = np.random.default_rng(0)
    for index, x in enumerate((m1, c1, m2, c2)):
        shift = rng.normal(size=x.shape)
        shift = shift + shift.T
        ends = []
        for sign in (1, -1):
            moved = [m1, c1, m2, c2]
            moved[index] = x + sign * 1e-6 * shift
            ends.append(float(gaussian_wasserstein_squared(*moved)))
        slope = (ends[0] - ends[1]) / 2e-6
        assert np.sum(gradients[index] * shift) == pytest.approx(slope, rel=1e-5)
    graph = tf.function(gaussian_wasserstein_squared)
    assert float(graph(*inputs)) == pytest.approx(float(value), rel=1e-12)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([0, 0], np.eye(2), [0, 0, 0], np.eye(3)), "`mean2` must be of the shape of `mean1`"),
        (([0, 0], np.eye(3), [0, 0], np.eye(2)), "`cov1` must be of shape"),
        (([0, 0], [[1, 1], [0, 1]], [0, 0], np.eye(2)), "`cov1` must be symmetric"),
        (([0, 0], np.eye(2), [0, 0], [[0, 1], [1, 0]]), "`cov2` must be positive semidefinite"),
        (([0, 0], -np.eye(2), [0, 0], np.eye(2)), "`cov1` must be positive semidefinite"),
        (([0, np.nan], np.eye(2), [0, 0], np.eye(2)), "`mean1` must be finite"),
        (([], np.zeros((0, 0)), [], np.zeros((0, 0))), "`mean1` must be of shape"),
    ],
)
def test_bad_moments_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        gaussian_wasserstein_distance(*arguments)


def test_bad_samples_are_named():
    x = samples(5, 3, 0)
    with pytest.raises(ValueError, match="`x` must be a cloud of at least 2 samples"):
        gaussian_wasserstein_squared_from_samples(x[:1], x)
    with pytest.raises(ValueError, match="`y` must be of the dimension of `x`, 3"):
        gaussian_wasserstein_squared_from_samples(x, x[:, :2])
    with pytest.raises(ValueError, match="`y` must be finite"):
        gaussian_wasserstein_squared_from_samples(x, x * np.nan)
    for value, message in [(np.nan, "finite"), (-np.inf, "finite"), (-1e101, "at most 1e\\+100")]:
        bad = x.copy()
        bad[2, 1] = value
        with pytest.raises(ValueError, match=f"`x` must be {message}"):
            gaussian_wasserstein_squared_from_samples(bad, x)
