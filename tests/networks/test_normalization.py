"""What each normalization computes."""

import keras
import numpy as np
import pytest

from keras_gans import networks
from keras_gans.networks.normalization import normalize

#: Wide enough that the layers' epsilon does not show.
IMAGES = np.random.default_rng(0).normal(5, 100, (6, 4, 3, 2)).astype("float32")
IMAGES *= np.arange(1, 7).reshape(6, 1, 1, 1) * np.array([1, 3])
FEATURES = IMAGES[:, 0, 0]


def normalized(name, x):
    inputs = keras.Input(x.shape[1:])
    return keras.Model(inputs, normalize(name, inputs))(x, training=True)


@pytest.mark.parametrize(
    "name, x, axes",
    [
        ("batch", IMAGES, (0, 1, 2)),
        ("layer", IMAGES, (1, 2, 3)),
        ("instance", IMAGES, (1, 2)),
        ("batch", FEATURES, (0,)),
        ("layer", FEATURES, (1,)),
    ],
)
def test_mean_and_variance_are_over_the_right_axes(name, x, axes):
    mean = x.mean(axes, keepdims=True)
    expected = (x - mean) / x.std(axes, keepdims=True)
    np.testing.assert_allclose(normalized(name, x), expected, atol=1e-3)


@pytest.mark.parametrize("name", ["batch", "layer", "instance"])
def test_small_variances_are_normalized_with_the_epsilon_of_the_papers_code(name):
    x = 0.01 * np.random.default_rng(1).normal(size=(8, 4, 4, 3)).astype("float32")
    axes = {"batch": (0, 1, 2), "layer": (1, 2, 3), "instance": (1, 2)}[name]
    variance = x.var(axes, keepdims=True)
    expected = (x - x.mean(axes, keepdims=True)) / np.sqrt(variance + 1e-5)
    np.testing.assert_allclose(normalized(name, x), expected, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize(
    "network",
    [
        networks.dcgan_discriminator((28, 28, 1), filters=8),
        networks.dcgan_generator((28, 28, 1), 16, filters=8),
        networks.resnet_discriminator((16, 16, 1), filters=8, normalization="layer"),
        networks.resnet_generator((16, 16, 1), 16, filters=8, num_classes=3),
        networks.mlp_generator((2,), 4, (8,), normalization="batch"),
        networks.mlp_discriminator((2,), (8, 8), normalization="layer"),
        networks.translation_generator((16, 16, 1), filters=4, num_blocks=1),
        networks.patch_discriminator((64, 64, 1), filters=4),
        networks.style_generator((8, 8, 1), code_dim=4, filters=4),
    ],
    ids=lambda network: network.name,
)
def test_every_network_adds_the_epsilon_of_the_papers_code(network):
    epsilons = {x.epsilon for x in network._flatten_layers() if hasattr(x, "epsilon")}
    assert epsilons == {1e-5}


def test_the_discriminators_first_normalization_normalizes_images_of_low_contrast():
    network = networks.dcgan_discriminator((28, 28, 1), filters=32)
    (first, *_) = (x for x in network.layers if isinstance(x, keras.layers.BatchNormalization))
    images = np.random.default_rng(0).choice([-1.0, -0.5], (64, 28, 28, 1))
    before = np.std(keras.Model(network.input, first.input)(images, training=True))
    after = np.std(keras.Model(network.input, first.output)(images, training=True))
    assert before < 0.1 and after > 0.9


def test_none_leaves_the_tensor_alone():
    x = keras.Input((4,))
    assert normalize(None, x) is x


def test_instance_needs_positions():
    with pytest.raises(ValueError, match="`normalization` must not be 'instance'"):
        normalize("instance", keras.Input((4,)))


def test_batch_statistics_are_shared_by_replicas(two_replicas):
    with two_replicas.scope():
        inputs = keras.Input((2,))
        model = keras.Model(inputs, normalize("batch", inputs))
    model.compile("sgd", "mse")
    model.fit(FEATURES, FEATURES, batch_size=6, verbose=0)
    expected = 0.1 * FEATURES.mean(0)  # one step from zero with momentum 0.9
    np.testing.assert_allclose(model.layers[1].moving_mean, expected, rtol=1e-4)
    expected = 0.9 + 0.1 * FEATURES.var(0)
    np.testing.assert_allclose(model.layers[1].moving_variance, expected, rtol=1e-4)
