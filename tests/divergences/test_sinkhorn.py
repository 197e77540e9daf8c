"""Sinkhorn divergence."""

import numpy as np
import ot
import pytest
import tensorflow as tf
from scipy.spatial.distance import cdist
from scipy.special import xlogy

from keras_gans.divergences import sinkhorn_divergence, wasserstein_distance

pytestmark = pytest.mark.first_cases


def clouds(n=12, m=15, d=2, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, d)), 2 * rng.normal(size=(m, d)) + 1


def divergence_by_pot(x, y, p, epsilon):
    def cost(x, y):
        a, b = ot.unif(len(x)), ot.unif(len(y))
        distances = cdist(x, y) ** p
        plan = ot.sinkhorn(
            a,
            b,
            distances,
            epsilon,
            method="sinkhorn_log",
            numItermax=3000,
            stopThr=1e-10,
            warn=False,
        )
        return np.sum(plan * distances) + epsilon * np.sum(xlogy(plan, plan / np.outer(a, b)))

    return cost(x, y) - (cost(x, x) + cost(y, y)) / 2


@pytest.mark.parametrize("p", [1, 2])
@pytest.mark.parametrize("epsilon", [0.3, 5.0])
def test_agrees_with_pot(p, epsilon):
    x, y = clouds()
    expected = divergence_by_pot(x, y, p, epsilon)
    value = sinkhorn_divergence(x, y, p, epsilon=epsilon)
    assert float(value) == pytest.approx(expected, rel=1e-6)


def test_between_transport_and_energy():
    x, y = clouds()
    small = sinkhorn_divergence(x, y, epsilon=0.03)
    assert float(small) == pytest.approx(float(wasserstein_distance(x, y, 2)) ** 2, rel=2e-2)
    # For the cost ‖x − y‖ and ε → ∞: half the squared energy distance.
    large = sinkhorn_divergence(x, y, 1, epsilon=1e6)
    energy = cdist(x, y).mean() - cdist(x, x).mean() / 2 - cdist(y, y).mean() / 2
    assert float(large) == pytest.approx(energy, rel=1e-4)


@pytest.mark.parametrize("seed", range(3))
def test_properties(seed):
    x, y = clouds(seed=seed)
    assert float(sinkhorn_divergence(x, x[::-1])) == pytest.approx(0, abs=1e-9)
    forth, back = sinkhorn_divergence(x, y), sinkhorn_divergence(y, x)
    assert float(forth) > 0
    assert float(forth) == pytest.approx(float(back), rel=1e-7)


def test_a_shift_costs_its_square():
    x, _ = clouds()
    value = sinkhorn_divergence(x, x + np.array([3.0, 4.0]), epsilon=2.0)
    assert float(value) == pytest.approx(25, rel=1e-6)


def test_single_points():
    assert float(sinkhorn_divergence([[0.0, 0.0]], [[3.0, 4.0]], 1)) == pytest.approx(5)
    assert float(sinkhorn_divergence([[1.0, 2.0]], [[1.0, 2.0]])) == 0


def test_gradient():
    x, y = clouds(5, 6)
    points = tf.constant(x)
    with tf.GradientTape() as tape:
        tape.watch(points)
        value = sinkhorn_divergence(points, y, epsilon=1.0)
    gradient = tape.gradient(value, points).numpy()
    shift = np.random.default_rng(0).normal(size=x.shape)
    forward, backward = (
        sinkhorn_divergence(x + s * shift, y, epsilon=1.0, tolerance=1e-10) for s in (1e-5, -1e-5)
    )
    slope = float(forward - backward) / 2e-5
    assert np.sum(gradient * shift) == pytest.approx(slope, rel=1e-5)


def test_gradient_is_zero_where_the_clouds_coincide():
    x = tf.constant(clouds()[0])
    for p in (1, 2):
        with tf.GradientTape() as tape:
            tape.watch(x)
            value = sinkhorn_divergence(x, tf.stop_gradient(x), p, epsilon=1.0)
        np.testing.assert_allclose(tape.gradient(value, x), np.zeros(x.shape), atol=1e-6)


def test_batches_and_graph():
    pairs = [clouds(seed=s) for s in range(3)]
    x, y = (tf.stack(c) for c in zip(*pairs, strict=True))
    single = [float(sinkhorn_divergence(a, b)) for a, b in pairs]
    np.testing.assert_allclose(sinkhorn_divergence(x, y), single, rtol=1e-6)
    np.testing.assert_allclose(tf.function(sinkhorn_divergence)(x, y), single, rtol=1e-6)


def test_bad_input_is_named():
    x, y = clouds()
    with pytest.raises(ValueError, match="`epsilon` must be positive"):
        sinkhorn_divergence(x, y, epsilon=0.0)
    with pytest.raises(ValueError, match="`p` must be between 1 and 2"):
        sinkhorn_divergence(x, y, 3)
    with pytest.raises(ValueError, match="`y` must be of the dimension of `x`, 2"):
        sinkhorn_divergence(x, y[:, :1])
    with pytest.raises(ValueError, match="`y` must be finite"):
        sinkhorn_divergence(x, y * np.inf)
    with pytest.raises(ValueError, match="`max_iterations` must be a positive integer"):
        sinkhorn_divergence(x, y, max_iterations=0)


@pytest.mark.parametrize("epsilon", [None, 0.5])
def test_one_cloud_against_a_batch_of_clouds(epsilon):
    rng = np.random.default_rng(0)
    x, batch = rng.normal(size=(4, 2)), rng.normal(size=(3, 5, 2))
    expected = [sinkhorn_divergence(x, y, epsilon=epsilon) for y in batch]
    for found in (
        sinkhorn_divergence(x, batch, epsilon=epsilon),
        sinkhorn_divergence(batch, x, epsilon=epsilon),
    ):
        np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_an_epsilon_below_the_rounding_of_costs_is_refused():
    with pytest.raises(ValueError, match="at least 1e-12 times the largest cost"):
        sinkhorn_divergence([[0.0], [1e3]], [[0.0], [1.0]], epsilon=1e-9)
