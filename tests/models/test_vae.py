import keras
import numpy as np
import pytest
import tensorflow as tf
import tensorflow_probability as tfp

import keras_gans as kg
from keras_gans.models.vae import kl_from_standard_normal
from tests.models import every_model
from tests.shared import ModelTests

pytestmark = pytest.mark.first_cases

tfd = tfp.distributions

LATENT_DIM = 3


def tiny(**kwargs):
    encoder = kg.networks.mlp_encoder((4, 4, 1), 2, (8,))
    decoder = kg.networks.mlp_decoder((4, 4, 1), 2, (8,))
    return kg.models.VAE(encoder, decoder, 2, **kwargs)


def tiny_examples():
    return every_model.IMAGES, None


def tiny_calls(model):
    return {
        model.decode: {"latents": np.ones((2, 2), "float32")},
        model.log_likelihood: {"x": every_model.IMAGES[:2], "num_samples": 2},
    }


def pixels(num, seed=0):
    """Black and white images 4×4, mostly of one of two patterns."""
    generator = np.random.default_rng(seed)
    patterns = generator.choice([-1.0, 1.0], (2, 4, 4, 1))
    chosen = patterns[generator.integers(0, 2, num)]
    flipped = generator.random(chosen.shape) < 0.05
    return np.where(flipped, -chosen, chosen).astype("float32")


def make(likelihood="bernoulli", learned_variance=False, **kwargs):
    shape = (4, 4, 1)
    return kg.models.VAE(
        kg.networks.mlp_encoder(shape, LATENT_DIM, (16,)),
        kg.networks.mlp_decoder(shape, LATENT_DIM, (16,), learned_variance=learned_variance),
        latent_dim=LATENT_DIM,
        likelihood=likelihood,
        **{"seed": 1, **kwargs},
    )


class TestVAE(ModelTests):
    examples = pixels(64)

    def make_model(self):
        return make()


class ConvolutionalVAEWithLearnedVariance(ModelTests):
    """Not collected: of these slow tests, only those below."""

    examples = pixels(64)

    def make_model(self):
        return kg.models.VAE(
            kg.networks.dcgan_encoder((4, 4, 1), LATENT_DIM, filters=4),
            kg.networks.dcgan_decoder((4, 4, 1), LATENT_DIM, filters=4, learned_variance=True),
            latent_dim=LATENT_DIM,
            likelihood="gaussian",
            seed=1,
        )


@pytest.mark.slow
def test_a_convolutional_vae_with_learned_variance_trains_on_bit_for_bit(tmp_path):
    case = ConvolutionalVAEWithLearnedVariance()
    trained = case.train(tmp_path)
    case.test_logs_losses(trained)
    case.test_saved_model_trains_on_bit_for_bit(trained)


@pytest.mark.parametrize("seed", range(3))
def test_kl_divergence_is_that_of_tfp(seed):
    mean, log_variance = np.random.default_rng(seed).normal(size=(2, 7, 5))
    posterior = tfd.MultivariateNormalDiag(mean, np.exp(log_variance / 2))
    prior = tfd.MultivariateNormalDiag(np.zeros(5), np.ones(5))
    expected = tfd.kl_divergence(posterior, prior)
    np.testing.assert_allclose(kl_from_standard_normal(mean, log_variance), expected, rtol=1e-12)


def test_kl_divergence_is_zero_at_the_prior_and_positive_elsewhere():
    zero = np.zeros((1, 4))
    assert float(kl_from_standard_normal(zero, zero)[0]) == 0
    for mean, log_variance in ((zero + 0.1, zero), (zero, zero + 0.1), (zero, zero - 0.1)):
        assert float(kl_from_standard_normal(mean, log_variance)[0]) > 0


