"""SelfAttention2D: softmax-weighted sums over positions, by the paper's formulas."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_gans.layers import SelfAttention2D, SpectralNormalization
from tests.shared import LayerTests

pytestmark = pytest.mark.first_cases


class TestSelfAttention2D(LayerTests):
    inputs = np.random.default_rng(0).normal(size=(4, 4, 3, 8)).astype("float32")
    arguments = {}

    def make_layer(self):
        return SelfAttention2D(**self.arguments)

    def model(self):
        """Away from γ = 0, where the layer would be the identity."""
        model = super().model()
        model.layers[0].gamma.assign(0.7)
        return model


class TestPooled(TestSelfAttention2D):
    arguments = {"key_channels": 2, "value_channels": 3, "pool": True}


class TestSpectrallyNormalized(TestSelfAttention2D):
    arguments = {"spectral_normalization": True}


def attention(x, query, key, value, output, gamma, pool):
    """Loops over examples and positions."""
    batch, height, width, _ = x.shape
    outputs = x.copy()
    for n in range(batch):
        keys, values = x[n] @ key, x[n] @ value
        if pool:
            keys, values = pooled(keys), pooled(values)
        keys = keys.reshape(-1, keys.shape[-1])
        values = values.reshape(-1, values.shape[-1])
        for i in range(height):
            for j in range(width):
                weights = np.exp(keys @ (x[n, i, j] @ query))
                attended = (weights / weights.sum()) @ values
                outputs[n, i, j] += gamma * attended @ output
    return outputs


def pooled(x):
    """The largest of each 2×2 block; blocks at the border may be smaller."""
    height, width, channels = x.shape
    outputs = np.zeros(((height + 1) // 2, (width + 1) // 2, channels))
    for i, j in np.ndindex(outputs.shape[:2]):
        outputs[i, j] = x[2 * i : 2 * i + 2, 2 * j : 2 * j + 2].max(axis=(0, 1))
    return outputs


@pytest.mark.parametrize("pool", [False, True])
def test_equals_the_loops(pool):
    x = np.random.default_rng(0).normal(size=(2, 4, 5, 16))
    layer = SelfAttention2D(pool=pool, dtype="float64")
    layer.build(x.shape)
    layer.gamma.assign(0.7)
    convolutions = (layer.query, layer.key, layer.value, layer.output_convolution)
    kernels = [convolution.kernel.numpy() for convolution in convolutions]
    assert [k.shape for k in kernels] == [(16, 2), (16, 2), (16, 8), (8, 16)]
    outputs = layer(x)
    assert outputs.dtype == tf.float64
    np.testing.assert_allclose(outputs, attention(x, *kernels, 0.7, pool), rtol=1e-10, atol=1e-12)


def test_starts_as_the_identity_and_learns_from_there():
    x = tf.constant(np.random.default_rng(0).normal(size=(2, 4, 4, 8)).astype("float32"))
    layer = SelfAttention2D()
    with tf.GradientTape() as tape:
        outputs = layer(x)
        loss = tf.reduce_sum(outputs**2)
    np.testing.assert_array_equal(outputs, x)
    assert abs(tape.gradient(loss, layer.gamma.value)) > 1e-3


def test_its_convolutions_draw_weights_of_their_own():
    layer = SelfAttention2D(kernel_initializer=keras.initializers.GlorotUniform())
    layer.build((None, 4, 4, 16))
    assert not np.array_equal(layer.query.kernel, layer.key.kernel)


def test_spectral_normalization_is_of_all_convolutions():
    layer = SelfAttention2D(spectral_normalization=True)
    layer.build((None, 4, 4, 16))
    inner = layer._flatten_layers(recursive=False, include_self=False)
    assert [type(part) for part in inner] == [SpectralNormalization] * 4


def test_few_channels_run():
    layer = SelfAttention2D()
    assert layer(np.ones((2, 3, 3, 1), "float32")).shape == (2, 3, 3, 1)


def test_unknown_sides_run():
    inputs = keras.Input((None, None, 8))
    model = keras.Model(inputs, SelfAttention2D(pool=True)(inputs))
    assert model.output_shape == (None, None, None, 8)
    assert model(np.zeros((2, 3, 5, 8))).shape == (2, 3, 5, 8)


@pytest.mark.parametrize("name", ["key_channels", "value_channels"])
def test_channels_must_be_positive(name):
    with pytest.raises(ValueError, match=f"`{name}` must be a positive integer.*{name}=0"):
        SelfAttention2D(**{name: 0})


def test_vectors_are_refused():
    with pytest.raises(ValueError, match="expected ndim=4"):
        SelfAttention2D()(np.ones((2, 8), "float32"))


def test_its_power_iterations_are_those_of_its_convolutions():
    layer = SelfAttention2D(spectral_normalization=True, power_iterations=3)
    layer.build((None, 4, 4, 8))
    for convolution in (layer.query, layer.key, layer.value, layer.output_convolution):
        assert convolution.power_iterations == 3
