"""Toy densities: the numbers of the reference code."""

import numpy as np
import pytest

import keras_gans as kg

NUM = 40_000


def by_mode(density):
    """Samples of each mode, relative to its center."""
    samples = density.sample(NUM, seed=0)
    distances = np.linalg.norm(samples[:, None] - density.modes, axis=-1)
    nearest = distances.argmin(axis=1)
    modes = range(len(density.modes))
    return [samples[nearest == i] - density.modes[i] for i in modes]


RING = [2 * np.array([np.cos(a), np.sin(a)]) for a in np.arange(8) * np.pi / 4]
GRID = [np.array([x, y]) for x in (-4, -2, 0, 2, 4) for y in (-4, -2, 0, 2, 4)]


@pytest.mark.parametrize(
    "density, centers, stddev, scale",
    [
        (kg.data.ring_of_gaussians(), RING, 0.02, 1.414),
        (kg.data.grid_of_gaussians(), GRID, 0.05, 2.828),
    ],
)
def test_mixtures_of_the_reference_code(density, centers, stddev, scale):
    assert density.modes.dtype == np.float32
    np.testing.assert_allclose(density.modes, np.array(centers) / scale, atol=1e-6)
    np.testing.assert_allclose(density.stddev, stddev / scale, rtol=1e-12)
    groups = by_mode(density)
    expected = NUM / len(groups)
    for group in groups:
        assert abs(len(group) - expected) < 5 * np.sqrt(expected)
        tolerance = 5 * density.stddev / np.sqrt(len(group))
        np.testing.assert_allclose(group.mean(0), 0, atol=tolerance)
        np.testing.assert_allclose(group.std(0), density.stddev, rtol=0.15)
        assert abs(np.corrcoef(group.T)[0, 1]) < 0.15


def test_arguments_of_mixtures():
    ring = kg.data.ring_of_gaussians(3, radius=5, stddev=0.1)
    np.testing.assert_allclose(np.linalg.norm(ring.modes, axis=1), 5, rtol=1e-6)
    np.testing.assert_allclose(ring.modes.sum(0), 0, atol=1e-5)
    grid = kg.data.grid_of_gaussians(2, spacing=3, stddev=0.1)
    assert sorted(map(tuple, grid.modes)) == [(-1.5, -1.5), (-1.5, 1.5), (1.5, -1.5), (1.5, 1.5)]


def test_swiss_roll_is_the_reference_codes():
    exact = kg.data.swiss_roll(noise=0.0).sample(NUM, seed=0) * 7.5
    t = np.linalg.norm(exact, axis=1)  # the roll is (t cos t, t sin t), 3π/2 ≤ t ≤ 9π/2
    np.testing.assert_allclose(exact, t[:, None] * np.stack([np.cos(t), np.sin(t)], 1), atol=1e-3)
    assert 1.5 * np.pi - 1e-3 <= t.min() < 4.8 and 14.1 < t.max() <= 4.5 * np.pi + 1e-3
    np.testing.assert_allclose(np.quantile(t, 0.5), 3 * np.pi, atol=0.15)
    noisy = kg.data.swiss_roll().sample(NUM, seed=0) * 7.5
    np.testing.assert_allclose((noisy - exact).std(0), 0.25, rtol=0.05)


DENSITIES = [kg.data.ring_of_gaussians(), kg.data.grid_of_gaussians(), kg.data.swiss_roll()]


@pytest.mark.parametrize("density", DENSITIES, ids=lambda d: d.name)
def test_seeds(density):
    a, b, c = density.sample(50, seed=1), density.sample(50, seed=1), density.sample(50, seed=2)
    assert a.shape == (50, 2)
    assert a.dtype == np.float32
    np.testing.assert_array_equal(a, b)
    assert not np.isclose(a, c).all(axis=1).any()
    assert not np.array_equal(density.sample(50), density.sample(50))


def test_the_distribution_has_the_density_of_the_samples():
    ring = kg.data.ring_of_gaussians(8)
    distribution = ring.distribution()
    x = ring.sample(200, seed=0)
    squares = np.sum((x[:, None].astype("float64") - ring.modes) ** 2, axis=-1) / ring.stddev**2
    expected = np.log(np.mean(np.exp(-squares / 2), axis=1) / (2 * np.pi * ring.stddev**2))
    np.testing.assert_allclose(distribution.log_prob(x), expected, rtol=1e-4, atol=1e-3)
    drawn = distribution.sample(4000, seed=0).numpy()
    distances = np.linalg.norm(drawn[:, None] - ring.modes, axis=-1)
    assert distances.min(axis=1).max() < 6 * ring.stddev
    assert np.bincount(distances.argmin(axis=1)).min() > 400


def test_the_swiss_roll_has_no_distribution():
    with pytest.raises(ValueError, match="'swiss roll' is not a mixture"):
        kg.data.swiss_roll().distribution()


@pytest.mark.parametrize(
    "build, argument, value",
    [
        (kg.data.ring_of_gaussians, "num_modes", 0),
        (kg.data.ring_of_gaussians, "radius", 0.0),
        (kg.data.ring_of_gaussians, "stddev", -1.0),
        (kg.data.grid_of_gaussians, "side", -1),
        (kg.data.grid_of_gaussians, "spacing", np.nan),
        (kg.data.grid_of_gaussians, "stddev", 0.0),
        (kg.data.swiss_roll, "noise", -0.1),
        (kg.data.swiss_roll, "scale", 0.0),
        (DENSITIES[0].sample, "num", 0),
    ],
)
def test_bad_arguments_are_named(build, argument, value):
    with pytest.raises(ValueError, match=f"`{argument}` must be .*{argument}={value}"):
        build(**{argument: value})
