"""Multi-layer perceptrons of any example shape."""

import keras
import numpy as np
import pytest

from keras_gans import networks

pytestmark = pytest.mark.first_cases


@pytest.mark.parametrize(
    "shape, example", [(3, (3,)), ((2,), (2,)), ([5, 4], (5, 4)), ((8, 6, 3), (8, 6, 3))]
)
def test_any_example_shape(shape, example):
    generator = networks.mlp_generator(shape, latent_dim=4, hidden_units=(8, 8))
    discriminator = networks.mlp_discriminator(shape, hidden_units=(8, 8))
    assert generator.input_shape == (None, 4)
    assert generator.output_shape == discriminator.input_shape == (None, *example)
    examples = generator(np.random.default_rng(0).normal(size=(3, 4)))
    assert examples.shape == (3, *example)
    assert discriminator(examples).shape == (3, 1)


def test_images_are_in_range_and_other_examples_are_not_squashed():
    latents = 1000 * np.random.default_rng(0).normal(size=(64, 4))
    images = networks.mlp_generator((4, 4, 1), 4, (8,))(latents)
    points = networks.mlp_generator((2,), 4, (8,))(latents)
    assert 0.9 < np.abs(images).max() <= 1
    assert np.abs(points).max() > 10


def test_the_output_activation_can_be_chosen():
    network = networks.mlp_generator((2,), 4, (8,), output_activation="sigmoid")
    assert network.layers[-1].activation is keras.activations.sigmoid
    network = networks.mlp_generator((4, 4, 1), 4, (8,), output_activation=None)
    assert network.layers[-1].activation is keras.activations.linear


def test_hidden_layers_are_as_asked():
    def units(network):
        return [layer.units for layer in network.layers if hasattr(layer, "units")]

    assert units(networks.mlp_generator((2,))) == [512, 512, 512, 2]
    assert units(networks.mlp_discriminator((2,), hidden_units=[7, 9])) == [7, 9, 1]
    assert units(networks.mlp_discriminator((2,), hidden_units=7)) == [7, 1]
    assert units(networks.mlp_generator(np.int64(2), hidden_units=(np.int64(7),))) == [7, 2]


def kinds(network):
    return [type(layer).__name__ for layer in network.layers[1:]]


def test_normalization_is_everywhere_but_at_the_ends():
    generator = networks.mlp_generator((2,), 4, (8, 8), normalization="batch")
    hidden = ["Dense", "BatchNormalization", "ReLU"]
    assert kinds(generator) == [*hidden, *hidden, "Dense", "Reshape", "Activation"]
    discriminator = networks.mlp_discriminator((2,), (8, 8), normalization="layer")
    hidden = ["Dense", "LayerNormalization", "LeakyReLU"]
    assert kinds(discriminator) == ["Flatten", "Dense", "LeakyReLU", *hidden, "Dense"]


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_outputs_are_float32_under_mixed_precision(policy):
    keras.config.set_dtype_policy(policy)
    generator = networks.mlp_generator((2,), 4, (8,))
    discriminator = networks.mlp_discriminator((2,), (8,))
    points = generator(np.ones((3, 4)))
    assert points.dtype == discriminator(points).dtype == "float32"
    assert generator.layers[1].compute_dtype == policy.removeprefix("mixed_")


def test_saved_and_loaded(tmp_path):
    for network, shape in (
        (networks.mlp_generator((4, 4, 1), 3, (8,), normalization="batch"), (2, 3)),
        (networks.mlp_discriminator((4, 4, 1), (8, 8), normalization="layer"), (2, 4, 4, 1)),
    ):
        network.save(tmp_path / "network.keras")
        again = keras.models.load_model(tmp_path / "network.keras")
        x = np.random.default_rng(0).normal(size=shape).astype("float32")
        np.testing.assert_array_equal(network(x), again(x))


@pytest.mark.parametrize(
    "build, shape_argument",
    [(networks.mlp_generator, "output_shape"), (networks.mlp_discriminator, "input_shape")],
)
@pytest.mark.parametrize(
    "error, argument, value",
    [
        (ValueError, "shape", ()),
        (ValueError, "shape", (2, 0)),
        (TypeError, "shape", 2.5),
        (TypeError, "shape", (2, None)),
        (ValueError, "hidden_units", (8, -1)),
        (TypeError, "hidden_units", 8.5),
        (TypeError, "hidden_units", ("8",)),
        (ValueError, "normalization", "group"),
        (ValueError, "normalization", "instance"),
    ],
)
def test_bad_arguments_are_named(build, shape_argument, error, argument, value):
    argument = shape_argument if argument == "shape" else argument
    with pytest.raises(error, match=f"`{argument}` must .*{argument}="):
        build(**{shape_argument: (2,), "hidden_units": (8, 8), argument: value})
