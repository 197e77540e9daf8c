"""Wavelet earth mover's distance."""

import itertools
import warnings

import numpy as np
import pytest
import pywt
import tensorflow as tf

from keras_gans.divergences import earth_movers_distance, wavelet_emd

pytestmark = pytest.mark.first_cases


def histogram(shape, seed):
    return np.random.default_rng(seed).dirichlet(np.ones(np.prod(shape))).reshape(shape)


@pytest.mark.parametrize("shape", [(32,), (21,), (8, 8), (6, 9), (4, 4, 4)])
@pytest.mark.parametrize("wavelet", ["haar", "sym5"])
def test_agrees_with_the_coefficients_of_pywavelets(shape, wavelet):
    p, q = histogram(shape, 0), histogram(shape, 1)
    levels, d = 4, len(shape)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        _, *details = pywt.wavedecn(p - q, wavelet, mode="zero", level=levels)
    expected = sum(
        2.0 ** ((levels - i) * (1 + d / 2)) * sum(np.abs(c).sum() for c in parts.values())
        for i, parts in enumerate(details)
    )
    value = wavelet_emd(p, q, wavelet=wavelet, levels=levels)
    assert float(value) == pytest.approx(expected, rel=1e-10)


def test_close_to_the_earth_movers_distance():
    """The ratio to exact transport stays in a narrow range."""
    ratios = []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        p, q = np.zeros((2, 128))
        p[rng.integers(0, 128, 3)] += rng.dirichlet(np.ones(3))
        q[rng.integers(0, 128, 3)] += rng.dirichlet(np.ones(3))
        p, q = p / p.sum(), q / q.sum()
        ratios.append(float(wavelet_emd(p, q)) / float(earth_movers_distance(p, q)))
    assert max(ratios) / min(ratios) < 4


@pytest.mark.parametrize("start", [0, 60])
def test_equivalent_at_all_scales_for_a_power_below_one(start):
    """One pile moved by 1, 2, 4, …, 128 bins: exact transport costs the root of the distance."""
    piles, steps = np.eye(256), 2 ** np.arange(8)
    values = [float(wavelet_emd(piles[start], piles[start + k], power=0.5)) for k in steps]
    ratios = values / np.sqrt(steps)
    assert ratios.max() / ratios.min() < 4


def test_grows_with_the_distance_where_bin_by_bin_distances_do_not():
    piles = np.eye(256)
    values = [float(wavelet_emd(piles[0], piles[k])) for k in (1, 4, 16, 64, 255)]
    assert all(b > 1.1 * a for a, b in itertools.pairwise(values))


def test_is_a_metric():
    p, q, r = (histogram((8, 8), s) for s in range(3))
    assert float(wavelet_emd(p, p)) == 0
    assert float(wavelet_emd(p, q)) > 0
    assert float(wavelet_emd(p, q)) == pytest.approx(float(wavelet_emd(q, p)), rel=1e-12)
    assert float(wavelet_emd(p, r)) <= float(wavelet_emd(p, q) + wavelet_emd(q, r)) + 1e-12
    assert float(wavelet_emd(3 * p, 3 * q)) == pytest.approx(3 * float(wavelet_emd(p, q)))


def test_batches_gradient_and_graph():
    p = np.stack([histogram((8, 8), s) for s in range(3)])
    q = np.stack([histogram((8, 8), s) for s in range(3, 6)])
    batched = wavelet_emd(p, q, num_axes=2)
    single = [float(wavelet_emd(a, b)) for a, b in zip(p, q, strict=True)]
    np.testing.assert_allclose(batched, single, rtol=1e-12)
    graph = tf.function(wavelet_emd)
    np.testing.assert_allclose(
        graph(tf.constant(p), tf.constant(q), num_axes=2), batched, rtol=1e-12
    )
    masses = tf.constant(p[0])
    with tf.GradientTape() as tape:
        tape.watch(masses)
        value = wavelet_emd(masses, q[0])
    move = np.random.default_rng(0).normal(size=(8, 8))
    move -= move.mean()
    step = 1e-7 * move
    slope = float(wavelet_emd(p[0] + step, q[0]) - wavelet_emd(p[0] - step, q[0])) / 2e-7
    gradient = tape.gradient(value, masses).numpy()
    assert np.sum(gradient * move) == pytest.approx(slope, rel=1e-5)


def test_bad_input_is_named():
    p = histogram((8,), 0)
    with pytest.raises(ValueError, match="`wavelet` must be the name of an orthogonal wavelet"):
        wavelet_emd(p, p, wavelet="bior2.2")
    with pytest.raises(ValueError, match="`q` must be of the same total mass as `p`"):
        wavelet_emd(p, 2 * p)
    with pytest.raises(ValueError, match="`q` must be of the shape of `p`"):
        wavelet_emd(p, histogram((9,), 0))
    with pytest.raises(ValueError, match="`p` must be non-negative"):
        wavelet_emd(p - 0.5, p)
    with pytest.raises(ValueError, match="`q` must be finite"):
        wavelet_emd(p, p * np.nan)
    with pytest.raises(ValueError, match=r"`power` must be a number in \(0, 1\]"):
        wavelet_emd(p, p, power=1.5)
    with pytest.raises(ValueError, match="`num_axes` must be at most 1"):
        wavelet_emd(p, p, num_axes=2)
