"""SpectralNormalization: exact, pure, and differentiated through σ."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_gans as kg
from keras_gans.layers import LabelProjection, SpectralNormalization, UpsampleConv2D
from keras_gans.layers.spectral_normalization import spectral_norm
from tests.shared import LayerTests


class TestDense(LayerTests):
    inputs = np.random.default_rng(0).normal(size=(4, 5)).astype("float32")

    def make_layer(self):
        return SpectralNormalization(keras.layers.Dense(3, activation="tanh"), epsilon=1e-3)


class TestConv2D(LayerTests):
    inputs = np.random.default_rng(0).normal(size=(4, 6, 5, 2)).astype("float32")

    def make_layer(self):
        return SpectralNormalization(keras.layers.Conv2D(3, 3, strides=2, padding="same"))


class TestConv2DTranspose(LayerTests):
    inputs = np.random.default_rng(0).normal(size=(4, 3, 3, 2)).astype("float32")

    def make_layer(self):
        return SpectralNormalization(keras.layers.Conv2DTranspose(3, 4, strides=2, padding="same"))


def dense_with(matrix):
    layer = SpectralNormalization(keras.layers.Dense(matrix.shape[1], dtype=matrix.dtype.name))
    layer.build((None, matrix.shape[0]))
    layer.layer.kernel.assign(matrix)
    return layer


LAYERS = [
    (keras.layers.Dense(3), (2, 5)),
    (keras.layers.Dense(7), (2, 5)),
    (keras.layers.Conv1D(4, 3), (2, 6, 5)),
    (keras.layers.Conv2D(4, 3), (2, 6, 6, 2)),
    (keras.layers.Conv2DTranspose(4, 3), (2, 6, 6, 2)),
    (keras.layers.Conv1DTranspose(2, 3), (2, 6, 8)),
    (UpsampleConv2D(4, 3), (2, 6, 6, 2)),
]


@pytest.mark.parametrize("layer, shape", LAYERS)
def test_is_the_layer_with_its_kernel_divided_by_the_largest_singular_value(layer, shape):
    config = {**layer.get_config(), "dtype": "float64", "bias_initializer": "normal"}
    plain = type(layer).from_config(config)
    plain.build(shape)
    wrapped = SpectralNormalization(type(layer).from_config(config))
    wrapped.build(shape)
    wrapped.layer.set_weights(plain.get_weights())
    x = np.random.default_rng(0).normal(size=shape)
    outputs = wrapped(x)

    kernel = plain.kernel.numpy()
    transposed = "Transpose" in type(layer).__name__
    matrix = np.swapaxes(kernel, -1, -2) if transposed else kernel
    sigma = np.linalg.svd(matrix.reshape(-1, matrix.shape[-1]), compute_uv=False)[0]
    np.testing.assert_allclose(wrapped.spectral_norm(), sigma, rtol=1e-12)
    plain.kernel.assign(kernel / sigma)
    assert outputs.dtype == tf.float64
    np.testing.assert_allclose(outputs, plain(x), rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("inner", [keras.layers.Embedding(4, 3), LabelProjection(4)])
def test_embeddings_are_divided(inner):
    labels = np.array([0, 3, 1])
    inputs = labels
    if isinstance(inner, LabelProjection):
        inputs = [np.random.default_rng(0).normal(size=(3, 5)).astype("float32"), labels]
    layer = SpectralNormalization(inner)
    outputs = layer(inputs)
    sigma = np.linalg.svd(inner.embeddings.numpy(), compute_uv=False)[0]
    np.testing.assert_allclose(outputs, inner(inputs) / sigma, rtol=1e-5)


@pytest.mark.parametrize("shape", [(5, 3), (3, 5), (4, 4), (1, 6), (6, 1)])
def test_its_gradient_is_the_outer_product_of_the_singular_vectors(shape):
    matrix = tf.constant(np.random.default_rng(0).normal(size=shape))
    with tf.GradientTape() as tape:
        tape.watch(matrix)
        sigma = spectral_norm(matrix)
    u, s, vh = np.linalg.svd(matrix)
    np.testing.assert_allclose(sigma, s[0], rtol=1e-13)
    np.testing.assert_allclose(tape.gradient(sigma, matrix), np.outer(u[:, 0], vh[0]), atol=1e-12)


def test_gradients_by_the_kernel_are_those_of_finite_differences():
    rng = np.random.default_rng(0)
    layer = dense_with(rng.normal(size=(4, 3)))
    x = rng.normal(size=(5, 4))

    def loss():
        return tf.reduce_sum(tf.sin(layer(x)))

    kernel = layer.layer.kernel
    with tf.GradientTape() as tape:
        value = loss()
    gradient = tape.gradient(value, kernel.value).numpy()
    values = kernel.numpy()
    for index in np.ndindex(values.shape):
        step = np.zeros_like(values)
        step[index] = 1e-6
        kernel.assign(values + step)
        above = loss()
        kernel.assign(values - step)
        np.testing.assert_allclose(gradient[index], (above - loss()) / 2e-6, atol=1e-8)


def test_the_scale_of_the_kernel_does_not_matter_and_has_no_gradient():
    """W/σ(W) does not change along W, so that its gradient is orthogonal to W."""
    rng = np.random.default_rng(0)
    matrix, x = rng.normal(size=(4, 3)), rng.normal(size=(5, 4))
    layer = dense_with(matrix)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(layer(x) ** 2)
    gradient = tape.gradient(loss, layer.layer.kernel.value)
    assert np.abs(gradient).max() > 0.1
    np.testing.assert_allclose(tf.reduce_sum(gradient * matrix), 0, atol=1e-10)
    np.testing.assert_allclose(dense_with(7 * matrix)(x), layer(x), rtol=1e-12)


def test_a_dense_layer_is_1_lipschitz_and_no_less():
    matrix = np.random.default_rng(0).normal(size=(6, 4))
    layer = dense_with(matrix)
    x = np.random.default_rng(1).normal(size=(100, 6))
    stretch = np.linalg.norm(layer(x), axis=1) / np.linalg.norm(x, axis=1)
    assert stretch.max() <= 1
    first = np.linalg.svd(matrix)[0][:, 0]
    np.testing.assert_allclose(np.linalg.norm(layer(first[None])), 1, rtol=1e-12)


def test_calls_change_no_weight_and_there_is_no_other_state():
    layer = SpectralNormalization(keras.layers.Conv2D(4, 3))
    x = np.random.default_rng(0).normal(size=(2, 6, 6, 3)).astype("float32")
    outputs = layer(x, training=True)
    before = layer.get_weights()
    assert [w.path for w in layer.weights] == [w.path for w in layer.layer.weights]
    for training in (True, True, False):
        np.testing.assert_array_equal(layer(x, training=training), outputs)
    for a, b in zip(before, layer.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("policy", ["float32", "mixed_float16", "mixed_bfloat16"])
def test_a_kernel_of_zeros_has_finite_outputs_and_gradients(policy):
    dense = keras.layers.Dense(3, kernel_initializer="zeros", dtype=policy)
    layer = SpectralNormalization(dense)
    x = tf.constant(np.random.default_rng(0).normal(size=(4, 5)).astype("float32"))
    layer.build(x.shape)
    with tf.GradientTape() as tape:
        outputs = layer(x)
        loss = tf.reduce_sum(tf.cast(outputs, "float32"))
    np.testing.assert_array_equal(tf.cast(outputs, "float32"), np.zeros((4, 3)))
    assert np.isfinite(tape.gradient(loss, layer.layer.kernel.value)).all()


def test_sigma_is_of_the_kernel_in_full_precision():
    """In bfloat16 a kernel of 1 + 2⁻¹⁰ would be 1."""

    class Recording(SpectralNormalization):
        def spectral_norm(self):
            self.recorded = super().spectral_norm()
            return self.recorded

    layer = Recording(keras.layers.Dense(1, dtype="mixed_bfloat16"))
    layer.build((None, 1))
    layer.layer.kernel.assign([[1 + 2**-10]])
    outer = keras.Sequential([layer])
    assert outer(np.float32([[1.0]])).dtype == tf.bfloat16
    np.testing.assert_allclose(layer.recorded, 1 + 2**-10, rtol=1e-7)


def test_the_wrapper_computes_as_its_layer_does():
    keras.config.set_dtype_policy("mixed_float16")
    inputs = keras.Input((3,))
    layer = SpectralNormalization(keras.layers.Dense(1, dtype="float32"))
    assert layer.compute_dtype == "float32"
    assert layer(inputs).dtype == "float32"
    assert layer(np.ones((2, 3), "float16")).dtype == tf.float32


def discriminator():
    return keras.Sequential(
        [
            keras.Input((2,)),
            SpectralNormalization(keras.layers.Dense(8, activation="leaky_relu")),
            SpectralNormalization(keras.layers.Dense(1)),
        ]
    )


def test_in_a_game_each_player_changes_only_in_its_own_phase():
    network = discriminator()
    gan = kg.models.GAN(kg.networks.mlp_generator((2,), 2, (8,)), network, latent_dim=2)
    gan.compile()
    examples = kg.data.ring_of_gaussians().sample(256).astype("float32")
    before = network.get_weights()
    history = gan.fit(examples, batch_size=64, verbose=0).history
    assert np.isfinite(history["d_loss"]).all()
    assert all(not np.array_equal(a, b) for a, b in zip(before, network.get_weights(), strict=True))

    before = network.get_weights()
    gan.train_generator(tf.constant(examples[:64]))
    for a, b in zip(before, network.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_gradient_penalties_can_be_differentiated():
    network = discriminator()
    x = kg.data.ring_of_gaussians().sample(16).astype("float32")
    with tf.GradientTape() as tape:
        penalty = kg.penalties.gradient_penalty(network, x, x[::-1], alpha=np.linspace(0, 1, 16))
    for gradient in tape.gradient(penalty, [layer.layer.kernel.value for layer in network.layers]):
        assert np.isfinite(gradient).all() and np.abs(gradient).max() > 1e-4


def test_layers_without_a_kernel_are_refused():
    with pytest.raises(ValueError, match=r"`layer` must have a `kernel`.*ReLU"):
        SpectralNormalization(keras.layers.ReLU())(np.ones((2, 3), "float32"))


def test_epsilon_must_be_positive():
    with pytest.raises(ValueError, match=r"`epsilon`.*epsilon=0"):
        SpectralNormalization(keras.layers.Dense(1), epsilon=0)
