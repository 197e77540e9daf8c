"""R3GAN's networks: the published sizes, the definition in NumPy float64, and the start."""

import keras
import numpy as np
import pytest
import scipy.signal

import keras_gans as kg
from keras_gans.layers import BlurDownsample2D, BlurUpsample2D, GroupedConv2D
from keras_gans.networks import r3gan_discriminator, r3gan_generator

pytestmark = pytest.mark.first_cases

RANDOM = np.random.default_rng(0)
SHAPES = [(4, 4, 1), (7, 7, 2), (8, 8, 1), (9, 31, 2), (28, 28, 1), (15, 22, 3)]
SMALL = {"filters": 2, "max_filters": 4}


def of_shape(shape, num_classes=None, **arguments):
    arguments = {**SMALL, "num_classes": num_classes, **arguments}
    return r3gan_generator(shape, 5, **arguments), r3gan_discriminator(shape, **arguments)


def randomized(network):
    """All weights, those of last layers too, drawn at random."""
    network.set_weights([RANDOM.normal(size=w.shape) / 3 for w in network.weights])
    return network


@pytest.mark.parametrize("num_classes", [None, 3])
@pytest.mark.parametrize("shape", SHAPES)
def test_any_image_shape(shape, num_classes):
    labels = [] if num_classes is None else [np.arange(4) % 3]
    latents = RANDOM.normal(size=(4, 5)).astype("float32")
    images = RANDOM.uniform(-1, 1, (4, *shape)).astype("float32")
    for network, x in zip(of_shape(shape, num_classes), (latents, images), strict=True):
        outputs = network([x, *labels] if labels else x)
        assert outputs.shape == ((4, *shape) if x is latents else (4, 1))
        assert outputs.dtype == "float32"
        assert np.ptp(outputs) > 0


@pytest.mark.parametrize(
    ("side", "filters", "num_classes", "sizes"),
    [
        (32, 768, 10, (20.78e6, 21.28e6)),
        (32, 768, None, (20.73e6, 20.68e6)),
        (64, 384, None, (22.43e6, 22.38e6)),
        (256, 96, None, (23.06e6, 23.01e6)),
    ],
)
def test_sizes_are_the_papers(side, filters, num_classes, sizes):
    """CIFAR-10 with and without labels, FFHQ of 64 and of 256 pixels (table 1)."""
    shape, classes = (side, side, 3), {"num_classes": num_classes}
    with keras.StatelessScope():  # shapes alone: no number is drawn
        networks = (
            r3gan_generator(shape, filters=filters, **classes),
            r3gan_discriminator(shape, filters=filters, **classes),
        )
    for network, size in zip(networks, sizes, strict=True):
        assert network.count_params() == pytest.approx(size, abs=5e3)
        grouped = [layer for layer in network.layers if isinstance(layer, GroupedConv2D)]
        assert all(layer.kernel.shape[2] == 16 for layer in grouped)
        assert {layer.groups for layer in grouped} == {
            width // 8 for width in (768, 384, 192, 96) if width >= filters
        }


def convolved(x, kernel, groups=1):
    """A convolution by SciPy, with zeros beyond the edges."""
    *_, channels, filters = kernel.shape
    outputs = np.zeros((*x.shape[:3], filters))
    for f in range(filters):
        first = f // (filters // groups) * channels
        for c in range(channels):
            plane = kernel[::-1, ::-1, c, f][None]
            outputs[..., f] += scipy.signal.convolve(x[..., first + c], plane, mode="same")
    return outputs


def leaky(x):
    return np.where(x > 0, x, 0.2 * x)


