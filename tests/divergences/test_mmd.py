"""Maximum mean discrepancy."""

import numpy as np
import pytest
import tensorflow as tf
from scipy.spatial.distance import cdist, pdist
from sklearn.metrics.pairwise import polynomial_kernel, rbf_kernel

from keras_gans.divergences import maximum_mean_discrepancy

pytestmark = pytest.mark.first_cases


def clouds(n=20, m=30, d=3, seed=0, shift=1.0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, d)), rng.normal(size=(m, d)) + shift


def by_loops(kernel, x, y, unbiased):
    n, m = len(x), len(y)
    xx, yy = kernel(x, x), kernel(y, y)
    if unbiased:
        within = (xx.sum() - np.trace(xx)) / (n * (n - 1)) + (yy.sum() - np.trace(yy)) / (
            m * (m - 1)
        )
    else:
        within = xx.mean() + yy.mean()
    return within - 2 * kernel(x, y).mean()


@pytest.mark.parametrize("unbiased", [True, False])
def test_agrees_with_scikit_learn(unbiased):
    x, y = clouds()

    def rbf(sigma):
        return lambda a, b: rbf_kernel(a, b, gamma=1 / (2 * sigma**2))

    def value(**options):
        return float(maximum_mean_discrepancy(x, y, unbiased=unbiased, **options))

    assert value(bandwidth=0.7) == pytest.approx(by_loops(rbf(0.7), x, y, unbiased), abs=1e-12)
    mixture = np.mean([by_loops(rbf(s), x, y, unbiased) for s in (0.5, 1.0, 4.0)])
    assert value(bandwidth=[0.5, 1.0, 4.0]) == pytest.approx(mixture, abs=1e-12)
    median = np.median(pdist(np.concatenate([x, y])))
    assert value() == pytest.approx(by_loops(rbf(median), x, y, unbiased), abs=1e-12)
    polynomial = by_loops(lambda a, b: polynomial_kernel(a, b), x, y, unbiased)
    assert value(kernel="polynomial") == pytest.approx(polynomial, rel=1e-10)
    other = by_loops(lambda a, b: polynomial_kernel(a, b, 2, 0.3, 0.5), x, y, unbiased)
    options = {"degree": 2, "scale": 0.3, "offset": 0.5}
    assert value(kernel="polynomial", **options) == pytest.approx(other, rel=1e-10)


def test_a_kernel_of_ones_own():
    x, y = clouds()
    energy = maximum_mean_discrepancy(x, y, lambda a, b: -cdist(a, b), unbiased=False)
    expected = 2 * cdist(x, y).mean() - cdist(x, x).mean() - cdist(y, y).mean()
    assert float(energy) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("kernel", ["rbf", "polynomial"])
def test_properties(kernel):
    x, y = clouds()

    def value(a, b):
        return float(maximum_mean_discrepancy(a, b, kernel, bandwidth=1.3, unbiased=False))

    z = clouds(seed=4)[0]
    assert value(x, x[::-1]) == pytest.approx(0, abs=1e-12)
    assert value(x, y) > 0
    assert value(x, y) == pytest.approx(value(y, x), rel=1e-12)
    assert value(x, y) ** 0.5 <= value(x, z) ** 0.5 + value(z, y) ** 0.5


def test_unbiased_and_biased_means():
    """Over draws from one distribution only the unbiased estimate averages 0."""
    draws = np.random.default_rng(0).normal(size=(2, 300, 10, 2))
    unbiased = maximum_mean_discrepancy(*draws, bandwidth=1.0).numpy()
    biased = maximum_mean_discrepancy(*draws, bandwidth=1.0, unbiased=False).numpy()
    assert abs(unbiased.mean()) < 4 * unbiased.std() / np.sqrt(300)
    assert biased.mean() > 20 * biased.std() / np.sqrt(300)


