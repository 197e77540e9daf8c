import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_gans as kg
from tests.shared import ModelTests, assert_same_weights, descend, weights_of

pytestmark = pytest.mark.first_cases

SHAPE = (16, 16, 3)


def shapes(num, seed=0, side=16):
    """Colored squares with sharp edges."""
    random = np.random.default_rng(seed)
    images = np.zeros((num, side, side, 3), "float32")
    for image in images:
        image[:] = random.uniform(-0.9, 0.9, 3)
        row, column = random.integers(0, side - 4, 2)
        image[row : row + 5, column : column + 5] = random.uniform(-0.9, 0.9, 3)
    return images


def generator(channels=3, scale=2, filters=4):
    """As small as can be: the builders' networks have tests of their own."""
    return keras.Sequential(
        [
            keras.Input((None, None, channels)),
            keras.layers.Conv2D(filters, 3, padding="same"),
            keras.layers.PReLU(shared_axes=[1, 2]),
            keras.layers.Conv2D(scale**2 * channels, 3, padding="same"),
            kg.layers.PixelShuffle(scale),
            keras.layers.Activation("tanh", dtype="float32"),
        ]
    )


def extractor(shape=(None, None, 3)):
    layers = [keras.layers.Conv2D(5, 3, activation="relu", dtype="float32")]
    return keras.Sequential([keras.Input(shape), *layers])


def discriminator(shape=SHAPE):
    return kg.networks.mlp_discriminator(shape, (8,))


def tiny(**kwargs):
    arguments = {"pretraining_steps": 2, **kwargs}
    return kg.models.SRGAN(generator(1), discriminator((8, 8, 1)), **arguments)


def tiny_examples():
    images = np.random.default_rng(0).uniform(-1, 1, (32, 8, 8, 1)).astype("float32")
    return images, None


def convolutional(**kwargs):
    networks = (
        kg.networks.srgan_generator(1, 2, filters=2, num_blocks=1),
        kg.networks.srgan_discriminator((8, 8, 1), filters=1),
    )
    return kg.models.SRGAN(*networks, **kwargs)


def make(**kwargs):
    arguments = {"feature_extractor": extractor(), "seed": 1, **kwargs}
    return kg.models.SRGAN(generator(), discriminator(), **arguments)


IMAGES = shapes(64)


@pytest.mark.slow
class TestSRGAN(ModelTests):
    """An epoch of 8 steps: 3 of the first phase and 5 of the second."""

    examples = IMAGES

    def make_model(self):
        return make(pretraining_steps=3)

    def sample(self, model, num=4):
        return model.upscale(IMAGES[:num, :8, :8])


def compiled(model, **kwargs):
    """With plain gradient descent."""
    optimizers = {name: keras.optimizers.SGD(0.1) for name in model.optimizer_networks}
    model.compile(**optimizers, **kwargs)
    return model


def copies(gan):
    networks = []
    for network in (gan.generator, gan.discriminator, gan.feature_extractor):
        networks.append(keras.models.clone_model(network))
        networks[-1].set_weights(network.get_weights())
    return networks


def shrunk(images):
    return tf.clip_by_value(tf.image.resize(images, (8, 8), "bicubic", antialias=True), -1, 1)


def test_both_phases_are_the_papers():
    """Against the same steps written out with plain TensorFlow."""
    gan = compiled(make(pretraining_steps=1, adversarial_weight=0.3))
    g, d, phi = copies(gan)
    first, second = IMAGES[:8], IMAGES[8:16]
    gan.fit(np.concatenate([first, second]), batch_size=8, shuffle=False, verbose=0)

    descend(g, lambda: tf.reduce_mean((g(shrunk(first)) - first) ** 2))
    fake = g(shrunk(second))

    def softplus(x):
        return tf.reduce_mean(tf.math.softplus(x))

    descend(d, lambda: softplus(-d(second)) + softplus(d(fake)))

    def perceptual_loss():
        made = g(shrunk(second))
        content = tf.reduce_mean((phi(second) - phi(made)) ** 2)
        return content + 0.3 * softplus(-d(made))

    expected = perceptual_loss()
    descend(g, perceptual_loss)
    assert_same_weights(gan.generator, g, rtol=1e-5, atol=1e-6)
    assert_same_weights(gan.discriminator, d, rtol=1e-5, atol=1e-6)
    assert_same_weights(gan.feature_extractor, phi)
    logs = gan.train_on_batch(second, return_dict=True)  # after the second step
    assert logs["content_loss"] < expected


