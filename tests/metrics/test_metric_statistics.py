"""The two statistics that two-sample metrics stream: moments and random subsets."""

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis.extra.numpy import arrays

from keras_gans.metrics.moments import Moments
from keras_gans.metrics.reservoir import Reservoir, random_keys


@settings(max_examples=20, deadline=None, derandomize=True)
@given(
    samples=arrays("float64", st.tuples(st.integers(2, 12), st.just(3)), elements=st.floats(-9, 9)),
    cut=st.integers(0, 12),
)
def test_moments_equal_numpy(samples, cut):
    moments = Moments(3)
    for batch in np.split(samples, [min(cut, len(samples))]):
        moments.update_state(batch)
    mean, covariance = moments.covariance()
    assert float(moments.count()) == len(samples)
    np.testing.assert_allclose(mean, samples.mean(axis=0), atol=1e-12)
    np.testing.assert_allclose(covariance, np.cov(samples, rowvar=False), atol=1e-11)


def test_moments_survive_a_large_mean():
    samples = np.random.default_rng(0).normal(size=(1000, 2))
    moments = Moments(2)
    for batch in np.split(1e8 + samples, 50):
        moments.update_state(batch)
    np.testing.assert_allclose(
        moments.covariance()[1], np.cov(samples, rowvar=False), rtol=0, atol=1e-6
    )


def test_everything_is_kept_below_the_capacity():
    samples = np.arange(10.0)[:, None]
    reservoir = Reservoir(10, 1)
    reservoir.update_state(samples)
    assert sorted(reservoir.result().numpy().ravel()) == list(range(10))


def test_every_sample_is_as_likely_to_be_kept():
    number, capacity, repetitions = 40, 10, 400
    kept = np.zeros(number)
    for seed in range(repetitions):
        keys = random_keys(np.arange(number), (seed, 0, 0)).numpy()
        kept[np.argsort(keys)[-capacity:]] += 1
    expected = repetitions * capacity / number
    assert kept.sum() == repetitions * capacity
    chi_squared = np.sum((kept - expected) ** 2 / expected)
    assert chi_squared < 75  # 39 degrees of freedom: p < 0.0005 beyond


def test_the_subset_is_spread_over_the_stream():
    reservoir = Reservoir(500, 1, seed=7)
    for batch in np.split(np.arange(20_000.0)[:, None], 20):
        reservoir.update_state(batch)
    kept = reservoir.result().numpy().ravel()
    assert len(set(kept)) == 500
    counts, _ = np.histogram(kept, bins=10, range=(0, 20_000))
    assert np.sum((counts - 50) ** 2 / 50) < 30  # 9 degrees of freedom: p < 0.0005 beyond


def test_keys_of_neighbors_are_unrelated():
    keys = random_keys(np.arange(20_000), (1, 2, 3)).numpy() / 2**62
    assert len(np.unique(keys)) == 20_000
    assert keys.mean() == pytest.approx(0.5, abs=0.01)
    assert abs(np.corrcoef(keys[:-1], keys[1:])[0, 1]) < 0.03


def test_a_merge_weighs_streams_by_their_length():
    long, short = Reservoir(200, 1, seed=1), Reservoir(200, 1, seed=2)
    long.update_state(np.zeros((3000, 1)))
    short.update_state(np.ones((1000, 1)))
    long.merge_state(short)
    assert int(long.count()) == 4000
    kept = long.result().numpy()
    assert kept.shape == (200, 1)
    assert kept.mean() == pytest.approx(0.25, abs=0.1)  # 3.3 standard errors
