import numpy as np
import pytest
import scipy.ndimage

from keras_gans.metrics import SlicedWasserstein
from keras_gans.metrics.sliced_wasserstein import normalize_channels


def images(number, size=32, seed=0, channels=2):
    return np.random.default_rng(seed).uniform(-1, 1, (number, size, size, channels))


def blurred(batch, sigma=1.0):
    return scipy.ndimage.gaussian_filter(batch, (0, sigma, sigma, 0))


def measure(real, generated, **arguments):
    metric = SlicedWasserstein(**{"patches_per_image": 32, "directions": 64, **arguments})
    metric.update_state(real, generated)
    return {name: float(value) for name, value in metric.result().items()}


def test_normalized_channels():
    patches = np.random.default_rng(1).normal(3, 2, (50, 7 * 7 * 2))
    patches[:, 1::2] = 5.0
    normalized = normalize_channels(patches, 2).numpy().reshape(-1, 2)
    np.testing.assert_allclose(normalized.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(normalized.std(axis=0), [1, 0], atol=1e-12)


def test_patches_are_cut_from_the_images_at_varied_places():
    height, width = 12, 16
    number, row, column = np.mgrid[:2, :height, :width]
    batch = np.stack([number, row, column], axis=-1) / 127.5 - 1
    metric = SlicedWasserstein(min_resolution=12, patches_per_image=200)
    metric.update_state(real=batch)
    patches = np.rint((metric.real[0].result().numpy() + 1) * 127.5).astype(int)
    patches = patches.reshape(-1, 7, 7, 3)
    corners = patches[:, :1, :1]
    steps = np.stack(np.broadcast_arrays(0, *np.mgrid[:7, :7]), axis=-1)
    np.testing.assert_array_equal(patches, corners + steps)
    numbers, rows, columns = corners.reshape(-1, 3).T
    assert np.bincount(numbers).tolist() == [200, 200]
    assert set(rows) == set(range(height - 6))
    assert set(columns) == set(range(width - 6))


def test_levels_end_at_the_smallest_resolution():
    batch = images(2, size=64)
    assert list(measure(batch, batch)) == [
        "sliced_wasserstein_64",
        "sliced_wasserstein_32",
        "sliced_wasserstein_16",
        "sliced_wasserstein",
    ]


def test_the_last_is_the_mean_of_the_levels():
    *levels, mean = measure(images(8), blurred(images(8, seed=1))).values()
    assert mean == pytest.approx(np.mean(levels))


def test_blur_shows_most_in_the_finest_level():
    real = blurred(images(64), 0.5)
    same = measure(real, blurred(images(64, seed=1), 0.5))
    blurry = measure(real, blurred(images(64, seed=1), 2.0))
    assert blurry["sliced_wasserstein_32"] > 2 * same["sliced_wasserstein_32"]
    assert blurry["sliced_wasserstein_32"] > blurry["sliced_wasserstein_16"]


def test_a_merge_keeps_the_patches_of_both():
    first, second = (SlicedWasserstein(patches_per_image=8) for _ in range(2))
    first.update_state(real=images(3))
    second.update_state(real=images(2, seed=1))
    expected = {*first.real[1].result().numpy()[:, 0], *second.real[1].result().numpy()[:, 0]}
    first.merge_state([second])
    assert set(first.real[1].result().numpy()[:, 0]) == expected
    assert len(expected) > 30


def test_generated_images_are_rounded_to_8_bits_as_real_ones():
    """The finest level of smooth images shows it: noise within a pixel value is as large."""
    levels = np.random.default_rng(0).integers(0, 3, (64, 4, 4, 1)).repeat(8, 1).repeat(8, 2)
    noise = np.random.default_rng(1).uniform(-0.49, 0.49, levels.shape)
    rounded = measure((levels + 100) / 127.5 - 1, (levels + noise + 100) / 127.5 - 1)
    same = measure((levels + 100) / 127.5 - 1, (levels + 100) / 127.5 - 1)
    assert rounded == pytest.approx(same, rel=1e-6)


@pytest.mark.parametrize("patches", [256, 1024])
def test_the_floor_between_equal_distributions(patches):
    """For normal projections √(2/n) · √(2/π) · ∫ √(Φ(1 − Φ)) = 1.82/√n."""

    def floor(seed):
        noise = np.random.default_rng(seed).uniform(-1, 1, (2, patches, 16, 16, 1))
        return measure(*noise, patches_per_image=1)["sliced_wasserstein"]

    floors = [floor(seed) for seed in range(3)]
    assert np.mean(floors) == pytest.approx(1.82 / np.sqrt(patches), rel=0.12)


@pytest.mark.parametrize("scaled", [lambda x: (x + 1) / 2, lambda x: (x + 1) * 127.5])
def test_other_value_ranges_are_refused(scaled):
    with pytest.raises(ValueError, match=r"`generated` must be images in \[-1, 1\]: for"):
        measure(images(8), scaled(images(8, seed=1)))


def test_different_numbers_of_images():
    result = measure(images(20), blurred(images(7, seed=1)))
    assert all(value > 0 for value in result.values())


def test_small_images_are_an_error():
    with pytest.raises(ValueError, match=r"must be at least 16 pixels high and wide"):
        SlicedWasserstein().update_state(images(2, size=15))
