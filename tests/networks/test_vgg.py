import keras
import numpy as np
import pytest

import keras_gans as kg

IMAGES = np.random.default_rng(0).uniform(-1, 1, (2, 32, 48, 3)).astype("float32")


@pytest.mark.parametrize("channels", [1, 3])
def test_features_are_those_of_keras_applications(channels):
    """Which has a preprocessing of its own."""
    images = IMAGES[..., :channels]
    features = kg.networks.vgg19_features(channels, "block3_conv4", weights=None)
    vgg = features.get_layer("vgg19")
    pixels = np.broadcast_to((images + 1) * 127.5, IMAGES.shape)
    expected = vgg(keras.applications.vgg19.preprocess_input(pixels.copy())) / 12.75
    np.testing.assert_allclose(features(images), expected, rtol=1e-4, atol=1e-4)


def test_the_last_layer_is_after_its_rectifier():
    features = kg.networks.vgg19_features(weights=None)
    assert features.output_shape == (None, None, None, 512)
    assert features(IMAGES).shape == (2, 2, 3, 512)
    assert float(keras.ops.min(features(IMAGES))) >= 0
    assert not features.trainable_weights


def test_it_saves_and_loads(tmp_path):
    features = kg.networks.vgg19_features(layer="block1_conv2", weights=None)
    features.save(tmp_path / "features.keras")
    again = keras.models.load_model(tmp_path / "features.keras")
    np.testing.assert_array_equal(again(IMAGES), features(IMAGES))


def test_weights_that_are_not_there_are_told_how_to_get():
    with pytest.raises(RuntimeError, match="VGG19 weights must be downloaded once"):
        kg.networks.vgg19_features(weights="no/such/file")


@pytest.mark.parametrize(
    "arguments", [{"channels": 2}, {"layer": "block1_pool"}, {"scale": 0.0}, {"layer": None}]
)
def test_arguments_are_checked(arguments):
    with pytest.raises((TypeError, ValueError), match=f"`{next(iter(arguments))}`"):
        kg.networks.vgg19_features(**{"weights": None, **arguments})
