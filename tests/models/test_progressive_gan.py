import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_gans as kg
from keras_gans.callbacks import Checkpoint
from keras_gans.models.growing_gan import GrowingGAN
from keras_gans.networks.progressive import fades
from tests.callbacks.test_checkpoint import Stop, assert_same
from tests.models import every_model
from tests.shared import ModelTests, assert_same_weights, descend

IMAGES = np.random.default_rng(0).uniform(-1, 1, (64, 8, 8, 1)).astype("float32")
LATENTS = np.random.default_rng(1).normal(size=(3, 3)).astype("float32")


def tiny(shape=(8, 8, 1), **kwargs):
    """With 32 images, a step of the lowest level, and three of a fade."""
    judged = (*shape[:2], shape[2] * every_model.pack_size(kwargs))
    return kg.models.ProgressiveGAN(
        kg.networks.progressive_generator(shape, 3, filters=2),
        kg.networks.progressive_discriminator(judged, filters=2),
        latent_dim=3,
        **{"images_per_phase": [8, 32], **kwargs},
    )


def tiny_examples():
    return IMAGES[:32], None


def make(*optimizers, shape=(8, 8, 1), run_eagerly=True, **kwargs):
    keras.utils.set_random_seed(0)
    gan = tiny(shape, seed=1, **kwargs)
    gan.compile(*optimizers, run_eagerly=run_eagerly)
    return gan


def fit(gan, images=IMAGES, **kwargs):
    return gan.fit(images, **{"batch_size": 8, "shuffle": False, "verbose": 0, **kwargs})


@pytest.mark.slow
class TestProgressiveGAN(ModelTests):
    """Phases end where executions of three steps do."""

    examples = IMAGES

    def make_model(self):
        return tiny(images_per_phase=24, ema_decay=0.9, seed=1)

    def assert_same_samples(self, a, b):
        """Pixels whose features are small are normalized, and rounding errors with them."""
        np.testing.assert_allclose(a, b, atol=1e-4)

    def test_mixed_precision_with_scaled_losses_trains(self, trained):
        self.test_mixed_precision_trains(trained, "mixed_float16")


def test_defaults_are_the_papers():
    gan = kg.models.ProgressiveGAN(
        kg.networks.progressive_generator((8, 8, 1), 3, filters=2),
        kg.networks.progressive_discriminator((8, 8, 1), filters=2),
        latent_dim=3,
    )
    assert (gan.n_critic, gan.gp_weight, gan.drift_weight) == (1, 10.0, 0.001)
    assert (gan.images_per_phase, gan.ema_decay, gan.one_sided) == (600_000, 0.999, False)
    gan.compile()
    for optimizer in (gan.g_optimizer, gan.d_optimizer):
        config = optimizer.get_config()
        assert config["learning_rate"] == pytest.approx(1e-3)
        assert (config["beta_1"], config["beta_2"], config["epsilon"]) == (0.0, 0.99, 1e-8)


