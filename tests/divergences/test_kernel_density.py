"""Kernel density estimation."""

import numpy as np
import pytest
import tensorflow as tf
from scipy import integrate, stats
from sklearn import neighbors
from tensorflow_probability import distributions as tfd

from keras_gans.divergences import (
    KernelDensity,
    earth_movers_distance,
    js_divergence,
    kl_divergence,
    total_variation,
)
from keras_gans.divergences import kernel_density as module

pytestmark = pytest.mark.first_cases

KERNELS = ("gaussian", "tophat", "epanechnikov", "triangular", "exponential")
IN_SCIKIT_LEARN = {"triangular": "linear"}


def samples(n=40, d=2, seed=0):
    return np.random.default_rng(seed).normal(size=(n, d)) * np.arange(1, d + 1)


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("d", [1, 2, 5])
def test_agrees_with_scikit_learn(kernel, d):
    data, x = samples(d=d), samples(60, d, 1)
    name = IN_SCIKIT_LEARN.get(kernel, kernel)
    reference = neighbors.KernelDensity(bandwidth=1.4, kernel=name, rtol=1e-12).fit(data)
    density = KernelDensity(data, 1.4, kernel)
    np.testing.assert_allclose(density.log_prob(x), reference.score_samples(x), rtol=1e-6)
    if d == 1:
        line = KernelDensity(data[:, 0], 1.4, kernel)
        np.testing.assert_allclose(line.log_prob(x[:, 0]), density.log_prob(x), rtol=1e-12)


@pytest.mark.parametrize(("name", "alias"), [("tophat", "uniform"), ("triangular", "linear")])
def test_aliases(name, alias):
    x = samples(10, 1)
    first, second = (KernelDensity(x, 0.5, k).prob(x) for k in (name, alias))
    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize("rule", ["scott", "silverman"])
def test_rules_agree_with_scipy(rule):
    data = samples(50, 1)[:, 0]
    x = np.linspace(-4, 4, 30)
    reference = stats.gaussian_kde(data, rule)
    density = KernelDensity(data, rule)
    np.testing.assert_allclose(density.prob(x), reference(x), rtol=1e-9)
    plane = samples(50, 2)
    factor = stats.gaussian_kde(plane.T, rule).factor
    expected = factor * plane.std(0, ddof=1)
    np.testing.assert_allclose(KernelDensity(plane, rule).bandwidth, expected, rtol=1e-12)


@pytest.mark.parametrize("rule", ["scott", "silverman"])
@pytest.mark.parametrize(
    ("kernel", "canonical"),
    [("gaussian", 0.7764), ("epanechnikov", 1.7188), ("tophat", 1.3510), ("triangular", 1.8882)],
)
def test_rules_are_rescaled_for_the_kernel(rule, kernel, canonical):
    """By the table of canonical bandwidths, Marron and Nolan 1988; Härdle 1990, table 3.2."""
    data = samples(50, 1)[:, 0]
    ratio = KernelDensity(data, rule, kernel).bandwidth / KernelDensity(data, rule).bandwidth
    assert float(ratio) == pytest.approx(canonical / 0.7764, rel=2e-4)


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("d", [1, 3])
def test_the_roughness_is_the_mean_of_the_density(kernel, d):
    """∫K² = E K(X)."""
    density = KernelDensity(np.zeros((1, d)), 1.0, kernel)
    values = density.prob(density.sample(100_000, seed=0)).numpy()
    expected = np.exp(module._KERNELS[kernel].log_roughness(d))
    assert values.mean() == pytest.approx(expected, abs=5 * values.std() / 100_000**0.5 + 1e-12)


def test_cross_validation_agrees_with_scikit_learn():
    """The chosen bandwidth has a leave-one-out likelihood at least that of a grid's best."""
    rng = np.random.default_rng(0)
    data = np.concatenate([rng.normal(0, 1, 40), rng.normal(8, 0.5, 40)])[:, np.newaxis]

    def leave_one_out(h):
        scores = [
            neighbors.KernelDensity(bandwidth=h).fit(np.delete(data, i, 0)).score(data[i : i + 1])
            for i in range(len(data))
        ]
        return np.mean(scores)

    chosen = KernelDensity(data, "cross_validation").bandwidth.numpy()[0]
    best = max(leave_one_out(h) for h in np.geomspace(0.1, 4, 12))
    assert leave_one_out(chosen) >= best - 1e-6
    assert chosen < KernelDensity(data, "silverman").bandwidth.numpy()[0] / 3


