import numpy as np
import pytest

from keras_gans.metrics import KernelDistance
from keras_gans.metrics.kernel_distance import unbiased_discrepancy


def reference(real, generated):
    """Unbiased squared discrepancy by the double sum over pairs."""

    def kernel(a, b):
        return (np.dot(a, b) / len(a) + 1) ** 3

    def within(samples):
        return np.mean(
            [kernel(a, b) for i, a in enumerate(samples) for j, b in enumerate(samples) if i != j]
        )

    between = np.mean([kernel(a, b) for a in real for b in generated])
    return within(real) + within(generated) - 2 * between


def draw(number, seed, shift=0.0):
    return shift + np.random.default_rng(seed).normal(size=(number, 5))


def measure(real, generated, **arguments):
    metric = KernelDistance(**arguments)
    metric.update_state(real, generated)
    return metric


def test_one_subset_equals_the_double_sum():
    real, generated = draw(30, 0), draw(23, 1, shift=0.4)
    metric = measure(real, generated)
    assert metric.subset_estimates().shape == (1,)
    assert float(metric.result()) == pytest.approx(reference(real, generated), rel=1e-10)


def test_the_result_is_the_mean_over_random_subsets():
    real, generated = draw(50, 2), draw(40, 3, shift=0.4)
    metric = measure(real, generated, subsets=4, subset_size=10, max_samples=50)
    subsets = [
        [metric._subset(side.result(), seed, i).numpy() for seed, side in enumerate(sides)]
        for i, sides in enumerate([(metric.real, metric.generated)] * 4)
    ]
    for side in zip(*subsets, strict=True):
        assert all(len(np.unique(subset, axis=0)) == 10 for subset in side)
        assert 10 < len(np.unique(np.concatenate(side), axis=0)) < 40  # they overlap
    expected = [reference(*pair) for pair in subsets]
    np.testing.assert_allclose(metric.subset_estimates(), expected, rtol=1e-9)
    assert float(metric.result()) == pytest.approx(np.mean(expected), rel=1e-10)
    assert float(metric.standard_deviation()) == pytest.approx(np.std(expected, ddof=1), rel=1e-9)


def test_the_larger_side_is_used_whole():
    """Of 20 real and 200 generated samples the subsets hold every one."""
    arguments = {"subsets": 40, "subset_size": 50, "max_samples": 200}
    metric = measure(draw(20, 2), draw(200, 3), **arguments)
    generated = metric.generated.result()
    drawn = [metric._subset(generated, 1, i).numpy() for i in range(metric.subsets)]
    assert metric._subset(metric.real.result(), 0, 0).shape == (20, 5)
    assert len(np.unique(np.concatenate(drawn), axis=0)) == 200
    assert metric.subset_estimates().shape == (40,)
    everything = float(measure(draw(20, 2), draw(200, 3)).result())
    assert float(metric.result()) == pytest.approx(everything, abs=0.02)


def test_a_single_subset_has_no_deviation():
    assert np.isnan(float(measure(draw(9, 0), draw(9, 1)).standard_deviation()))


def test_the_estimate_is_unbiased():
    estimates = [float(unbiased_discrepancy(draw(20, i), draw(20, 1000 + i))) for i in range(200)]
    assert min(estimates) < 0  # a biased estimate never is
    assert abs(np.mean(estimates)) < 3 * np.std(estimates, ddof=1) / np.sqrt(200)


def test_the_subset_depends_on_the_seed_alone():
    real, generated = draw(100, 6), draw(100, 7)
    results = [
        float(
            measure(real, generated, subsets=2, subset_size=10, max_samples=20, seed=seed).result()
        )
        for seed in (0, 0, 1)
    ]
    assert results[0] == results[1] != results[2]


def test_a_subset_of_one_is_an_error():
    with pytest.raises(ValueError, match=r"`subset_size` must be an integer of at least 2"):
        KernelDistance(subset_size=1)


def test_subsets_larger_than_what_is_kept_are_an_error():
    with pytest.raises(ValueError, match="`subset_size` must be at most `max_samples`"):
        KernelDistance(subset_size=100, max_samples=50)