class TestSchedule:
    shape = (28, 28, 1)  # 7, 14, 28

    class Record(keras.callbacks.Callback):
        def __init__(self):
            super().__init__()
            self.seen = []

        def on_train_batch_end(self, batch, logs=None):
            gan = self.model
            self.seen.append((int(gan.images_seen), gan.level, round(gan.alpha, 3)))

    def test_phases_and_alphas_follow_the_images(self):
        """α is that of the images before the step."""
        gan, record = make(shape=self.shape, images_per_phase=[4, 4, 4, 8]), self.Record()
        fit(gan, np.zeros((24, 28, 28, 1), "float32"), batch_size=4, callbacks=[record])
        assert record.seen == [
            *[(4, 0, 1.0), (8, 1, 0.0), (12, 1, 1.0)],
            *[(16, 2, 0.0), (20, 2, 0.5), (24, 2, 1.0)],
        ]

    @pytest.mark.slow
    def test_every_phase_is_traced_once(self, monkeypatch):
        traced, train_step = [], kg.models.ProgressiveGAN.train_step

        def spy(self, data):
            traced.append((self.level, self._is_fading))
            return train_step(self, data)

        monkeypatch.setattr(kg.models.ProgressiveGAN, "train_step", spy)
        gan = make(images_per_phase=[8, 16], run_eagerly=False)
        fit(gan, IMAGES[:32])
        fit(gan, IMAGES[:8])
        assert traced == [(0, False), (1, True), (1, False)]

    @pytest.mark.slow
    def test_with_several_steps_at_once_phases_begin_with_the_next(self):
        gan, record = make(images_per_phase=[8, 16]), self.Record()
        gan.compile(steps_per_execution=3, run_eagerly=True)
        fit(gan, IMAGES[:48], callbacks=[record])
        assert record.seen == [(24, 0, 1.0), (48, 1, 1.0)]

    @pytest.mark.slow
    def test_a_fade_that_ends_in_an_execution_stays_at_the_new_level(self):
        gan = make(images_per_phase=[24, 8])
        gan.compile(steps_per_execution=3, run_eagerly=True)
        fit(gan, IMAGES[:48])
        assert [float(fade.alpha) for fade in fades(gan.generator)] == [1.0]

    def test_critic_updates_count(self):
        gan = make(n_critic=2)
        fit(gan, IMAGES[:16])
        assert (int(gan.images_seen), int(gan.g_optimizer.iterations)) == (16, 1)

    def test_a_list_is_of_all_phases_but_the_last(self):
        with pytest.raises(
            ValueError, match="`images_per_phase` must be an integer or a list of 2"
        ):
            make(images_per_phase=[8, 8, 8])
        with pytest.raises(ValueError, match=r"`images_per_phase`.*images_per_phase=0"):
            make(images_per_phase=0)
        with pytest.raises(ValueError, match=r"`images_per_phase`.*images_per_phase=0"):
            make(images_per_phase=[8, 0])

    def test_networks_must_have_the_same_levels(self):
        for critic in (
            kg.networks.dcgan_discriminator((8, 8, 1), 2, normalization=None),
            keras.Sequential(
                [keras.Input((8, 8, 1)), kg.networks.progressive_discriminator((8, 8, 1), 2)]
            ),
        ):
            with pytest.raises(
                ValueError, match="`generator` and `discriminator` must have a Fade"
            ):
                kg.models.ProgressiveGAN(
                    kg.networks.progressive_generator((8, 8, 1), 3, 2), critic, 3
                )

    def test_networks_of_one_level_do_not_grow(self):
        gan = make(shape=(7, 7, 1), images_per_phase=8)
        fit(gan, IMAGES[:16, :7, :7])
        assert (gan.level, gan.alpha) == (0, 1.0)

    def test_the_papers_rates_are_constant(self):
        with pytest.raises(ValueError, match="`total_steps` must be None"):
            make().compile(total_steps=8)


def cut(images):
    return np.clip(images, -1, 1)


def blocks(images):
    """Means over blocks of 2×2 in place of their pixels."""
    means = images.reshape(-1, 4, 2, 4, 2, 1).mean((2, 4))
    return means.repeat(2, axis=1).repeat(2, axis=2)


