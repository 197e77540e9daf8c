import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_gans as kg
from keras_gans._examples import images_of
from keras_gans.commands.trained import trained_sampler
from keras_gans.models.conditional_gan import Conditional
from tests.models import every_model
from tests.shared import assert_same_weights, descend

pytestmark = pytest.mark.first_cases

RING = kg.data.ring_of_gaussians(3)
LABELS = np.random.default_rng(0).integers(0, 3, 64)
POINTS = RING.modes[LABELS] + np.random.default_rng(1).normal(0, 0.02, (64, 2)).astype("float32")


def tiny(**kwargs):
    arguments = {"num_classes": 3, "ema_decay": 0.5, **kwargs}
    return every_model.two_player(kg.models.ConditionalGAN, **arguments)


def tiny_examples():
    return every_model.POINTS, every_model.LABELS


def points(model=kg.models.ConditionalGAN, **kwargs):
    return model(
        kg.networks.mlp_generator((2,), 3, (8,), num_classes=3),
        kg.networks.mlp_discriminator((2,), (8,), num_classes=3),
        latent_dim=3,
        **kwargs,
    )


def test_one_step_is_that_of_a_gan_whose_networks_are_told_the_labels():
    """Against the same step written out with plain TensorFlow."""
    gan = points(seed=5, n_critic=2)
    gan.compile(keras.optimizers.SGD(0.1), keras.optimizers.SGD(0.1), run_eagerly=True)
    generator = keras.models.clone_model(gan.generator)
    discriminator = keras.models.clone_model(gan.discriminator)
    generator.set_weights(gan.generator.get_weights())
    discriminator.set_weights(gan.discriminator.get_weights())
    x, y = POINTS[:12], LABELS[:12]
    gan.fit(x, y, batch_size=6, shuffle=False, verbose=0)

    seeds = keras.random.SeedGenerator(5)
    fakes = generator([keras.random.normal((12, 3), seed=seeds), tf.constant(y)])
    for j in range(2):
        real, fake, labels = tf.constant(x[j::2]), fakes[j::2], tf.constant(y[j::2])

        def loss(real=real, fake=fake, labels=labels):
            return -tf.reduce_mean(
                tf.math.log_sigmoid(discriminator([real, labels]))
            ) - tf.reduce_mean(tf.math.log_sigmoid(-discriminator([fake, labels])))

        descend(discriminator, loss)
    latents = keras.random.normal((6, 3), seed=seeds)
    descend(
        generator,
        lambda: (
            -tf.reduce_mean(
                tf.math.log_sigmoid(discriminator([generator([latents, labels]), labels]))
            )
        ),
    )
    assert_same_weights(gan.generator, generator, rtol=1e-5, atol=1e-6)
    assert_same_weights(gan.discriminator, discriminator, rtol=1e-5, atol=1e-6)


def test_half_precision_on_two_replicas(two_replicas):
    """Gradients of embeddings come as slices."""
    keras.config.set_dtype_policy("mixed_float16")
    with two_replicas.scope():
        gan = points()
        gan.compile()
    history = gan.fit(POINTS, LABELS, batch_size=8, verbose=0).history
    assert np.isfinite(list(history.values())).all()


def test_fakes_have_the_labels_of_the_real_examples():
    gan = points()
    fake, labels = gan.fake_examples([tf.constant(POINTS[:8]), tf.constant(LABELS[:8])], gan)
    assert fake.shape == (8, 2)
    np.testing.assert_array_equal(labels, LABELS[:8])
    assert images_of([fake, labels]) is fake


