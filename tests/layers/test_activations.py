"""LeakyReLU: Keras's, with a second derivative that is known to be zero."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_gans import penalties
from keras_gans.layers import LeakyReLU
from tests.shared import LayerTests


class TestLeakyReLU(LayerTests):
    inputs = np.random.default_rng(0).normal(size=(4, 5, 3)).astype("float32")

    def make_layer(self):
        return LeakyReLU(0.3)


X = np.array([[-3.0, -1.0, -1e-6, -0.0, 0.0, 1e-6, 1.0, 3.0]], "float32")


def derivatives(layer):
    x = tf.constant(X)
    with tf.GradientTape() as outer, tf.GradientTape() as inner:
        outer.watch(x)
        inner.watch(x)
        y = layer(x)
        first = inner.gradient(y, x)
    return y.numpy(), first.numpy(), outer.gradient(first, x)


@pytest.mark.parametrize("slope", [0.0, 0.2, 1.0])
def test_equals_keras_in_value_and_gradient(slope):
    y, first, second = derivatives(LeakyReLU(slope))
    expected_y, expected_first, _ = derivatives(keras.layers.LeakyReLU(negative_slope=slope))
    np.testing.assert_array_equal(y, expected_y)
    np.testing.assert_array_equal(first, expected_first)
    assert second is None


def test_gradient_penalties_have_the_same_gradients_as_with_keras():
    gradients = []
    rng = np.random.default_rng(0)
    real, fake = rng.normal(size=(2, 16, 3)).astype("float32")
    for layer in (LeakyReLU(0.2), keras.layers.LeakyReLU(0.2)):
        keras.utils.set_random_seed(0)
        critic = keras.Sequential(
            [keras.Input((3,)), keras.layers.Dense(8), layer, keras.layers.Dense(1)]
        )
        with tf.GradientTape() as tape:
            loss = penalties.gradient_penalty(critic, real, fake, alpha=np.linspace(0, 1, 16))
        gradients.append(tape.gradient(loss, [critic.layers[0].kernel, critic.layers[2].kernel]))
    for ours, theirs in zip(*gradients, strict=True):
        assert np.abs(ours).max() > 1e-3
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-6)


def test_the_slope_is_the_papers_unless_given():
    assert LeakyReLU().negative_slope == np.float32(0.2)
    np.testing.assert_allclose(LeakyReLU()(np.float32([-1])), [-0.2])


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16", "float64"])
def test_keeps_the_compute_dtype(policy):
    layer = LeakyReLU(0.25, dtype=policy)
    y = layer(X)
    assert keras.backend.standardize_dtype(y.dtype) == layer.compute_dtype
    np.testing.assert_allclose(
        tf.cast(y, "float32"), np.where(X > 0, X, X / 4), rtol=1e-2, atol=1e-6
    )


def test_config_round_trip():
    again = keras.saving.deserialize_keras_object(
        keras.saving.serialize_keras_object(LeakyReLU(0.3, name="leaky"))
    )
    assert type(again) is LeakyReLU
    assert again.name == "leaky"
    np.testing.assert_allclose(again(np.float32([-1])), [-0.3], rtol=1e-6)


def test_negative_slopes_are_refused():
    with pytest.raises(ValueError, match="negative_slope"):
        LeakyReLU(-0.1)
