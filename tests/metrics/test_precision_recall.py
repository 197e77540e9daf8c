import numpy as np
import pytest

from keras_gans.metrics import PrecisionRecall, neighborhoods


def reference(real, generated, k):
    """The definitions, one pair at a time."""

    def radius(samples, i):
        others = [np.linalg.norm(samples[i] - x) for j, x in enumerate(samples) if j != i]
        return sorted(others)[k - 1]

    def held(points, centers):
        radii = [radius(centers, i) for i in range(len(centers))]
        return np.array(
            [
                [
                    np.linalg.norm(point - center) <= r
                    for center, r in zip(centers, radii, strict=True)
                ]
                for point in points
            ]
        )

    generated_in_real, real_in_generated = held(generated, real), held(real, generated)
    return {
        "precision": generated_in_real.any(axis=1).mean(),
        "recall": real_in_generated.any(axis=1).mean(),
        "density": generated_in_real.sum() / (k * len(generated)),
        "coverage": generated_in_real.any(axis=0).mean(),
    }


def measure(real, generated, **arguments):
    metric = PrecisionRecall(**arguments)
    metric.update_state(real, generated)
    return {name: float(value) for name, value in metric.result().items()}


def draw(number, seed, shift=0.0, scale=1.0):
    return shift + scale * np.random.default_rng(seed).normal(size=(number, 2))


@pytest.mark.parametrize("k", [1, 3, 5])
@pytest.mark.parametrize(("shift", "scale"), [(0.0, 1.0), (1.0, 0.4), (0.5, 2.0)])
def test_equals_the_definitions(k, shift, scale):
    real, generated = draw(40, 0), draw(31, 1, shift, scale)
    assert measure(real, generated, k=k) == pytest.approx(reference(real, generated, k), rel=1e-12)


def test_equal_sets_have_all():
    samples = draw(50, 2)
    result = measure(samples, samples)
    assert (result["precision"], result["recall"], result["coverage"]) == (1.0, 1.0, 1.0)


@pytest.mark.parametrize("offset", [0.0, 1e4])
@pytest.mark.parametrize("k", [1, 3, 5])
def test_a_set_against_itself_in_another_order(k, offset):
    """Also far from the origin, and of float32 features."""
    random = np.random.default_rng(k)
    samples = offset + random.normal(size=(700, 40)).astype("float32")
    result = measure(samples, random.permutation(samples), k=k)
    assert result == {
        "precision": 1.0,
        "recall": 1.0,
        "density": pytest.approx((k + 1) / k, rel=1e-12),
        "coverage": 1.0,
    }


def test_repeated_samples_in_another_order():
    """Balls of radius 0 hold the samples that repeat their center."""
    random = np.random.default_rng(0)
    samples = random.normal(size=(300, 64)).astype("float32")[random.integers(0, 300, 2000)]
    result = measure(samples, random.permutation(samples))
    assert (result["precision"], result["recall"], result["coverage"]) == (1.0, 1.0, 1.0)


@pytest.mark.parametrize(("k", "number"), [(3, 600), (5, 400)])
def test_expected_values_of_equal_distributions(k, number):
    """Naeem et al., lemmas 1 and 2: density 1; coverage 1 − Π (N − i)/(N + M − i), i = 1 … k."""
    results = [
        measure(*np.random.default_rng(seed).normal(size=(2, number, 8)), k=k, max_samples=number)
        for seed in range(8)
    ]
    i = np.arange(1, k + 1)
    coverage = 1 - np.prod((number - i) / (2 * number - i))
    assert np.mean([r["coverage"] for r in results]) == pytest.approx(coverage, abs=0.02)
    assert np.mean([r["density"] for r in results]) == pytest.approx(1, abs=0.05)


def by_blocks_of(size, monkeypatch):
    """Let some hundred samples make many blocks, the last of them a smaller one."""
    monkeypatch.setattr(neighborhoods, "_BLOCK", size)


@pytest.mark.parametrize("size", [7, 16, 64])
@pytest.mark.parametrize("k", [1, 5])
def test_the_definitions_hold_in_blocks_of_any_size(size, k, monkeypatch):
    by_blocks_of(size, monkeypatch)
    real, generated = draw(61, 0), draw(50, 1, 0.5, 0.7)
    assert measure(real, generated, k=k) == pytest.approx(reference(real, generated, k), rel=1e-12)


@pytest.mark.parametrize("spread", [1e-3, 1e-4, 1e-6])
@pytest.mark.parametrize("order", [slice(None), slice(None, None, -1)])
def test_modes_too_narrow_for_float32(spread, order, monkeypatch):
    """Samples of four modes one after another: all that matters is decided in float64."""
    by_blocks_of(16, monkeypatch)
    modes = np.repeat([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0]], 15, axis=0)
    real, generated = modes + draw(60, 2, scale=spread), modes + draw(60, 3, scale=2 * spread)
    real, generated = real[order], generated[:50]
    assert measure(real, generated) == pytest.approx(reference(real, generated, 3), rel=1e-12)


@pytest.mark.parametrize("scale", [1e-60, 1e60])
def test_sizes_that_float32_does_not_hold(scale):
    real, generated = draw(60, 4), draw(50, 5, 0.5)
    real[0] = 1e4  # all others are within rounding of each other in float32
    expected = reference(real, generated, 3)
    assert measure(scale * real, scale * generated) == pytest.approx(expected, rel=1e-12)


def test_bounds_in_float32_hold():
    random = np.random.default_rng(6)
    x = random.normal(size=(90, 300)) * 10.0 ** random.integers(-20, 1, (90, 1)) / 8
    everything = slice(None)
    bounds = neighborhoods.Bounds(x)
    lower = bounds.lower(everything, bounds, everything).astype("float64")
    upper = lower + bounds.width[:, np.newaxis] + bounds.width
    squared = np.sum((x[:, np.newaxis] - x) ** 2, axis=-1)
    assert np.all(lower <= squared)
    assert np.all(squared <= upper)


def test_distant_sets_have_nothing():
    assert set(measure(draw(50, 3), draw(50, 4, shift=100.0)).values()) == {0.0}


def test_collapse_keeps_precision_and_loses_recall():
    result = measure(draw(300, 5), draw(300, 6, scale=0.05))
    assert result["precision"] > 0.95
    assert result["recall"] < 0.1
    assert result["coverage"] < 0.2


def test_a_subset_of_the_asked_size_is_kept():
    real, generated = draw(100, 7), draw(80, 8)
    metric = PrecisionRecall(max_samples=30, seed=3)
    metric.update_state(real, generated)
    kept = metric.real.result().numpy()
    assert kept.shape == (30, 2)
    assert len({tuple(row) for row in kept} & {tuple(row) for row in real}) == 30
    expected = reference(kept, metric.generated.result().numpy(), 3)
    assert {n: float(v) for n, v in metric.result().items()} == pytest.approx(expected)


def test_k_must_be_smaller_than_the_subset():
    with pytest.raises(ValueError, match=r"`k` must be smaller than `max_samples`. Received"):
        PrecisionRecall(k=10, max_samples=10)


def test_no_more_than_k_samples_is_an_error():
    metric = PrecisionRecall(k=5)
    metric.update_state(draw(5, 9), draw(9, 10))
    with pytest.raises(ValueError, match=r"`real` must hold at least 6 samples"):
        metric.result()
