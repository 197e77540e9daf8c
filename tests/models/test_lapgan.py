"""LAPGAN: the step as one GAN a level, sampling down the pyramid, labels."""

import keras
import numpy as np
import pytest
import scipy.ndimage
import tensorflow as tf

import keras_gans as kg
from keras_gans.layers import from_laplacian_pyramid, laplacian_pyramid
from tests.models import every_model
from tests.models.relativistic import RELATIVISTIC
from tests.shared import ModelTests, assert_same_weights, descend

pytestmark = pytest.mark.first_cases

SHAPE = (6, 5, 1)
LABELS = np.arange(64) % 3
BINOMIAL = np.array([1, 4, 6, 4, 1]) / 16


def images(num=64, shape=SHAPE):
    return np.random.default_rng(0).uniform(-1, 1, (num, *shape)).astype("float32")


def networks(num_classes=None, levels=3, shape=SHAPE):
    small = {"levels": levels, "filters": 2, "hidden_units": (4,), "num_classes": num_classes}
    return {
        "generators": kg.networks.lapgan_generators(shape, 3, **small),
        "discriminators": kg.networks.lapgan_discriminators(shape, **small),
        "latent_dim": 3,
    }


def tiny(**kwargs):
    return kg.models.LAPGAN(**networks(levels=2, shape=(4, 4, 1)), **kwargs)


def tiny_examples():
    return every_model.IMAGES, None


def tiny_calls(model):
    return {model.generate_levels: {"latents": np.ones((4, model.latent_dim), "float32")}}


@pytest.mark.slow
class TestLAPGAN(ModelTests):
    """Odd sides, moving averages."""

    def make_model(self):
        return kg.models.LAPGAN(**networks(), ema_decay=0.5, seed=1)

    @property
    def examples(self):
        return images()


@pytest.mark.slow
class TestLAPGANWithLabels(ModelTests):
    """A class beside everything."""

    labels = LABELS

    def make_model(self):
        return kg.models.LAPGAN(**networks(num_classes=3), seed=1)

    @property
    def examples(self):
        return images(), LABELS


def doubled(coarse, side):
    """Burt and Adelson's `expand` in NumPy and SciPy, float64."""
    spread = np.zeros((len(coarse), *side, coarse.shape[-1]))
    spread[:, ::2, ::2] = coarse
    for axis in (1, 2):
        spread = scipy.ndimage.correlate1d(spread, BINOMIAL, axis=axis, mode="mirror")
    return 4 * spread


class TestLevels:
    def test_real_levels_are_the_bands_and_what_they_lack(self):
        gan, batch = kg.models.LAPGAN(**networks()), images(4)
        levels = [batch.astype("float64")]
        for _ in range(2):
            smoothed = levels[0]
            for axis in (1, 2):
                smoothed = scipy.ndimage.correlate1d(smoothed, BINOMIAL, axis=axis, mode="mirror")
            levels.insert(0, smoothed[:, ::2, ::2])
        (coarse,), *finer = gan.real_levels(tf.constant(batch))
        np.testing.assert_allclose(coarse, levels[0], atol=1e-6)
        for k, (band, low) in enumerate(finer, start=1):
            expected = doubled(levels[k - 1], levels[k].shape[1:3])
            np.testing.assert_allclose(low, expected, atol=1e-6)
            np.testing.assert_allclose(band, levels[k] - expected, atol=1e-6)

    def test_labels_come_last(self):
        gan = kg.models.LAPGAN(**networks(num_classes=3))
        levels = gan.real_levels((tf.constant(images(4)), tf.constant(LABELS[:4])))
        assert [len(level) for level in levels] == [2, 3, 3]
        for level in levels:
            np.testing.assert_array_equal(level[-1], LABELS[:4])

    def test_fakes_are_on_the_conditions_of_real_ones(self):
        """What a generator takes is the low-pass image of the real pyramid, not of its own."""
        gan = kg.models.LAPGAN(**networks(), seed=1)
        real = gan.real_levels(tf.constant(images(4)))
        seen = []

        def generator(inputs):
            seen.extend(inputs)
            return gan.generator(inputs)

        fake = gan.fake_levels(real, generator)
        assert [x.shape for x, *_ in fake] == [x.shape for x, *_ in real]
        for k in (1, 2):
            for level in (fake[k], seen[k]):
                np.testing.assert_array_equal(level[1], real[k][1])