def test_evaluation_is_that_of_the_formulas():
    """Losses in float64; similarities by the metrics, whose own tests know scikit-image."""
    gan = make(adversarial_weight=0.5)
    gan.compile()
    logs = gan.evaluate(IMAGES, batch_size=16, verbose=0, return_dict=True)
    low = shrunk(IMAGES)
    made = gan.upscale(low)
    real, fake = (gan.discriminator.predict(x, verbose=0).astype("float64") for x in (IMAGES, made))
    phi = [gan.feature_extractor(x).numpy().astype("float64") for x in (IMAGES, made)]
    content = np.mean((phi[0] - phi[1]) ** 2)
    adversarial = np.logaddexp(0, -fake).mean()
    bicubic = np.clip(tf.image.resize(low, (16, 16), "bicubic"), -1, 1)
    expected = {
        "g_loss": content + 0.5 * adversarial,
        "content_loss": content,
        "adversarial_loss": adversarial,
        "d_loss": np.logaddexp(0, -real).mean() + np.logaddexp(0, fake).mean(),
        **{f"bicubic_{name}": value for name, value in similarities(bicubic).items()},
        **similarities(made),
    }
    assert set(logs) == set(expected)
    for name, value in expected.items():
        np.testing.assert_allclose(logs[name], value, rtol=1e-4, err_msg=name)


def similarities(images):
    measured = {}
    metrics = kg.metrics.PSNR, kg.metrics.SSIM
    for metric in (kind(luminance=True, border=2) for kind in metrics):
        metric.update_state(IMAGES, images)
        measured[metric.name] = float(metric.result())
    return measured


def phases_of(history):
    """Which epochs, of one step each, saw a discriminator that learned."""
    return ["second" if loss else "first" for loss in history["d_loss"]]


