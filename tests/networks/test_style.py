"""Style networks: any shape, two styles a side, and an encoder that mirrors the generator."""

import itertools

import keras
import numpy as np
import pytest

from keras_gans import networks
from keras_gans.layers import AdaptiveInstanceNormalization, InstanceStatistics

pytestmark = pytest.mark.first_cases

SHAPES = [(4, 4, 1), (8, 8, 1), (9, 31, 2), (17, 9, 1), (28, 28, 1), (30, 22, 3), (64, 64, 3)]
SMALL = {"filters": 2, "max_filters": 4}


@pytest.mark.parametrize("shape", SHAPES)
def test_any_image_shape(shape):
    generator = networks.style_generator(shape, code_dim=5, **SMALL)
    encoder = networks.style_encoder(shape, code_dim=5, **SMALL)
    assert generator.input_shape == encoder.output_shape == (None, 5)
    assert generator.output_shape == encoder.input_shape == (None, *shape)
    images = generator(10 * np.random.default_rng(0).normal(size=(2, 5)))
    assert images.shape == (2, *shape)
    assert np.abs(images).max() <= 1
    assert np.abs(images[0] - images[1]).max() > 0
    assert np.isfinite(encoder(images)).all()


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_outputs_are_float32_under_mixed_precision(policy):
    keras.config.set_dtype_policy(policy)
    generator = networks.style_generator((8, 8, 1), code_dim=3, **SMALL)
    encoder = networks.style_encoder((8, 8, 1), code_dim=3, **SMALL)
    images = generator(np.ones((2, 3)))
    assert images.dtype == encoder(images).dtype == "float32"
    assert encoder.layers[1].compute_dtype == policy.removeprefix("mixed_")


def of_kind(network, kind):
    return [layer for layer in network.layers if isinstance(layer, kind)]


@pytest.mark.parametrize(("side", "sides"), [(4, 2), (8, 2), (28, 3), (64, 5)])
def test_the_encoder_mirrors_the_generator(side, sides):
    generator = networks.style_generator((side, side, 1), 5, filters=2, max_filters=8)
    encoder = networks.style_encoder((side, side, 1), 5, filters=2, max_filters=8)
    synthesis = networks.synthesis(generator)
    assert synthesis.input_shape == (None, 2 * sides, 5)
    modulations = of_kind(synthesis, AdaptiveInstanceNormalization)
    written = [layer.style.units // 2 for layer in modulations]
    read = [layer.output.shape[-1] // 2 for layer in of_kind(encoder, InstanceStatistics)]
    widths = [min(2 * 2**i, 8) for i in range(sides)]
    assert written == [width for width in reversed(widths) for _ in range(2)]
    inwards = [w for pair in itertools.pairwise(widths) for w in pair]
    assert read == [*inwards, widths[-1]]


def test_the_code_is_the_sum_of_what_the_styles_say():
    """Linear maps of statistics: with their kernels at zero, only biases are left."""
    encoder = networks.style_encoder((8, 8, 1), 3, **SMALL)
    *_, total = encoder.layers
    parts = [layer for layer in encoder.layers if getattr(layer, "units", None) == 3]
    assert isinstance(total, keras.layers.Add)
    assert len(parts) == len(of_kind(encoder, InstanceStatistics)) + 1
    for i, part in enumerate(parts):
        part.kernel.assign(0 * part.kernel)
        part.bias.assign(np.full(3, 10.0**i))
    code = encoder(np.zeros((1, 8, 8, 1)))
    np.testing.assert_allclose(code, np.full((1, 3), sum(10.0**i for i in range(len(parts)))))


def test_the_generator_repeats_its_code_for_all_styles():
    generator = networks.style_generator((8, 8, 1), code_dim=5, **SMALL)
    synthesis = networks.synthesis(generator)
    codes = np.random.default_rng(0).normal(size=(3, 5)).astype("float32")
    repeated = np.repeat(codes[:, None], 4, axis=1)
    np.testing.assert_allclose(synthesis(repeated), generator(codes), atol=1e-6)


@pytest.mark.parametrize("style", range(4))
def test_every_style_counts(style):
    synthesis = networks.synthesis(networks.style_generator((8, 8, 1), code_dim=5, **SMALL))
    codes = np.random.default_rng(0).normal(size=(1, 4, 5)).astype("float32")
    other = codes.copy()
    other[:, style] += 1
    assert np.abs(synthesis(codes) - synthesis(other)).max() > 1e-4


def test_a_generator_without_styles_is_refused():
    with pytest.raises(ValueError, match=r"`generator` must have styles.*'generator'"):
        networks.synthesis(networks.mlp_generator((2,), 3, (8,)))


def test_saved_and_loaded(tmp_path):
    for network, shape in (
        (networks.style_generator((9, 8, 1), 3, **SMALL), (2, 3)),
        (networks.style_encoder((9, 8, 1), 3, **SMALL), (2, 9, 8, 1)),
    ):
        network.save(tmp_path / "network.keras")
        again = keras.models.load_model(tmp_path / "network.keras")
        x = np.random.default_rng(0).normal(size=shape).astype("float32")
        np.testing.assert_array_equal(network(x), again(x))


@pytest.mark.parametrize("build", [networks.style_generator, networks.style_encoder])
@pytest.mark.parametrize(
    "error, argument, value",
    [
        (ValueError, "image_shape", (8, 8)),
        (ValueError, "image_shape", (3, 8, 1)),
        (ValueError, "filters", 0),
        (TypeError, "filters", 2.5),
        (ValueError, "max_filters", -1),
        (ValueError, "code_dim", 0),
        (TypeError, "code_dim", "5"),
    ],
)
def test_bad_arguments_are_named(build, error, argument, value):
    with pytest.raises(error, match=f"`{argument}` must be .*{argument}="):
        build(**{"image_shape": (8, 8, 1), argument: value})
