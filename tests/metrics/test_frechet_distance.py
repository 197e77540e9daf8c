import numpy as np
import pytest
import scipy.linalg

from keras_gans.metrics import FrechetDistance


def reference(real, generated):
    """The published formula, with the matrix square root of the product."""
    mean_difference = real.mean(axis=0) - generated.mean(axis=0)
    cov_real, cov_generated = np.cov(real, rowvar=False), np.cov(generated, rowvar=False)
    root = scipy.linalg.sqrtm(cov_real @ cov_generated)
    return mean_difference @ mean_difference + np.trace(
        cov_real + cov_generated - 2 * np.real(root)
    )


def low_rank_reference(real, generated):
    """Without square roots of a singular product: tr (Σ₁Σ₂)^½ is the nuclear norm of X₁X₂ᵀ."""

    def factor(samples):
        return (samples - samples.mean(axis=0)) / np.sqrt(len(samples) - 1)

    x, y = factor(real), factor(generated)
    difference = real.mean(axis=0) - generated.mean(axis=0)
    cross = scipy.linalg.svdvals(x @ y.T).sum()
    return difference @ difference + np.sum(x**2) + np.sum(y**2) - 2 * cross


def distance(real, generated):
    metric = FrechetDistance()
    metric.update_state(real, generated)
    return float(metric.result())


def correlated(number, dim, seed, shift=0.0):
    rng = np.random.default_rng(seed)
    return shift + rng.normal(size=(number, dim)) @ rng.normal(size=(dim, dim)) / np.sqrt(dim)


def test_equals_the_square_root_formula():
    real, generated = correlated(300, 24, 0), correlated(200, 24, 1, shift=0.3)
    assert distance(real, generated) == pytest.approx(reference(real, generated), rel=1e-6)


@pytest.mark.parametrize("number", [2, 10, 63])
def test_fewer_samples_than_features(number):
    real, generated = correlated(number, 64, 2), correlated(number + 1, 64, 3, shift=0.3)
    assert distance(real, generated) == pytest.approx(low_rank_reference(real, generated), rel=1e-6)


def test_singular_covariance():
    real, generated = correlated(200, 12, 4), correlated(200, 12, 5)
    real[:, 3] = real[:, 5]  # two features alike
    generated[:, 7] = 0.25  # and one constant
    assert distance(real, generated) == pytest.approx(low_rank_reference(real, generated), rel=1e-6)


def test_a_distribution_is_at_distance_zero_from_itself():
    samples = correlated(100, 16, 6)
    assert abs(distance(samples, samples)) < 1e-10


def test_a_shift_counts_its_squared_length():
    samples = correlated(100, 16, 7)
    assert distance(samples, samples + 0.5) == pytest.approx(16 * 0.25, rel=1e-9)


def test_it_is_symmetric():
    real, generated = correlated(80, 8, 8), correlated(90, 8, 9)
    assert distance(real, generated) == pytest.approx(distance(generated, real), rel=1e-12)


def test_large_means_do_not_cancel():
    real, generated = correlated(500, 8, 10), correlated(400, 8, 11)
    expected = distance(real, generated)
    metric = FrechetDistance()
    for part in np.array_split(real + 1e6, 25):
        metric.update_state(real=part)
    for part in np.array_split(generated + 1e6, 25):
        metric.update_state(generated=part)
    assert float(metric.result()) == pytest.approx(expected, rel=1e-8)


def test_different_feature_numbers_are_an_error():
    with pytest.raises(ValueError, match=r"`generated` must be of shape \(batch, 3\)"):
        FrechetDistance().update_state(np.zeros((5, 3)), np.zeros((5, 4)))
