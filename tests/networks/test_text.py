"""The networks of the WGAN-GP paper's language model."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_gans.networks import text_discriminator, text_generator

pytestmark = pytest.mark.first_cases


def networks(**kwargs):
    arguments = {"filters": 6, "num_blocks": 2, **kwargs}
    return text_generator(7, 5, latent_dim=3, **arguments), text_discriminator(7, 5, **arguments)


def kernels(network, kind):
    return [layer.kernel.numpy() for layer in network.layers if isinstance(layer, kind)]


def test_shapes_are_the_papers():
    generator, critic = text_generator(32, 100), text_discriminator(32, 100)
    assert (generator.input_shape, generator.output_shape) == ((None, 128), (None, 32, 100))
    assert (critic.input_shape, critic.output_shape) == ((None, 32, 100), (None, 1))
    blocks = 5 * 2 * [(5, 512, 512)]
    one_d, dense = keras.layers.Conv1D, keras.layers.Dense
    assert [k.shape for k in kernels(generator, one_d)] == [*blocks, (1, 512, 100)]
    assert [k.shape for k in kernels(critic, one_d)] == [(1, 100, 512), *blocks]
    assert [k.shape for k in kernels(generator, dense)] == [(128, 32 * 512)]
    assert [k.shape for k in kernels(critic, dense)] == [(32 * 512, 1)]


def test_initial_weights_are_those_of_the_authors_code():
    """Uniform, of variance 4 / (fan in + fan out) in convolutions, half that in dense layers."""
    generator, critic = text_generator(32, 64, filters=64), text_discriminator(32, 64, filters=64)
    for network in (generator, critic):
        for kernel in kernels(network, keras.layers.Conv1D):
            width, channels, filters = kernel.shape
            variance = 4 / (width * channels + width * filters)
            np.testing.assert_allclose(kernel.var(), variance, rtol=0.05)
            np.testing.assert_allclose(np.abs(kernel).max(), np.sqrt(3 * variance), rtol=0.01)
        for kernel in kernels(network, keras.layers.Dense):
            np.testing.assert_allclose(kernel.var(), 2 / sum(kernel.shape), rtol=0.05)


def convolve(x, kernel, bias):
    """Same padding, by hand."""
    reach = len(kernel) // 2
    padded = np.pad(x, ((reach, reach), (0, 0)))
    rows = [np.tensordot(padded[i : i + len(kernel)], kernel, 2) for i in range(len(x))]
    return np.array(rows) + bias


def by_hand(x, convolutions):
    """Residual blocks x + 0.3 · conv(ReLU(conv(ReLU(x)))), one text."""
    for first, second in zip(convolutions[::2], convolutions[1::2], strict=True):
        inner = convolve(np.maximum(x, 0), *first)
        x = x + 0.3 * convolve(np.maximum(inner, 0), *second)
    return x


def weights(network, kind):
    return [layer.get_weights() for layer in network.layers if isinstance(layer, kind)]


def test_outputs_equal_the_formula():
    generator, critic = networks()
    rng = np.random.default_rng(0)
    for network in (generator, critic):
        network.set_weights([rng.normal(0, 0.3, w.shape) for w in network.get_weights()])

    latents = rng.normal(size=(4, 3)).astype("float32")
    probabilities = generator(latents).numpy()
    ((kernel, bias),) = weights(generator, keras.layers.Dense)
    *blocks, output = weights(generator, keras.layers.Conv1D)
    for z, found in zip(latents, probabilities, strict=True):
        logits = convolve(by_hand((z @ kernel + bias).reshape(7, 6), blocks), *output)
        expected = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)

    first, *blocks = weights(critic, keras.layers.Conv1D)
    ((kernel, bias),) = weights(critic, keras.layers.Dense)
    for text, found in zip(probabilities, critic(probabilities).numpy(), strict=True):
        expected = by_hand(convolve(text, *first), blocks).reshape(-1) @ kernel + bias
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_probabilities_and_logits_are_float32(policy):
    keras.config.set_dtype_policy(policy)
    generator, critic = networks()
    probabilities = generator(tf.zeros((2, 3)))
    assert probabilities.dtype == critic(probabilities).dtype == tf.float32
    np.testing.assert_allclose(tf.reduce_sum(probabilities, axis=-1), 1, rtol=1e-5)


@pytest.mark.parametrize("build", [text_generator, text_discriminator])
@pytest.mark.parametrize("name", ["length", "vocabulary_size", "filters", "num_blocks"])
def test_sizes_are_positive_integers(build, name):
    arguments = {"length": 4, "vocabulary_size": 3, "filters": 2, "num_blocks": 1}
    for value, error in ((0, ValueError), (2.5, TypeError)):
        with pytest.raises(error, match=f"`{name}` must be a positive integer"):
            build(**{**arguments, name: value})
    for name in ("kernel_size", "latent_dim") if build is text_generator else ("kernel_size",):
        with pytest.raises(ValueError, match=f"`{name}`"):
            build(**{**arguments, name: 0})
