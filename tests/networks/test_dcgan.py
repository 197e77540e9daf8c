"""DCGAN networks: any shape, and the guidelines of the paper."""

import keras
import numpy as np
import pytest
from keras import layers

from keras_gans import networks
from keras_gans.layers import LeakyReLU

pytestmark = pytest.mark.first_cases

SHAPES = [
    (4, 4, 1),
    (8, 8, 1),
    (9, 31, 2),
    (17, 9, 1),
    (28, 28, 1),
    (30, 22, 3),
    (32, 32, 3),
    (45, 45, 3),
    (96, 64, 3),
    (128, 128, 3),
]
SMALL = {"filters": 2, "max_filters": 8}


@pytest.mark.parametrize("shape", SHAPES)
def test_any_image_shape(shape):
    generator = networks.dcgan_generator(shape, latent_dim=3, **SMALL)
    discriminator = networks.dcgan_discriminator(shape, **SMALL)
    assert generator.input_shape == (None, 3)
    assert generator.output_shape == discriminator.input_shape == (None, *shape)
    assert discriminator.output_shape == (None, 1)
    images = generator(100 * np.random.default_rng(0).normal(size=(2, 3)))
    assert images.shape == (2, *shape)
    assert np.abs(images).max() <= 1
    assert np.std(images) > 0
    assert np.isfinite(discriminator(images)).all()


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_outputs_are_float32_under_mixed_precision(policy):
    keras.config.set_dtype_policy(policy)
    generator = networks.dcgan_generator((8, 8, 1), latent_dim=3, **SMALL)
    discriminator = networks.dcgan_discriminator((8, 8, 1), **SMALL)
    images = generator(np.ones((2, 3)))
    assert images.dtype == discriminator(images).dtype == "float32"
    assert generator.layers[1].compute_dtype == policy.removeprefix("mixed_")


def convolutions(network):
    kinds = (layers.Conv2D, layers.Conv2DTranspose)
    return [layer for layer in network.layers if isinstance(layer, kinds)]


def kinds(network):
    return [type(layer).__name__ for layer in network.layers]


def test_the_generator_follows_the_guidelines():
    generator = networks.dcgan_generator((32, 32, 3), latent_dim=5, filters=4)
    grow = ["Conv2DTranspose", "BatchNormalization", "ReLU"]
    project = ["Dense", "Reshape", "BatchNormalization", "ReLU"]
    assert kinds(generator) == [
        "InputLayer", *project, *grow, *grow, "Conv2DTranspose", "Activation"
    ]  # fmt: skip
    assert generator.layers[-1].activation is keras.activations.tanh
    assert [c.filters for c in convolutions(generator)] == [8, 4, 3]
    assert [c.strides for c in convolutions(generator)] == [(2, 2)] * 3
    assert generator.get_layer("reshape").output.shape == (None, 4, 4, 16)


def test_the_discriminator_follows_the_guidelines():
    discriminator = networks.dcgan_discriminator((32, 32, 3), filters=4)
    shrink = ["Conv2D", "BatchNormalization", "LeakyReLU"]
    assert kinds(discriminator) == [
        "InputLayer", "Conv2D", "LeakyReLU", *shrink, *shrink, "Flatten", "Dense"
    ]  # fmt: skip
    assert [c.filters for c in convolutions(discriminator)] == [4, 8, 16]
    assert [c.strides for c in convolutions(discriminator)] == [(2, 2)] * 3
    assert all(
        abs(layer.negative_slope - 0.2) < 1e-6
        for layer in discriminator.layers
        if isinstance(layer, LeakyReLU)
    )
    assert discriminator.layers[-1].activation is keras.activations.linear


def test_channels_stop_doubling_at_max_filters():
    networks_ = [
        networks.dcgan_generator((64, 64, 3), filters=4, max_filters=8),
        networks.dcgan_discriminator((64, 64, 3), filters=4, max_filters=8),
    ]
    assert [c.filters for c in convolutions(networks_[0])] == [8, 8, 4, 3]
    assert [c.filters for c in convolutions(networks_[1])] == [4, 8, 8, 8]