def test_the_penalty_is_at_the_real_examples_labels():
    """A critic w_y · x has the gradient w_y: the penalty is the mean of (‖w_y‖ − 1)²."""
    images, labels = keras.Input((2,)), keras.Input((), dtype="int32")
    slopes = keras.layers.Embedding(3, 2)
    critic = keras.Model(
        [images, labels], keras.layers.Dot(axes=1)([images, slopes(labels)]), name="critic"
    )
    generator = kg.networks.mlp_generator((2,), 3, (8,), num_classes=3)
    gan = kg.models.ConditionalWGANGP(generator, critic, latent_dim=3)
    norms = np.array([1.0, 2.0, 3.0])
    slopes.set_weights([norms[:, None] * np.array([[0.6, 0.8]])])
    real = [tf.constant(POINTS), tf.constant(LABELS, "int32")]
    fake = gan.fake_examples(real, gan)
    penalty = gan.discriminator_loss(real, fake).logged["gradient_penalty"]
    np.testing.assert_allclose(penalty, np.mean((norms[LABELS] - 1) ** 2), rtol=1e-5)


@pytest.mark.slow
def test_learns_the_classes():
    """Samples of a class lie near its mode."""
    keras.utils.set_random_seed(0)
    gan = kg.models.ConditionalWGANGP(
        kg.networks.mlp_generator((2,), 2, (32, 32), num_classes=3),
        kg.networks.mlp_discriminator((2,), (32, 32), num_classes=3),
        latent_dim=2,
        gp_weight=0.1,
        seed=0,
    )
    gan.compile(*[keras.optimizers.Adam(1e-3, beta_1=0.5, beta_2=0.9) for _ in range(2)])
    labels = np.random.default_rng(0).integers(0, 3, 9600)
    noise = np.random.default_rng(1).normal(0, 0.05, (9600, 2))
    data = (RING.modes[labels] + noise).astype("float32")
    gan.fit(data, labels, batch_size=64, epochs=10, verbose=0)
    for label in range(3):
        samples = gan.sample(200, labels=label, seed=0)
        assert np.linalg.norm(samples - RING.modes[label], axis=1).mean() < 0.4


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (None, "Labels must be given"),
        (LABELS + 1, r"Received: other labels, from 1 to 3, not in \[0, 3\)"),
        (LABELS - 1, "other labels, from -1"),
        (LABELS.astype("float32"), "Labels must be integers"),
        (np.eye(3)[LABELS], "not one-hot"),
    ],
)
@pytest.mark.parametrize("call", ["fit", "evaluate"])
def test_refuses_labels_that_are_wrong(labels, message, call):
    gan = points()
    gan.compile()
    with pytest.raises(ValueError, match=message):
        getattr(gan, call)(POINTS, labels, verbose=0)


@pytest.mark.parametrize("wrong", [3, -1])
def test_refuses_labels_that_are_wrong_in_a_dataset(wrong):
    gan = points()
    gan.compile()
    labels = LABELS.copy()
    labels[40] = wrong
    batches = tf.data.Dataset.from_tensor_slices((POINTS, labels)).batch(16)
    with pytest.raises(ValueError, match="Labels must count the classes of the model from 0"):
        gan.fit(batches, verbose=0)


@pytest.mark.parametrize("labels", [None, [0, 1], [0, 1, 3], -1, [0.0, 1.0, 2.0], "a", True])
def test_sampling_refuses_labels_that_are_wrong(labels):
    with pytest.raises(ValueError, match="`labels` must be"):
        points().sample(3, labels=labels)


def test_one_label_is_for_all_samples():
    gan = points()
    np.testing.assert_array_equal(
        gan.sample(3, labels=2, seed=0), gan.sample(3, labels=[2, 2, 2], seed=0)
    )


def test_networks_without_labels_are_refused():
    generator = kg.networks.mlp_generator((2,), 3, (8,))
    discriminator = kg.networks.mlp_discriminator((2,), (8,), num_classes=3)
    with pytest.raises(ValueError, match="`generator` must take latents and integer labels"):
        kg.models.ConditionalGAN(generator, discriminator, 3)
    with pytest.raises(ValueError, match="`discriminator` must take"):
        kg.models.GAN(generator, discriminator, 3)


