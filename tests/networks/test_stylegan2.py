"""StyleGAN2's networks: the paper's sizes, any shape, and where codes, classes and noise go."""

import itertools

import keras
import numpy as np
import pytest

from keras_gans import networks
from keras_gans.layers import ModulatedConv2D, NoiseInjection
from keras_gans.networks.style import mix_styles, mixed_codes

pytestmark = pytest.mark.first_cases

SHAPES = [(30, 13, 2), (4, 4, 1), (8, 8, 1), (28, 28, 1), (17, 40, 3)]
SMALL = {"filters": 2, "max_filters": 4, "code_dim": 5, "mapping_layers": 2}
RANDOM = np.random.default_rng(0)


def millions(network):
    return sum(np.prod(weight.shape) for weight in network.trainable_weights) / 1e6


@pytest.mark.parametrize(
    ("side", "filters", "generator", "discriminator"),
    [(1024, 32, 30.37, 29.01), (256, 128, 30.03, 28.86), (256, 64, 24.77, 24.00)],
)
def test_sizes_are_the_papers(side, filters, generator, discriminator, monkeypatch):
    """Of shapes alone: nothing is drawn."""
    zeros = keras.initializers.Zeros()
    draw = keras.initializers.RandomNormal
    monkeypatch.setattr(draw, "__call__", lambda self, shape, dtype=None: zeros(shape, dtype))
    shape = (side, side, 3)
    made = networks.stylegan2_generator(shape, filters=filters)
    assert millions(made) == pytest.approx(generator, abs=0.005)
    assert networks.synthesis(made).input_shape == (None, 2 * int(np.log2(side)) - 2, 512)
    judge = networks.stylegan2_discriminator(shape, filters=filters)
    assert millions(judge) == pytest.approx(discriminator, abs=0.005)


def expected_sizes(base, widths, code, layers):
    """The weights of both networks, written out, for images of one channel."""
    g = layers * code * (code + 1) + base**2 * widths[-1]
    for width in widths:
        g += code * width + width + width + 1  # colors
    for before, width in [(widths[-1], widths[-1]), *zip(widths[1:], widths[:-1], strict=True)]:
        g += 9 * before * width + width + 1 + code * before + before
    for width in widths[:-1]:
        g += 9 * width**2 + width + 1 + code * width + width
    d = widths[0] * 2
    for width, following in itertools.pairwise(widths):
        d += 9 * width**2 + width + 9 * width * following + following + width * following
    last = widths[-1]
    return g, d + 9 * (last + 1) * last + last + base**2 * last**2 + last + last + 1


def test_sizes_are_those_of_the_layers():
    settings = {**SMALL, "filters": 3, "max_filters": 8}
    del settings["code_dim"]
    generator = networks.stylegan2_generator((16, 16, 1), 6, **settings, code_dim=6)
    discriminator = networks.stylegan2_discriminator((16, 16, 1), **settings)
    found = [round(1e6 * millions(network)) for network in (generator, discriminator)]
    assert found == list(expected_sizes(4, [3, 6, 8], code=6, layers=2))


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("num_classes", [3, None])
def test_any_image_shape(shape, num_classes):
    generator = networks.stylegan2_generator(shape, 6, **SMALL, num_classes=num_classes)
    discriminator = networks.stylegan2_discriminator(shape, **SMALL, num_classes=num_classes)
    latents, labels = 3 * RANDOM.normal(size=(3, 6)), np.array([0, 2, 1])
    inputs = latents if num_classes is None else [latents, labels]
    images = generator(inputs).numpy()
    assert images.shape == (3, *shape)
    assert np.abs(images[0] - images[1]).max() > 0
    logits = discriminator(images if num_classes is None else [images, labels])
    assert logits.shape == (3, 1)
    assert np.isfinite(logits).all()


def test_the_output_activation_bounds_images():
    linear = networks.stylegan2_generator((8, 8, 1), 4, **SMALL)
    bounded = networks.stylegan2_generator((8, 8, 1), 4, output_activation="tanh", **SMALL)
    bounded.set_weights(linear.get_weights())
    latents = RANDOM.normal(size=(16, 4))
    images = linear(latents)
    assert np.abs(images).max() > 1
    np.testing.assert_allclose(bounded(latents), np.tanh(images), rtol=1e-6)
    codes = np.tile(networks.mapping(bounded)(latents)[:, None], (1, 4, 1))
    np.testing.assert_allclose(networks.synthesis(bounded)(codes), np.tanh(images), rtol=1e-5)


def test_outputs_are_float32_under_mixed_precision():
    keras.config.set_dtype_policy("mixed_bfloat16")
    generator = networks.stylegan2_generator((8, 8, 1), 3, **SMALL)
    discriminator = networks.stylegan2_discriminator((8, 8, 1), **SMALL, num_classes=2)
    images = generator(np.ones((2, 3))).numpy()
    assert images.dtype == discriminator([images, np.array([0, 1])]).dtype == "float32"
    layers = networks.synthesis(generator).layers
    convolutions = [layer for layer in layers if isinstance(layer, ModulatedConv2D)]
    computed = {layer.demodulate: layer.compute_dtype for layer in convolutions}
    assert computed == {True: "bfloat16", False: "float32"}  # what is not demodulated makes colors