def test_latents_hold_the_noise_of_every_level():
    gan = kg.models.LAPGAN(**networks())
    assert gan.latent_dim == 3 + 3 * 3 + 6 * 5
    latents = np.arange(2 * gan.latent_dim, dtype="float32").reshape(2, -1)
    coarse, *maps = gan.noise_maps(tf.constant(latents))
    np.testing.assert_array_equal(coarse, latents[:, :3])
    np.testing.assert_array_equal(maps[0], latents[:, 3:12].reshape(2, 3, 3, 1))
    np.testing.assert_array_equal(maps[1], latents[:, 12:].reshape(2, 6, 5, 1))


@pytest.mark.parametrize("num_classes", [None, 3])
@pytest.mark.parametrize("ema_decay", [None, 0.0])
def test_sampling_goes_down_the_pyramid(num_classes, ema_decay):
    gan = kg.models.LAPGAN(**networks(num_classes), ema_decay=ema_decay)
    for network in gan.generators:  # so that images are cut
        network.set_weights([2 * w for w in network.get_weights()])
    labels = None if num_classes is None else LABELS[:4]
    beside = [] if labels is None else [tf.constant(labels)]
    latents = 3 * np.random.default_rng(1).normal(size=(4, gan.latent_dim)).astype("float32")
    coarse, *finer = gan.generators
    noise = (
        latents[:, :3],
        latents[:, 3:12].reshape(4, 3, 3, 1),
        latents[:, 12:].reshape(4, 6, 5, 1),
    )
    z, *maps = map(tf.constant, noise)
    expected = [np.array(coarse([z, *beside] if beside else z), "float64")]
    for generator, z in zip(finer, maps, strict=True):
        low = doubled(expected[-1], z.shape[1:3])
        band = generator([z, tf.constant(low, "float32"), *beside])
        expected.append(np.clip(low + np.array(band, "float64"), -1, 1))
    assert any((np.abs(level) == 1).any() for level in expected[1:])
    found = gan.generate_levels(latents, labels, batch_size=3)
    for level, of_numpy in zip(found, expected, strict=True):
        np.testing.assert_allclose(level, of_numpy, atol=1e-5)
    np.testing.assert_allclose(gan.generate(latents, labels), expected[-1], atol=1e-5)


def test_a_perfect_level_gives_back_the_image():
    """Generators that know the pyramid of an image put it together."""
    batch = images(1)
    pyramid = laplacian_pyramid(batch, 3)
    gan = kg.models.LAPGAN(**networks())
    knowing = []
    for network, level in zip(gan.generators, pyramid, strict=True):
        constant = keras.layers.Lambda(lambda x, level=level: 0 * x[:1] + level)
        knowing.append(keras.Model(network.inputs, constant(network.output)))
    gan = kg.models.LAPGAN(knowing, networks()["discriminators"], 3)
    found = gan.generate(np.zeros((1, gan.latent_dim)))
    np.testing.assert_allclose(found, from_laplacian_pyramid(pyramid), atol=1e-6)
    np.testing.assert_allclose(found, batch, atol=1e-6)


def copies(networks):
    made = [keras.models.clone_model(network) for network in networks]
    for copy, network in zip(made, networks, strict=True):
        copy.set_weights(network.get_weights())
    return made


def without_dropout(networks):
    """The same networks, with dropout of nothing, which draws no noise."""

    def clone(layer):
        if isinstance(layer, keras.layers.Dropout):
            return keras.layers.Dropout(0.0)
        return layer.__class__.from_config(layer.get_config())

    return [keras.models.clone_model(network, clone_function=clone) for network in networks]