def test_the_number_of_classes_is_the_networks():
    assert points().num_classes == 3
    generator = kg.networks.mlp_generator((2,), 3, (8,), num_classes=4)
    discriminator = kg.networks.mlp_discriminator((2,), (8,), num_classes=3)
    with pytest.raises(ValueError, match=r"`num_classes` must be given.*\[3, 4\] classes"):
        kg.models.ConditionalGAN(generator, discriminator, 3)
    assert kg.models.ConditionalGAN(generator, discriminator, 3, num_classes=3).num_classes == 3
    with pytest.raises(ValueError, match="`num_classes` must not be more than the networks know"):
        kg.models.ConditionalGAN(generator, discriminator, 3, num_classes=4)


def test_unsigned_labels_are_labels():
    gan = points()
    gan.compile()
    batches = tf.data.Dataset.from_tensor_slices((POINTS, LABELS.astype("uint8"))).batch(16)
    assert np.isfinite(gan.fit(batches, verbose=0).history["g_loss"]).all()


def test_score_endpoint_takes_labels(tmp_path):
    gan = points()
    gan.compile()
    gan.export(tmp_path / "saved_model")
    served = kg.load(tmp_path / "saved_model")
    assert served.conditional
    np.testing.assert_allclose(
        served.score(POINTS[:5], LABELS[:5]),
        gan.discriminator([POINTS[:5], LABELS[:5]]),
        rtol=1e-6,
    )
    assert served.num_classes == 3
    np.testing.assert_array_equal(
        served.sample(2, labels=1, seed=0), gan.sample(2, labels=1, seed=0)
    )
    for labels in (None, [-1] * 5, [3] * 5, 0.5):
        with pytest.raises(ValueError, match="`labels` must be"):
            served.score(POINTS[:5], labels)


NAMES = ("cat", "dog", "höhle")


def test_class_names_are_labels(tmp_path):
    """In the model, in its file, and in what is served."""
    gan = points(class_names=NAMES)
    gan.compile()
    expected = gan.sample(3, labels=[2, 0, 0], seed=0)
    gan.save(tmp_path / "model.keras")
    gan.export(tmp_path / "saved_model")
    again = keras.models.load_model(tmp_path / "model.keras")
    for model in (gan, again, kg.load(tmp_path / "saved_model")):
        assert model.class_names == NAMES
        named = model.sample(3, labels=["höhle", "cat", "cat"], seed=0)
        np.testing.assert_array_equal(named, expected)
        latents = np.zeros((2, 3), "float32")
        np.testing.assert_array_equal(model.generate(latents, "dog"), model.generate(latents, 1))
        with pytest.raises(ValueError, match=r"among the class names.*Received: \['cow'\]"):
            model.sample(2, labels=["cow", "cat"])


def test_names_are_no_labels_without_class_names(tmp_path):
    gan = points()
    gan.export(tmp_path / "saved_model")
    for model in (gan, kg.load(tmp_path / "saved_model")):
        assert model.class_names is None
        with pytest.raises(ValueError, match=r"`labels` must be integers.*no class names"):
            model.sample(2, labels="cat")


@pytest.mark.parametrize("names", ["cat", ["cat", "dog"], ["cat", "dog", "cat"], [0, 1, 2], 3])
def test_class_names_that_are_wrong(names):
    with pytest.raises((TypeError, ValueError), match="`class_names` must be"):
        points(class_names=names)


IMAGES = np.random.default_rng(0).uniform(-1, 1, (64, 4, 4, 1)).astype("float32")
TARGETS = IMAGES.mean((1, 2)) * np.array([[4.0, -4.0]], "float32")


def on_images(latents_or_points, size):
    """A network of points, or of latents, and images."""
    x, image = keras.Input((latents_or_points,)), keras.Input((4, 4, 1))
    features = keras.layers.Concatenate()([x, keras.layers.Flatten()(image)])
    hidden = keras.layers.Dense(8, activation="tanh")(features)
    return keras.Model([x, image], keras.layers.Dense(size)(hidden))


