"""StyleGAN2: the paper's step, and what codes of styles are good for."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_gans as kg
from keras_gans import latents
from keras_gans.layers import NoiseInjection
from keras_gans.networks.style import mixed_codes
from tests.models import every_model
from tests.shared import ModelTests, assert_same_weights, descend

pytestmark = pytest.mark.first_cases

IMAGES = np.random.default_rng(0).uniform(-1, 1, (64, 8, 8, 1)).astype("float32")
TINY = {"filters": 2, "max_filters": 3, "code_dim": 5, "mapping_layers": 2}


def tiny(shape=(4, 4, 1), **kwargs):
    return kg.models.StyleGAN2(
        kg.networks.stylegan2_generator(shape, 3, **TINY),
        kg.networks.stylegan2_discriminator(shape, **TINY),
        latent_dim=3,
        **{"ema_decay": 0.5, **kwargs},
    )


def tiny_examples():
    return every_model.IMAGES, None


def tiny_calls(model):
    codes = model.map(np.ones((2, model.latent_dim)))
    return {
        model.mix: {"rows": codes, "columns": codes, "layer": 1},
        model.project: {"images": every_model.IMAGES[:2], "steps": 2, "space": "w+"},
    }


def varied(**kwargs):
    """A model of 8×8 images whose layers have noise, and whose codes have a mean."""
    model = tiny((8, 8, 1), **kwargs)
    rng = np.random.default_rng(0)
    for layer in model.generator._flatten_layers():
        if isinstance(layer, NoiseInjection):
            layer.strength.assign(0.3)
    mean_of(model).assign(rng.normal(size=5))
    return model


def mean_of(model):
    return kg.networks.mapping(model.generator).get_layer("mean").mean


LATENTS = np.random.default_rng(1).normal(size=(4, 3)).astype("float32")


@pytest.mark.slow
class TestStyleGAN2(ModelTests):
    noise_of_losses = 0.5

    def make_model(self):
        techniques = [kg.techniques.R1(0.1, every=2), kg.techniques.PathLength(0.1, every=2)]
        return tiny((8, 8, 1), techniques=techniques, seed=1)

    @property
    def examples(self):
        return IMAGES


class TestDefaults:
    def test_are_the_papers(self):
        model = tiny()
        r1, path_length = model.techniques
        assert (type(r1).__name__, r1.weight, r1.every) == ("R1", 10.0, 16)
        found = type(path_length).__name__, path_length.weight, path_length.every
        assert found == ("PathLength", 2.0, 4)
        assert path_length.momentum == 0.99
        assert model.style_mixing == 0.9
        assert model.objective is kg.losses.get("non_saturating")
        assert kg.models.StyleGAN2(model.generator, model.discriminator, 3).ema_decay == 0.998
        assert kg.networks.mapping(model.generator).get_layer("mean").momentum == 0.995

    @pytest.mark.parametrize(("given", "every"), [(None, (4, 16)), ([], None)])
    def test_optimizers_are_corrected_for_lazy_terms(self, given, every):
        model = tiny(techniques=given)
        model.compile()
        optimizers = model.g_optimizer, model.d_optimizer
        for optimizer, k in zip(optimizers, every or (np.inf, np.inf), strict=True):
            config, c = optimizer.get_config(), 1 - 1 / (k + 1)
            assert config["learning_rate"] == pytest.approx(2e-3 * c)
            assert (config["beta_1"], config["epsilon"]) == (0.0, 1e-8)
            assert config["beta_2"] == pytest.approx(0.99**c)

    @pytest.mark.slow
    def test_for_images_are_the_papers_networks(self):
        info = kg.data.DatasetInfo("images", (8, 8, 1), 17, None, "train")
        model = kg.models.StyleGAN2.for_images(info, latent_dim=3, filters=2)
        assert model.sample(2, seed=0).shape == (2, 8, 8, 1)


def test_one_step_is_the_papers():
    """Against the same step written out with plain TensorFlow, both lazy terms included."""
    chosen = [kg.techniques.R1(0.3, every=4), kg.techniques.PathLength(0.2, every=2)]
    model = varied(techniques=chosen, style_mixing=0.7, seed=5, ema_decay=None)
    for layer in model.generator._flatten_layers():
        if isinstance(layer, NoiseInjection):
            layer.strength.assign(0.0)  # so that what is drawn moves nothing but the strength
    model.compile(keras.optimizers.SGD(0.05), keras.optimizers.SGD(0.05), run_eagerly=True)
    networks = [keras.models.clone_model(n) for n in (model.generator, model.discriminator)]
    for copy, network in zip(networks, (model.generator, model.discriminator), strict=True):
        copy.set_weights(network.get_weights())
    generator, discriminator = networks
    real = tf.constant(IMAGES[:8])
    logs = model.train_on_batch(real, return_dict=True)

    seeds = keras.random.SeedGenerator(5)
    mapping, synthesis = kg.networks.mapping(generator), kg.networks.synthesis(generator)

    def inputs(num):
        z = keras.random.normal((num, 3), seed=seeds)
        chance, place = tf.unstack(keras.random.uniform((num, 2), seed=seeds), axis=1)
        others = keras.random.normal((num, 3), seed=seeds)
        crossover = [1 + int(p * 3) if c < 0.7 else 4 for c, p in zip(chance, place, strict=True)]
        return z, others, np.arange(4) >= np.array(crossover)[:, None]

    def codes(z, others, is_other):
        return tf.where(is_other[..., None], mapping(others)[:, None], mapping(z)[:, None])

    fake = synthesis(codes(*inputs(8)))

    def d_loss():
        with tf.GradientTape() as tape:
            tape.watch(real)
            logits = discriminator(real)
        r1 = tf.reduce_mean(tf.reduce_sum(tape.gradient(logits, real) ** 2, axis=(1, 2, 3))) / 2
        np.testing.assert_allclose(logs["r1"], 4 * r1, rtol=1e-4)
        loss = -tf.reduce_mean(tf.math.log_sigmoid(logits))
        loss -= tf.reduce_mean(tf.math.log_sigmoid(-discriminator(fake)))
        return loss + 0.3 * 4 * r1

    descend(discriminator, d_loss, 0.05)
    drawn, others = inputs(8), inputs(8)
    y = keras.random.normal((8, 8, 8, 1), seed=seeds)

    def g_loss():
        loss = -tf.reduce_mean(tf.math.log_sigmoid(discriminator(synthesis(codes(*drawn)))))
        w = codes(*others)
        with tf.GradientTape() as tape:
            tape.watch(w)
            moved = tf.reduce_sum(synthesis(w) * y) / 8
        lengths = tf.sqrt(tf.reduce_mean(tf.reduce_sum(tape.gradient(moved, w) ** 2, 2), axis=1))
        mean = 0.01 * tf.stop_gradient(tf.reduce_mean(lengths))
        path_length = tf.reduce_mean((lengths - mean) ** 2)
        np.testing.assert_allclose(logs["path_length"], 2 * path_length, rtol=1e-4)
        return loss + 0.2 * 2 * path_length

    descend(generator, g_loss, 0.05)
    assert_same_weights(model.discriminator, discriminator, rtol=1e-4, atol=1e-6)
    trained = zip(model.generator.trainable_weights, generator.trainable_weights, strict=True)
    for found, expected in trained:
        if found.name != "strength":
            np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6, err_msg=found.path)


class TestStyleMixing:
    def shares(self, style_mixing):
        """How often each style has the code of the other latent."""
        model = tiny((8, 8, 1), style_mixing=style_mixing, seed=1)
        _, is_other = model._others(tf.zeros((4000, 3)))
        return np.mean(is_other, axis=0)

    def test_styles_from_a_random_one_on_are_those_of_another_latent(self):
        np.testing.assert_allclose(self.shares(0.6), [0, 0.2, 0.4, 0.6], atol=0.03)

    def test_it_may_be_left_out(self):
        np.testing.assert_array_equal(self.shares(0.0), np.zeros(4))

    def test_fakes_of_training_are_mixed_and_others_are_not(self):
        model = varied(style_mixing=1.0)
        taken = []

        def generator(inputs):
            taken.append(inputs)
            return tf.nest.flatten(inputs)[0]

        for training in (True, False):
            model.fake_examples(tf.constant(IMAGES[:4]), generator, training)
        (z, others, is_other), plain = taken
        assert plain.shape == z.shape == others.shape == (4, 3)
        expected = mixed_codes(model.generator)([z, others, is_other])
        np.testing.assert_allclose(model.codes_of(taken[0]), expected, atol=1e-6)


class TestTruncation:
    def test_at_one_changes_nothing_and_at_zero_gives_the_mean(self):
        model = varied(ema_decay=None)
        generated = model.generate(LATENTS)
        np.testing.assert_allclose(generated, model(LATENTS), atol=1e-6)
        np.testing.assert_array_equal(generated, model.generate(LATENTS, truncation=1.0))
        center = np.tile(mean_of(model).numpy(), (1, 4, 1))
        expected = np.repeat(model.synthesize(center), 4, axis=0)
        found = model.generate(LATENTS, truncation=0.0)
        np.testing.assert_allclose(found, expected, atol=1e-6)
        assert np.abs(generated - found).max() > 0.01

    def test_codes_keep_as_far_from_the_mean_as_it_says(self):
        model = varied()
        far, near = model.map(LATENTS), model.map(LATENTS, truncation=0.25)
        assert far.shape == (4, 4, 5)
        np.testing.assert_array_equal(far, np.repeat(far[:, :1], 4, axis=1))
        mean = mean_of(model).numpy()
        np.testing.assert_allclose(near - mean, 0.25 * (far - mean), atol=1e-6)

    def test_samples_are_truncated_unless_told_otherwise(self):
        model, z = varied(), latents.draw(4, 3, 7).numpy()
        for arguments, psi in (({}, 0.7), ({"truncation": 1.0}, 1.0)):
            expected = model.generate(z, truncation=psi)
            np.testing.assert_array_equal(model.sample(4, seed=7, **arguments), expected)

    def test_the_mean_is_that_of_the_moving_average(self):
        model = varied(ema_decay=0.9)
        model.compile(*(keras.optimizers.SGD(0.0) for _ in range(2)), run_eagerly=True)
        before = mean_of(model).numpy()
        model.fit(IMAGES[:8], batch_size=8, verbose=0)
        after = mean_of(model).numpy()
        assert np.abs(after - before).max() > 1e-4
        kept = 0.1  # of the first update
        expected = model.synthesize(np.tile(kept * before + (1 - kept) * after, (1, 4, 1)))
        np.testing.assert_allclose(model.generate(LATENTS[:1], None, 0.0), expected, atol=1e-5)


class TestMix:
    def test_an_image_with_itself_is_the_image(self):
        model = varied()
        codes = model.map(LATENTS)
        images = model.synthesize(codes)
        np.testing.assert_allclose(images, model.generate(LATENTS), atol=1e-6)
        for layer in (None, 0, 2, 4):
            table = model.mix(codes, codes, layer)
            for i in range(4):
                np.testing.assert_allclose(table[i, i], images[i], atol=1e-6)

    def test_first_styles_are_those_of_rows_and_others_those_of_columns(self):
        model = varied()
        codes = model.map(LATENTS)
        table = model.mix(codes[:1], codes[1:], layer=1)
        assert table.shape == (1, 3, 8, 8, 1)
        expected = codes[1:].copy()
        expected[:, 0] = codes[0, 0]
        np.testing.assert_allclose(table[0], model.synthesize(expected), atol=1e-6)

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ({"layer": 5}, "`layer` must be at most 4.*layer=5"),
            ({"columns": np.zeros((2, 3, 5))}, "`columns` must"),
            ({"rows": np.full((2, 4, 5), np.nan)}, "`rows` must"),
        ],
    )
    def test_refuses_what_it_cannot_mix(self, arguments, message):
        model = varied()
        codes = model.map(LATENTS)
        with pytest.raises(ValueError, match=message):
            model.mix(**{"rows": codes, "columns": codes, **arguments})


def psnr(a, b):
    return 10 * np.log10(4 / np.mean((a - b) ** 2, axis=(1, 2, 3)))


class TestProjection:
    def test_finds_images_that_the_generator_made(self):
        """Of the moving average, with the noise that its samples have."""
        model = varied(ema_decay=0.5)
        images = model.sample(3, seed=1, truncation=1.0)
        codes = model.project(images, steps=150)
        np.testing.assert_array_equal(codes, np.repeat(codes[:, :1], 4, axis=1))
        assert psnr(model.synthesize(codes), images).min() > 30

    @pytest.mark.slow
    def test_a_code_for_each_style_comes_nearer_to_other_images(self):
        model = varied()
        found = {}
        for space in ("w", "w+"):
            codes = model.project(IMAGES[:3], space, steps=200)
            assert codes.shape == (3, 4, 5)
            found[space] = psnr(model.synthesize(codes), IMAGES[:3]).mean()
        assert found["w+"] > found["w"] + 0.1

    @pytest.mark.slow
    def test_features_may_be_a_network_or_several(self):
        model = varied()
        images = model.sample(3, seed=1, truncation=1.0)
        pooling = keras.layers.AveragePooling2D(2)

        def features(x):
            return [x[:, :4], {"means": pooling(x)}]

        for given in (features, keras.Sequential([keras.Input((8, 8, 1)), pooling])):
            codes = model.project(images, features=given, steps=150)
            assert np.median(psnr(model.synthesize(codes), images)) > 30

    @pytest.mark.slow
    def test_is_the_same_again_and_of_each_image_alone(self):
        model = varied()
        first, second = (model.project(IMAGES[:3], steps=3, batch_size=n) for n in (3, 1))
        np.testing.assert_allclose(first, second, atol=1e-5)

    @pytest.mark.slow
    def test_shows_its_progress_over_all_images(self, capsys):
        model = varied()
        model.project(IMAGES[:3], steps=2, batch_size=2, verbose=0)
        assert capsys.readouterr().out == ""
        model.project(IMAGES[:3], steps=2, batch_size=2)
        *_, last = capsys.readouterr().out.split("\r")
        assert "4/4" in last and last.endswith("/step\n")

    @pytest.mark.parametrize(
        ("arguments", "error", "message"),
        [
            ({"images": IMAGES[:2, 1:]}, ValueError, "images.*shape"),
            ({"space": "z"}, ValueError, r"`space` must be one of \['w', 'w\+'\]"),
            ({"steps": 0}, ValueError, "`steps` must be a positive integer"),
            ({"learning_rate": 0.0}, ValueError, "`learning_rate` must be a number"),
            ({"features": 1}, TypeError, "`features` must be a function"),
            ({"batch_size": 0}, ValueError, "`batch_size` must be a positive integer"),
        ],
    )
    def test_refuses_what_makes_no_sense(self, arguments, error, message):
        with pytest.raises(error, match=message):
            varied().project(**{"images": IMAGES[:2], **arguments})


@pytest.mark.slow
def test_serves_codes_and_what_is_made_of_them(tmp_path):
    model = varied(ema_decay=0.5)
    model.export(tmp_path / "saved_model")
    served = kg.load(tmp_path / "saved_model")
    assert set(served.endpoints) == {"generate", "sample", "score", "map", "synthesize"}
    codes = served.map(LATENTS, truncation=0.4)
    np.testing.assert_allclose(codes, model.map(LATENTS, truncation=0.4), atol=1e-5)
    np.testing.assert_allclose(served.synthesize(codes), model.synthesize(codes), atol=1e-5)
    for arguments in ({}, {"truncation": 0.2}):
        found, expected = (m.sample(3, seed=2, **arguments) for m in (served, model))
        np.testing.assert_allclose(found, expected, atol=1e-5)


def test_images_keep_to_their_range():
    model = varied()
    for weight in model.generator.trainable_weights:
        if weight.name == "bias":
            weight.assign(weight + 3.0)
    model.catch_up()
    raw = model.generator(LATENTS).numpy()
    assert np.abs(raw).max() > 1
    for images in (model.generate(LATENTS), model(LATENTS).numpy()):
        np.testing.assert_allclose(images, np.clip(raw, -1, 1), atol=1e-5)


@pytest.mark.parametrize(
    ("changed", "error", "message"),
    [
        ({"style_mixing": 1.5}, ValueError, r"`style_mixing` must be a number in \[0, 1\]"),
        (
            {"generator": kg.networks.dcgan_generator((4, 4, 1), 3, 2)},
            ValueError,
            "`generator` must",
        ),
        ({"generator": 3}, TypeError, "`generator` must be a keras.Model"),
    ],
)
def test_refuses_what_does_not_fit(changed, error, message):
    networks = {
        "generator": kg.networks.stylegan2_generator((4, 4, 1), 3, **TINY),
        "discriminator": kg.networks.stylegan2_discriminator((4, 4, 1), **TINY),
    }
    with pytest.raises(error, match=message):
        kg.models.StyleGAN2(**{**networks, "latent_dim": 3, "techniques": [], **changed})


def conditional(shape=(4, 4, 1), **kwargs):
    return kg.models.StyleGAN2(
        kg.networks.stylegan2_generator(shape, 3, **TINY, num_classes=3),
        kg.networks.stylegan2_discriminator(shape, **TINY, num_classes=3),
        latent_dim=3,
        **{"ema_decay": 0.5, **kwargs},
    )


@pytest.mark.slow
class TestStyleGAN2WithLabels(ModelTests):
    noise_of_losses = 0.5
    labels = np.arange(64) % 3

    def make_model(self):
        techniques = [kg.techniques.R1(0.1, every=2), kg.techniques.PathLength(0.1, every=2)]
        return conditional((8, 8, 1), techniques=techniques, seed=1)

    @property
    def examples(self):
        return IMAGES, self.labels


def test_codes_are_those_of_the_class():
    model = conditional()
    codes = [model.map(LATENTS, label)[:, 0] for label in range(3)]
    mapping = kg.networks.mapping(model.generator)
    for label, found in enumerate(codes):
        expected = mapping([tf.constant(LATENTS), tf.fill([4], label)])
        np.testing.assert_allclose(found, expected, atol=1e-6)
    assert np.abs(codes[0] - codes[1]).max() > 0.01
    images = model.generate(LATENTS, [0, 1, 2, 1])
    np.testing.assert_allclose(images, model([LATENTS, np.array([0, 1, 2, 1])]), atol=1e-6)


def test_both_latents_of_an_example_are_of_its_class():
    model = conditional(style_mixing=1.0)
    taken = []
    labels = tf.constant([2, 0, 1, 1])
    real = [tf.constant(every_model.IMAGES[:4]), labels]
    model.fake_examples(real, lambda x: taken.append(x) or x[0][0])
    ((z, others, is_other), label) = taken[0]
    mapping = kg.networks.mapping(model.generator)
    a, b = (mapping([x, label])[:, None] for x in (z, others))
    np.testing.assert_array_equal(label, labels)
    np.testing.assert_allclose(
        model.codes_of(taken[0]), tf.where(is_other[..., None], b, a), atol=1e-6
    )


def test_labels_are_for_networks_that_take_them():
    for wrong in ({"num_classes": 3}, {"class_names": ["a", "b"]}):
        with pytest.raises(ValueError, match="`num_classes` and `class_names` must be None for"):
            tiny(**wrong)


def test_optimizers_are_corrected_for_lazy_terms_alone():
    class Own(kg.techniques.Technique):
        network = "generator"

    model = tiny(techniques=[Own(), kg.techniques.R1(every=4)])
    model.compile()
    assert float(model.g_optimizer.learning_rate) == pytest.approx(2e-3)
    assert float(model.d_optimizer.learning_rate) == pytest.approx(2e-3 * 4 / 5)


@pytest.mark.slow
def test_codes_are_used_on_drawings_if_images_are_bounded():
    """The mean deviation of pixels over codes, beside that of digits over the dataset."""
    batches, info = kg.data.load("digits", batch_size=32, seed=0, repeat=True)
    digits = np.concatenate(list(batches.take(30).as_numpy_iterator()))
    z = np.random.default_rng(0).normal(size=(200, 16))

    def deviation(images):
        return np.std(images, axis=0).mean()

    def kept(output_activation):
        keras.utils.set_random_seed(0)
        sizes = {"filters": 8, "code_dim": 16}
        gan = kg.models.StyleGAN2(
            kg.networks.stylegan2_generator(
                info.image_shape,
                latent_dim=16,
                mapping_layers=2,
                output_activation=output_activation,
                **sizes,
            ),
            kg.networks.stylegan2_discriminator(info.image_shape, **sizes),
            latent_dim=16,
            techniques=[kg.techniques.R1(0.05, every=16)],
            seed=0,
        )
        gan.compile(
            *[keras.optimizers.Adam(5e-3, beta_1=0.0, beta_2=0.99) for _ in range(2)],
            steps_per_execution=20,
        )
        gan.fit(batches, steps_per_epoch=500, verbose=0)
        return deviation(gan.generate(z)) / deviation(digits)

    assert kept("tanh") > 0.8
    assert kept(None) < 0.65
