"""Networks from images to images, and discriminators of patches: those of the paper."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from keras_gans import networks
from keras_gans.layers import LeakyReLU

pytestmark = pytest.mark.first_cases

SHAPES = [(5, 5, 1), (9, 31, 2), (28, 28, 1), (30, 22, 3), (32, 32, 3)]
SMALL = {"filters": 2, "num_blocks": 1}


def kinds(network):
    return [type(layer).__name__ for layer in network.layers]


def convolutions(network):
    kinds = (layers.Conv2D, layers.Conv2DTranspose)
    return [layer for layer in network.layers if isinstance(layer, kinds)]


@pytest.mark.parametrize("shape", SHAPES)
def test_any_image_shape(shape):
    generator = networks.translation_generator(shape, **SMALL)
    discriminator = networks.patch_discriminator(shape, filters=2, num_layers=2)
    assert generator.input_shape == generator.output_shape == (None, *shape)
    images = np.random.default_rng(0).uniform(-1, 1, (2, *shape)).astype("float32")
    translated = generator(images)
    assert translated.shape == images.shape
    assert np.abs(translated).max() <= 1
    assert np.std(translated) > 0
    assert discriminator(images).shape == (2, -(-shape[0] // 4), -(-shape[1] // 4), 1)


def test_domains_with_other_channels():
    generator = networks.translation_generator((8, 8, 1), out_channels=3, **SMALL)
    assert generator.output_shape == (None, 8, 8, 3)


def test_the_generator_is_the_papers():
    generator = networks.translation_generator((256, 256, 3))
    padded = ["ReflectionPadding2D", "Conv2D", "GroupNormalization"]
    block = [*padded, "ReLU", *padded, "Add"]
    shrink = ["Conv2D", "GroupNormalization", "ReLU"]
    grow = ["Conv2DTranspose", "GroupNormalization", "ReLU"]
    last = ["ReflectionPadding2D", "Conv2D", "Activation"]
    first = [*padded, "ReLU"]
    names = ["InputLayer", *first, *shrink * 2, *block * 9, *grow * 2, *last]
    assert kinds(generator) == names
    convs = convolutions(generator)
    assert [c.filters for c in convs] == [64, 128, 256, *[256] * 18, 128, 64, 3]
    assert [c.kernel_size[0] for c in convs] == [7, *[3] * 22, 7]
    assert [c.strides[0] for c in convs] == [1, 2, 2, *[1] * 18, 2, 2, 1]
    assert generator.layers[-1].activation is keras.activations.tanh
    assert convs[3].output.shape == (None, 64, 64, 256)
    normalizations = [x for x in generator.layers if isinstance(x, layers.GroupNormalization)]
    assert {n.groups for n in normalizations} == {64, 128, 256}


def test_the_discriminator_is_the_papers():
    discriminator = networks.patch_discriminator((256, 256, 3))
    normalized = ["Conv2D", "GroupNormalization", "LeakyReLU"]
    assert kinds(discriminator) == ["InputLayer", "Conv2D", "LeakyReLU", *normalized * 3, "Conv2D"]
    convs = convolutions(discriminator)
    assert [c.filters for c in convs] == [64, 128, 256, 512, 1]
    assert [c.strides[0] for c in convs] == [2, 2, 2, 1, 1]
    assert {c.kernel_size for c in convs} == {(4, 4)}
    slopes = [x.negative_slope for x in discriminator.layers if isinstance(x, LeakyReLU)]
    np.testing.assert_allclose(slopes, 0.2)


@pytest.mark.parametrize("num_layers, side", [(1, 16), (2, 34), (3, 70), (4, 142)])
def test_a_logit_sees_a_patch(num_layers, side):
    discriminator = networks.patch_discriminator(
        (192, 192, 1), filters=1, num_layers=num_layers, normalization=None
    )
    for layer in convolutions(discriminator):
        layer.kernel.assign(tf.ones_like(layer.kernel))
    images = tf.ones((1, 192, 192, 1))
    with tf.GradientTape() as tape:
        tape.watch(images)
        logits = discriminator(images)
        middle = logits[0, logits.shape[1] // 2, logits.shape[2] // 2, 0]
    rows, columns = np.nonzero(tape.gradient(middle, images)[0, :, :, 0].numpy())
    assert np.ptp(rows) + 1 == np.ptp(columns) + 1 == side


def test_channels_stop_doubling():
    discriminator = networks.patch_discriminator((64, 64, 1), filters=2, num_layers=5)
    assert [c.filters for c in convolutions(discriminator)] == [2, 4, 8, 16, 16, 16, 1]


def both(**kwargs):
    return (
        networks.translation_generator((16, 16, 1), num_blocks=1, **{"filters": 2, **kwargs}),
        networks.patch_discriminator((16, 16, 1), num_layers=2, **{"filters": 2, **kwargs}),
    )


def test_weights_start_from_narrow_gaussians():
    for network in both(filters=32):
        for layer in convolutions(network):
            initializer = layer.kernel_initializer
            assert type(initializer) is keras.initializers.RandomNormal
            assert (initializer.mean, initializer.stddev) == (0, 0.02)


@pytest.mark.parametrize("name", ["batch", "layer", "instance", None])
def test_biases_only_where_no_normalization_follows(name):
    generator, discriminator = both(normalization=name)
    bare = name is None
    assert [c.use_bias for c in convolutions(generator)] == [*[bare] * 7, True]
    assert [c.use_bias for c in convolutions(discriminator)] == [True, bare, bare, True]


def test_images_keep_to_themselves():
    images = np.random.default_rng(0).uniform(-1, 1, (4, 16, 16, 1)).astype("float32")
    for network in both():
        together = network(images, training=True)
        np.testing.assert_allclose(network(images[:1], training=True), together[:1], atol=1e-5)


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_outputs_are_float32_under_mixed_precision(policy):
    keras.config.set_dtype_policy(policy)
    for network in both():
        assert network(np.ones((2, 16, 16, 1))).dtype == "float32"
        assert convolutions(network)[0].compute_dtype == policy.removeprefix("mixed_")


def test_saved_and_loaded(tmp_path):
    images = np.random.default_rng(0).uniform(-1, 1, (2, 16, 16, 1)).astype("float32")
    for network in both():
        network.save(tmp_path / "network.keras")
        again = keras.models.load_model(tmp_path / "network.keras")
        np.testing.assert_array_equal(network(images), again(images))


@pytest.mark.parametrize(
    "build, error, argument, value",
    [
        *[
            (build, *case)
            for build in (networks.translation_generator, networks.patch_discriminator)
            for case in (
                (ValueError, "image_shape", (8, 8)),
                (ValueError, "image_shape", (3, 8, 1)),
                (ValueError, "filters", 0),
                (TypeError, "filters", 2.5),
                (ValueError, "normalization", "group"),
            )
        ],
        (networks.translation_generator, ValueError, "image_shape", (4, 8, 1)),
        (networks.translation_generator, ValueError, "num_blocks", 0),
        (networks.translation_generator, ValueError, "out_channels", 0),
        (networks.patch_discriminator, ValueError, "num_layers", 0),
        (networks.patch_discriminator, ValueError, "num_layers", 4),
    ],
)
def test_bad_arguments_are_named(build, error, argument, value):
    with pytest.raises(error, match=f"`{argument}` must .*{argument}="):
        build(**{"image_shape": (9, 9, 1), argument: value})
