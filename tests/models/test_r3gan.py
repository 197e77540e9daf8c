import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_gans as kg
from keras_gans.models.adam import Adam
from tests.models import every_model
from tests.shared import ModelTests, assert_same_weights, descend

IMAGES, LABELS = every_model.IMAGES, every_model.LABELS
pytestmark = pytest.mark.first_cases

SMALL = {"filters": 2, "max_filters": 2, "num_blocks": 1, "num_classes": 3}


def tiny(num_classes=3, **kwargs):
    small = {**SMALL, "num_classes": num_classes}
    return kg.models.R3GAN(
        kg.networks.r3gan_generator((4, 4, 1), 3, **small),
        kg.networks.r3gan_discriminator((4, 4, 1), **small),
        latent_dim=3,
        **{"ema_decay": 0.5, **kwargs},
    )


def dense(**kwargs):
    return every_model.two_player(kg.models.R3GAN, **kwargs)


def tiny_examples():
    return IMAGES, LABELS


@pytest.mark.slow
class TestR3GAN(ModelTests):
    labels = np.arange(64) % 3

    def make_model(self):
        return tiny(seed=1, burn_in=8)

    @property
    def examples(self):
        images = np.random.default_rng(0).uniform(-1, 1, (64, 4, 4, 1)).astype("float32")
        return images, self.labels


class TestUnconditional(TestR3GAN):
    labels = None

    def make_model(self):
        return tiny(num_classes=None, seed=1, burn_in=8)

    @property
    def examples(self):
        return super().examples[0]


def randomized(network):
    """All weights, those of last layers too, drawn at random."""
    random = np.random.default_rng(len(network.weights))
    network.set_weights([random.normal(size=w.shape) / 2 for w in network.weights])


@pytest.mark.parametrize("num_classes", [3, None])
def test_one_step_is_the_papers(num_classes):
    """Against the same step written out with plain TensorFlow, in float64."""
    before = keras.config.floatx()
    keras.config.set_floatx("float64")
    try:
        check_one_step(num_classes)
    finally:
        keras.config.set_floatx(before)


def check_one_step(num_classes):
    gan = tiny(num_classes, gamma=0.7, burn_in=None, ema_decay=None, seed=5)
    gan.compile(keras.optimizers.SGD(0.1), keras.optimizers.SGD(0.1), run_eagerly=True)
    generator, discriminator = (
        keras.models.clone_model(n) for n in (gan.generator, gan.discriminator)
    )
    for copy, network in ((generator, gan.generator), (discriminator, gan.discriminator)):
        randomized(network)
        copy.set_weights(network.get_weights())
    x, y = IMAGES[:12].astype("float64"), None if num_classes is None else LABELS[:12]
    logs = gan.train_on_batch(x, y, return_dict=True)
    seeds = keras.random.SeedGenerator(5)

    def logits(images, labels):
        inputs = images if labels is None else [images, labels]
        return tf.cast(discriminator(inputs), tf.float64)[:, 0]

    def fakes(labels):
        z = tf.cast(keras.random.normal((6, 3), seed=seeds), tf.float64)
        return tf.cast(generator(z if labels is None else [z, labels]), tf.float64)

    def penalty(images, labels):
        with tf.GradientTape() as tape:
            tape.watch(images)
            total = tf.reduce_sum(logits(images, labels))
        gradients = tape.gradient(total, images)
        return tf.reduce_mean(tf.reduce_sum(gradients**2, axis=(1, 2, 3))) / 2

    def mini_batch(j):
        return tf.constant(x[j::2]), None if y is None else tf.constant(y[j::2])

    real, labels = mini_batch(0)
    fake = fakes(labels)
    losses = {"r1": penalty(real, labels), "r2": penalty(fake, labels)}

    def d_loss():
        gap = logits(real, labels) - logits(fake, labels)
        adversarial = tf.reduce_mean(tf.math.log1p(tf.exp(-gap)))
        return adversarial + 0.7 * (penalty(real, labels) + penalty(fake, labels))

    losses["d_loss"] = d_loss()
    descend(discriminator, d_loss)
    others, labels = mini_batch(1)
    state = seeds.state.numpy()

    def g_loss():
        seeds.state.assign(state)
        gap = logits(fakes(labels), labels) - logits(others, labels)
        return tf.reduce_mean(tf.math.log1p(tf.exp(-gap)))

    losses["g_loss"] = g_loss()
    descend(generator, g_loss)
    for name, value in losses.items():
        np.testing.assert_allclose(logs[name], value, rtol=1e-5)
    assert_same_weights(gan.discriminator, discriminator, rtol=1e-5, atol=1e-6)
    assert_same_weights(gan.generator, generator, rtol=1e-5, atol=1e-6)


