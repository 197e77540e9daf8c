"""Residual networks: any shape, and the blocks of the paper."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

import keras_gans as kg
from keras_gans import networks

pytestmark = pytest.mark.first_cases

SHAPES = [
    (4, 4, 1),
    (8, 8, 1),
    (9, 31, 2),
    (17, 9, 1),
    (28, 28, 1),
    (30, 22, 3),
    (45, 45, 3),
    (96, 64, 3),
    (128, 128, 3),
]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("blocks", [1, 2])
def test_any_image_shape_and_depth(shape, blocks):
    size = {"filters": 4, "blocks_per_stage": blocks}
    generator = networks.resnet_generator(shape, latent_dim=3, **size)
    discriminator = networks.resnet_discriminator(shape, **size)
    assert generator.input_shape == (None, 3)
    assert generator.output_shape == discriminator.input_shape == (None, *shape)
    assert discriminator.output_shape == (None, 1)
    images = generator(np.random.default_rng(0).normal(size=(2, 3)))
    assert images.shape == (2, *shape)
    assert np.abs(images).max() <= 1
    assert np.std(images) > 0
    assert np.isfinite(discriminator(images)).all()


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_outputs_are_float32_under_mixed_precision(policy):
    keras.config.set_dtype_policy(policy)
    generator = networks.resnet_generator((8, 8, 1), latent_dim=3, filters=4)
    discriminator = networks.resnet_discriminator((8, 8, 1), filters=4)
    images = generator(np.ones((2, 3)))
    assert images.dtype == discriminator(images).dtype == "float32"
    assert generator.layers[1].compute_dtype == policy.removeprefix("mixed_")


def block_sides(network):
    return [layer.output.shape[1] for layer in network.layers if isinstance(layer, layers.Add)]


def test_the_stages_for_cifar_are_those_of_the_paper():
    generator = networks.resnet_generator((32, 32, 3), filters=4)
    discriminator = networks.resnet_discriminator((32, 32, 3), filters=4)
    assert generator.get_layer("reshape").output.shape == (None, 4, 4, 4)
    assert block_sides(generator) == [8, 16, 32]
    assert block_sides(discriminator) == [16, 8, 8, 8]


def test_deep_networks_resample_in_the_first_block_of_a_stage():
    generator = networks.resnet_generator((28, 28, 1), filters=4, blocks_per_stage=3)
    discriminator = networks.resnet_discriminator((28, 28, 1), filters=4, blocks_per_stage=3)
    assert block_sides(generator) == [14] * 3 + [28] * 3
    assert block_sides(discriminator) == [14] * 3 + [7] * 9


def test_all_hidden_layers_have_as_many_channels():
    for network in (
        networks.resnet_generator((32, 32, 3), filters=6, blocks_per_stage=2),
        networks.resnet_discriminator((32, 32, 3), filters=6, blocks_per_stage=2),
    ):
        channels = [c.filters for c in network.layers if isinstance(c, layers.Conv2D)]
        assert set(channels) - {3} == {6}


def convolve(x, kernel, bias=0.0):
    return tf.nn.conv2d(x, kernel, strides=1, padding="SAME") + bias


def mean_pool(x):
    return (x[:, ::2, ::2] + x[:, 1::2, ::2] + x[:, ::2, 1::2] + x[:, 1::2, 1::2]) / 4


def weights_of(network):
    """The kernels and biases of a network in order, biases drawn at random."""
    rng = np.random.default_rng(0)
    network.set_weights(
        [w if w.ndim > 1 else rng.normal(size=w.shape) for w in network.get_weights()]
    )
    for layer in network.layers:
        if layer.weights:
            yield layer, tuple(tf.convert_to_tensor(w) for w in layer.weights)


def by_kind(network):
    """Weights of the 3×3 convolutions, of the shortcuts, and of the dense layer."""
    wide, shortcuts, dense = [], [], []
    for layer, weights in weights_of(network):
        if isinstance(layer, layers.Dense):
            dense.append(weights)
        else:
            (wide if layer.kernel_size == (3, 3) else shortcuts).append(weights)
    return iter(wide), iter(shortcuts), dense[0]


def test_the_discriminator_computes_what_the_paper_says():
    discriminator = networks.resnet_discriminator((12, 12, 2), filters=4)
    wide, shortcuts, (kernel, bias) = by_kind(discriminator)
    x = inputs = tf.constant(np.random.default_rng(0).normal(size=(3, 12, 12, 2)), "float32")
    shortcut = convolve(mean_pool(x), *next(shortcuts))
    x = tf.nn.relu(convolve(x, *next(wide)))
    x = shortcut + mean_pool(convolve(x, *next(wide)))
    for _ in range(2):
        y = convolve(tf.nn.relu(x), *next(wide))
        x += convolve(tf.nn.relu(y), *next(wide))
    outputs = tf.reduce_mean(tf.nn.relu(x), axis=(1, 2)) @ kernel + bias
    np.testing.assert_allclose(discriminator(inputs), outputs, rtol=1e-4, atol=1e-5)
    assert not list(wide) and not list(shortcuts)


def test_the_generator_computes_what_the_paper_says():
    generator = networks.resnet_generator((9, 10, 2), 3, filters=4, normalization=None)
    wide, shortcuts, (kernel, bias) = by_kind(generator)
    inputs = tf.constant(np.random.default_rng(0).normal(size=(3, 3)), "float32")
    x = tf.reshape(inputs @ kernel + bias, (3, 5, 5, 4))
    double = layers.UpSampling2D()
    shortcut = convolve(double(x), *next(shortcuts))[:, :9]
    y = convolve(double(tf.nn.relu(x)), *next(wide))[:, :9]
    x = shortcut + convolve(tf.nn.relu(y), *next(wide))
    outputs = tf.tanh(convolve(tf.nn.relu(x), *next(wide)))
    np.testing.assert_allclose(generator(inputs), outputs, rtol=1e-4, atol=1e-5)
    assert not list(wide) and not list(shortcuts)


def test_he_initialization_before_rectifiers():
    for network in (
        networks.resnet_generator((16, 16, 1), filters=32),
        networks.resnet_discriminator((16, 16, 1), filters=32),
    ):
        kernels = [
            layer.kernel
            for layer in network.layers
            if isinstance(layer, layers.Conv2D) and tuple(layer.kernel.shape) == (3, 3, 32, 32)
        ]
        assert len(kernels) >= 4
        for kernel in kernels:
            np.testing.assert_allclose(np.std(kernel), np.sqrt(2 / (9 * 32)), rtol=0.05)


@pytest.mark.parametrize("name", ["layer", "instance", None])
def test_without_batch_normalization_samples_keep_to_themselves(name):
    generator = networks.resnet_generator((8, 8, 1), 3, filters=4, normalization=name)
    discriminator = networks.resnet_discriminator((8, 8, 1), filters=4, normalization=name)
    latents = np.random.default_rng(0).normal(size=(4, 3)).astype("float32")
    images = generator(latents, training=True)
    np.testing.assert_allclose(generator(latents[:1], training=True), images[:1], atol=1e-5)
    np.testing.assert_allclose(
        discriminator(images[:1], training=True),
        discriminator(images, training=True)[:1],
        atol=1e-5,
    )


def normalizations(network):
    kinds = (layers.BatchNormalization, layers.GroupNormalization)
    return [layer for layer in network.layers if isinstance(layer, kinds)]


@pytest.mark.parametrize("name", ["batch", "layer", "instance", None])
def test_every_rectifier_but_those_of_the_pixels_is_normalized(name):
    generator = networks.resnet_generator((8, 8, 1), 3, filters=4, normalization=name)
    discriminator = networks.resnet_discriminator((8, 8, 1), filters=4, normalization=name)
    assert len(normalizations(generator)) == (3 if name else 0)
    assert len(normalizations(discriminator)) == (4 if name else 0)


@pytest.mark.slow
def test_a_critic_of_residual_blocks_learns_with_a_gradient_penalty():
    gan = kg.models.WGANGP(
        networks.resnet_generator((8, 8, 1), 3, filters=4),
        networks.resnet_discriminator((8, 8, 1), filters=4),
        latent_dim=3,
        n_critic=2,
        seed=0,
    )
    gan.compile()
    images = np.random.default_rng(0).uniform(-1, 1, (32, 8, 8, 1)).astype("float32")
    *kernels, last_bias = gan.trainable_variables  # the last bias is the same for both terms
    before = [keras.ops.copy(kernel) for kernel in kernels]
    losses = gan.fit(images, batch_size=8, verbose=0).history
    assert all(np.isfinite(values).all() for values in losses.values())
    assert last_bias.shape == (1,)
    assert all(np.any(a != b) for a, b in zip(before, kernels, strict=True))


@pytest.mark.parametrize("name", ["batch", "layer", None])
def test_saved_and_loaded(tmp_path, name):
    for network, shape in (
        (networks.resnet_generator((9, 8, 1), 3, 4, normalization=name), (2, 3)),
        (networks.resnet_discriminator((9, 8, 1), 4, normalization=name), (2, 9, 8, 1)),
    ):
        network.save(tmp_path / "network.keras")
        again = keras.models.load_model(tmp_path / "network.keras")
        x = np.random.default_rng(0).normal(size=shape).astype("float32")
        np.testing.assert_array_equal(network(x), again(x))


@pytest.mark.parametrize("build", [networks.resnet_generator, networks.resnet_discriminator])
@pytest.mark.parametrize(
    "error, argument, value",
    [
        (ValueError, "image_shape", (8, 8)),
        (ValueError, "image_shape", (3, 8, 1)),
        (ValueError, "image_shape", None),
        (ValueError, "filters", 0),
        (TypeError, "filters", 2.5),
        (ValueError, "blocks_per_stage", 0),
        (TypeError, "blocks_per_stage", True),
        (ValueError, "normalization", "group"),
    ],
)
def test_bad_arguments_are_named(build, error, argument, value):
    with pytest.raises(error, match=f"`{argument}` must be .*{argument}="):
        build(**{"image_shape": (8, 8, 1), argument: value})


def test_bad_latent_dims_are_named():
    with pytest.raises(ValueError, match=r"`latent_dim` must be a positive integer.*=0"):
        networks.resnet_generator((8, 8, 1), latent_dim=0)
