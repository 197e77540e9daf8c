import keras
import numpy as np
import pytest

import keras_gans as kg
from tests.models import every_model


def tiny(**kwargs):
    return kg.models.DCGAN(
        kg.networks.dcgan_generator((4, 4, 1), 3, filters=2),
        kg.networks.dcgan_discriminator((4, 4, every_model.pack_size(kwargs)), filters=2),
        latent_dim=3,
        **kwargs,
    )


def tiny_examples():
    return every_model.IMAGES, None


def test_the_paper_is_the_default():
    """Figure 1: 1024, 512, 256, 128 channels from 4×4 to 64×64, tanh, weights from N(0, 0.02²)."""
    gan = kg.models.DCGAN()
    assert gan.latent_dim == 100
    assert gan.generator.output_shape == (None, 64, 64, 3)
    grown = [
        layer for layer in gan.generator.layers if isinstance(layer, keras.layers.Conv2DTranspose)
    ]
    assert [layer.filters for layer in grown] == [512, 256, 128, 3]
    assert all(layer.kernel_size == (5, 5) and layer.strides == (2, 2) for layer in grown)
    for network in (gan.generator, gan.discriminator):
        for weight in network.trainable_variables:
            if weight.name == "kernel":
                assert abs(weight.numpy().std() - 0.02) < 2e-3
    gan.compile()
    for optimizer in (gan.g_optimizer, gan.d_optimizer):
        assert isinstance(optimizer, keras.optimizers.Adam)
        np.testing.assert_allclose(float(optimizer.learning_rate), 2e-4, rtol=1e-6)
        assert optimizer.beta_1 == 0.5


def test_networks_for_other_images_are_made_or_given():
    gan = kg.models.DCGAN(image_shape=(16, 16, 1), latent_dim=8)
    assert gan.discriminator.input_shape == (None, 16, 16, 1)
    again = kg.models.DCGAN.from_config(gan.get_config())
    assert again.get_config() == gan.get_config()
    given = kg.models.DCGAN(
        kg.networks.dcgan_generator((8, 8, 1), 4, filters=4),
        kg.networks.dcgan_discriminator((8, 8, 1), filters=4),
        latent_dim=4,
    )
    assert given.sample(2).shape == (2, 8, 8, 1)


def test_refuses_an_image_shape_that_is_none():
    with pytest.raises(ValueError, match="`image_shape` must be"):
        kg.models.DCGAN(image_shape=(64, 64))


def test_refuses_an_image_shape_that_is_not_the_generators():
    generator = kg.networks.dcgan_generator((8, 8, 1), 4, filters=4)
    discriminator = kg.networks.dcgan_discriminator((8, 8, 1), filters=4)
    with pytest.raises(ValueError, match="`image_shape` must be that of the images"):
        kg.models.DCGAN(generator, discriminator, latent_dim=4, image_shape=(16, 16, 1))