@pytest.mark.slow
def test_penalties_are_at_the_images_through_the_augmentation_of_the_logits():
    """An augmentation of one draw: were it drawn again, D would see other images."""

    class Scaled(kg.techniques.Technique):
        def augment(self, model, examples):
            return examples * model.draw(keras.random.uniform, 1, (), training=True)

    gan = tiny(None, gamma=1.0, burn_in=None, techniques=[Scaled()], seed=2)
    randomized(gan.discriminator)
    gan.compile(run_eagerly=True)
    real, fake = tf.constant(IMAGES[:8]), tf.constant(IMAGES[8:16])
    result = gan.discriminator_loss(real, fake)
    seeds = keras.random.SeedGenerator(2)
    r = []
    for x, name in ((real, "real_logits"), (fake, "fake_logits")):
        with tf.GradientTape() as tape:
            tape.watch(x)
            logits = gan.discriminator(x * keras.random.uniform((1,), seed=seeds))
        np.testing.assert_allclose(result.handed_on[name], logits, rtol=1e-5)
        r.append(np.sum(tape.gradient(logits, x) ** 2, axis=(1, 2, 3)).mean() / 2)
    np.testing.assert_allclose([result.logged["r1"], result.logged["r2"]], r, rtol=1e-4)


class TestBurnIn:
    """Closed forms, with r = (1 − cos πt/T)/2."""

    def trained(self, steps, **kwargs):
        gan = dense(burn_in=4, gamma=0.5, ema_decay=0.25, **kwargs)
        gan.compile()
        for _ in range(steps):
            gan.train_on_batch(every_model.POINTS[: 2 * (gan.n_critic + 1)])
        return gan

    @pytest.mark.parametrize("steps", [0, 1, 2, 4, 6])
    def test_numbers_follow_half_a_cosine_and_stay(self, steps):
        gan = self.trained(0)
        for optimizer in (gan.g_optimizer, gan.d_optimizer):
            optimizer.iterations.assign(steps)
        r = (1 - np.cos(np.pi * min(steps, 4) / 4)) / 2
        assert gan.gamma == pytest.approx(0.5 - 0.45 * r)
        assert gan.ema_decay == pytest.approx(0.25 ** (1 / r) if r else 0, rel=1e-4)
        for optimizer in (gan.g_optimizer, gan.d_optimizer):
            assert float(optimizer.learning_rate) == pytest.approx(2e-4 - 1.5e-4 * r)
            assert float(optimizer.beta_2) == pytest.approx(0.9 + 0.09 * r)

    def test_it_is_counted_in_training_steps(self):
        gan = self.trained(0, n_critic=2)
        for optimizer, updates in ((gan.g_optimizer, 2), (gan.d_optimizer, 4)):
            optimizer.iterations.assign(updates)
            assert float(optimizer.beta_2) == pytest.approx(0.945)
        assert gan.gamma == pytest.approx(0.275)

    @pytest.mark.slow
    def test_it_goes_on_where_it_was_saved(self, tmp_path):
        gan = self.trained(2)
        gan.save(tmp_path / "model.keras")
        again = keras.models.load_model(tmp_path / "model.keras")
        assert again.gamma == gan.gamma and again.burn_in == 4
        for model in (gan, again):
            model.train_on_batch(every_model.POINTS[:4])
        assert_same_weights(gan, again)
        assert gan.g_optimizer.get_config() == again.g_optimizer.get_config()

    def test_schedules_that_are_given_stay(self):
        growing = keras.optimizers.schedules.PolynomialDecay(0.1, 4, 0.2)
        gan = dense(burn_in=4, gamma=growing, ema_decay=None)
        assert gan.gamma == pytest.approx(0.1)
        assert gan.ema_generator is None

    @pytest.mark.parametrize("burn_in", [0, -1, 1.5, "4"])
    def test_it_must_be_whole(self, burn_in):
        with pytest.raises((ValueError, TypeError), match="`burn_in` must be a positive integer"):
            dense(burn_in=burn_in)


