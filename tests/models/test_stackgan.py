import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_gans as kg
from tests.shared import assert_same_weights, descend

IMAGES, CAPTIONS = kg.data.drawn_shapes(32, image_size=8, seed=0)
ENCODER_TEXTS = sorted(set(CAPTIONS))
CONDITION = 2


def tiny(channels=3, **kwargs):
    """With kernels of the order of 1, as batch normalization of few channels magnifies rounding."""
    encoder = kg.networks.ngram_encoder(ENCODER_TEXTS)
    shape, size = (8, 8, channels), encoder.output_shape[1]
    networks = (
        kg.networks.stackgan_generator(shape, 3, size, CONDITION, filters=2, max_filters=4),
        kg.networks.stackgan_discriminator(shape, size, filters=2, text_dim=2),
    )
    for weight in (weight for network in networks for weight in network.weights):
        if weight.name == "kernel":
            weight.assign(20 * weight)
    return kg.models.StackGAN(*networks, encoder, latent_dim=3, **{"ema_decay": 0.5, **kwargs})


def convolutional(**kwargs):
    return tiny(channels=1, **kwargs)


def tiny_examples():
    return IMAGES, CAPTIONS


def binary(logits, is_real):
    return tf.reduce_mean(
        tf.nn.sigmoid_cross_entropy_with_logits(tf.ones_like(logits) * is_real, logits)
    )


def dense_pair(size):
    """Networks without batch normalization, of the same inputs."""
    latents, texts = keras.Input((3,)), keras.Input((size,))
    condition = kg.layers.ConditioningAugmentation(CONDITION)([texts, latents[:, :CONDITION]])
    x = keras.layers.Concatenate()([condition, latents[:, CONDITION:]])
    made = keras.layers.Reshape((8, 8, 3))(keras.layers.Dense(192, activation="tanh")(x))
    images = keras.Input((8, 8, 3))
    features = keras.layers.Dense(4, activation="tanh")(keras.layers.Flatten()(images))
    both = keras.layers.Concatenate()([features, keras.layers.Dense(4, "tanh")(texts)])
    logits = keras.layers.Dense(1)(keras.layers.Dense(8, "tanh")(both))
    return keras.Model([latents, texts], made), keras.Model([images, texts], logits)


def test_one_step_is_the_paper_s():
    """Equations 3 and 4, with the wrong texts of the authors' code, in plain TensorFlow."""
    encoder = kg.networks.ngram_encoder(ENCODER_TEXTS)
    generator, discriminator = dense_pair(encoder.output_shape[1])
    gan = kg.models.StackGAN(generator, discriminator, encoder, latent_dim=3, kl_weight=3.0, seed=5)
    gan.compile(keras.optimizers.SGD(0.1), keras.optimizers.SGD(0.1), run_eagerly=True)
    g, d = (keras.models.clone_model(network) for network in (generator, discriminator))
    g.set_weights(generator.get_weights())
    d.set_weights(discriminator.get_weights())
    captions = np.array(["a small red circle", "a large red square"] * 3 + ["a small blue square"])
    images = tf.constant(IMAGES[:7])
    history = gan.fit(images, captions, batch_size=7, shuffle=False, verbose=0).history

    seeds = keras.random.SeedGenerator(5)
    texts = encoder(tf.constant(captions))
    wrong = tf.roll(texts, -1, axis=0)
    fake = g([keras.random.normal((7, 3), seed=seeds), texts])
    descend(
        d,
        lambda: (
            binary(d([images, texts]), 1.0)
            + 0.5 * binary(d([fake, texts]), 0.0)
            + 0.5 * binary(d([images, wrong]), 0.0)
        ),
    )
    latents = keras.random.normal((7, 3), seed=seeds)
    (augmentation,) = [x for x in g.layers if hasattr(x, "divergence")]

    def divergence():
        mean, log_scale = augmentation.parameters(texts)
        terms = -log_scale + 0.5 * (tf.exp(2 * log_scale) + mean**2 - 1)
        return tf.reduce_mean(terms)

    before = float(divergence())
    descend(g, lambda: binary(d([g([latents, texts]), texts]), 1.0) + 3.0 * divergence())
    np.testing.assert_allclose(history["kl_divergence"], before, rtol=1e-4)
    assert_same_weights(gan.generator, g, rtol=1e-5, atol=1e-6)
    assert_same_weights(gan.discriminator, d, rtol=1e-5, atol=1e-6)