def outputs_of(vae, x, noise):
    """μ, log σ², and what the decoder makes of z = μ + σ ε, as float64 arrays."""
    mean, log_variance = (a.numpy().astype("float64") for a in vae.encoder(x))
    z = mean + np.exp(log_variance / 2) * noise
    decoded = tf.nest.flatten(vae.decoder(z.astype("float32")))
    return mean, log_variance, [a.numpy().astype("float64") for a in decoded]


def kl(mean, log_variance):
    return 0.5 * (mean**2 + np.exp(log_variance) - 1 - log_variance).sum(1)


def summed(log_probs):
    return log_probs.reshape(len(log_probs), -1).sum(1)


NOISE = np.random.default_rng(2).normal(size=(9, LATENT_DIM)).astype("float32")


@pytest.mark.parametrize("beta", [0.0, 1.0, 4.0])
def test_bernoulli_terms_are_equation_10(beta):
    vae, x = make(beta=beta), pixels(9)
    mean, log_variance, (logits,) = outputs_of(vae, x, NOISE)
    white = 1 / (1 + np.exp(-logits))
    log_likelihood = summed(np.where(x > 0, np.log(white), np.log(1 - white))).mean()
    divergence = kl(mean, log_variance).mean()
    result = vae.bound(tf.constant(x), tf.constant(NOISE))
    terms = result.logs
    assert list(result.minimized) == ["loss"]
    np.testing.assert_allclose(terms["log_likelihood"], log_likelihood, rtol=1e-5)
    np.testing.assert_allclose(terms["kl_divergence"], divergence, rtol=1e-5)
    np.testing.assert_allclose(terms["elbo"], log_likelihood - divergence, rtol=1e-5)
    np.testing.assert_allclose(terms["loss"], beta * divergence - log_likelihood, rtol=1e-5)


@pytest.mark.parametrize("learned_variance", [False, True])
def test_gaussian_terms_are_equation_10(learned_variance):
    vae = make(kg.likelihoods.Gaussian(stddev=0.3), learned_variance)
    x = np.random.default_rng(0).uniform(-1, 1, (9, 4, 4, 1)).astype("float32")
    mean, log_variance, (center, *rest) = outputs_of(vae, x, NOISE)
    stddev = np.exp(rest[0] / 2) if learned_variance else 0.3
    log_likelihood = summed(
        -0.5 * ((x - center) / stddev) ** 2 - np.log(stddev) - 0.5 * np.log(2 * np.pi)
    ).mean()
    terms = vae.bound(tf.constant(x), tf.constant(NOISE)).logs
    np.testing.assert_allclose(terms["log_likelihood"], log_likelihood, rtol=1e-5)
    divergence = kl(mean, log_variance).mean()
    np.testing.assert_allclose(terms["elbo"], log_likelihood - divergence, rtol=1e-5)


def linear(weights):
    """A VAE of numbers: (slope, bias) of μ(x), of log σ²(x), and the slope of the decoder."""
    x, z = keras.Input((1,)), keras.Input((1,))
    heads = [keras.layers.Dense(1) for _ in range(2)]
    encoder = keras.Model(x, [head(x) for head in heads])
    decoder = keras.Model(z, keras.layers.Dense(1, use_bias=False)(z))
    for head, (slope, bias) in zip(heads, weights[:2], strict=True):
        head.set_weights([np.array([[slope]]), np.array([bias])])
    decoder.set_weights([np.array([[weights[2]]])])
    return encoder, decoder, heads


def test_gradients_reach_the_encoder_through_the_noise():
    """∂z/∂μ = 1 and ∂z/∂ log σ² = ½ σ ε."""
    encoder, decoder, heads = linear([(2.0, 0.1), (-1.0, 0.3), 1.0])
    vae = kg.models.VAE(encoder, decoder, latent_dim=1, likelihood="gaussian", beta=0.0)
    x, noise = tf.constant([[0.5]]), tf.constant([[0.7]])
    with tf.GradientTape() as tape:
        loss = vae.bound(x, noise).loss
    mean, log_variance = 1.1, -0.2
    sigma = np.exp(log_variance / 2)
    error = mean + sigma * 0.7 - 0.5  # the loss is error² / 2 and a constant
    gradients = tape.gradient(loss, [head.bias.value for head in heads])
    np.testing.assert_allclose(np.ravel(gradients), [error, error * 0.35 * sigma], rtol=1e-5)


