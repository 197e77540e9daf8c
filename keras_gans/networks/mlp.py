"""Multi-layer perceptrons: the networks of Goodfellow et al. 2014, and of toy densities."""

import math
from collections.abc import Sequence

import keras
from keras import layers

from keras_gans import _checks
from keras_gans.layers import LeakyReLU
from keras_gans.networks.conditioning import Labels
from keras_gans.networks.normalization import normalize


def mlp_generator(
    output_shape: int | Sequence[int],
    latent_dim: int = 128,
    hidden_units: Sequence[int] = (512, 512, 512),
    normalization: str | None = None,
    output_activation: str | None = "auto",
    num_classes: int | None = None,
    name: str = "generator",
) -> keras.Model:
    """A generator of dense layers: linear, normalization, ReLU; then a linear output.

    Args:
        output_shape: Shape of one example: an integer, or a tuple such as `(2,)` or `(28, 28, 1)`.
        latent_dim: Positive integer, size of the latent vector. Defaults to `128`.
        hidden_units: Units of each hidden layer. Defaults to `(512, 512, 512)`, the toy network of
            the WGAN-GP paper.
        normalization: `"batch"`, `"layer"` or `None`; with labels also `"conditional_batch"`.
            Defaults to `None`.
        output_activation: Keras activation. Defaults to `"auto"`: tanh for images
            `(height, width, channels)`, linear otherwise.
        num_classes: Positive integer or `None`. If given, the generator takes labels, and appends a
            learned vector of the class to the latents. Defaults to `None`.
        name: String. Defaults to `"generator"`.

    Returns:
        `keras.Model` from latents `(batch, latent_dim)`, or `[latents, labels]` with integer labels
        `(batch,)`, to `(batch, *output_shape)`.

    Raises:
        ValueError, TypeError: If a size is not a positive integer, or a name is unknown.

    Example:

    >>> import keras_gans as kg
    >>> kg.networks.mlp_generator((2,), latent_dim=2).output_shape
    (None, 2)
    """
    shape = _example_shape("output_shape", output_shape)
    if isinstance(output_activation, str) and output_activation == "auto":
        output_activation = "tanh" if len(shape) == 3 else None
    latents = keras.Input((_checks.positive_int("latent_dim", latent_dim),))
    labels = Labels(num_classes)
    x = labels.embedded_beside(latents)
    for units in _sizes("hidden_units", hidden_units):
        x = layers.Dense(units, kernel_initializer="he_normal", use_bias=normalization is None)(x)
        x = layers.ReLU()(normalize(normalization, x, labels))
    x = layers.Dense(math.prod(shape))(x)
    x = layers.Reshape(shape)(x)
    activation = _checks.activation("output_activation", output_activation)
    outputs = layers.Activation(activation, dtype="float32")(x)
    return keras.Model(labels.beside(latents), outputs, name=name)


def mlp_discriminator(
    input_shape: int | Sequence[int],
    hidden_units: Sequence[int] = (512, 512, 512),
    normalization: str | None = None,
    num_classes: int | None = None,
    num_logits: int = 1,
    name: str = "discriminator",
) -> keras.Model:
    """A discriminator of dense layers: linear, normalization, leaky ReLU; then one logit.

    Args:
        input_shape: Shape of one example: an integer, or a tuple such as `(2,)` or `(28, 28, 1)`.
        hidden_units: Units of each hidden layer. Defaults to `(512, 512, 512)`.
        normalization: `"batch"`, `"layer"` or `None`, after all hidden layers but the first.
            Defaults to `None`.
        num_classes: Positive integer or `None`. If given, the discriminator takes labels, and
            projects its features onto a learned vector of the class (Miyato and Koyama 2018).
            Defaults to `None`.
        num_logits: Positive integer. Defaults to `1`; a classifier has one for each class.
        name: String. Defaults to `"discriminator"`.

    Returns:
        `keras.Model` from examples `(batch, *input_shape)`, or `[examples, labels]`, to logits
        `(batch, num_logits)`.

    Raises:
        ValueError, TypeError: If a size is not a positive integer, or a name is unknown.

    Example:

    >>> import keras_gans as kg
    >>> kg.networks.mlp_discriminator((2,)).output_shape
    (None, 1)
    """
    examples = keras.Input(_example_shape("input_shape", input_shape))
    labels = Labels(num_classes)
    x = layers.Flatten()(examples)
    for i, units in enumerate(_sizes("hidden_units", hidden_units)):
        x = layers.Dense(units, kernel_initializer="he_normal")(x)
        x = LeakyReLU()(normalize(normalization if i else None, x))
    num_logits = _checks.positive_int("num_logits", num_logits)
    outputs = labels.projected_onto(layers.Dense(num_logits, dtype="float32")(x), x)
    return keras.Model(labels.beside(examples), outputs, name=name)


def _example_shape(name, shape):
    sides = _sizes(name, shape)
    if not sides:
        raise ValueError(f"`{name}` must have at least one axis. Received: {name}={shape!r}")
    return sides


def _sizes(name, value):
    sizes = value if isinstance(value, (tuple, list)) else (value,)
    return tuple(_checks.positive_int(name, size) for size in sizes)
