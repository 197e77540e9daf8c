"""The networks of LAPGAN: sizes as published, shapes of any image, and what they compute."""

import keras
import numpy as np
import pytest

from keras_gans.networks import lapgan_discriminators, lapgan_generators

SMALL = {"filters": 2, "hidden_units": (4,)}


def drawn(network, num=3, seed=0):
    """Inputs of a network: uniform floats, and labels 0, 1, …."""
    rng = np.random.default_rng(seed)
    inputs = [
        np.arange(num) if x.dtype == "int32" else rng.uniform(-1, 1, (num, *x.shape[1:]))
        for x in network.inputs
    ]
    return inputs if len(inputs) > 1 else inputs[0]


def test_sizes_are_those_of_the_authors_code():
    _, generator = lapgan_generators((32, 32, 3), levels=2)
    assert generator.count_params() == 49 * 4 * 64 + 64 + 49 * 64 * 64 + 64 + 25 * 64 * 3 + 3
    assert round(generator.count_params(), -3) == 218_000
    for side, size in ((32, 117_000), (28, 114_000)):
        _, discriminator = lapgan_discriminators((side, side, 3), levels=2)
        assert round(discriminator.count_params(), -3) == size


@pytest.mark.parametrize("num_classes", [None, 3])
@pytest.mark.parametrize(
    ("shape", "sides"),
    [
        ((28, 28, 1), [(7, 7), (14, 14), (28, 28)]),
        ((9, 14, 3), [(3, 4), (5, 7), (9, 14)]),
        ((4, 5, 2), [(1, 2), (2, 3), (4, 5)]),
    ],
)
def test_any_image_shape(shape, sides, num_classes):
    generators = lapgan_generators(shape, 6, 3, num_classes=num_classes, **SMALL)
    discriminators = lapgan_discriminators(shape, 3, num_classes=num_classes, **SMALL)
    labels = [] if num_classes is None else [(None,)]
    for k, side in enumerate(sides):
        images, noise = (None, *side, shape[2]), (None, *side, 1)
        expected = [(None, 6), *labels] if k == 0 else [noise, images, *labels]
        assert [x.shape for x in generators[k].inputs] == expected
        assert generators[k].output_shape == images
        expected = [images, *labels] if k == 0 else [images, images, *labels]
        assert [x.shape for x in discriminators[k].inputs] == expected
        assert generators[k](drawn(generators[k])).shape == (3, *images[1:])
        assert discriminators[k](drawn(discriminators[k])).shape == (3, 1)


def test_one_level_is_a_generator_and_a_discriminator():
    (generator,), (discriminator,) = (
        build((4, 4, 1), levels=1, **SMALL) for build in (lapgan_generators, lapgan_discriminators)
    )
    assert generator.output_shape == discriminator.input_shape == (None, 4, 4, 1)


def test_a_finer_discriminator_sees_the_sum_alone():
    _, discriminator = lapgan_discriminators((10, 9, 2), levels=2, **SMALL)
    band, low = drawn(discriminator)
    expected = discriminator([band + low, np.zeros_like(low)])
    np.testing.assert_allclose(discriminator([band, low]), expected, atol=1e-5)
    assert np.abs(discriminator([band, 2 * low]) - expected).max() > 1e-3


def test_all_that_a_finer_generator_takes_counts():
    _, generator = lapgan_generators((8, 8, 1), levels=2, num_classes=3, **SMALL)
    inputs = drawn(generator)
    made = np.array(generator(inputs))
    assert np.abs(made).max() > 0
    for k, changed in enumerate([inputs[0] + 1, inputs[1] + 1, (inputs[2] + 1) % 3]):
        others = [changed if i == k else x for i, x in enumerate(inputs)]
        assert np.abs(generator(others) - made).max() > 1e-6


def test_a_class_is_a_channel_of_a_number_a_pixel():
    """Against NumPy in float64: convolution by convolution, the rectified row of the class."""
    _, network = lapgan_discriminators((4, 5, 1), levels=2, num_classes=2, filters=1)
    (table,) = (x for x in network.layers if isinstance(x, keras.layers.Embedding))
    (first, _) = (x for x in network.layers if isinstance(x, keras.layers.Conv2D))
    assert table.embeddings.shape == (2, 20)
    band, low, labels = drawn(network, num=2)
    channel = np.maximum(np.array(table.embeddings, "float64"), 0).reshape(2, 4, 5, 1)[labels]
    images = np.concatenate([band + low, channel], axis=-1)
    padded = np.pad(images, ((0, 0), (2, 2), (2, 2), (0, 0)))
    kernel = np.array(first.kernel, "float64")
    expected = [
        [np.sum(padded[:, i : i + 5, j : j + 5, :, None] * kernel, (1, 2, 3)) for j in range(5)]
        for i in range(4)
    ]
    expected = np.maximum(np.transpose(expected, (2, 0, 1, 3)), 0)
    until = keras.Model(network.inputs, first.output)
    np.testing.assert_allclose(until([band, low, labels]), expected, atol=1e-5)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"image_shape": (8, 8)}, "`image_shape`"),
        ({"levels": 0}, "`levels` must be a positive integer"),
        ({"levels": 5}, "`levels` must be so few"),
        ({"filters": 0}, "`filters` must be a positive integer"),
        ({"hidden_units": (0,)}, "`hidden_units` must be a positive integer"),
        ({"num_classes": 0}, "`num_classes` must be a positive integer"),
    ],
)
@pytest.mark.parametrize("build", [lapgan_generators, lapgan_discriminators])
def test_others_are_refused(build, arguments, message):
    with pytest.raises(ValueError, match=message):
        build(**{"image_shape": (8, 8, 1), **arguments})


def test_dropout_is_the_share_that_is_asked_for():
    for rate in (0.0, 0.25):
        for network in lapgan_discriminators((8, 8, 1), levels=2, dropout=rate, **SMALL):
            found = [x.rate for x in network.layers if isinstance(x, keras.layers.Dropout)]
            assert found == [rate] * len(found) and found
    with pytest.raises(ValueError, match=r"`dropout` must be .*\[0, 1\)"):
        lapgan_discriminators((8, 8, 1), dropout=1.0)
