import keras
import numpy as np
import pytest

import keras_gans as kg


def test_the_papers_networks_have_the_papers_sizes():
    generator = kg.networks.srgan_generator()
    assert generator.count_params() == 1_552_771
    assert generator.output_shape == (None, None, None, 3)
    kinds = [type(layer).__name__ for layer in generator.layers]
    assert kinds.count("Conv2D") == 1 + 2 * 16 + 1 + 2 + 1
    assert kinds.count("PReLU") == 1 + 16 + 2
    assert kinds.count("PixelShuffle") == 2
    discriminator = kg.networks.srgan_discriminator((96, 96, 3))
    assert round(discriminator.count_params() / 1e6, 1) == 23.6
    convolutions = [layer for layer in discriminator.layers if type(layer).__name__ == "Conv2D"]
    assert [layer.filters for layer in convolutions] == [64, 64, 128, 128, 256, 256, 512, 512]
    assert [layer.strides[0] for layer in convolutions] == [1, 2] * 4


@pytest.mark.parametrize("scale", [2, 3, 4, 8])
def test_images_of_any_size_grow(scale):
    generator = kg.networks.srgan_generator(1, scale, filters=2, num_blocks=1)
    for height, width in ((5, 4), (3, 8)):
        images = np.zeros((2, height, width, 1), "float32")
        assert generator(images).shape == (2, scale * height, scale * width, 1)


def test_images_are_bounded_and_float32_in_half_precision():
    keras.config.set_dtype_policy("mixed_float16")
    generator = kg.networks.srgan_generator(3, 2, filters=4, num_blocks=1)
    images = np.random.default_rng(0).uniform(-1, 1, (2, 6, 6, 3))
    outputs = generator(images).numpy()
    assert outputs.dtype == "float32"
    assert np.abs(outputs).max() <= 1
    discriminator = kg.networks.srgan_discriminator((12, 12, 3), filters=2)
    assert discriminator(outputs).dtype == "float32"


def test_outside_training_an_image_does_not_depend_on_others():
    generator = kg.networks.srgan_generator(1, 2, filters=2, num_blocks=1)
    images = np.random.default_rng(0).uniform(-1, 1, (4, 6, 6, 1))
    np.testing.assert_allclose(generator(images)[:1], generator(images[:1]), atol=1e-5)
    assert np.abs(generator(images, training=True) - generator(images)).max() > 1e-3


def test_the_same_weights_make_a_part_of_a_larger_image():
    """Far from the edges."""
    generator = kg.networks.srgan_generator(1, 2, filters=2, num_blocks=1)
    images = np.random.default_rng(0).uniform(-1, 1, (1, 40, 40, 1))
    whole, part = generator(images), generator(images[:, :30])
    np.testing.assert_allclose(part[:, :28], whole[:, :28], atol=1e-5)


def test_they_save_and_load(tmp_path):
    generator = kg.networks.srgan_generator(1, 2, filters=2, num_blocks=1)
    generator.save(tmp_path / "generator.keras")
    again = keras.models.load_model(tmp_path / "generator.keras")
    images = np.random.default_rng(0).uniform(-1, 1, (1, 5, 4, 1))
    np.testing.assert_array_equal(again(images), generator(images))


@pytest.mark.parametrize("scale", [1, 0, 5, 6, 12, 2.0, "2"])
def test_other_scales_are_refused(scale):
    with pytest.raises((TypeError, ValueError), match="`scale`"):
        kg.networks.srgan_generator(scale=scale)