class TestPhases:
    def fit(self, model, steps, start=0, **kwargs):
        """Steps of one mini-batch each, which differ."""
        x = IMAGES[8 * start : 8 * (start + steps)]
        return model.fit(x, batch_size=8, shuffle=False, verbose=0, **kwargs).history

    def test_the_discriminator_waits_for_the_second(self):
        gan = compiled(make(pretraining_steps=3))
        before = gan.discriminator.get_weights()
        self.fit(gan, 3)
        np.testing.assert_equal(gan.discriminator.get_weights(), before)
        assert (int(gan.g_optimizer.iterations), int(gan.d_optimizer.iterations)) == (3, 0)
        self.fit(gan, 2, start=3)
        assert (int(gan.g_optimizer.iterations), int(gan.d_optimizer.iterations)) == (5, 2)

    def test_one_fit_may_hold_both(self):
        gan = make(pretraining_steps=3)
        gan.compile()
        logs = gan.fit(IMAGES[:8], batch_size=8, epochs=5, verbose=0).history
        assert phases_of(logs) == ["first"] * 3 + ["second"] * 2

    @pytest.mark.first_cases
    @pytest.mark.parametrize("stop", [1, 3, 4])
    def test_training_goes_on_where_it_was(self, stop, tmp_path):
        """Before, at and after the change of phases, in another process's model."""
        keras.utils.set_random_seed(0)
        whole, part = make(pretraining_steps=3), make(pretraining_steps=3)
        part.set_weights(weights_of(whole))
        for model in (whole, part):
            model.compile()
        self.fit(whole, 6)
        self.fit(part, stop)
        part.save(tmp_path / "model.keras")
        again = keras.models.load_model(tmp_path / "model.keras")
        self.fit(again, 6 - stop, start=stop)
        assert_same_weights(again, whole)

    def test_compiling_again_begins_no_phase_again(self, tmp_path):
        """For other metrics or rates, and also in a model that has the weights alone."""
        gan, other = (
            compiled(make(pretraining_steps=2), run_eagerly=True),
            make(pretraining_steps=2),
        )
        self.fit(gan, 2)
        gan.save_weights(tmp_path / "gan.weights.h5")
        other.load_weights(tmp_path / "gan.weights.h5")
        for model in (gan, other):
            compiled(model, run_eagerly=True)
            self.fit(model, 1, start=2)
            assert int(model.d_optimizer.iterations) == 1

    def test_learning_rates_are_of_the_steps_that_are_left(self):
        gan = make(pretraining_steps=2)
        compiled(gan, run_eagerly=True)
        self.fit(gan, 1)
        for rate in gan.learning_rates(11).values():
            assert float(rate(4)) == pytest.approx(1e-4)
        assert float(gan.learning_rates(11)["g_optimizer"](5)) == pytest.approx(1e-4)
        assert float(gan.learning_rates(11)["g_optimizer"](6)) == pytest.approx(1e-5)
        self.fit(gan, 2, start=1)
        for rate in gan.learning_rates(10).values():
            assert float(rate(4)) == pytest.approx(1e-4)
            assert float(rate(5)) == pytest.approx(1e-5)
        gan.compile(total_steps=2)

    @pytest.mark.parametrize("arguments", [{"steps_per_execution": 4}, {"run_eagerly": True}])
    def test_they_change_within_an_execution(self, arguments):
        keras.utils.set_random_seed(0)
        models = [make(pretraining_steps=3), make(pretraining_steps=3)]
        models[1].set_weights(weights_of(models[0]))
        for model, own in zip(models, ({}, arguments), strict=True):
            self.fit(compiled(model, **own), 6)
        assert_same_weights(*models, rtol=1e-5, atol=1e-6)

    @pytest.mark.parametrize("steps_per_execution", [1, 4])
    def test_they_change_on_two_replicas(self, two_replicas, steps_per_execution):
        keras.utils.set_random_seed(0)
        single = make(pretraining_steps=3)
        with two_replicas.scope():
            double = make(pretraining_steps=3)
        double.set_weights(weights_of(single))
        with two_replicas.scope():
            compiled(double, steps_per_execution=steps_per_execution)
        logs = [self.fit(model, 6) for model in (compiled(single), double)]
        assert_same_weights(double, single, rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(logs[1]["content_loss"], logs[0]["content_loss"], rtol=1e-3)

    def test_without_steps_there_is_no_first(self):
        gan = compiled(make())
        assert len(gan.train_steps) == 1
        self.fit(gan, 1)
        assert int(gan.d_optimizer.iterations) == 1

    def test_learning_rates_fall_halfway_through_the_second(self):
        gan = make(pretraining_steps=10, n_critic=2)
        rates = gan.learning_rates(30)
        for name, (before, after) in {"g_optimizer": (19, 20), "d_optimizer": (19, 20)}.items():
            assert float(rates[name](before)) == pytest.approx(1e-4)
            assert float(rates[name](after)) == pytest.approx(1e-5)
        with pytest.raises(ValueError, match="`total_steps` must be more than"):
            gan.compile(total_steps=11)


@pytest.mark.slow
def test_pairs_may_be_given():
    """And are what images alone are shrunk to, or others."""
    low = shrunk(IMAGES).numpy()
    alone, pairs, others, dataset = (compiled(make(pretraining_steps=2)) for _ in range(4))
    for model in (pairs, others, dataset):
        model.set_weights(weights_of(alone))
    fit = {"batch_size": 8, "shuffle": False, "verbose": 0}
    alone.fit(IMAGES, **fit)
    pairs.fit(low, IMAGES, **fit)
    others.fit(-low, IMAGES, **fit)
    dataset.fit(tf.data.Dataset.from_tensor_slices((low, IMAGES)).batch(8), verbose=0)
    assert_same_weights(pairs, alone, rtol=1e-5, atol=1e-6)
    assert_same_weights(dataset, pairs)
    assert any((a != b).any() for a, b in zip(weights_of(others), weights_of(alone), strict=True))
    expected = alone.evaluate(IMAGES, verbose=0)
    np.testing.assert_allclose(pairs.evaluate(low, IMAGES, verbose=0), expected, rtol=1e-3)
    pairs.fit(low, IMAGES, validation_split=0.5, **fit)


def test_upscales_images_of_any_size(tmp_path):
    gan = make(ema_decay=0.5)
    gan.export(tmp_path / "saved_model")
    served = kg.load(tmp_path / "saved_model")
    for sides in ((8, 8), (5, 12), (1, 3)):
        images = np.random.default_rng(0).uniform(-1, 1, (3, *sides, 3)).astype("float32")
        made = gan.upscale(images)
        assert (made.shape, made.dtype) == ((3, 2 * sides[0], 2 * sides[1], 3), "float32")
        np.testing.assert_allclose(made, gan.ema_generator(images), atol=1e-6)
        np.testing.assert_allclose(served.upscale(images), made, atol=1e-6)
        np.testing.assert_allclose(gan.upscale(images, batch_size=2), made, atol=1e-6)
        np.testing.assert_allclose(gan.predict(images, verbose=0), made, atol=1e-6)
    for model in (gan, served):
        with pytest.raises(ValueError, match="`images` must hold images scaled"):
            model.upscale(np.full((1, 4, 4, 3), 9.0))
        with pytest.raises(ValueError, match="`images` must hold batches of examples of shape"):
            model.upscale(np.zeros((1, 4, 4, 1)))


def test_composes_with_objectives_and_techniques():
    gan = make(
        objective="hinge",
        n_critic=2,
        ema_decay=0.9,
        pretraining_steps=1,
        techniques=[kg.techniques.R1(1.0), kg.techniques.InstanceNoise(0.1)],
    )
    gan.compile()
    logs = gan.fit(IMAGES, batch_size=8, verbose=0).history
    assert "r1" in logs
    assert np.isfinite(list(logs.values())).all()
    assert (int(gan.g_optimizer.iterations), int(gan.d_optimizer.iterations)) == (4, 6)


def test_defaults_are_the_papers():
    gan = make()
    gan.compile(total_steps=8)
    assert (gan.adversarial_weight, gan.scale) == (1e-3, 2)
    assert gan.objective is kg.losses.non_saturating
    for optimizer in (gan.g_optimizer, gan.d_optimizer):
        assert optimizer.get_config()["beta_1"] == 0.9
        assert float(optimizer.learning_rate) == pytest.approx(1e-4)


def test_learns_what_bicubic_interpolation_cannot_know():
    """That large images are of squares of 2×2 pixels."""
    random = np.random.default_rng(0)
    squares = random.choice([-0.6, 0.6], (640, 8, 8, 1)).repeat(2, axis=1).repeat(2, axis=2)
    gan = kg.models.SRGAN(
        generator(1, filters=16), discriminator((16, 16, 1)), pretraining_steps=10**6, seed=0
    )
    gan.compile(g_optimizer=keras.optimizers.Adam(1e-2), steps_per_execution=10)
    gan.fit(squares[:576], batch_size=32, epochs=5, verbose=0)
    logs = gan.evaluate(squares[576:], verbose=0, return_dict=True)
    assert logs["psnr"] > logs["bicubic_psnr"] + 3
    assert logs["ssim"] > logs["bicubic_ssim"]


class TestNetworksThatDoNotFit:
    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ({"generator": None}, "`generator` must be a keras.Model"),
            ({"generator": lambda: extractor()}, "`generator` must make images a whole number"),
            ({"generator": lambda: generator(scale=8)}, "`discriminator` must take .* of 8"),
            ({"generator": lambda: generator(1)}, "`discriminator` must take images of one size"),
            (
                {"generator": lambda: kg.networks.mlp_generator((2,), 2, (4,))},
                r"`generator` must take images \(batch, height, width, channels\)",
            ),
            ({"discriminator": lambda: discriminator((17, 16, 3))}, "multiples of 2"),
            ({"discriminator": lambda: discriminator((4, 4, 3))}, "more than 4"),
            (
                {"feature_extractor": lambda: extractor((16, 16, 1))},
                "`feature_extractor` must take what `discriminator` takes",
            ),
            ({"feature_extractor": max}, "`feature_extractor` must be a keras.Model"),
            ({"pretraining_steps": -1}, "`pretraining_steps` must be"),
            ({"adversarial_weight": -1.0}, "`adversarial_weight` must be a number in"),
        ],
    )
    def test_are_refused(self, arguments, message):
        made = {
            name: value() if getattr(value, "__name__", "") == "<lambda>" else value
            for name, value in arguments.items()
        }
        networks = {"generator": generator(), "discriminator": discriminator()}
        with pytest.raises((TypeError, ValueError), match=message):
            kg.models.SRGAN(**{**networks, **made})


@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        (IMAGES[:, :8], None, "`x` must hold batches of examples of shape"),
        (IMAGES[:, :8, :8], IMAGES[:, :8, :8], "`y` must hold batches of examples of shape"),
        (IMAGES[:, :8, :8], IMAGES[:3], "`x` and `y` must have the same length"),
        (IMAGES[:, :8, :8], IMAGES * 9, "`y` must hold images scaled"),
    ],
)
def test_what_cannot_be_learned_from_is_refused(x, y, message):
    gan = make()
    gan.compile()
    for method in (gan.fit, gan.evaluate):
        with pytest.raises(ValueError, match=message):
            method(x, y, verbose=0)