@keras.saving.register_keras_serializable(package="tests")
class ImageConditionalGAN(Conditional, kg.models.GAN):
    condition_spec = kg.data.Spec((4, 4, 1))


@keras.saving.register_keras_serializable(package="tests")
class ImageConditionalWGANGP(Conditional, kg.models.WGANGP):
    condition_spec = kg.data.Spec((4, 4, 1))


def image_gan(model=ImageConditionalGAN, **kwargs):
    return model(on_images(3, 2), on_images(2, 1), latent_dim=3, **{"seed": 1, **kwargs})


class Batches(keras.utils.PyDataset):
    num_batches = 8

    def __init__(self, *parts):
        super().__init__()
        self.parts = parts

    def __getitem__(self, index):
        rows = slice(8 * index, 8 * index + 8)
        return keras.tree.map_structure(lambda part: part[rows], self.parts)


def dataset_of(*parts):
    return tf.data.Dataset.from_tensor_slices(parts).batch(8, drop_remainder=True)


#: `x` and `y` of `fit`, given examples and conditions.
KINDS = {
    "arrays": lambda x, y: (x, y),
    "tensors": lambda x, y: keras.tree.map_structure(tf.constant, (x, y)),
    "dataset": lambda x, y: (dataset_of(x, y), None),
    "PyDataset": lambda x, y: (Batches(x, y), None),
    "generator": lambda x, y: (map(Batches(x, y).__getitem__, range(8)), None),
}


def given(kind, x, y):
    x, y = KINDS[kind](x, y)
    return (batch for batch in x) if isinstance(x, map) else x, y


