"""Progressive networks: the paper's at 1024², and a fade that is exact at both ends."""

import re

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_gans.networks import progressive_discriminator, progressive_generator
from keras_gans.networks.progressive import at_level, fades, in_blocks

SHAPES = [(4, 4, 1), (7, 7, 2), (8, 8, 1), (9, 31, 2), (28, 28, 1), (15, 22, 3)]
SMALL = {"filters": 2, "max_filters": 4}
LATENTS = np.random.default_rng(0).normal(size=(4, 5)).astype("float32")


def images_of(shape):
    return np.random.default_rng(1).uniform(-1, 1, (4, *shape)).astype("float32")


def networks(shape):
    """Both networks, each with inputs."""
    return [
        (progressive_generator(shape, 5, **SMALL), LATENTS),
        (progressive_discriminator(shape, **SMALL), images_of(shape)),
    ]


def set_alphas(network, *alphas):
    for fade, alpha in zip(fades(network), alphas, strict=True):
        fade.alpha.assign(alpha)


@pytest.mark.parametrize("shape", SHAPES)
def test_any_image_shape(shape):
    for network, inputs in networks(shape):
        outputs = network(inputs)
        assert outputs.shape == ((4, *shape) if inputs is LATENTS else (4, 1))
        assert np.ptp(outputs) > 0
        num_levels = {4: 1, 7: 1, 8: 2, 9: 2, 28: 3, 15: 3}[shape[0]]
        assert [fade.level for fade in fades(network)] == list(range(1, num_levels))


@pytest.mark.slow
def test_at_1024_they_are_the_papers():
    """23.1 million weights each (table 2)."""
    for network in (
        progressive_generator((1024, 1024, 3)),
        progressive_discriminator((1024, 1024, 3)),
    ):
        total = sum(np.prod(w.shape) for w in network.trainable_weights)
        assert total == pytest.approx(23.1e6, rel=2e-3)


def convolved(x, kernel, bias, gain=2**0.5, padding="SAME"):
    scale = gain / np.sqrt(np.prod(kernel.shape[:3]))
    return tf.nn.conv2d(x, kernel * scale, 1, padding).numpy() + bias


def leaky(x):
    return np.where(x > 0, x, 0.2 * x)


def normalized(x):
    return x / np.sqrt(np.mean(x**2, axis=-1, keepdims=True) + 1e-8)


def doubled(x):
    return x.repeat(2, axis=1).repeat(2, axis=2)