class LinearGaussian:
    """x = z + N(0, s²) with z ~ N(0, 1): everything is known in closed form."""

    stddev = 0.5

    def vae(self, slope, variance):
        encoder, decoder, _ = linear([(slope, 0.0), (0.0, np.log(variance)), 1.0])
        return kg.models.VAE(encoder, decoder, 1, kg.likelihoods.Gaussian(self.stddev))

    def log_evidence(self, x):
        return tfd.Normal(0.0, np.sqrt(1 + self.stddev**2)).log_prob(x).numpy()[:, 0]


X = np.array([[-1.0], [0.0], [0.3], [2.0]], "float32")


def test_importance_sampling_is_exact_for_the_true_posterior():
    game = LinearGaussian()
    share = 1 / (1 + game.stddev**2)
    vae = game.vae(share, game.stddev**2 * share)
    found = vae.log_likelihood(X, num_samples=2, seed=5)
    np.testing.assert_allclose(found, game.log_evidence(X), atol=1e-5)


def test_importance_sampling_rises_to_the_evidence():
    game = LinearGaussian()
    vae = game.vae(0.5, 0.4)
    x = np.repeat(X, 200, axis=0)
    gaps = [
        float(np.mean(game.log_evidence(x) - vae.log_likelihood(x, num_samples, seed=0)))
        for num_samples in (1, 5, 500)
    ]
    assert gaps[0] > 2 * gaps[1] > 0
    assert abs(gaps[2]) < 0.02


def test_importance_sampling_repeats_itself_by_seed_whatever_the_batch():
    vae, x = make(), pixels(10)
    a, b = (vae.log_likelihood(x, 3, seed=s) for s in (4, 4))
    np.testing.assert_array_equal(a, b)
    assert not np.array_equal(a, vae.log_likelihood(x, 3, seed=5))
    assert vae.log_likelihood(x, 3, batch_size=4).shape == (10,)


def test_evaluate_gives_the_bound_on_held_out_data():
    vae, x = make(), pixels(200)
    vae.compile()
    elbo = vae.evaluate(x, verbose=0, return_dict=True)["elbo"]
    estimates = [vae.log_likelihood(x, 1, seed=s).mean() for s in range(20)]
    assert abs(elbo - np.mean(estimates)) < 6 * np.std(estimates)


@pytest.mark.slow
def test_learns_two_patterns():
    """The evidence of two patterns with flips of 5 %: log ½ and the entropy of 16 flips."""
    vae = make()
    vae.compile(keras.optimizers.Adam(1e-2))
    x = pixels(512)
    before = vae.evaluate(x, verbose=0, return_dict=True)["elbo"]
    vae.fit(x, epochs=40, verbose=0)
    entropy = -16 * (0.05 * np.log(0.05) + 0.95 * np.log(0.95))
    optimum = -np.log(2) - entropy
    after = vae.evaluate(x, verbose=0, return_dict=True)["elbo"]
    assert before < optimum - 5
    assert optimum - 1.0 < after < optimum + 0.5
    drawn = np.sign(vae.sample(200, seed=0))
    _, counts = np.unique(drawn, axis=0, return_counts=True)
    assert np.sort(counts)[-2] > 50
    assert np.sort(counts)[-2:].sum() > 160
    assert np.mean(np.sign(vae.reconstruct(x)) == x) > 0.93


@pytest.mark.slow
def test_more_beta_means_less_information_in_the_latents():
    divergences = []
    for beta in (0.1, 20.0):
        keras.utils.set_random_seed(0)
        vae = make(beta=beta)
        vae.compile(keras.optimizers.Adam(1e-2))
        history = vae.fit(pixels(256), epochs=10, verbose=0).history
        divergences.append(history["kl_divergence"][-1])
    assert divergences[0] > 2 > 0.2 > divergences[1]


