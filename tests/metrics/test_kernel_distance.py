import numpy as np
import pytest

from keras_gans.metrics import KernelDistance


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


def test_one_block_equals_the_double_sum():
    real, generated = draw(30, 0), draw(23, 1, shift=0.4)
    assert float(measure(real, generated).result()) == pytest.approx(
        reference(real, generated), rel=1e-10
    )


def test_blocks_are_disjoint_and_averaged():
    real, generated = draw(50, 2), draw(40, 3, shift=0.4)
    metric = measure(real, generated, block_size=10, max_blocks=5)
    real_blocks = np.split(metric.real.result().numpy()[:40], 4)
    generated_blocks = np.split(metric.generated.result().numpy()[:40], 4)
    assert len(np.unique(np.concatenate(real_blocks), axis=0)) == 40
    expected = [reference(*pair) for pair in zip(real_blocks, generated_blocks, strict=True)]
    np.testing.assert_allclose(metric.block_estimates(), expected, rtol=1e-9)
    assert float(metric.result()) == pytest.approx(np.mean(expected), rel=1e-10)
    assert float(metric.standard_deviation()) == pytest.approx(np.std(expected, ddof=1), rel=1e-9)


def test_a_single_block_has_no_deviation():
    assert np.isnan(float(measure(draw(9, 0), draw(9, 1)).standard_deviation()))


def test_the_estimate_is_unbiased():
    metric = measure(draw(4000, 4), draw(4000, 5), block_size=20, max_blocks=200)
    estimates = metric.block_estimates().numpy()
    assert len(estimates) == 200
    assert (estimates < 0).any()  # a biased estimate never is
    assert abs(estimates.mean()) < 3 * estimates.std(ddof=1) / np.sqrt(200)


def test_the_subset_depends_on_the_seed_alone():
    real, generated = draw(100, 6), draw(100, 7)
    results = [
        float(measure(real, generated, block_size=10, max_blocks=2, seed=seed).result())
        for seed in (0, 0, 1)
    ]
    assert results[0] == results[1] != results[2]


def test_block_of_one_is_an_error():
    with pytest.raises(ValueError, match=r"`block_size` must be an integer of at least 2"):
        KernelDistance(block_size=1)
