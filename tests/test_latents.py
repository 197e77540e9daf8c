import numpy as np
import pytest
from scipy import stats
from scipy.spatial.transform import Rotation, Slerp

from keras_gans import _memory, latents


def test_linear_paths_are_straight():
    start, end = np.random.default_rng(0).normal(size=(2, 3, 5))
    path = latents.interpolate(start, end, 5, path="linear")
    assert path.shape == (3, 5, 5)
    assert path.dtype == np.float32
    for i, share in enumerate((0, 0.25, 0.5, 0.75, 1)):
        np.testing.assert_allclose(path[:, i], start + share * (end - start), atol=1e-6)


def test_spherical_paths_turn_as_scipy_does():
    """A quaternion of unit length is a rotation: SciPy's `Slerp` goes along the same arc."""
    generator = np.random.default_rng(0)
    for start, end in generator.normal(size=(5, 2, 4)):
        start, end = start / np.linalg.norm(start), end / np.linalg.norm(end)
        end = end if start @ end > 0 else -end
        slerp = Slerp([0, 1], Rotation.from_quat([start, end]))
        expected = slerp(np.linspace(0, 1, 7)).as_quat()
        expected *= np.sign(expected @ start)[:, None]
        np.testing.assert_allclose(latents.interpolate(start, end, 7), expected, atol=1e-6)


def test_spherical_paths_keep_the_norm_in_steps_of_one_angle():
    start, end = np.eye(6)[:2] * 3
    path = latents.interpolate(start, end, 4).astype("float64")
    np.testing.assert_allclose(np.linalg.norm(path, axis=1), 3, rtol=1e-6)
    angles = np.arccos((path[1:] * path[:-1]).sum(1) / 9)
    np.testing.assert_allclose(angles, np.pi / 6, rtol=1e-5)


@pytest.mark.parametrize("end", [[2.0, 0.0], [-1.0, 0.0], [0.0, 0.0], [1.0, 0.0]])
def test_spherical_paths_without_an_arc_are_straight(end):
    path = latents.interpolate([1.0, 0.0], end, 3)
    np.testing.assert_allclose(path, latents.interpolate([1.0, 0.0], end, 3, "linear"), atol=1e-6)


def test_random_walks_stay_standard_normal_and_near():
    walk = latents.random_walk(latent_dim=50, steps=20_000, step_size=0.3, seed=1)
    assert walk.dtype == np.float32
    assert abs(walk.mean()) < 0.03
    assert abs(walk.std() - 1) < 0.02
    neighbors = (walk[1:] * walk[:-1]).mean()
    assert abs(neighbors - np.sqrt(1 - 0.3**2)) < 0.02
    np.testing.assert_array_equal(walk, latents.random_walk(50, 20_000, 0.3, seed=1))


def test_paths_of_a_seed():
    for kind in ("linear", "spherical", "walk"):
        paths = latents.paths(3, 10, steps=5, kind=kind, seed=2)
        assert paths.shape == (3, 5, 10)
        np.testing.assert_array_equal(paths, latents.paths(3, 10, steps=5, kind=kind, seed=2))
        assert len(np.unique(paths.reshape(15, 10), axis=0)) == 15
    straight, round_ = (latents.paths(3, 10, 5, kind, seed=2) for kind in ("linear", "spherical"))
    np.testing.assert_allclose(straight[:, [0, -1]], round_[:, [0, -1]], atol=1e-6)


@pytest.mark.parametrize("kind", ["spherical", "walk"])
def test_paths_without_a_seed_are_new_ones(kind):
    a, b = (latents.paths(2, 3, steps=4, kind=kind, seed=None) for _ in range(2))
    assert a.shape == b.shape == (2, 4, 3)
    assert not np.array_equal(a, b)


def test_bad_arguments():
    with pytest.raises(ValueError, match="`start` and `end` must have the same shape"):
        latents.interpolate([1.0], [1.0, 2.0], 3)
    with pytest.raises(ValueError, match="`steps` must be an integer of at least 2"):
        latents.interpolate([1.0], [2.0], 1)
    with pytest.raises(ValueError, match="`path` must be one of"):
        latents.interpolate([1.0], [2.0], 3, path="round")
    with pytest.raises(ValueError, match="`step_size` must be a number"):
        latents.random_walk(3, 5, step_size=0.0)
    with pytest.raises(ValueError, match="`kind` must be one of"):
        latents.paths(3, 10, 5, kind="round")


def test_what_cannot_fit_in_memory_is_refused(monkeypatch):
    monkeypatch.setattr(_memory, "physical_memory", lambda: 8 * 2 * 100)
    assert latents.paths(10, 2, steps=10).shape == (10, 10, 2)
    with pytest.raises(ValueError, match=r"`num` must be at most 10 for .* Received: num=11"):
        latents.paths(11, 2, steps=10)
    with pytest.raises(ValueError, match="`steps` must be at most 100 for"):
        latents.paths(1, 2, steps=101)
    with pytest.raises(ValueError, match="`steps` must be at most 100 for"):
        latents.interpolate([0.0, 1.0], [1.0, 0.0], steps=101)
    with pytest.raises(ValueError, match="`steps` must be at most 66 for"):
        latents.random_walk(2, steps=67)


class TestTruncation:
    """Draws from N(0, 1) given that they lie in [−t, t]."""

    @pytest.mark.parametrize("t", [0.04, 0.5, 1.0, 2.0, 6.0])
    def test_the_distribution_is_that_of_scipy(self, t):
        drawn = latents.draw(200, 100, 0, truncation=t).numpy()
        assert drawn.dtype == np.float32
        assert np.abs(drawn).max() <= np.float32(t)
        result = stats.kstest(drawn.ravel(), stats.truncnorm(-t, t).cdf)
        assert result.pvalue > 0.01

    def test_numbers_of_one_seed_keep_their_quantiles(self):
        plain = latents.draw(50, 40, 3).numpy().astype("float64")
        drawn = latents.draw(50, 40, 3, truncation=0.5).numpy()
        expected = stats.truncnorm(-0.5, 0.5).ppf(stats.norm.cdf(plain))
        np.testing.assert_allclose(drawn, expected, atol=1e-6)

    @pytest.mark.parametrize("t", [None, np.inf])
    def test_without_bounds_nothing_changes(self, t):
        plain = latents.draw(50, 40, 3).numpy()
        np.testing.assert_array_equal(latents.draw(50, 40, 3, truncation=t), plain)

    def test_wide_bounds_change_nothing_that_can_be_seen(self):
        plain = latents.draw(1000, 100, 3).numpy()
        np.testing.assert_allclose(latents.draw(1000, 100, 3, truncation=8.0), plain, atol=1e-6)
