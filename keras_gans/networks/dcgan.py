"""Deep convolutional networks by the guidelines of Radford et al. 2015 (DCGAN).

Strided convolutions instead of pooling; no hidden dense layers; batch normalization everywhere but
in the generator's output and the discriminator's input; ReLU in the generator with a tanh output,
leaky ReLU in the discriminator; weights from N(0, 0.02²).
"""

from collections.abc import Sequence

import keras
from keras import layers

from keras_gans import _checks
from keras_gans.layers import LeakyReLU
from keras_gans.networks.conditioning import Labels
from keras_gans.networks.halving import doubled_filters, grow, halvings
from keras_gans.networks.normalization import normalize


def dcgan_generator(
    image_shape: Sequence[int],
    latent_dim: int = 128,
    filters: int = 64,
    max_filters: int = 512,
    kernel_size: int = 5,
    normalization: str | None = "batch",
    output_activation: str | None = "tanh",
    num_classes: int | None = None,
    name: str = "generator",
) -> keras.Model:
    """A generator of transposed convolutions, each doubling the sides and halving the channels.

    The sides of the image are halved (rounding up) twice, and on until the smaller is below 8; the
    latent vector is projected to that grid, and each layer grows it back to exactly the side that
    was halved, so that any side is reached without cropping.

    Args:
        image_shape: `(height, width, channels)`, sides of at least 4.
        latent_dim: Positive integer, size of the latent vector. Defaults to `128`.
        filters: Positive integer, channels of the last hidden layer; doubled in each layer below.
            Defaults to `64`.
        max_filters: Positive integer, the most channels of any layer. Defaults to `512`.
        kernel_size: Odd positive integer. Defaults to `5`, the paper's.
        normalization: `"batch"`, `"layer"`, `"instance"` or `None`; with labels also
            `"conditional_batch"`. Defaults to `"batch"`.
        output_activation: Keras activation. Defaults to `"tanh"`, for images in [−1, 1].
        num_classes: Positive integer or `None`. If given, the generator takes labels, and appends a
            learned vector of the class to the latents. Defaults to `None`.
        name: String. Defaults to `"generator"`.

    Returns:
        `keras.Model` from latents `(batch, latent_dim)`, or `[latents, labels]` with integer labels
        `(batch,)`, to float32 images `(batch, *image_shape)`.

    Raises:
        ValueError, TypeError: If a size is out of range, or a name is unknown.

    Example:

    >>> import keras_gans as kg
    >>> kg.networks.dcgan_generator((28, 28, 1), latent_dim=100).output_shape
    (None, 28, 28, 1)

    Reference:
        Radford et al. 2015, Unsupervised Representation Learning with Deep Convolutional
        Generative Adversarial Networks, figure 1.
    """
    image_shape = _checks.image_shape("image_shape", image_shape)
    kernel_size = _odd("kernel_size", kernel_size)
    *sides, base = halvings(image_shape[:2], largest=7, times=2)
    widths = doubled_filters(filters, max_filters, len(sides))

    latents = keras.Input((_checks.positive_int("latent_dim", latent_dim),))
    labels = Labels(num_classes)
    x = layers.Dense(
        base[0] * base[1] * widths[-1],
        use_bias=normalization is None,
        kernel_initializer=_initializer(),
    )(labels.embedded_beside(latents))
    x = layers.Reshape((*base, widths[-1]))(x)
    x = layers.ReLU()(normalize(normalization, x, labels))
    for side, width in zip(sides[:0:-1], widths[-2::-1], strict=True):
        x = grow(x, side, width, kernel_size, normalization is None, _initializer())
        x = layers.ReLU()(normalize(normalization, x, labels))
    x = grow(x, sides[0], image_shape[2], kernel_size, True, _initializer())
    activation = _checks.activation("output_activation", output_activation)
    outputs = layers.Activation(activation, dtype="float32")(x)
    return keras.Model(labels.beside(latents), outputs, name=name)


def dcgan_discriminator(
    image_shape: Sequence[int],
    filters: int = 64,
    max_filters: int = 512,
    kernel_size: int = 5,
    normalization: str | None = "batch",
    num_classes: int | None = None,
    num_logits: int = 1,
    name: str = "discriminator",
) -> keras.Model:
    """A discriminator of strided convolutions, each halving the sides and doubling the channels.

    Args:
        image_shape: `(height, width, channels)`, sides of at least 4.
        filters: Positive integer, channels of the first layer; doubled in each layer above.
            Defaults to `64`.
        max_filters: Positive integer, the most channels of any layer. Defaults to `512`.
        kernel_size: Odd positive integer. Defaults to `5`, the paper's.
        normalization: `"batch"`, `"layer"`, `"instance"` or `None`, after all convolutions but the
            first. Defaults to `"batch"`; a critic with a gradient penalty wants another.
        num_classes: Positive integer or `None`. If given, the discriminator takes labels, and
            projects its features onto a learned vector of the class (Miyato and Koyama 2018).
            Defaults to `None`.
        num_logits: Positive integer. Defaults to `1`; a classifier has one for each class.
        name: String. Defaults to `"discriminator"`.

    Returns:
        `keras.Model` from images `(batch, *image_shape)` in [−1, 1], or `[images, labels]`, to
        float32 logits `(batch, num_logits)`.

    Raises:
        ValueError, TypeError: If a size is out of range, or a name is unknown.

    Example:

    >>> import keras_gans as kg
    >>> kg.networks.dcgan_discriminator((28, 28, 1), normalization=None).output_shape
    (None, 1)
    """
    image_shape = _checks.image_shape("image_shape", image_shape)
    kernel_size = _odd("kernel_size", kernel_size)
    stages = len(halvings(image_shape[:2], largest=7, times=2)) - 1
    images = x = keras.Input(image_shape)
    labels = Labels(num_classes)
    for i, width in enumerate(doubled_filters(filters, max_filters, stages)):
        x = layers.Conv2D(
            width,
            kernel_size,
            strides=2,
            padding="same",
            use_bias=not i or normalization is None,
            kernel_initializer=_initializer(),
        )(x)
        x = LeakyReLU()(normalize(normalization if i else None, x))
    x = layers.Flatten()(x)
    logits = layers.Dense(
        _checks.positive_int("num_logits", num_logits),
        kernel_initializer=_initializer(),
        dtype="float32",
    )(x)
    outputs = labels.projected_onto(logits, x)
    return keras.Model(labels.beside(images), outputs, name=name)


def _initializer():
    return keras.initializers.RandomNormal(stddev=0.02)


def _odd(name, value):
    if _checks.positive_int(name, value) % 2 == 0:
        raise ValueError(f"`{name}` must be odd. Received: {name}={value!r}")
    return value