@pytest.mark.parametrize("phase", range(3))
def test_a_step_is_the_papers(phase):
    """Against the same step written out with plain TensorFlow, of whole networks with alphas."""
    rates = [keras.optimizers.SGD(0.05) for _ in range(2)]
    gan = make(*rates, images_per_phase=[8, 16], drift_weight=0.5)
    gan.images_seen.assign([0, 12, 24][phase])
    alpha = [0.0, 0.25, 1.0][phase]
    generator = keras.models.clone_model(gan.generator)
    critic = keras.models.clone_model(gan.discriminator)
    generator.set_weights(gan.generator.get_weights())
    critic.set_weights(gan.discriminator.get_weights())
    for network in (generator, critic):
        fades(network)[0].alpha.assign(alpha)
    before = [w.numpy() for w in gan.generator.trainable_weights]
    logs = fit(gan, IMAGES[:8]).history

    seeds = keras.random.SeedGenerator(1)
    real = tf.constant((1 - alpha) * blocks(IMAGES[:8]) + alpha * IMAGES[:8], tf.float32)
    fake = generator(keras.random.normal((8, 3), seed=seeds))
    mixing = keras.random.uniform((8,), seed=seeds)[:, None, None, None]

    def critic_loss():
        mixed = mixing * real + (1 - mixing) * fake
        with tf.GradientTape() as tape:
            tape.watch(mixed)
            logits = critic(mixed)
        norms = tf.sqrt(tf.reduce_sum(tape.gradient(logits, mixed) ** 2, axis=(1, 2, 3)))
        distance = tf.reduce_mean(critic(real)) - tf.reduce_mean(critic(fake))
        penalty = 10 * tf.reduce_mean((norms - 1) ** 2)
        return -distance + penalty + 0.5 * tf.reduce_mean(critic(real) ** 2)

    np.testing.assert_allclose(logs["d_loss"], critic_loss(), rtol=1e-5)
    descend(critic, critic_loss, 0.05)
    latents = keras.random.normal((8, 3), seed=seeds)
    descend(generator, lambda: -tf.reduce_mean(critic(generator(latents))), 0.05)
    assert_same_weights(gan.discriminator, critic, rtol=1e-5, atol=1e-6)
    assert_same_weights(gan.generator, generator, rtol=1e-5, atol=1e-6)
    changed = [np.any(a != b) for a, b in zip(before, gan.generator.get_weights(), strict=False)]
    assert sum(changed) >= [5, 9, 8][phase] - 3  # of a pair of weights a bias may stay


class TestGrowing:
    def test_weights_keep_their_values_until_their_level(self):
        gan = make(images_per_phase=[32, 32])
        new = [w for name in ("generator", "discriminator") for w in self.above(gan, name)]
        assert len(new) == 12  # two convolutions and one of colors, in each network
        before = [w.numpy() for w in new]
        fit(gan, IMAGES[:32])
        for a, w in zip(before, new, strict=True):
            np.testing.assert_array_equal(a, w)
        fit(gan, IMAGES[:16])
        assert all(np.any(a != w.numpy()) for a, w in zip(before, new, strict=True))

    def above(self, gan, name):
        used = {id(w) for w in gan.in_use(name, training=True).weights}
        return [w for w in getattr(gan, name).trainable_weights if id(w) not in used]

    def test_samples_do_not_jump_when_a_level_is_added(self):
        """α is zero at first, so that nothing of the new level is seen."""
        gan = make(keras.optimizers.SGD(0.0), keras.optimizers.SGD(0.0), images_per_phase=[8, 16])
        fit(gan, IMAGES[:8])
        before, scores = gan.generate(LATENTS), gan.score(IMAGES[:3])
        fit(gan, IMAGES[:8])
        assert gan.level == 1
        np.testing.assert_allclose(gan.generate(LATENTS), before, atol=1e-6)
        np.testing.assert_allclose(gan.score(IMAGES[:3]), scores, rtol=1e-5, atol=1e-6)

    def test_samples_are_in_blocks_of_the_level(self):
        gan = make(images_per_phase=[16, 8])
        fit(gan, IMAGES[:8])
        samples = gan.sample(4, seed=0)
        assert samples.shape == (4, 8, 8, 1)
        np.testing.assert_allclose(samples, blocks(samples), atol=1e-6)
        fit(gan, IMAGES[:32])
        samples = gan.sample(4, seed=0)
        assert np.abs(samples - blocks(samples)).max() > 1e-3

    @pytest.mark.slow
    def test_an_average_fades_with_the_network(self):
        """α is what it is, and no average of what it was."""
        gan = make(images_per_phase=[8, 32], ema_decay=0.9)
        fit(gan, IMAGES[:32])
        assert gan.alpha == 0.5
        copy = gan.ema_generator.copy()
        assert float(fades(copy)[0].alpha) == 0.5
        np.testing.assert_allclose(cut(copy(LATENTS)), gan.generate(LATENTS), atol=1e-6)
        np.testing.assert_allclose(cut(gan.ema_generator(LATENTS)), gan(LATENTS), atol=1e-6)

    def test_evaluation_is_at_the_present_level(self):
        gan = make(images_per_phase=[8, 32])
        for alpha in (0.0, 0.25):
            fit(gan, IMAGES[:8] if not alpha else IMAGES[:16])
            logs = gan.evaluate(IMAGES, batch_size=64, verbose=0, return_dict=True)
            real = (1 - alpha) * blocks(IMAGES) + alpha * IMAGES
            assert logs["drift"] == pytest.approx(np.mean(gan.score(real) ** 2), rel=1e-4)

    @pytest.mark.slow
    def test_optimizers_begin_anew_in_every_phase(self):
        gan = make(images_per_phase=[16, 16])
        iterations = []

        def note(batch, logs):
            iterations.append(int(gan.d_optimizer.iterations))

        note = keras.callbacks.LambdaCallback(on_train_batch_end=note)
        fit(gan, IMAGES[:48], callbacks=[note])
        assert iterations == [1, 2, 1, 2, 1, 2]
        gan = make(images_per_phase=[16, 16])
        gan.g_optimizer.learning_rate = gan.d_optimizer.learning_rate = 0.5
        fit(gan, IMAGES[:16])
        gan.images_seen.assign(16)
        gan.begin_phase()
        for optimizer in (gan.g_optimizer, gan.d_optimizer):
            iterations, rate, *moments = optimizer.variables
            assert (int(iterations), float(rate)) == (0, 0.5)
            assert moments and not np.any([np.any(m) for m in moments])