def halved(x):
    n, h, w, c = x.shape
    return x.reshape(n, h // 2, 2, w // 2, 2, c).mean((2, 4))


def weights_of(network):
    """Kernels and biases in pairs, in the order in which the layers were made."""
    layers = [layer for layer in network.layers if layer.trainable_weights]
    layers.sort(key=lambda layer: int((re.findall(r"\d+$", layer.name) or [0])[0]))
    return iter([[w.numpy() for w in layer.trainable_weights] for layer in layers])


@pytest.fixture
def float64():
    keras.config.set_floatx("float64")
    keras.config.set_dtype_policy("float64")
    keras.backend.clear_session()  # so that layers are numbered from the first
    yield
    keras.config.set_floatx("float32")


def test_the_generator_is_the_papers(float64):
    generator = progressive_generator((8, 8, 2), 5, filters=3)
    for weight in generator.trainable_weights:
        weight.assign(np.random.default_rng(weight.shape[-1]).normal(size=weight.shape))
    set_alphas(generator, 0.25)
    w = weights_of(generator)

    kernel, bias = next(w)  # (height, width, out, in), a dense layer to each position
    z = normalized(LATENTS.astype("float64"))
    x = np.einsum("ni,hwoi->nhwo", z, kernel) * np.sqrt(2 / (4 * 4 * 5)) + bias
    x = normalized(leaky(x))
    x = normalized(leaky(convolved(x, *next(w))))
    old = doubled(convolved(x, *next(w), gain=1))
    x = normalized(leaky(convolved(doubled(x), *next(w))))
    x = normalized(leaky(convolved(x, *next(w))))
    new = convolved(x, *next(w), gain=1)
    assert next(w, None) is None
    np.testing.assert_allclose(
        generator(LATENTS), 0.75 * old + 0.25 * new, rtol=1e-4, atol=1e-5
    )  # images are float32


def test_the_discriminator_is_the_papers(float64):
    discriminator = progressive_discriminator((8, 8, 2), filters=3)
    for weight in discriminator.trainable_weights:
        weight.assign(np.random.default_rng(weight.shape[-1]).normal(size=weight.shape))
    set_alphas(discriminator, 0.25)
    w, images = weights_of(discriminator), images_of((8, 8, 2)).astype("float64")

    x = leaky(convolved(images, *next(w)))
    x = leaky(convolved(x, *next(w)))
    x = halved(leaky(convolved(x, *next(w))))
    x = 0.75 * leaky(convolved(halved(images), *next(w))) + 0.25 * x
    deviation = np.sqrt(x.var(0) + 1e-8).mean()  # four examples are one group
    x = np.concatenate([x, np.full((4, 4, 4, 1), deviation)], axis=-1)
    x = leaky(convolved(x, *next(w))).reshape(4, -1)
    kernel, bias = next(w)
    x = leaky(x @ kernel * np.sqrt(2 / len(kernel)) + bias)
    kernel, bias = next(w)
    assert next(w, None) is None
    logits = x @ kernel / np.sqrt(len(kernel)) + bias
    np.testing.assert_allclose(discriminator(images), logits, rtol=1e-4, atol=1e-5)


class TestLevels:
    shape = (18, 28, 1)  # 5×7, 9×14, 18×28

    @pytest.mark.parametrize("level, alphas", [(0, (0, 0)), (1, (1, 0)), (2, (1, 1))])
    def test_a_level_is_the_network_without_those_above(self, level, alphas):
        for network, inputs in networks(self.shape):
            set_alphas(network, *alphas)
            part = at_level(network, level)
            np.testing.assert_allclose(part(inputs), network(inputs), rtol=1e-6, atol=1e-6)
            assert not fades(part)

    @pytest.mark.parametrize("level, alphas", [(1, (0.3, 0)), (2, (1, 0.3))])
    def test_a_fade_is_the_network_without_those_above(self, level, alphas):
        for network, inputs in networks(self.shape):
            set_alphas(network, *alphas)
            part = at_level(network, level, fading=True)
            np.testing.assert_allclose(part(inputs), network(inputs), rtol=1e-6, atol=1e-6)
            assert [fade.level for fade in fades(part)] == [level]

    @pytest.mark.parametrize("level", [1, 2])
    def test_a_fade_begins_and_ends_at_the_levels(self, level):
        """And is the line between them: in the images, and in the features of which logits are."""
        for network, inputs in networks(self.shape):
            fading = at_level(network, level, fading=True)
            for alpha in (0.0, 1.0):
                set_alphas(network, *[alpha] * 2)
                expected = at_level(network, level - 1 + int(alpha))(inputs)
                np.testing.assert_allclose(fading(inputs), expected, rtol=1e-6, atol=1e-6)
            if inputs is LATENTS:
                set_alphas(network, *[0.25] * 2)
                old, new = at_level(network, level - 1)(inputs), at_level(network, level)(inputs)
                np.testing.assert_allclose(fading(inputs), 0.75 * old + 0.25 * new, atol=1e-6)

    def test_its_weights_are_those_of_the_network(self):
        for network, _ in networks(self.shape):
            whole = {id(weight) for weight in network.weights}
            counts = []
            for level in range(3):
                weights = at_level(network, level).trainable_weights
                assert {id(weight) for weight in weights} <= whole
                counts.append(len(weights))
            assert counts[1] == counts[0] + 4 and counts[2] == counts[1] + 4  # two convolutions
            assert len(at_level(network, 1, fading=True).trainable_weights) == counts[1] + 2

    def test_images_of_a_level_are_blocks_of_it(self):
        (generator, _), (discriminator, images) = networks(self.shape)
        for level in range(3):
            made = at_level(generator, level)(LATENTS)
            np.testing.assert_allclose(in_blocks(made, 2 - level), made, atol=1e-6)
            part = at_level(discriminator, level)
            np.testing.assert_allclose(
                part(in_blocks(images, 2 - level)), part(images), rtol=1e-5, atol=1e-6
            )

    def test_a_network_saves_and_loads_with_its_alphas(self, tmp_path):
        for network, inputs in networks(self.shape):
            set_alphas(network, 1.0, 0.3)
            at_level(network, 1, fading=True)
            network.save(tmp_path / "network.keras")
            again = keras.models.load_model(tmp_path / "network.keras")
            np.testing.assert_array_equal(again(inputs), network(inputs))

    def test_a_network_without_fades_has_one_level(self):
        network = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
        assert at_level(network, 0) is network


def test_blocks_are_means():
    images = images_of((8, 12, 3))
    np.testing.assert_array_equal(in_blocks(images, 0), images)
    np.testing.assert_allclose(in_blocks(images, 1), doubled(halved(images)), atol=1e-6)
    twice = doubled(doubled(halved(halved(images))))
    np.testing.assert_allclose(in_blocks(images, 2), twice, atol=1e-6)
    odd = images[:, :7, :5]
    blocks = in_blocks(odd, 1)
    assert blocks.shape == odd.shape
    np.testing.assert_allclose(blocks[:, 6, 0], odd[:, 6, :2].mean(1), atol=1e-6)
    np.testing.assert_allclose(blocks[:, 6, 4], odd[:, 6, 4], atol=1e-6)


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_outputs_are_float32_under_mixed_precision(policy):
    keras.config.set_dtype_policy(policy)
    for network, inputs in networks((8, 8, 1)):
        outputs = network(inputs)
        assert outputs.dtype == tf.float32
        assert np.isfinite(outputs).all()
        assert {w.dtype for w in network.trainable_weights} == {"float32"}


def test_what_is_out_of_range_is_refused():
    with pytest.raises(ValueError, match="`image_shape`"):
        progressive_generator((8, 8))
    with pytest.raises(ValueError, match="`latent_dim`"):
        progressive_generator((8, 8, 1), latent_dim=0)
    with pytest.raises(ValueError, match="`filters`"):
        progressive_discriminator((8, 8, 1), filters=0)
