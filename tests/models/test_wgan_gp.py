import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_gans as kg
from tests.models import every_model
from tests.models.test_gan import points
from tests.shared import ModelTests, assert_same_weights, descend


def tiny(**kwargs):
    return every_model.two_player(kg.models.WGANGP, **{"n_critic": 2, **kwargs})


def tiny_examples():
    return every_model.POINTS, None


class TestWGANGP(ModelTests):
    def make_model(self):
        return kg.models.WGANGP(
            generator=kg.networks.mlp_generator((2,), 3, (8,), normalization="batch"),
            discriminator=kg.networks.mlp_discriminator((2,), (8,), normalization="layer"),
            latent_dim=3,
            n_critic=2,
            ema_decay=0.9,
            seed=1,
        )

    @property
    def examples(self):
        return kg.data.ring_of_gaussians().sample(64, seed=0)

    def test_saved_model_trains_on_bit_for_bit(self, trained):
        """In the first tier, here alone."""
        super().test_saved_model_trains_on_bit_for_bit(trained)

    @pytest.mark.slow
    def test_mixed_precision_with_scaled_losses_trains(self, trained):
        self.test_mixed_precision_trains(trained, "mixed_float16")


def test_defaults_are_the_papers():
    gan = points(kg.models.WGANGP)
    assert (gan.n_critic, gan.gp_weight, gan.one_sided) == (5, 10.0, False)
    gan.compile()
    for optimizer in (gan.g_optimizer, gan.d_optimizer):
        config = optimizer.get_config()
        assert config["learning_rate"] == pytest.approx(1e-4)
        assert (config["beta_1"], config["beta_2"]) == (0.0, 0.9)


@pytest.mark.parametrize("one_sided", [False, True])
def test_one_step_is_algorithm_1(one_sided):
    """Against the same step written out with plain TensorFlow."""
    gan = points(kg.models.WGANGP, n_critic=2, gp_weight=3.0, one_sided=one_sided, seed=5)
    gan.compile(keras.optimizers.SGD(0.1), keras.optimizers.SGD(0.1), run_eagerly=True)
    generator = keras.models.clone_model(gan.generator)
    critic = keras.models.clone_model(gan.discriminator)
    generator.set_weights(gan.generator.get_weights())
    critic.set_weights(gan.discriminator.get_weights())
    x = kg.data.ring_of_gaussians().sample(12, seed=0)
    gan.fit(x, batch_size=6, shuffle=False, verbose=0)

    def critic_loss(real, fake, alpha):
        mixed = alpha * real + (1 - alpha) * fake
        with tf.GradientTape() as tape:
            tape.watch(mixed)
            logits = critic(mixed)
        norms = tf.norm(tape.gradient(logits, mixed), axis=1)
        excess = tf.maximum(norms - 1, 0) if one_sided else norms - 1
        distance = tf.reduce_mean(critic(real)) - tf.reduce_mean(critic(fake))
        return -distance + 3 * tf.reduce_mean(excess**2)

    seeds = keras.random.SeedGenerator(5)
    fakes = generator(keras.random.normal((12, 3), seed=seeds))
    for j in range(2):
        alpha = keras.random.uniform((6,), seed=seeds)[:, None]
        descend(critic, lambda r=x[j::2], f=fakes[j::2], a=alpha: critic_loss(r, f, a))
    latents = keras.random.normal((6, 3), seed=seeds)
    descend(generator, lambda: -tf.reduce_mean(critic(generator(latents))))
    assert_same_weights(gan.generator, generator, rtol=1e-5, atol=1e-6)
    assert_same_weights(gan.discriminator, critic, rtol=1e-5, atol=1e-6)


def test_linear_critic_has_the_closed_form_penalty():
    critic = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1, use_bias=False)])
    critic.layers[0].kernel.assign([[3.0], [4.0]])
    gan = kg.models.WGANGP(kg.networks.mlp_generator((2,), 3, (8,)), critic, 3, gp_weight=0.5)
    gan.compile()
    x = np.random.default_rng(0).normal(size=(16, 2)).astype("float32")
    logs = gan.evaluate(x, batch_size=16, verbose=0, return_dict=True)
    np.testing.assert_allclose(logs["gradient_penalty"], (5 - 1) ** 2, rtol=1e-6)
    np.testing.assert_allclose(
        logs["d_loss"], -logs["wasserstein_estimate"] + 0.5 * 16, rtol=1e-5, atol=1e-5
    )