@pytest.mark.slow
@pytest.mark.parametrize("step", [2, 4])
def test_goes_on_as_if_never_stopped(step, tmp_path):
    """From the end of a phase, and from the middle of a fade: bit for bit."""

    def run(*callbacks):
        gan = make(images_per_phase=[16, 24], run_eagerly=False)
        fit(gan, IMAGES[:56], epochs=1, shuffle=True, callbacks=list(callbacks))
        return gan

    whole = run()
    stopped = run(Stop(step), Checkpoint(tmp_path / "run"))
    assert int(stopped.images_seen) == 8 * step
    again = run(Checkpoint(tmp_path / "run"))
    assert_same(again, whole)
    assert again.level == 1
    np.testing.assert_array_equal(again.generate(LATENTS), whole.generate(LATENTS))


@pytest.mark.slow
def test_saved_and_exported_in_a_fade(tmp_path):
    gan = make(images_per_phase=[8, 32])
    fit(gan, IMAGES[:24])
    gan.save(tmp_path / "model.keras")
    gan.export(tmp_path / "saved_model")
    again = keras.models.load_model(tmp_path / "model.keras")
    assert (again.level, again.alpha) == (gan.level, gan.alpha) == (1, 0.25)
    samples, scores = gan.sample(3, seed=0), gan.score(IMAGES[:3])
    np.testing.assert_array_equal(again.sample(3, seed=0), samples)
    served = kg.load(tmp_path / "saved_model")
    np.testing.assert_allclose(served.sample(3, seed=0), samples, atol=1e-5)
    np.testing.assert_allclose(served.score(IMAGES[:3]), scores, rtol=1e-4, atol=1e-5)
    for model in (gan, again):
        fit(model, IMAGES[:16])
    assert_same(again, gan)


