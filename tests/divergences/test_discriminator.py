"""The optimal discriminator and the value of the game."""

import numpy as np
import pytest
import tensorflow as tf
from scipy import stats
from tensorflow_probability import distributions as tfd

from keras_gans.divergences import game_value, js_divergence, optimal_discriminator

pytestmark = pytest.mark.first_cases

P, Q = tfd.Normal(0.0, 1.0), tfd.Normal(1.0, 2.0)
X = np.linspace(-6, 6, 25)


@pytest.mark.parametrize(("alpha", "beta"), [(1, 0), (0.9, 0), (0.9, 0.1)])
def test_of_densities(alpha, beta):
    p, q = stats.norm.pdf(X), stats.norm(1, 2).pdf(X)
    expected = (alpha * p + beta * q) / (p + q)
    value = optimal_discriminator(P, Q, X, alpha, beta)
    np.testing.assert_allclose(value, expected, atol=1e-12)


@pytest.mark.parametrize(("alpha", "beta"), [(1, 0), (0.9, 0), (0.9, 0.1)])
def test_no_other_discriminator_is_better(alpha, beta):
    p, q = np.random.default_rng(0).dirichlet(np.ones(6), 2)

    def loss(d):
        on_real = alpha * np.log(d) + (1 - alpha) * np.log(1 - d)
        on_fake = beta * np.log(d) + (1 - beta) * np.log(1 - d)
        return -(p @ on_real + q @ on_fake)

    best = optimal_discriminator(p, q, real_target=alpha, fake_target=beta).numpy()
    np.testing.assert_allclose(best, (alpha * p + beta * q) / (p + q), rtol=1e-12)
    for seed in range(20):
        other = np.clip(best + np.random.default_rng(seed).normal(0, 0.05, 6), 1e-6, 1 - 1e-6)
        assert loss(other) > loss(best)


def test_bins_and_missing_mass():
    p, q = [0.75, 0.25, 0.0, 0.0], [0.25, 0.25, 0.5, 0.0]
    np.testing.assert_array_equal(optimal_discriminator(p, q), [0.75, 0.5, 0, np.nan])
    np.testing.assert_array_equal(optimal_discriminator(p, q, [2, 0, 0]), [0, 0.75, 0.75])
    far = optimal_discriminator(tfd.Uniform(0.0, 1.0), tfd.Uniform(0.5, 3.0), [0.2, 2.0, 9.0])
    np.testing.assert_array_equal(far, [1, 0, np.nan])


def test_far_in_the_tails():
    """Where both densities underflow, their ratio does not."""
    value = optimal_discriminator(tfd.Normal(0.0, 1.0), tfd.Normal(1.0, 1.0), [-1e3, 1e3])
    np.testing.assert_allclose(value, [1, 0], atol=1e-12)


def test_game_value_at_the_optimal_discriminator():
    """E_p[log D*] + E_q[log(1 − D*)], summed by hand, is 2 JS − log 4."""
    p, q = np.random.default_rng(1).dirichlet(np.ones(6), 2)
    d = optimal_discriminator(p, q).numpy()
    by_hand = p @ np.log(d) + q @ np.log(1 - d)
    assert float(game_value(p, q)) == pytest.approx(by_hand, abs=1e-12)
    assert float(game_value(p, q)) == pytest.approx(2 * float(js_divergence(p, q)) - np.log(4))
    assert float(game_value(p, p)) == pytest.approx(-np.log(4), abs=1e-14)
    assert float(game_value([1.0, 0.0], [0.0, 1.0])) == pytest.approx(0, abs=1e-14)


def test_game_value_of_densities():
    x = np.linspace(-40, 40, 400_001)
    p, q = stats.norm.pdf(x), stats.norm(1, 2).pdf(x)
    d = optimal_discriminator(P, Q, x).numpy()
    inside = (p > 1e-200) & (q > 1e-200)
    integrand = p[inside] * np.log(d[inside]) + q[inside] * np.log1p(-d[inside])
    by_hand = integrand.sum() * (x[1] - x[0])
    value, error = game_value(P, Q, return_standard_error=True)
    assert float(value) == pytest.approx(by_hand, abs=1e-6)
    assert float(error) == 0
    options = {"method": "monte_carlo", "seed": 0, "return_standard_error": True}
    value, error = game_value(P, Q, **options)
    assert float(error) == pytest.approx(2 * float(js_divergence(P, Q, **options)[1]))
    assert abs(float(value) - by_hand) < 4 * float(error)


def test_gradient_and_graph():
    x = tf.constant([0.5, -1.0], tf.float64)
    with tf.GradientTape() as tape:
        tape.watch(x)
        value = optimal_discriminator(P, Q, x)
    ends = [optimal_discriminator(P, Q, x + s).numpy() for s in (1e-6, -1e-6)]
    np.testing.assert_allclose(tape.gradient(value, x), (ends[0] - ends[1]) / 2e-6, rtol=1e-6)
    graph = tf.function(lambda x: optimal_discriminator(P, Q, x))
    np.testing.assert_allclose(graph(x), value, rtol=1e-14)


def test_bad_input_is_named():
    with pytest.raises(ValueError, match="`x` must be given where"):
        optimal_discriminator(P, Q)
    with pytest.raises(ValueError, match="`x` must be bin indices from 0 to 1"):
        optimal_discriminator([0.5, 0.5], [0.5, 0.5], [2])
    with pytest.raises(TypeError, match="`x` must be integer bin indices"):
        optimal_discriminator([0.5, 0.5], [0.5, 0.5], [0.5])
    with pytest.raises(ValueError, match=r"`real_target` must be a number in \[0, 1\]"):
        optimal_discriminator(P, Q, X, real_target=1.1)
    with pytest.raises(ValueError, match=r"`fake_target` must be a number in \[0, 1\]"):
        optimal_discriminator(P, Q, X, fake_target=-0.1)
    with pytest.raises(TypeError, match="`q` must be of the kind of `p`"):
        game_value([0.5, 0.5], Q)
    with pytest.raises(ValueError, match="`p` must be normalized"):
        game_value([0.5, 0.6], [0.5, 0.5])
