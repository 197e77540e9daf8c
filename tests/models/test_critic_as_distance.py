"""What the players converge to against a fixed generator, one without weights."""

import keras
import numpy as np
import pytest
from keras import layers
from tensorflow_probability import distributions as tfd

import keras_gans as kg

pytestmark = pytest.mark.slow


def standard_normal(dimension):
    latents = keras.Input((dimension,))
    return keras.Model(latents, layers.Rescaling(1.0)(latents))


def learning_rate(updates):
    return keras.optimizers.schedules.CosineDecay(2e-3, updates)


def test_penalized_critic_measures_a_shift():
    shift = np.array([1.5, 2.0])
    rng = np.random.default_rng(0)
    gan = kg.models.WGANGP(
        standard_normal(2),
        kg.networks.mlp_discriminator((2,), (32, 32)),
        latent_dim=2,
        gp_weight=100.0,
        one_sided=True,
        seed=0,
    )
    updates = 400
    gan.compile(d_optimizer=keras.optimizers.Adam(learning_rate(updates), beta_1=0.5, beta_2=0.9))
    x = (rng.normal(size=(updates * 128, 2)) + shift).astype("float32")
    gan.fit(x, batch_size=128, verbose=0)
    real = (rng.normal(size=(4000, 2)) + shift).astype("float32")
    fake = gan.sample(4000, seed=1)
    estimate = np.mean(gan.discriminator(real)) - np.mean(gan.discriminator(fake))
    np.testing.assert_allclose(estimate, np.linalg.norm(shift), rtol=0.1)


def test_discriminator_becomes_the_density_ratio():
    p, q = tfd.Normal(1.5, 0.7), tfd.Normal(0.0, 1.0)
    gan = kg.models.GAN(
        standard_normal(1),
        kg.networks.mlp_discriminator((1,), (32, 32)),
        latent_dim=1,
        n_critic=5,
        seed=0,
    )
    updates = 300
    gan.compile(d_optimizer=keras.optimizers.Adam(learning_rate(updates), beta_1=0.5))
    gan.fit(p.sample((updates * 256, 1), seed=1).numpy(), batch_size=256, verbose=0)
    x = np.concatenate([p.sample((2000, 1), seed=2), gan.sample(2000, seed=2)])
    trained = keras.ops.sigmoid(gan.discriminator(x)).numpy()[:, 0]
    optimal = kg.divergences.optimal_discriminator(p, q, x[:, 0]).numpy()
    assert np.abs(trained - optimal).mean() <= 0.05