@pytest.mark.parametrize("kernel", KERNELS)
def test_integrates_to_one_and_to_its_cdf(kernel):
    density = KernelDensity(samples(15, 1)[:, 0], 0.6, kernel)
    x = np.linspace(-30, 30, 60_001)
    p = density.prob(x).numpy()
    assert integrate.trapezoid(p, x) == pytest.approx(1, abs=1e-4)
    cumulative = integrate.cumulative_trapezoid(p, x, initial=0)
    np.testing.assert_allclose(density.cdf(x), cumulative, atol=2e-4)
    mean = integrate.trapezoid(x * p, x)
    assert float(density.mean()) == pytest.approx(mean, abs=1e-3)
    variance = integrate.trapezoid((x - mean) ** 2 * p, x)
    assert float(density.variance()) == pytest.approx(variance, abs=2e-3)


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("d", [1, 3])
def test_draws_follow_the_density(kernel, d):
    density = KernelDensity(samples(5, d), [0.7 + 0.2 * i for i in range(d)], kernel)
    draws = density.sample(20_000, seed=1).numpy()
    assert draws.shape == (20_000, d)
    error = 5 * density.stddev().numpy() / np.sqrt(20_000)
    assert (np.abs(draws.mean(0) - density.mean().numpy()) < error).all()
    np.testing.assert_allclose(draws.var(0), density.variance(), rtol=0.08)
    if d == 1:
        line = KernelDensity(density.samples[:, 0], density.bandwidth[0], kernel)
        result = stats.kstest(draws[:, 0], lambda x: line.cdf(x).numpy())
        assert result.pvalue > 1e-3
    assert np.isfinite(density.log_prob(draws)).all()


@pytest.mark.slow
def test_is_a_distribution_that_every_divergence_takes():
    rng = np.random.default_rng(0)
    density = KernelDensity(rng.normal(size=400))
    assert isinstance(density, tfd.Distribution)
    target = tfd.Normal(0.0, 1.0)
    f, x = density.prob, np.linspace(-8, 8, 20_001)
    gap = np.abs(f(x) - stats.norm.pdf(x))
    tv = integrate.trapezoid(gap, x) / 2
    assert float(total_variation(density, target)) == pytest.approx(tv, abs=1e-6)
    assert 0 < float(js_divergence(density, target)) < 0.02
    assert 0 < float(kl_divergence(density, target)) < 0.05
    w1 = integrate.trapezoid(np.abs(density.cdf(x) - stats.norm.cdf(x)), x)
    assert float(earth_movers_distance(density, target)) == pytest.approx(w1, abs=1e-6)
    plane = KernelDensity(rng.normal(size=(200, 2)))
    same = tfd.MultivariateNormalDiag([0.0, 0.0], [1.0, 1.0])
    value, error = js_divergence(plane, same, seed=0, return_standard_error=True)
    assert 0 < float(error) < float(value) < 0.1


def test_many_points_go_in_blocks(monkeypatch):
    data, x = samples(30, 2), samples(101, 2, 1)
    whole = KernelDensity(data, 0.5).log_prob(x)
    monkeypatch.setattr(module, "_MAX_PAIRS_AT_ONCE", 30 * 7)
    np.testing.assert_allclose(KernelDensity(data, 0.5).log_prob(x), whole, rtol=1e-12)


def test_shapes():
    plane = KernelDensity(samples(10, 2))
    assert plane.event_shape == [2] and plane.batch_shape == []
    assert plane.log_prob(np.zeros((4, 3, 2))).shape == (4, 3)
    assert plane.sample((4, 3), seed=0).shape == (4, 3, 2)
    line = KernelDensity(samples(10, 1)[:, 0])
    assert line.event_shape == []
    assert line.log_prob(0.0).shape == ()
    assert line.sample(seed=0).shape == ()


def test_gradients_reach_the_samples():
    data = tf.constant(samples(8, 1)[:, 0])

    def log_likelihood(data):
        return tf.reduce_mean(KernelDensity(data, 0.5).log_prob([0.3, 1.0]))

    with tf.GradientTape() as tape:
        tape.watch(data)
        value = log_likelihood(data)
        moved = tf.reduce_mean(KernelDensity(data, 0.5).sample(100, seed=(0, 0)))
        total = value + moved
    shift = np.random.default_rng(0).normal(size=8)
    forward, backward = (
        log_likelihood(data + s * shift)
        + tf.reduce_mean(KernelDensity(data + s * shift, 0.5).sample(100, seed=(0, 0)))
        for s in (1e-6, -1e-6)
    )
    slope = float(forward - backward) / 2e-6
    gradient = tf.convert_to_tensor(tape.gradient(total, data))
    assert np.sum(gradient * shift) == pytest.approx(slope, rel=1e-5)


def test_in_a_graph():
    data = samples(10, 2)
    graph = tf.function(lambda data, x: KernelDensity(data).log_prob(x))
    x = np.zeros((3, 2))
    expected = KernelDensity(data).log_prob(x)
    np.testing.assert_allclose(graph(tf.constant(data), tf.constant(x)), expected, rtol=1e-12)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([[1.0, 2.0]],), "`samples` must be at least 2 for the 'scott' bandwidth"),
        (([],), "`samples` must be a cloud of at least 1 sample"),
        (([1.0, np.nan],), "`samples` must be finite"),
        (([2.0, 2.0],), "`samples` must be of positive variance"),
        (([1.0, 2.0], -1.0), "`bandwidth` must be positive"),
        (([1.0, 2.0], [1.0, 2.0]), "`bandwidth` must be a number or of shape"),
        (([1.0, 2.0], "best"), "`bandwidth` must be one of \\['scott'"),
        (([1.0, 2.0], 1.0, "cosine"), "`kernel` must be one of \\['gaussian'"),
    ],
)
def test_bad_input_is_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        KernelDensity(*arguments)