@pytest.mark.parametrize("num_classes", [None, 3])
def test_one_step_is_one_gan_a_level(num_classes):
    """Against the algorithm written out in TensorFlow, level by level."""
    made = networks(num_classes)
    made["discriminators"] = without_dropout(made["discriminators"])
    gan = kg.models.LAPGAN(**made, seed=5)
    gan.compile(*[keras.optimizers.SGD(0.05) for _ in range(2)], run_eagerly=True)
    generators, discriminators = copies(gan.generators), copies(gan.discriminators)
    batch, labels = images(6), LABELS[:6]
    beside = [] if num_classes is None else [tf.constant(labels)]
    history = gan.fit(batch, labels if beside else None, batch_size=6, shuffle=False, verbose=0)

    seeds = keras.random.SeedGenerator(5)
    first, second = (keras.random.normal((6, gan.latent_dim), seed=seeds) for _ in range(2))
    levels, image = laplacian_pyramid(batch, 3), None
    log_sigmoid, mean, start = tf.math.log_sigmoid, tf.reduce_mean, 0
    for k, (g, d, h) in enumerate(zip(generators, discriminators, levels, strict=True)):
        low = [] if k == 0 else [tf.cast(doubled(np.array(image), h.shape[1:3]), "float32")]
        image = h if k == 0 else low[0] + h
        shape = (3,) if k == 0 else (*h.shape[1:3], 1)
        size = int(np.prod(shape))

        def of(network, x, condition=(*low, *beside)):
            return network([x, *condition] if condition else x)

        def noise(z, start=start, size=size, shape=shape):
            return tf.reshape(z[:, start : start + size], (6, *shape))

        def d_loss(g=g, d=d, h=h, of=of, noise=noise):
            fake = tf.stop_gradient(of(g, noise(first)))
            return -mean(log_sigmoid(of(d, h))) - mean(log_sigmoid(-of(d, fake)))

        def g_loss(g=g, d=d, of=of, noise=noise):
            return -mean(log_sigmoid(of(d, of(g, noise(second)))))

        logged = [history.history[f"{x}_loss_{k}"][0] for x in "dg"]
        expected = d_loss()
        descend(d, d_loss, 0.05)
        np.testing.assert_allclose(logged, [expected, g_loss()], rtol=1e-5)
        descend(g, g_loss, 0.05)
        assert_same_weights(gan.generators[k], g, rtol=1e-5, atol=1e-6)
        assert_same_weights(gan.discriminators[k], d, rtol=1e-5, atol=1e-6)
        start += size


def test_one_level_is_a_gan_of_the_images(tmp_path):
    gan = kg.models.LAPGAN(**networks(levels=1, shape=(4, 4, 1)), seed=0)
    gan.compile()
    gan.fit(every_model.IMAGES, batch_size=8, verbose=0)
    gan.export(tmp_path / "saved_model")
    samples = gan.sample(3, seed=0)
    assert samples.shape == (3, 4, 4, 1)
    np.testing.assert_allclose(
        kg.load(tmp_path / "saved_model").sample(3, seed=0), samples, atol=1e-6
    )
    (coarse,) = gan.generate_levels(kg.latents.draw(3, gan.latent_dim, seed=0))
    np.testing.assert_allclose(coarse, samples, atol=1e-6)


def test_losses_are_sums_over_levels_and_evaluation_gives_them():
    gan = kg.models.LAPGAN(**networks(), seed=1)
    gan.compile(run_eagerly=True)
    names = ["g_loss", "d_loss", *(f"{x}_loss_{k}" for x in "gd" for k in range(3))]
    history = gan.fit(images(16), batch_size=8, verbose=0).history
    held_out = gan.evaluate(images(16), batch_size=8, verbose=0, return_dict=True)
    assert list(held_out) == names and set(history) == set(names)
    for logs in ({name: values[0] for name, values in history.items()}, held_out):
        for x in "gd":
            of_levels = sum(logs[f"{x}_loss_{k}"] for k in range(3))
            np.testing.assert_allclose(logs[f"{x}_loss"], of_levels, rtol=1e-5)


def test_metrics_look_at_samples():
    gan = kg.models.LAPGAN(**networks(num_classes=3), seed=1)
    seen = []

    class Seen(keras.metrics.Metric):
        def update_state(self, real, generated):
            seen.append((np.array(real), np.array(generated)))

        def result(self):
            return 0.0

    gan.compile(metrics=[Seen(name="seen")], run_eagerly=True)
    gan.evaluate(images(8), LABELS[:8], verbose=0)
    ((real, generated),) = seen
    np.testing.assert_array_equal(real, images(8))
    assert generated.shape == real.shape and np.abs(generated).max() <= 1


