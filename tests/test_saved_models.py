"""The trained models that come with the repository."""

import numpy as np
import pytest
from PIL import Image

import keras_gans as kg


@pytest.mark.parametrize(("name", "side"), [("wgan_gp_digits", 8), ("wgan_gp_mnist", 28)])
def test_loads_and_draws_its_grid(repository, name, side):
    folder = repository / "saved_models" / name
    served = kg.load(folder)
    images = served.sample(100, seed=0)
    assert images.shape == (100, side, side, 1)
    grid = kg.data.image_grid(images)
    with Image.open(folder / "grid.png") as picture:
        difference = np.asarray(grid, "int16") - np.asarray(picture, "int16")
    assert np.abs(difference).max() <= 1


def test_digits_score_above_noise(repository):
    """The critic that comes with the generator tells real digits from noise."""
    served = kg.load(repository / "saved_models" / "wgan_gp_digits")
    real = np.concatenate(list(kg.data.load("digits", split="test")[0].as_numpy_iterator()))
    noise = np.random.default_rng(0).uniform(-1, 1, real.shape)
    assert served.score(real).mean() > served.score(noise).mean() + 1


def test_digits_are_near_real_ones(repository):
    """Fréchet distance of pixels: far below that of noise, and within reach of real digits."""
    served = kg.load(repository / "saved_models" / "wgan_gp_digits")
    real = np.concatenate(list(kg.data.load("digits", shuffle=False)[0].as_numpy_iterator()))
    half = len(real) // 2

    def distance(images):
        metric = kg.metrics.FrechetDistance()
        metric.update_state(real[:half].reshape(half, -1), images[:half].reshape(half, -1))
        return float(metric.result())

    samples = served.sample(half, seed=0)
    noise = np.random.default_rng(0).uniform(-1, 1, real.shape)
    floor = distance(real[half:])
    assert distance(samples) < floor + 0.1 * (distance(noise) - floor)