def test_held_out_estimate_is_the_gap_between_the_means():
    gan = points(kg.models.WGANGP)
    gan.compile()
    x = kg.data.swiss_roll().sample(32, seed=0)
    estimate = gan.evaluate(x, batch_size=32, verbose=0, return_dict=True)["wasserstein_estimate"]
    latents = keras.random.normal((32, 3), seed=keras.random.SeedGenerator(0))
    gap = np.mean(gan.discriminator(x)) - np.mean(gan.discriminator(gan.generator(latents)))
    np.testing.assert_allclose(estimate, gap, rtol=1e-5)


def test_batch_normalization_in_the_critic_is_refused():
    with pytest.raises(ValueError, match="`discriminator` must not use batch normalization"):
        kg.models.WGANGP(
            kg.networks.dcgan_generator((8, 8, 1), 4, filters=4),
            kg.networks.dcgan_discriminator((8, 8, 1), filters=4),
            latent_dim=4,
        )


def test_batch_normalization_in_a_nested_critic_is_refused():
    inner = kg.networks.mlp_discriminator((2,), (8, 8), normalization="batch")
    critic = keras.Sequential([keras.Input((2,)), inner])
    with pytest.raises(ValueError, match="batch normalization"):
        kg.models.WGANGP(kg.networks.mlp_generator((2,), 3, (8,)), critic, latent_dim=3)


@pytest.mark.parametrize("gp_weight", [0, -1.0, float("nan"), float("inf")])
def test_gp_weight_must_be_positive(gp_weight):
    with pytest.raises(ValueError, match="`gp_weight`"):
        points(kg.models.WGANGP, gp_weight=gp_weight)


def test_learns_all_modes_of_a_ring(xla):
    """8/8 modes, nearly all samples near one, and an estimate that falls."""
    keras.utils.set_random_seed(1)
    ring = kg.data.ring_of_gaussians(8)
    gan = kg.models.WGANGP(
        generator=kg.networks.mlp_generator((2,), latent_dim=2, hidden_units=(64, 64, 64)),
        discriminator=kg.networks.mlp_discriminator((2,), hidden_units=(64, 64, 64)),
        latent_dim=2,
        gp_weight=0.1,
        ema_decay=0.99,
        seed=0,
    )
    gan.compile(
        keras.optimizers.Adam(5e-4, beta_1=0.5, beta_2=0.9),
        keras.optimizers.Adam(5e-4, beta_1=0.5, beta_2=0.9),
        jit_compile=True,
        steps_per_execution=50,
    )
    x = ring.sample(50 * 5 * 128, seed=0)
    history = gan.fit(x, batch_size=128, epochs=60, verbose=0).history

    samples = gan.sample(10_000, seed=0)
    distances = np.linalg.norm(samples[:, None] - ring.modes[None], axis=2)
    nearest, closest = distances.argmin(1), distances.min(1)
    near = closest < 0.1
    shares = np.bincount(nearest[near], minlength=8) / len(samples)
    assert (shares > 0.04).all(), shares
    assert near.mean() > 0.8
    estimates = history["wasserstein_estimate"]
    assert np.mean(estimates[-5:]) < 0.25 * np.max(estimates[:5])


def test_a_critic_of_patches_estimates_the_distance():
    """Data at 4 and samples at 0: W1 = 4, and the penalty of weight λ lets the slope grow to
    1 + 4 / (2λ)."""
    generator = keras.Sequential(
        [keras.Input((2,)), keras.layers.Dense(1, kernel_initializer="zeros")]
    )
    critic = keras.Sequential([keras.Input((1,)), keras.layers.Dense(16, None, True, "zeros")])
    gan = kg.models.WGANGP(generator, critic, latent_dim=2, n_critic=1, gp_weight=100.0, seed=0)
    gan.compile(keras.optimizers.SGD(0.0), keras.optimizers.Adam(0.01, beta_1=0.0))
    data = np.full((4, 1), 4.0, "float32")
    gan.fit(np.repeat(data, 300, axis=0), batch_size=4, verbose=0)
    estimate = gan.evaluate(data, return_dict=True, verbose=0)["wasserstein_estimate"]
    assert estimate == pytest.approx(4 * 1.02, rel=0.02)