class TestStyles:
    def generator(self, **kwargs):
        return networks.stylegan2_generator((8, 8, 1), 6, **SMALL, **kwargs)

    def test_the_generator_repeats_the_code_of_its_mapping(self):
        generator = self.generator()
        latents = RANDOM.normal(size=(3, 6)).astype("float32")
        codes = np.repeat(networks.mapping(generator)(latents)[:, None], 4, axis=1)
        np.testing.assert_allclose(
            networks.synthesis(generator)(codes), generator(latents), atol=1e-6
        )

    def test_every_style_counts(self):
        synthesis = networks.synthesis(self.generator())
        codes = RANDOM.normal(size=(1, 4, 5)).astype("float32")
        for style in range(4):
            other = codes.copy()
            other[:, style] += 1
            assert np.abs(synthesis(codes) - synthesis(other)).max() > 1e-4

    def test_latents_are_normalized_and_codes_have_a_mean(self):
        mapping = networks.mapping(self.generator())
        latents = RANDOM.normal(size=(3, 6)).astype("float32")
        np.testing.assert_allclose(mapping(7 * latents), mapping(latents), atol=1e-5)
        codes = mapping(latents, training=True)
        mean = mapping.get_layer("mean").mean
        np.testing.assert_allclose(mean, 0.005 * np.mean(codes, axis=0), atol=1e-6)

    @pytest.mark.parametrize("num_classes", [3, None])
    def test_codes_of_two_latents_are_mixed_by_style(self, num_classes):
        generator = self.generator(num_classes=num_classes)
        mapping, codes = networks.mapping(generator), mixed_codes(generator)
        z = RANDOM.normal(size=(2, 3, 6)).astype("float32")
        labels, is_other = np.array([0, 2, 1]), RANDOM.integers(0, 2, (3, 4)) > 0
        inputs = [*z, is_other]
        if num_classes:
            found = codes([inputs, labels])
            a, b = (mapping([x, labels]).numpy() for x in z)
        else:
            found, (a, b) = codes(inputs), (mapping(x).numpy() for x in z)
        expected = np.where(is_other[..., None], b[:, None], a[:, None])
        np.testing.assert_allclose(found, expected, atol=1e-6)

    def test_mixed_styles_are_coarse_before_a_layer_and_fine_from_it_on(self):
        a, b = np.zeros((2, 1, 4, 5)), np.ones((1, 3, 4, 5))
        mixed = mix_styles(a, b, 1)
        assert mixed.shape == (2, 3, 4, 5)
        np.testing.assert_array_equal(mixed[..., 0], np.tile([0, 1, 1, 1], (2, 3, 1)))

    def test_a_generator_without_a_mapping_is_refused(self):
        generator = networks.style_generator((8, 8, 1), 3, 2)
        with pytest.raises(ValueError, match="without a part called 'mapping'"):
            networks.mapping(generator)


def test_noise_is_in_every_convolution_but_those_of_colors():
    generator = networks.stylegan2_generator((16, 16, 1), 6, **SMALL)
    layers = networks.synthesis(generator).layers
    noises = [layer for layer in layers if isinstance(layer, NoiseInjection)]
    assert [noise.noise.shape[0] for noise in noises] == [4, 8, 8, 16, 16]
    latents = RANDOM.normal(size=(2, 6)).astype("float32")
    np.testing.assert_array_equal(generator(latents), generator(latents, training=True))
    for noise in noises:
        noise.strength.assign(0.5)
        assert np.abs(generator(latents) - generator(latents, training=True)).max() > 1e-4
        noise.strength.assign(0)


def test_layers_of_the_mapping_learn_a_hundred_times_more_slowly():
    mapping = networks.mapping(networks.stylegan2_generator((8, 8, 1), 6, **SMALL))
    multipliers = [x.lr_multiplier for x in mapping.layers if hasattr(x, "lr_multiplier")]
    assert multipliers == [0.01, 0.01]


@pytest.mark.slow
def test_saved_and_loaded(tmp_path):
    networks_and_inputs = (
        (networks.stylegan2_generator((9, 8, 1), 3, **SMALL), RANDOM.normal(size=(2, 3))),
        (networks.stylegan2_discriminator((9, 8, 1), **SMALL), RANDOM.normal(size=(2, 9, 8, 1))),
    )
    for network, x in networks_and_inputs:
        network.save(tmp_path / "network.keras")
        again = keras.models.load_model(tmp_path / "network.keras")
        np.testing.assert_array_equal(network(x), again(x))


@pytest.mark.parametrize("build", [networks.stylegan2_generator, networks.stylegan2_discriminator])
@pytest.mark.parametrize(
    "error, argument, value",
    [
        (ValueError, "image_shape", (3, 8, 1)),
        (ValueError, "filters", 0),
        (ValueError, "max_filters", -1),
        (TypeError, "code_dim", "5"),
        (ValueError, "mapping_layers", 0),
        (ValueError, "num_classes", 0),
    ],
)
def test_bad_arguments_are_named(build, error, argument, value):
    arguments = {"image_shape": (8, 8, 1), "num_classes": 2, **SMALL, argument: value}
    with pytest.raises(error, match=f"`{argument}` must .*{argument}="):
        build(**arguments)