def test_the_same_text_is_no_wrong_one():
    """Where the next caption is the same, a fake stands for the pair that does not match."""
    gan = tiny()
    texts = gan.embedded(tf.constant(["a small red circle"] * 4))
    real, fake = [tf.constant(IMAGES[:4]), texts], [tf.constant(IMAGES[4:8]), texts]
    found = gan.discriminator_loss(real, fake, training=False).loss
    expected = gan.objective.discriminator(gan.discriminate(real), gan.discriminate(fake))
    np.testing.assert_allclose(found, expected, rtol=1e-6)


@pytest.mark.slow
def test_the_first_stage_is_not_trained_with_the_second():
    first = tiny(ema_decay=None)
    second_generator = kg.networks.stackgan_refiner(
        first.generator, (16, 16, 3), CONDITION, filters=2, num_blocks=1
    )
    size = first.text_encoder.output_shape[1]
    second = kg.models.StackGAN(
        second_generator,
        kg.networks.stackgan_discriminator((16, 16, 3), size, filters=2),
        first.text_encoder,
        latent_dim=3 + CONDITION,
    )
    second.compile()
    images, captions = kg.data.drawn_shapes(16, image_size=16, seed=1)
    second.fit(images, captions, batch_size=8, verbose=0)
    (inner,) = (x for x in second.generator.layers if isinstance(x, keras.Model))
    assert_same_weights(inner, first.generator)
    embeddings = second.embedded(tf.constant(captions))
    (own,) = (
        layer
        for layer in second.generator.layers
        if isinstance(layer, kg.layers.ConditioningAugmentation)
    )
    expected = np.mean(own.divergence(embeddings)) / CONDITION
    np.testing.assert_allclose(second.kl_divergence(embeddings), expected, rtol=1e-5)
    assert second.sample(2, captions[:2]).shape == (2, 16, 16, 3)


def test_evaluation_has_the_divergence():
    gan = tiny()
    gan.compile()
    found = gan.evaluate(IMAGES, list(CAPTIONS), batch_size=8, verbose=0, return_dict=True)
    assert list(found) == ["g_loss", "d_loss", "kl_divergence"]
    texts = gan.embedded(tf.constant(CAPTIONS))
    np.testing.assert_allclose(found["kl_divergence"], gan.kl_divergence(texts), rtol=1e-4)


def test_defaults():
    gan = tiny()
    gan.compile(total_steps=60)
    assert gan.kl_weight == 2.0
    assert gan.objective is kg.losses.get("non_saturating")
    for optimizer in (gan.g_optimizer, gan.d_optimizer):
        assert float(optimizer.beta_1) == 0.5
        rates = [float(optimizer._learning_rate(step)) for step in (0, 9, 10, 59)]
        np.testing.assert_allclose(rates, [2e-4, 2e-4, 1e-4, 2e-4 / 2**5], rtol=1e-6)


def test_encoder_must_fit_the_networks():
    other = kg.networks.ngram_encoder(["something else"])
    gan = tiny()
    with pytest.raises(ValueError, match="`generator` must take latents and conditions"):
        kg.models.StackGAN(gan.generator, gan.discriminator, other, latent_dim=3)


def test_encoder_must_take_strings():
    gan = tiny()
    size = gan.text_encoder.output_shape[1]
    other = keras.Sequential([keras.Input((4,)), keras.layers.Dense(size)])
    with pytest.raises(ValueError, match=r"`text_encoder` must take strings.*float32 \(None, 4\)"):
        kg.models.StackGAN(gan.generator, gan.discriminator, other, latent_dim=3)


@pytest.mark.parametrize("captions", [None, np.arange(32), np.ones((32, 3), "float32")])
def test_refuses_what_are_no_captions(captions):
    gan = tiny()
    gan.compile()
    with pytest.raises(ValueError, match="`y` must"):
        gan.fit(IMAGES, captions, verbose=0)


def test_served_captions(tmp_path):
    gan = tiny()
    gan.export(tmp_path / "saved_model")
    served = kg.load(tmp_path / "saved_model")
    captions = ["a small red circle", "a large blue square"]
    np.testing.assert_allclose(
        served.sample(2, captions, seed=0), gan.sample(2, captions, seed=0), atol=1e-6
    )
    one = served.sample(3, captions[0], seed=0)
    np.testing.assert_allclose(one, served.sample(3, [captions[0]] * 3, seed=0), atol=1e-6)
    for texts in (["a red circle", 3], ["a red circle", None]):
        with pytest.raises(ValueError, match=r"`labels` must hold strings.* and dtype object"):
            tiny().sample(2, texts)
    with pytest.raises(ValueError, match="`labels` must be what the model is conditioned on"):
        served.sample(2)