def block(x, weights):
    first, bias, second, other_bias, last = (next(weights) for _ in range(5))
    inside = leaky(convolved(x, first) + bias)
    inside = leaky(convolved(inside, second, first.shape[-1] // second.shape[2]) + other_bias)
    return x + convolved(inside, last)


def float64(layer, x):
    return np.array(layer(dtype="float64")(x))


@pytest.fixture
def in_float64():
    before = keras.config.floatx()
    keras.config.set_floatx("float64")
    yield
    keras.config.set_floatx(before)


@pytest.mark.parametrize("num_classes", [None, 3])
def test_the_generator_is_its_definition(num_classes, in_float64):
    generator = randomized(
        r3gan_generator((7, 8, 3), 5, 2, 4, 2, group_size=2, num_classes=num_classes)
    )
    by_name = {w.path: w.numpy() for w in generator.weights}
    weights = iter(
        w for path, w in by_name.items() if "embedding" not in path and "constant" not in path
    )
    (constant,) = (w for path, w in by_name.items() if "constant" in path)
    z, y = RANDOM.normal(size=(3, 5)), np.array([0, 2, 1])
    found = generator(z if num_classes is None else [z, y])
    if num_classes:
        (vectors,) = (w for path, w in by_name.items() if "embedding" in path)
        z = np.concatenate([z, vectors[y]], axis=1)
    x = (z @ next(weights))[:, None, None] * constant
    x = block(block(x, weights), weights)
    x = float64(BlurUpsample2D, convolved(x, next(weights)))[:, :7, :8]
    x = block(block(x, weights), weights)
    np.testing.assert_allclose(found, convolved(x, next(weights)), rtol=1e-5, atol=1e-5)
    assert next(weights, None) is None


@pytest.mark.parametrize("num_classes", [None, 3])
def test_the_discriminator_is_its_definition(num_classes, in_float64):
    discriminator = randomized(
        r3gan_discriminator((7, 8, 3), 2, 4, 2, group_size=2, num_classes=num_classes)
    )
    weights = iter([w.numpy() for w in discriminator.weights])
    images, y = RANDOM.normal(size=(3, 7, 8, 3)), np.array([0, 2, 1])
    found = discriminator(images if num_classes is None else [images, y])
    x = convolved(images, next(weights))
    x = block(block(x, weights), weights)
    x = convolved(float64(BlurDownsample2D, x), next(weights))
    x = block(block(x, weights), weights)
    features = np.sum(x * next(weights)[..., 0], axis=(1, 2)) @ next(weights)
    if num_classes:
        features = np.sum(features * next(weights)[y], axis=1, keepdims=True)
    np.testing.assert_allclose(found, features, rtol=1e-5, atol=1e-5)
    assert next(weights, None) is None


def test_the_output_activation_bounds_images():
    sizes = {"filters": 4, "max_filters": 8}
    linear = r3gan_generator((8, 8, 1), 4, **sizes)
    bounded = r3gan_generator((8, 8, 1), 4, output_activation="tanh", **sizes)
    bounded.set_weights(linear.get_weights())
    latents = 10 * np.random.default_rng(0).normal(size=(16, 4))
    images = linear(latents)
    assert np.abs(images).max() > 1
    np.testing.assert_allclose(bounded(latents), np.tanh(images), rtol=1e-6)


def test_it_starts_by_fix_up():
    """Standard deviations √(2/1.04) · 6^-¼ / √fan-in in blocks, 1/√fan-in elsewhere, last 0."""
    generator = r3gan_generator((16, 16, 3), 64, 64, 128)
    discriminator = r3gan_discriminator((16, 16, 3), 64, 128, num_classes=10)
    gain = (2 / 1.04) ** 0.5 * 6**-0.25
    for network in (generator, discriminator):
        convolutions = [x for x in network.layers if isinstance(x, keras.layers.Conv2D)]
        for layer in convolutions:
            fan_in = np.prod(layer.kernel.shape[:3])
            is_grouped, is_first = layer.kernel.shape[0] == 3, layer.use_bias
            std = np.std(layer.kernel)
            if is_grouped or is_first:
                assert std == pytest.approx(gain / fan_in**0.5, rel=0.05)
                assert not layer.bias.numpy().any()
            elif std:
                assert std == pytest.approx(fan_in**-0.5, rel=0.1)
        assert sum(not layer.kernel.numpy().any() for layer in convolutions) == 6
    dense, depthwise, projection = (
        next(x for x in discriminator.layers if isinstance(x, kind))
        for kind in (keras.layers.Dense, keras.layers.DepthwiseConv2D, kg.layers.LabelProjection)
    )
    assert np.std(dense.kernel) == pytest.approx(128**-0.5, rel=0.05)
    assert np.std(depthwise.kernel) == pytest.approx(1 / 4, rel=0.1)
    assert np.std(projection.embeddings) == pytest.approx(1280**-0.5, rel=0.1)
    scales = next(x for x in generator.layers if isinstance(x, keras.layers.Dense))
    assert np.std(scales.kernel) == pytest.approx(1 / 8, rel=0.05)


@pytest.mark.parametrize(
    ("filters", "group_size", "groups", "channels"),
    [(8, 16, 1, 16), (16, 16, 2, 16), (12, 16, 2, 12), (2, 16, 1, 4), (8, 1, 16, 1)],
)
def test_groups_have_as_many_channels_as_divide(filters, group_size, groups, channels):
    network = r3gan_discriminator((4, 4, 1), filters, filters, group_size=group_size)
    for layer in network.layers:
        if isinstance(layer, GroupedConv2D):
            assert (layer.groups, layer.kernel.shape[2]) == (groups, channels)


@pytest.mark.parametrize(
    "argument", [{"filters": 0}, {"max_filters": 0}, {"num_blocks": 0}, {"group_size": 0}]
)
def test_sizes_must_be_positive(argument):
    for build in (r3gan_generator, r3gan_discriminator):
        with pytest.raises(ValueError, match=f"`{next(iter(argument))}` must be a positive"):
            build((8, 8, 1), **argument)