@pytest.mark.parametrize("burn_in", [None, 3])
@pytest.mark.parametrize("gamma", [-1.0, float("nan")])
def test_gamma_must_not_be_negative(gamma, burn_in):
    with pytest.raises(ValueError, match="`gamma` must be a number in"):
        dense(gamma=gamma, burn_in=burn_in)


def test_defaults_are_the_papers():
    other = tiny()
    gan = kg.models.R3GAN(other.generator, other.discriminator, latent_dim=3)
    assert (gan.gamma, gan.n_critic, gan.ema_decay, gan.num_classes) == (0.05, 1, 0.9999, 3)
    assert gan.objective is kg.losses.relativistic
    assert gan.batches_per_step == 2
    gan.compile()
    for optimizer in (gan.g_optimizer, gan.d_optimizer):
        config = optimizer.get_config()
        assert isinstance(optimizer, Adam)
        assert config["learning_rate"] == pytest.approx(2e-4)
        assert (config["beta_1"], config["beta_2"], config["epsilon"]) == (0.0, 0.99, 1e-8)


def test_images_are_cut_to_their_range(tmp_path):
    gan = tiny(None)
    last = gan.generator.layers[-2]
    last.kernel.assign(100 * last.kernel)
    z = np.random.default_rng(0).normal(size=(8, 3))
    raw = gan.generator(z)
    assert np.abs(raw).max() > 1
    np.testing.assert_allclose(gan.generate(z), np.clip(raw, -1, 1), atol=1e-6)
    gan.export(tmp_path / "saved_model")
    served = kg.load(tmp_path / "saved_model")
    np.testing.assert_allclose(served.generate(z), np.clip(raw, -1, 1), atol=1e-6)


def test_points_are_not_cut():
    gan = dense()
    gan.generator.set_weights([100 * w for w in gan.generator.get_weights()])
    assert np.abs(gan.sample(4, seed=0)).max() > 4


@pytest.mark.parametrize("num_classes", [None, 3])
def test_for_images(num_classes):
    info = kg.data.DatasetInfo("images", (8, 8, 1), 17, 3, "train", class_names=("a", "b", "c"))
    gan = kg.models.R3GAN.for_images(info, latent_dim=3, filters=2, num_classes=num_classes)
    assert gan.conditional == (num_classes is not None)
    assert gan.class_names == (("a", "b", "c") if num_classes else None)
    assert gan.sample(2, labels="b" if num_classes else None).shape == (2, 8, 8, 1)


def test_networks_must_agree_on_labels():
    with_labels, without = tiny(), tiny(None)
    for networks in (
        (with_labels.generator, without.discriminator),
        (without.generator, with_labels.discriminator),
    ):
        with pytest.raises(ValueError, match="`discriminator` must take"):
            kg.models.R3GAN(*networks, latent_dim=3)
    with pytest.raises(ValueError, match="`labels`"):
        without.sample(2, labels=0)


def test_batch_normalization_is_refused():
    with pytest.raises(ValueError, match="`discriminator` must not use batch normalization"):
        kg.models.R3GAN(
            kg.networks.dcgan_generator((8, 8, 1), 4, filters=4),
            kg.networks.dcgan_discriminator((8, 8, 1), filters=4),
            latent_dim=4,
        )