def test_encoding_decoding_and_reconstructing():
    vae, x = make(), pixels(10)
    latents = vae.encode(x, batch_size=3)
    np.testing.assert_allclose(latents, vae.encoder(x)[0], atol=1e-6)
    means = vae.decode(latents, batch_size=4)
    np.testing.assert_allclose(means, np.tanh(vae.decoder(latents) / 2), atol=1e-6)
    np.testing.assert_allclose(vae.reconstruct(x), means, atol=1e-6)
    np.testing.assert_allclose(vae.predict(latents, verbose=0), means, atol=1e-6)


def test_served_as_it_is(tmp_path):
    vae, x = make(), pixels(5)
    vae.export(tmp_path / "vae")
    served = kg.load(tmp_path / "vae")
    assert served.endpoints == ["generate", "sample", "encode", "reconstruct"]
    np.testing.assert_allclose(served.encode(x), vae.encode(x), atol=1e-6)
    np.testing.assert_allclose(served.reconstruct(x), vae.reconstruct(x), atol=1e-6)
    with pytest.raises(AttributeError, match="has the endpoints"):
        served.score(x)


def test_metrics_compare_data_with_samples():
    vae = make()
    vae.compile(metrics=[kg.metrics.FrechetDistance(lambda x: keras.ops.reshape(x, (-1, 16)))])
    logs = vae.evaluate(pixels(64), verbose=0, return_dict=True)
    assert logs["frechet_distance"] > 0


def test_likelihood_and_beta_are_saved(tmp_path):
    vae = make(kg.likelihoods.Gaussian(0.2), beta=3.0)
    vae.compile("sgd")
    vae.save(tmp_path / "vae.keras")
    again = keras.models.load_model(tmp_path / "vae.keras")
    assert (again.likelihood.stddev, again.beta) == (0.2, 3.0)
    assert isinstance(again.optimizer, keras.optimizers.SGD)


class TestKerasCallbacks:
    def test_schedules_reach_the_only_optimizer(self):
        vae = make()
        vae.compile()
        schedule = keras.callbacks.LearningRateScheduler(lambda epoch, rate: 0.5 * rate)
        vae.fit(pixels(64), epochs=2, callbacks=[schedule], verbose=0)
        np.testing.assert_allclose(float(vae.optimizer.learning_rate), 1e-3 / 4, rtol=1e-6)

    def test_early_stopping_on_the_bound(self):
        vae = make()
        vae.compile(keras.optimizers.SGD(0.0))
        stop = keras.callbacks.EarlyStopping("val_elbo", mode="max", patience=1)
        x = pixels(64)
        history = vae.fit(x, validation_data=x, epochs=9, callbacks=[stop], verbose=0).history
        assert len(history["val_elbo"]) == 2


