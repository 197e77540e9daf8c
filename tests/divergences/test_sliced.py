"""Sliced Wasserstein distance."""

import numpy as np
import ot
import pytest
import tensorflow as tf

from keras_gans.divergences import sliced_wasserstein_distance, wasserstein_distance


def directions(num, d, seed=0):
    x = np.random.default_rng(seed).normal(size=(num, d))
    return x / np.linalg.norm(x, axis=1, keepdims=True)


def clouds(n=40, m=40, d=3, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, d)), 2 * rng.normal(size=(m, d)) + 1


@pytest.mark.parametrize("p", [1, 2])
@pytest.mark.parametrize("m", [40, 27])
def test_agrees_with_pot(p, m):
    x, y = clouds(m=m)
    lines = directions(30, 3)
    expected = ot.sliced_wasserstein_distance(x, y, projections=lines.T, p=p)
    value = sliced_wasserstein_distance(x, y, p, projections=lines)
    assert float(value) == pytest.approx(expected, rel=1e-9)


def test_one_dimension_needs_no_slices():
    x, y = clouds(d=1, m=25)
    value = sliced_wasserstein_distance(x, y, num_projections=3, seed=0)
    assert float(value) == pytest.approx(float(wasserstein_distance(x, y)), rel=1e-10)


@pytest.mark.parametrize("p", [1, 2])
def test_properties(p):
    x, y = clouds()
    z, _ = clouds(seed=5)
    lines = directions(50, 3)

    def distance(a, b):
        return float(sliced_wasserstein_distance(a, b, p, projections=lines))

    assert distance(x, x[::-1]) == 0
    assert distance(x, y) == pytest.approx(distance(y, x), rel=1e-12)
    assert distance(x, y) <= distance(x, z) + distance(z, y)
    assert 0 < distance(x, y) <= float(wasserstein_distance(x, y, p))


def test_converges_to_the_mean_over_the_sphere():
    """For a shift by v in d = 2, the mean of |θ·v| is 2|v|/π."""
    x, _ = clouds(d=2)
    value = sliced_wasserstein_distance(x, x + np.array([3.0, 4.0]), num_projections=20_000, seed=1)
    assert float(value) == pytest.approx(10 / np.pi, rel=0.02)


def test_batches_and_seeds():
    pairs = [clouds(seed=s) for s in range(3)]
    x, y = (np.stack(c) for c in zip(*pairs, strict=True))
    batched = sliced_wasserstein_distance(x, y, seed=7)
    single = [sliced_wasserstein_distance(a, b, seed=7) for a, b in pairs]
    np.testing.assert_allclose(batched, single, rtol=1e-12)
    other = sliced_wasserstein_distance(x, y, seed=8)
    assert not np.allclose(batched, other, rtol=1e-6)


@pytest.mark.parametrize("m", [6, 4])
def test_gradient_and_graph(m):
    x, y = clouds(n=6, m=m, d=2)
    lines = directions(5, 2)

    def distance(x):
        return sliced_wasserstein_distance(x, y, 2, projections=lines)

    points = tf.constant(x)
    with tf.GradientTape() as tape:
        tape.watch(points)
        value = distance(points)
    gradient = tape.gradient(value, points).numpy()
    shift = np.random.default_rng(0).normal(size=x.shape)
    slope = (distance(x + 1e-6 * shift) - distance(x - 1e-6 * shift)) / 2e-6
    assert np.sum(gradient * shift) == pytest.approx(float(slope), rel=1e-5)
    assert float(tf.function(distance)(points)) == pytest.approx(float(value), rel=1e-12)


def test_bad_input_is_named():
    x, y = clouds()
    with pytest.raises(ValueError, match="`y` must be of the dimension of `x`, 3"):
        sliced_wasserstein_distance(x, y[:, :2])
    with pytest.raises(ValueError, match="`x` must be finite"):
        sliced_wasserstein_distance(x * np.nan, y)
    with pytest.raises(ValueError, match="`x` must be a cloud of at least 1 sample"):
        sliced_wasserstein_distance(x[:0], y)
    with pytest.raises(ValueError, match="`num_projections` must be a positive integer"):
        sliced_wasserstein_distance(x, y, num_projections=0)
    with pytest.raises(ValueError, match=r"`projections` must be of shape \(num, 3\)"):
        sliced_wasserstein_distance(x, y, projections=np.eye(2))
    with pytest.raises(ValueError, match="`projections` must be of unit length"):
        sliced_wasserstein_distance(x, y, projections=2 * np.eye(3))
