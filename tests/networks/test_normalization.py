"""What each normalisation computes."""

import keras
import numpy as np
import pytest

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