@pytest.mark.slow
def test_levels_are_trained_in_turn_when_others_are_frozen(tmp_path):
    gan = kg.models.LAPGAN(**networks(), seed=1)
    for k in range(3):
        for j, pair in enumerate(zip(gan.generators, gan.discriminators, strict=True)):
            for network in pair:
                network.trainable = j == k
        gan.compile()
        before = [network.get_weights() for network in (*gan.generators, *gan.discriminators)]
        gan.fit(images(16), batch_size=8, verbose=0)
        after = [network.get_weights() for network in (*gan.generators, *gan.discriminators)]
        changed = [
            any(not np.array_equal(u, v) for u, v in zip(a, b, strict=True))
            for a, b in zip(before, after, strict=True)
        ]
        assert changed == [j == k for j in range(3)] * 2
    gan.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    for model in (gan, again):
        model.fit(images(16), batch_size=8, shuffle=False, verbose=0)
    assert_same_weights(gan, again)


def test_two_replicas_have_the_weights_of_one(two_replicas):
    """Dropout included."""

    def trained():
        keras.utils.set_random_seed(0)
        gan = kg.models.LAPGAN(**networks(num_classes=3), ema_decay=0.5, seed=1)
        gan.compile(*[keras.optimizers.SGD(0.05) for _ in range(2)])
        gan.fit(images(32), LABELS[:32], batch_size=8, shuffle=False, verbose=0)
        return gan

    with two_replicas.scope():
        of_two = trained()
    assert_same_weights(trained(), of_two, rtol=1e-4, atol=1e-5)


def test_labels_matter_and_have_names():
    gan = kg.models.LAPGAN(**networks(num_classes=3), class_names=["a", "b", "c"])
    assert gan.num_classes == 3
    latents = np.repeat(np.random.default_rng(0).normal(size=(1, gan.latent_dim)), 2, axis=0)
    by_name, other = gan.generate(latents, ["b", "c"])
    np.testing.assert_allclose(by_name, gan.generate(latents[:1], 1)[0], atol=1e-6)
    assert np.abs(by_name - other).max() > 1e-6
    with pytest.raises(ValueError, match="`labels` must be one integer or class name"):
        gan.sample(2)


def test_a_relativistic_objective_sees_real_logits_of_every_level():
    gan = kg.models.LAPGAN(**networks(), objective=RELATIVISTIC, seed=1)
    gan.compile(run_eagerly=True)
    assert np.isfinite(list(gan.train_on_batch(images(8), return_dict=True).values())).all()
    assert np.isfinite(gan.evaluate(images(8), verbose=0)).all()


class TestForImages:
    @pytest.mark.parametrize(
        ("shape", "sides"),
        [((8, 8, 1), [4, 8]), ((28, 28, 1), [7, 14, 28]), ((33, 40, 3), [5, 9, 17, 33])],
    )
    def test_the_smaller_side_is_halved_to_at_most_8(self, shape, sides):
        info = kg.data.DatasetInfo("images", shape, 17, None, "train")
        gan = kg.models.LAPGAN.for_images(info, latent_dim=2, filters=1)
        assert [network.output_shape[1] for network in gan.generators] == sides
        assert gan.ema_decay == 0.998 and not gan.conditional

    def test_labels_are_for_those_who_ask(self):
        info = kg.data.DatasetInfo("images", SHAPE, 17, 3, "train")
        gan = kg.models.LAPGAN.for_images(info, 2, 1, levels=2, num_classes=info.num_classes)
        assert len(gan.generators) == 2
        assert gan.conditional and gan.num_classes == 3


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (lambda n: {"generators": n["generators"][0]}, TypeError, "`generators` must be a list"),
        (lambda n: {"discriminators": []}, TypeError, "`discriminators` must be a list"),
        (lambda n: {"discriminators": [None] * 3}, TypeError, r"`discriminators\[0\]` must be a"),
        (
            lambda n: {"discriminators": n["discriminators"][:2]},
            ValueError,
            "`generators` and `discriminators` must hold one network for each level",
        ),
        (
            lambda n: {"generators": [n["generators"][0], n["generators"][0], n["generators"][2]]},
            ValueError,
            r"`generators\[1\]` must take noise maps and low-pass images",
        ),
        (
            lambda n: {"discriminators": n["discriminators"][::-1]},
            ValueError,
            r"`discriminators\[0\]` must take images, of shape \(None, 2, 2, 1\)",
        ),
        (lambda n: {"latent_dim": 4}, ValueError, r"`generators\[0\]` must take latents, .*4\)"),
        (
            lambda n: {"num_classes": 3},
            ValueError,
            r"`generators\[0\]` must take latents and integer labels",
        ),
        (lambda n: {"class_names": ["a"]}, ValueError, "`class_names` must be"),
        (lambda n: {"objective": "other"}, ValueError, "`objective` must be"),
    ],
)
def test_networks_of_no_pyramid_are_refused(change, error, message):
    made = networks()
    with pytest.raises(error, match=message):
        kg.models.LAPGAN(**{**made, **change(made)})