def test_permutation_test():
    """Uniform p-values where nothing differs, small ones where something does."""
    draws = np.random.default_rng(0).normal(size=(2, 60, 15, 2))
    _, p_values = maximum_mean_discrepancy(*draws, num_permutations=100, seed=0)
    assert 0.35 < p_values.numpy().mean() < 0.65
    assert (p_values.numpy() <= 0.1).mean() < 0.25
    x, y = clouds()
    value, p_value = maximum_mean_discrepancy(x, y, num_permutations=150, seed=0)
    assert float(value) == float(maximum_mean_discrepancy(x, y))
    assert float(p_value) == pytest.approx(1 / 151)
    again = maximum_mean_discrepancy(*draws, num_permutations=100, seed=0)[1]
    np.testing.assert_array_equal(p_values, again)


def test_relabeling_is_not_a_swap_only():
    """A brute force over relabelings of 3 + 3 points gives the exact p-value."""
    from itertools import combinations

    x, y = clouds(3, 3, 1, shift=0.5)
    points = np.concatenate([x, y])
    observed = float(maximum_mean_discrepancy(x, y, bandwidth=1.0))
    values = []
    for chosen in combinations(range(6), 3):
        rest = [i for i in range(6) if i not in chosen]
        values.append(
            float(maximum_mean_discrepancy(points[list(chosen)], points[rest], bandwidth=1.0))
        )
    exact = np.mean(np.array(values) >= observed - 1e-12)
    _, p_value = maximum_mean_discrepancy(x, y, bandwidth=1.0, num_permutations=2000, seed=0)
    assert float(p_value) == pytest.approx(exact, abs=0.04)


def test_batches_broadcast():
    x, y = np.random.default_rng(0).normal(size=(4, 10, 2)), clouds(d=2)[1]
    batched = maximum_mean_discrepancy(x, y)
    np.testing.assert_allclose(batched, [maximum_mean_discrepancy(a, y) for a in x], rtol=1e-10)


def test_gradient_and_graph():
    x, y = clouds(5, 6, 2)

    def distance(x):
        return maximum_mean_discrepancy(x, y, bandwidth=[0.5, 2.0])

    points = tf.constant(x)
    with tf.GradientTape() as tape:
        tape.watch(points)
        value = distance(points)
    shift = np.random.default_rng(0).normal(size=x.shape)
    slope = float(distance(x + 1e-6 * shift) - distance(x - 1e-6 * shift)) / 2e-6
    assert np.sum(tape.gradient(value, points) * shift) == pytest.approx(slope, rel=1e-5)
    signature = [tf.TensorSpec([None, 2], tf.float64)] * 2
    graph = tf.function(
        lambda x, y: maximum_mean_discrepancy(x, y, num_permutations=10, seed=0),
        input_signature=signature,
    )
    expected = maximum_mean_discrepancy(x, y, num_permutations=10, seed=0)
    np.testing.assert_allclose(graph(x, y), expected, rtol=1e-12)


def test_far_from_the_origin():
    x, y = clouds()
    near, far = maximum_mean_discrepancy(x, y), maximum_mean_discrepancy(x + 1e6, y + 1e6)
    assert float(far) == pytest.approx(float(near), rel=1e-6)


def test_bad_input_is_named():
    x, y = clouds()
    with pytest.raises(ValueError, match="`x` must be a cloud of at least 2 samples"):
        maximum_mean_discrepancy(x[:1], y)
    with pytest.raises(ValueError, match="`y` must be of the dimension of `x`, 3"):
        maximum_mean_discrepancy(x, y[:, :2])
    with pytest.raises(ValueError, match="`y` must be finite"):
        maximum_mean_discrepancy(x, y * np.nan)
    with pytest.raises(ValueError, match="`bandwidth` must be positive"):
        maximum_mean_discrepancy(x, y, bandwidth=[1.0, -1.0])
    with pytest.raises(ValueError, match=r"`bandwidth` must be one of \['median'"):
        maximum_mean_discrepancy(x, y, bandwidth="mean")
    with pytest.raises(ValueError, match="`kernel` must be 'rbf', 'polynomial' or a function"):
        maximum_mean_discrepancy(x, y, "laplace")
    with pytest.raises(ValueError, match="`num_permutations` must be an integer"):
        maximum_mean_discrepancy(x, y, num_permutations=-1)
    with pytest.raises(ValueError, match="`y` must be of leading axes that broadcast"):
        maximum_mean_discrepancy(np.stack([x] * 2), np.stack([y] * 3))
