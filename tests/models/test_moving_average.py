import keras
import numpy as np

import keras_gans as kg
from keras_gans.models.moving_average import MovingAverage


def network():
    return keras.Sequential(
        [keras.Input((3,)), keras.layers.Dense(4), keras.layers.BatchNormalization()]
    )


def test_starts_as_a_copy():
    original = network()
    average = MovingAverage(original, 0.9)
    for u, v in zip(original.get_weights(), average.network.get_weights(), strict=True):
        np.testing.assert_array_equal(u, v)


def test_averages_weights_and_copies_statistics():
    original = network()
    average = MovingAverage(original, 0.75)
    dense, normalization = original.layers
    before = dense.kernel.numpy()
    dense.kernel.assign(before + 1)
    normalization.moving_mean.assign([1.0, 2.0, 3.0, 4.0])
    average.update(original)
    np.testing.assert_allclose(average.network.layers[0].kernel, before + 0.25, rtol=1e-6)
    np.testing.assert_array_equal(average.network.layers[1].moving_mean, [1, 2, 3, 4])


def test_is_what_sample_and_export_use(tmp_path):
    gan = kg.models.GAN(
        kg.networks.dcgan_generator((8, 8, 1), 4, filters=4),
        kg.networks.dcgan_discriminator((8, 8, 1), filters=4),
        latent_dim=4,
        ema_decay=0.999,
    )
    before = gan.sample(3, seed=0)
    gan.generator.set_weights([w + 1 for w in gan.generator.get_weights()])
    np.testing.assert_array_equal(gan.sample(3, seed=0), before)
    gan.export(tmp_path / "saved_model")
    served = kg.load(tmp_path / "saved_model")
    np.testing.assert_allclose(served.sample(3, seed=0), before, atol=1e-6)


def test_is_not_trained_by_the_optimizer():
    gan = kg.models.GAN(
        kg.networks.mlp_generator((2,), 3, (8,)),
        kg.networks.mlp_discriminator((2,), (8,)),
        latent_dim=3,
        ema_decay=0.5,
    )
    gan.compile()
    assert len(gan._trained_variables("g_optimizer")) == 4