def test_the_default_optimizers():
    gan = tiny()
    gan.compile()
    for optimizer in (gan.g_optimizer, gan.d_optimizer):
        assert isinstance(optimizer, keras.optimizers.Adam)
        assert float(optimizer.learning_rate) == pytest.approx(2e-4)
        assert optimizer.beta_1 == 0.5


class TestTechniques:
    """Each level has its own, as a GAN of its own would."""

    def test_a_penalty_is_that_of_each_level(self):
        """γ/2 of the squared gradient at h_k alone, and not at the low-pass image."""
        made = networks(num_classes=3)
        made["discriminators"] = without_dropout(made["discriminators"])
        gan = kg.models.LAPGAN(**made, techniques=[kg.techniques.R1(weight=3.0)])
        data = tf.constant(images(6)), tf.constant(LABELS[:6])
        real = gan.real_levels(data)
        loss = gan.discriminators_training_loss(real, real)
        plain = kg.models.LAPGAN(**made).discriminators_training_loss(real, real)
        total = 0.0
        for k, (network, (h, *condition)) in enumerate(zip(gan.discriminators, real, strict=True)):
            with tf.GradientTape() as tape:
                tape.watch(h)
                logits = network([h, *condition])
            gradient = np.array(tape.gradient(logits, h), "float64")
            penalty = (gradient**2).sum((1, 2, 3)).mean() / 2
            np.testing.assert_allclose(loss.logs[f"r1_{k}"], penalty, rtol=1e-4)
            total += 3 * penalty
        np.testing.assert_allclose(loss.loss, plain.loss + total, rtol=1e-5)

    def test_levels_share_no_state(self):
        given = kg.techniques.InstanceNoise(stddev=0.5, decay=0.5)
        gan = kg.models.LAPGAN(**networks(), techniques=[given], seed=1)
        assert len(gan.techniques) == 3 and given not in gan.techniques
        gan.techniques[1].stddev = 0.0
        gan.compile()
        gan.fit(images(16), batch_size=8, verbose=0)
        assert [technique.stddev for technique in gan.techniques] == [0.125, 0.0, 0.125]
        assert given.stddev == 0.5

    def test_levels_have_the_numbers_that_were_set_and_any_argument(self):
        class Own(kg.techniques.Technique):
            def __init__(self, function):
                super().__init__()
                self.function = function

        penalty, own = kg.techniques.R1(1.0), Own(np.tanh)
        penalty.weight = 3.0
        gan = tiny(techniques=[penalty, own])
        assert [t.weight for t in gan.techniques if isinstance(t, kg.techniques.R1)] == [3.0, 3.0]
        assert {t.function for t in gan.techniques if isinstance(t, Own)} == {np.tanh}

    def test_what_makes_no_sense_is_refused(self):
        with pytest.raises(TypeError, match="`techniques` must be a list"):
            tiny(techniques=kg.techniques.R1())
        with pytest.raises(ValueError, match="`techniques` must not hold"):
            tiny(objective="wasserstein", techniques=[kg.techniques.LabelSmoothing()])
