import numpy as np
import pytest

import keras_gans as kg
from keras_gans.networks.autoencoders import FINEST_STDDEV, gaussian

ENCODERS = {
    "mlp": lambda shape: kg.networks.mlp_encoder(shape, 5, (8,)),
    "dcgan": lambda shape: kg.networks.dcgan_encoder(shape, 5, filters=2),
}
DECODERS = {
    "mlp": lambda shape, **kwargs: kg.networks.mlp_decoder(shape, 5, (8,), **kwargs),
    "dcgan": lambda shape, **kwargs: kg.networks.dcgan_decoder(shape, 5, filters=2, **kwargs),
}


@pytest.mark.parametrize("kind", ENCODERS)
@pytest.mark.parametrize("shape", [(8, 8, 1), (9, 12, 3)])
def test_encoders_end_in_mean_and_log_variance(kind, shape):
    encoder = ENCODERS[kind](shape)
    assert encoder.input_shape == (None, *shape)
    assert encoder.output_shape == [(None, 5), (None, 5)]
    x = np.random.default_rng(0).uniform(-1, 1, (3, *shape))
    mean, log_variance = encoder(x)
    assert not np.allclose(mean, log_variance)
    assert encoder.name == "encoder"


@pytest.mark.parametrize("kind", DECODERS)
@pytest.mark.parametrize("shape", [(8, 8, 1), (9, 12, 3)])
def test_decoders_have_no_activation(kind, shape):
    decoder = DECODERS[kind](shape)
    assert decoder.output_shape == (None, *shape)
    latents = 1e4 * np.random.default_rng(0).normal(size=(3, 5))
    assert np.abs(decoder(latents)).max() > 1


@pytest.mark.parametrize("kind", DECODERS)
def test_learned_variances_stay_above_those_of_rounding(kind):
    decoder = DECODERS[kind]((8, 8, 3), learned_variance=True)
    assert decoder.output_shape == [(None, 8, 8, 3)] * 2
    latents = 1e4 * np.random.default_rng(0).normal(size=(3, 5))
    _, log_variance = decoder(latents)
    assert np.min(log_variance) >= 2 * np.log(FINEST_STDDEV) - 1e-5
    assert np.max(log_variance) > 1


def test_the_halves_are_mean_and_log_variance():
    network = kg.networks.mlp_discriminator(3, (8,), num_logits=4)
    x = np.random.default_rng(0).normal(size=(2, 3))
    mean, log_variance = gaussian(network, "encoder")(x)
    np.testing.assert_allclose(np.concatenate([mean, log_variance], axis=1), network(x), atol=1e-6)
    _, bounded = gaussian(network, "encoder", least_stddev=1.0)(x)
    np.testing.assert_allclose(bounded, np.log1p(np.exp(log_variance)), atol=1e-5)


def test_bad_sizes():
    with pytest.raises(ValueError, match="`latent_dim` must be a positive integer"):
        kg.networks.mlp_encoder((8, 8, 1), latent_dim=0)
    with pytest.raises(ValueError, match="`image_shape` must be"):
        kg.networks.dcgan_decoder((3, 3, 1), learned_variance=True)
    with pytest.raises((ValueError, TypeError), match="`image_shape` must be"):
        kg.networks.dcgan_decoder(8, learned_variance=True)