def test_weights_start_from_narrow_gaussians():
    for network in (
        networks.dcgan_generator((16, 16, 1), latent_dim=64, filters=16),
        networks.dcgan_discriminator((16, 16, 1), filters=16),
    ):
        for layer in network.layers:
            if isinstance(layer, (layers.Dense, layers.Conv2D, layers.Conv2DTranspose)):
                initializer = layer.kernel_initializer
                assert type(initializer) is keras.initializers.RandomNormal
                assert (initializer.mean, initializer.stddev) == (0, 0.02)
                if layer.kernel.shape.num_elements() > 10_000:
                    np.testing.assert_allclose(np.std(layer.kernel), 0.02, rtol=0.05)


@pytest.mark.parametrize("name", ["layer", "instance", None])
def test_without_batch_normalization_samples_keep_to_themselves(name):
    generator = networks.dcgan_generator((8, 8, 1), latent_dim=3, normalization=name, **SMALL)
    discriminator = networks.dcgan_discriminator((8, 8, 1), normalization=name, **SMALL)
    latents = np.random.default_rng(0).normal(size=(4, 3)).astype("float32")
    images = generator(latents, training=True)
    logits = discriminator(100 * images, training=True)
    np.testing.assert_allclose(generator(latents[:1], training=True), images[:1], atol=1e-6)
    np.testing.assert_allclose(
        discriminator(100 * images[:1], training=True), logits[:1], atol=1e-6
    )
    assert "BatchNormalization" not in kinds(generator) + kinds(discriminator)


def test_with_batch_normalization_they_do_so_in_evaluation_only():
    generator = networks.dcgan_generator((8, 8, 1), latent_dim=3, **SMALL)
    latents = np.random.default_rng(0).normal(size=(4, 3)).astype("float32")
    alone, together = (generator(z, training=True)[0] for z in (latents[:2], latents))
    assert np.abs(alone - together).max() > 1e-4
    alone, together = (generator(z, training=False)[0] for z in (latents[:2], latents))
    np.testing.assert_allclose(alone, together, atol=1e-6)


@pytest.mark.parametrize("name", ["batch", "layer", "instance", None])
def test_biases_only_where_no_normalization_follows(name):
    generator = networks.dcgan_generator((16, 16, 1), normalization=name, **SMALL)
    discriminator = networks.dcgan_discriminator((16, 16, 1), normalization=name, **SMALL)
    assert [c.use_bias for c in convolutions(generator)] == [name is None, True]
    assert [c.use_bias for c in convolutions(discriminator)] == [True, name is None]


@pytest.mark.parametrize("name", ["batch", "layer", "instance"])
def test_saved_and_loaded(tmp_path, name):
    for network, shape in (
        (networks.dcgan_generator((9, 8, 1), 3, normalization=name, **SMALL), (2, 3)),
        (networks.dcgan_discriminator((9, 8, 1), normalization=name, **SMALL), (2, 9, 8, 1)),
    ):
        network.save(tmp_path / "network.keras")
        again = keras.models.load_model(tmp_path / "network.keras")
        x = np.random.default_rng(0).normal(size=shape).astype("float32")
        np.testing.assert_array_equal(network(x), again(x))


@pytest.mark.parametrize("build", [networks.dcgan_generator, networks.dcgan_discriminator])
@pytest.mark.parametrize(
    "error, argument, value",
    [
        (ValueError, "image_shape", (8, 8)),
        (ValueError, "image_shape", (3, 8, 1)),
        (ValueError, "image_shape", (2407, 2407, 307)),
        (ValueError, "image_shape", (8, 8, 0)),
        (ValueError, "image_shape", (8, 8.5, 1)),
        (ValueError, "image_shape", 8),
        (ValueError, "image_shape", None),
        (ValueError, "filters", 0),
        (TypeError, "filters", 2.5),
        (ValueError, "max_filters", -1),
        (ValueError, "kernel_size", 4),
        (TypeError, "kernel_size", "5"),
        (ValueError, "normalization", "group"),
        (ValueError, "normalization", False),
    ],
)
def test_bad_arguments_are_named(build, error, argument, value):
    with pytest.raises(error, match=f"`{argument}` must be .*{argument}="):
        build(**{"image_shape": (8, 8, 1), argument: value})


@pytest.mark.parametrize("error, value", [(ValueError, 0), (TypeError, 1.5), (TypeError, True)])
def test_bad_latent_dims_are_named(error, value):
    with pytest.raises(error, match=f"`latent_dim` must be a positive integer.*={value}"):
        networks.dcgan_generator((8, 8, 1), latent_dim=value)