@pytest.mark.slow
def test_weights_of_another_phase_are_followed(tmp_path):
    """Also by functions that were compiled before they were loaded."""
    gan, other = make(images_per_phase=8), make(images_per_phase=8, run_eagerly=False)
    fit(gan, IMAGES[:24])
    fit(other, IMAGES[:8])
    other.evaluate(IMAGES[:8], verbose=0)
    other.set_weights(gan.get_weights())
    assert (other.level, other.alpha) == (1, 1.0)
    np.testing.assert_array_equal(other.generate(LATENTS), gan.generate(LATENTS))
    losses = [m.evaluate(IMAGES[:8], verbose=0) for m in (gan, other)]
    np.testing.assert_allclose(*losses, rtol=1e-5)


def test_two_replicas_grow_as_one(two_replicas):
    trained = []
    for strategy in (two_replicas, tf.distribute.get_strategy()):
        with strategy.scope():
            gan = make(
                *(keras.optimizers.SGD(1e-3) for _ in range(2)),
                images_per_phase=24,
                run_eagerly=False,
            )
        fit(gan, IMAGES[:56])
        assert (gan.level, gan.alpha, gan.images_seen.numpy()) == (1, 1.0, 56)
        trained.append(gan)
    assert_same_weights(*trained, rtol=1e-4, atol=1e-6)


def with_labels():
    """Networks of two levels, 4×4 and 8×8, that take labels."""
    labels = keras.Input((), dtype="int32")

    def beside(x):
        embedded = keras.layers.Embedding(3, 2)(labels)
        return keras.layers.Concatenate()([keras.layers.Flatten()(x), embedded])

    latents, images = keras.Input((3,)), keras.Input((8, 8, 1))
    coarse = keras.layers.Reshape((4, 4, 1))(keras.layers.Dense(16)(beside(latents)))
    old = keras.layers.UpSampling2D()(coarse)
    made = kg.layers.FadeIn()([old, keras.layers.Conv2D(1, 3, padding="same")(old)])
    halves = keras.layers.Conv2D(2, 2, strides=2)(images)
    features = kg.layers.FadeIn()([halves, keras.layers.Conv2D(2, 1)(halves)])
    critic = keras.Model([images, labels], keras.layers.Dense(1)(beside(features)))
    return keras.Model([latents, labels], made), critic


@pytest.mark.parametrize("order", [1, -1])
def test_a_conditional_gan_can_grow(order):
    """Whichever of its classes comes first."""
    bases = (GrowingGAN, kg.models.ConditionalWGANGP)
    if order < 0:
        bases = (kg.models.conditional_gan.ClassConditional, GrowingGAN, kg.models.WGANGP)
    kind = type("GrowingConditionalGAN", bases, {})
    gan = kind(*with_labels(), latent_dim=3, images_per_phase=[8, 8], n_critic=1, seed=1)
    labels = np.arange(8) % 3
    shown, conditions = gan.real_examples((tf.constant(IMAGES[:8]), tf.constant(labels)))
    np.testing.assert_allclose(shown, blocks(IMAGES[:8]), atol=1e-6)
    np.testing.assert_array_equal(conditions, labels)
    gan.compile(run_eagerly=True)
    for level in (0, 1):
        gan.train_on_batch(IMAGES[:8], labels)
        assert gan.level == level
    assert gan.sample(2, labels=[0, 2]).shape == (2, 8, 8, 1)


def test_samples_are_in_the_range_of_images():
    gan = make()
    latents = np.random.default_rng(0).normal(size=(64, 3)).astype("float32")
    assert np.abs(gan.generator(latents)).max() > 1
    np.testing.assert_array_equal(
        gan.generate(latents), cut(gan.in_use("generator", training=True)(latents))
    )


def test_for_images():
    info = kg.data.DatasetInfo("images", (28, 28, 1), 100, 10, "train")
    gan = kg.models.ProgressiveGAN.for_images(
        info, latent_dim=4, filters=2, images_per_phase=[8] * 4
    )
    assert gan.sample(2).shape == (2, 28, 28, 1)
    assert kg.models.ProgressiveGAN.for_images(info, 4, 2).images_per_phase == 20_000