class TestBadInput:
    def test_networks(self):
        encoder = kg.networks.mlp_encoder((4, 4, 1), 3, (8,))
        decoder = kg.networks.mlp_decoder((4, 4, 1), 3, (8,))
        two = kg.networks.mlp_decoder((4, 4, 1), 3, (8,), learned_variance=True)
        wide = kg.networks.mlp_decoder((4, 4, 2), 3, (8,))
        with pytest.raises(TypeError, match=r"`encoder` must be .* with two outputs"):
            kg.models.VAE(kg.networks.mlp_discriminator((4, 4, 1), (8,)), decoder, 3)
        with pytest.raises(ValueError, match=r"`encoder` must have two outputs of shape \(None, 5"):
            kg.models.VAE(encoder, decoder, 5)
        with pytest.raises(ValueError, match="`encoder` must take what `decoder` makes"):
            kg.models.VAE(encoder, wide, 3)
        with pytest.raises(TypeError, match=r"`decoder` must be .* one output. .* 2 outputs"):
            kg.models.VAE(encoder, two, 3)
        with pytest.raises(ValueError, match="`decoder` must take latents"):
            kg.models.VAE(encoder, kg.networks.mlp_decoder((4, 4, 1), 4, (8,)), 3)

    def test_a_second_output_that_does_not_broadcast(self):
        latents = keras.Input((3,))
        image = keras.layers.Reshape((4, 4, 1))(keras.layers.Dense(16)(latents))
        decoder = keras.Model(latents, [image, keras.layers.Dense(5)(latents)])
        encoder = kg.networks.mlp_encoder((4, 4, 1), 3, (8,))
        with pytest.raises(ValueError, match="`decoder` must have outputs that broadcast"):
            kg.models.VAE(encoder, decoder, 3, "gaussian")

    @pytest.mark.parametrize(
        ("arguments", "error", "message"),
        [
            ({"likelihood": "poisson"}, ValueError, "`likelihood` must be one of"),
            ({"likelihood": 3}, TypeError, "`likelihood` must be a keras_gans.likelihoods"),
            ({"beta": -1.0}, ValueError, "`beta` must be a number"),
        ],
    )
    def test_arguments(self, arguments, error, message):
        with pytest.raises(error, match=message):
            make(**arguments)

    def test_examples(self):
        vae = make()
        vae.compile()
        with pytest.raises(ValueError, match=r"`x` must hold batches of examples of shape \(4, 4"):
            vae.fit(np.zeros((8, 5, 5, 1), "float32"))
        with pytest.raises(ValueError, match="Labels must be absent"):
            vae.fit(pixels(8), np.zeros(8))
        with pytest.raises(ValueError, match="`latents` must have shape"):
            vae.decode(np.zeros((2, 5)))
        with pytest.raises(TypeError, match="takes the optimizers"):
            vae.compile(g_optimizer="adam")

    def test_pixels_that_are_not_black_to_white(self):
        vae = kg.models.VAE(
            kg.networks.mlp_encoder(2, 3, (8,)), kg.networks.mlp_decoder(2, 3, (8,)), latent_dim=3
        )
        vae.compile()
        with pytest.raises(ValueError, match=r"`x` must be in \[-1, 1\]. Received: values from"):
            vae.fit(np.full((8, 2), 3.0, "float32"))
        batches = tf.data.Dataset.from_tensors(np.full((8, 2), 3.0, "float32"))
        for learn in (vae.fit, vae.evaluate):
            with pytest.raises(ValueError, match=r"`x` must be in \[-1, 1\]"):
                learn(batches, verbose=0)

    def test_pixels_are_in_the_range_of_the_likelihood(self):
        class Unit(kg.likelihoods.Bernoulli):
            value_range = (0.0, 1.0)

            def to_support(self, x):
                return x

        vae = kg.models.VAE(
            kg.networks.mlp_encoder((4, 4, 1), 3, (8,)),
            kg.networks.mlp_decoder((4, 4, 1), 3, (8,)),
            latent_dim=3,
            likelihood=Unit(),
        )
        for x in (np.full((8, 4, 4, 1), 1.1), np.full((8, 4, 4, 1), -0.1)):
            with pytest.raises(ValueError, match=r"`x` must be in \[0, 1\]"):
                vae.encode(x)
        assert vae.encode(np.ones((8, 4, 4, 1))).shape == (8, 3)


def test_log_likelihood_is_one_graph_for_all_calls(monkeypatch):
    vae, traces = make(), []
    posterior = kg.models.VAE.approximate_posterior

    def spy(self, x, training=False):
        traces.append(x.shape)
        return posterior(self, x, training)

    monkeypatch.setattr(kg.models.VAE, "approximate_posterior", spy)
    x = pixels(10)
    for num_samples, seed, batch_size in ((3, 0, 4), (2, 1, 10), (3, None, 100)):
        vae.log_likelihood(x, num_samples, seed, batch_size)
    assert len(traces) == 1