class TestOtherConditions:
    @pytest.mark.parametrize("kind", KINDS)
    def test_come_as_any_kind_of_data(self, kind):
        expected, gan = (image_gan() for _ in range(2))
        gan.generator.set_weights(expected.generator.get_weights())
        gan.discriminator.set_weights(expected.discriminator.get_weights())
        found = []
        for model, source in ((expected, "arrays"), (gan, kind)):
            model.compile(run_eagerly=True)
            x, y = given(source, TARGETS, IMAGES)
            model.fit(x, y, batch_size=8, shuffle=False, verbose=0)
            x, y = given(source, TARGETS, IMAGES)
            found.append(model.evaluate(x, y, batch_size=8, verbose=0))
        assert_same_weights(gan, expected)
        np.testing.assert_allclose(*found, rtol=1e-6)

    def test_are_served(self, tmp_path):
        gan = image_gan()
        expected = gan.sample(3, IMAGES[:3], seed=0)
        gan.save(tmp_path / "model.keras")
        gan.export(tmp_path / "saved_model")
        served = kg.load(tmp_path / "saved_model")
        for model in (keras.models.load_model(tmp_path / "model.keras"), served):
            np.testing.assert_allclose(model.sample(3, IMAGES[:3], seed=0), expected, atol=1e-6)
            for_all = model.sample(3, labels=IMAGES[0].astype("float64"), seed=0)
            np.testing.assert_allclose(for_all[0], expected[0], atol=1e-6)
        np.testing.assert_allclose(
            served.score(TARGETS[:3], IMAGES[:3]),
            gan.discriminator([TARGETS[:3], IMAGES[:3]]),
            atol=1e-6,
        )
        with pytest.raises(ValueError, match="`run` must hold a model whose only condition"):
            trained_sampler(tmp_path / "saved_model")

    def test_are_shared_by_replicas(self, two_replicas):
        expected = image_gan(ImageConditionalWGANGP, n_critic=2)
        expected.compile(*[keras.optimizers.SGD(0.01) for _ in range(2)])
        with two_replicas.scope():
            gan = image_gan(ImageConditionalWGANGP, n_critic=2)
            gan.compile(*[keras.optimizers.SGD(0.01) for _ in range(2)])
        gan.set_weights(expected.get_weights())
        logs = []
        for model in (expected, gan):
            model.fit(TARGETS, IMAGES, batch_size=8, shuffle=False, verbose=0)
            logs.append(model.evaluate(TARGETS[:60], IMAGES[:60], batch_size=8, verbose=0))
            model.train_on_batch(TARGETS[:16], IMAGES[:16])
        assert_same_weights(gan, expected, rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(*logs, rtol=1e-4)

    def test_are_held_out(self):
        gan = image_gan()
        gan.compile()
        split = gan.fit(TARGETS, IMAGES, batch_size=8, validation_split=0.25, verbose=0).history
        held_out = gan.evaluate(
            TARGETS[48:], IMAGES[48:], batch_size=8, verbose=0, return_dict=True
        )
        np.testing.assert_allclose(split["val_d_loss"][0], held_out["d_loss"], rtol=1e-5)

    def test_are_resumed_with(self, tmp_path):
        def run(epochs, folder):
            keras.utils.set_random_seed(0)
            gan = image_gan()
            gan.compile()
            checkpoint = kg.callbacks.Checkpoint(folder)
            gan.fit(TARGETS, IMAGES, epochs=epochs, verbose=0, callbacks=[checkpoint])
            return gan

        run(1, tmp_path / "a")
        assert_same_weights(run(2, tmp_path / "a"), run(2, tmp_path / "b"))

    def test_are_drawn_by_callbacks_if_they_are_given(self, tmp_path):
        """There are no classes to be shown in turn."""
        generator = keras.Sequential([keras.Input((3,)), keras.layers.Dense(64, "tanh")])
        latents, image = keras.Input((3,)), keras.Input((4, 4, 1))
        both = keras.layers.Concatenate()([generator(latents), keras.layers.Flatten()(image)])
        pictures = keras.layers.Reshape((8, 8, 1))(keras.layers.Dense(64, "tanh")(both))
        x, condition = keras.Input((8, 8, 1)), keras.Input((4, 4, 1))
        flat = [keras.layers.Flatten()(part) for part in (x, condition)]
        logits = keras.layers.Dense(1)(keras.layers.Concatenate()(flat))
        gan = ImageConditionalGAN(
            keras.Model([latents, image], pictures), keras.Model([x, condition], logits), 3
        )
        gan.compile()
        examples = np.zeros((64, 8, 8, 1), "float32")
        for callback in (kg.callbacks.SampleGrid, kg.callbacks.LatentInterpolation):
            with pytest.raises(ValueError, match="`labels` must be what the model is conditioned"):
                gan.fit(examples, IMAGES, callbacks=[callback(tmp_path / "none", num=2)])
            drawn = callback(tmp_path / callback.__name__, num=2, labels=IMAGES[:2])
            gan.fit(examples, IMAGES, verbose=0, callbacks=[drawn])
            assert (tmp_path / callback.__name__ / "epoch_0001.png").exists()

    @pytest.mark.parametrize(
        ("conditions", "error", "message"),
        [
            (None, ValueError, "`y` must be given, what ImageConditionalGAN is conditioned on"),
            (IMAGES[:, :2], ValueError, r"`y` must hold .* of shape \(4, 4, 1\)"),
            (IMAGES * 255, ValueError, r"`y` must hold images scaled to \[-1, 1\].* y / 127.5"),
            (IMAGES * np.nan, ValueError, "`y` must hold finite numbers"),
            ((IMAGES * 255).astype("uint8"), ValueError, r"`y` must hold floats, .*uint8"),
            ((IMAGES, IMAGES), TypeError, "`y` must"),
        ],
    )
    @pytest.mark.parametrize("kind", ["arrays", "dataset", "PyDataset", "generator"])
    def test_that_are_wrong_are_refused(self, conditions, error, message, kind):
        gan = image_gan()
        gan.compile()
        if conditions is None and kind != "arrays":
            x, y = TARGETS, None
            x = {"dataset": lambda: dataset_of(x).map(lambda x: x)}.get(kind, lambda: x)()
        else:
            x, y = given(kind, TARGETS, conditions)
        for learn in (gan.fit, gan.evaluate):
            with pytest.raises((error, ValueError), match=message):
                learn(x, y, verbose=0)
            if kind == "generator":
                break

    @pytest.mark.parametrize(
        "labels", [None, 1, "a", IMAGES[:2], IMAGES[0] * 255, IMAGES[:3] * np.nan]
    )
    def test_of_samples_are_refused_if_they_are_wrong(self, labels):
        with pytest.raises((TypeError, ValueError), match=r"^`labels` must"):
            image_gan().sample(3, labels=labels)


EMBEDDINGS = np.random.default_rng(0).normal(size=(64, 5, 2)).astype("float32")
MASKS = (np.arange(64)[:, None] % 5 >= np.arange(5)).astype("float32")


def on_text(latents_or_points, size):
    x = keras.Input((latents_or_points,))
    embedding, mask = keras.Input((5, 2)), keras.Input((5,))
    text = keras.layers.Flatten()(keras.layers.Dot(axes=1)([embedding, mask]))
    hidden = keras.layers.Concatenate()([x, text])
    return keras.Model([x, (embedding, mask)], keras.layers.Dense(size)(hidden))


@keras.saving.register_keras_serializable(package="tests")
class TextConditionalGAN(Conditional, kg.models.GAN):
    condition_spec = (kg.data.Spec((5, 2)), kg.data.Spec((5,), value_range=(0, 1)))


class TestConditionsOfSeveralParts:
    CONDITIONS = EMBEDDINGS, MASKS

    def make(self):
        return TextConditionalGAN(on_text(3, 2), on_text(2, 1), latent_dim=3, seed=1)

    @pytest.mark.parametrize("kind", KINDS)
    def test_come_as_any_kind_of_data(self, kind):
        expected, gan = self.make(), self.make()
        gan.generator.set_weights(expected.generator.get_weights())
        gan.discriminator.set_weights(expected.discriminator.get_weights())
        found = []
        for model, source in ((expected, "arrays"), (gan, kind)):
            model.compile(run_eagerly=True)
            x, y = given(source, TARGETS, self.CONDITIONS)
            model.fit(x, y, batch_size=8, shuffle=False, verbose=0)
            x, y = given(source, TARGETS, self.CONDITIONS)
            found.append(model.evaluate(x, y, batch_size=8, verbose=0))
        assert_same_weights(gan, expected)
        np.testing.assert_allclose(*found, rtol=1e-6)
        assert found[0][0] != found[0][1]

    def test_are_sampled_split_and_saved(self, tmp_path):
        gan = self.make()
        gan.compile()
        gan.fit(TARGETS, self.CONDITIONS, validation_split=0.25, verbose=0)
        gan.train_on_batch(TARGETS[:8], (EMBEDDINGS[:8], MASKS[:8]))
        conditions = EMBEDDINGS[:4], MASKS[:4]
        gan.save(tmp_path / "model.keras")
        again = keras.models.load_model(tmp_path / "model.keras")
        np.testing.assert_array_equal(
            gan.sample(4, conditions, seed=0), again.sample(4, list(conditions), seed=0)
        )
        one = gan.sample(4, (EMBEDDINGS[0], MASKS[:4]), seed=0)
        np.testing.assert_allclose(one[0], gan.sample(4, conditions, seed=0)[0], atol=1e-6)

    @pytest.mark.parametrize("kind", ["arrays", "dataset", "PyDataset"])
    def test_that_are_wrong_are_named(self, kind):
        gan = self.make()
        gan.compile()
        for conditions, error, message in (
            (EMBEDDINGS, TypeError, "`y` must be a tuple of 2 parts"),
            ((EMBEDDINGS, MASKS + 1), ValueError, r"`y\[1\]` must be in \[0, 1\]"),
            ((EMBEDDINGS[:, :4], MASKS), ValueError, r"`y\[0\]` must hold .* shape \(5, 2\)"),
        ):
            with pytest.raises(error, match=message):
                gan.fit(*given(kind, TARGETS, conditions), verbose=0)
