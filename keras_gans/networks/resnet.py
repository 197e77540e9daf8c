"""Residual networks of Gulrajani et al. 2017 (WGAN-GP).

Pre-activation blocks of two 3×3 convolutions with as many channels everywhere; nearest-neighbor
upsampling in the generator, mean pooling in the discriminator, never a stride; He initialization
before rectifiers.
"""

from collections.abc import Sequence

import keras
from keras import layers

from keras_gans import _checks
from keras_gans.layers import LeakyReLU, UpsampleConv2D
from keras_gans.networks.conditioning import Labels
from keras_gans.networks.halving import cropped, halvings
from keras_gans.networks.normalization import normalize


def resnet_generator(
    image_shape: Sequence[int],
    latent_dim: int = 128,
    filters: int = 128,
    blocks_per_stage: int = 1,
    normalization: str | None = "batch",
    num_classes: int | None = None,
    name: str = "generator",
) -> keras.Model:
    """A generator of residual blocks; the first block of each stage doubles the sides.

    The sides of the image are halved (rounding up) until the smaller is below 8; the latent vector
    is projected to that grid, and each stage grows it back to exactly the side that was halved. For
    32×32 images, these are the 4×4 grid and the three stages of the paper.

    Args:
        image_shape: `(height, width, channels)`, sides of at least 4.
        latent_dim: Positive integer, size of the latent vector. Defaults to `128`.
        filters: Positive integer, channels of all hidden layers. Defaults to `128`.
        blocks_per_stage: Positive integer, residual blocks of each stage. Defaults to `1`.
        normalization: `"batch"`, `"layer"`, `"instance"` or `None`, before each rectifier; with
            labels also `"conditional_batch"`. Defaults to `"batch"`.
        num_classes: Positive integer or `None`. If given, the generator takes labels, and appends a
            learned vector of the class to the latents. Defaults to `None`.
        name: String. Defaults to `"generator"`.

    Returns:
        `keras.Model` from latents `(batch, latent_dim)`, or `[latents, labels]` with integer labels
        `(batch,)`, to float32 images `(batch, *image_shape)` in [−1, 1].

    Raises:
        ValueError, TypeError: If a size is out of range, or a name is unknown.

    Example:

    >>> import keras_gans as kg
    >>> kg.networks.resnet_generator((32, 32, 3), filters=16).output_shape
    (None, 32, 32, 3)

    Reference:
        Gulrajani et al. 2017, Improved Training of Wasserstein GANs, appendix F.
    """
    image_shape = _checks.image_shape("image_shape", image_shape)
    filters = _checks.positive_int("filters", filters)
    blocks_per_stage = _checks.positive_int("blocks_per_stage", blocks_per_stage)
    *sides, base = halvings(image_shape[:2], largest=7)

    latents = keras.Input((_checks.positive_int("latent_dim", latent_dim),))
    labels = Labels(num_classes)
    x = layers.Dense(base[0] * base[1] * filters)(labels.embedded_beside(latents))
    x = layers.Reshape((*base, filters))(x)
    for side in reversed(sides):
        for _ in range(blocks_per_stage):
            x = _growing_block(x, side, filters, normalization, labels)
    x = layers.ReLU()(normalize(normalization, x, labels))
    x = layers.Conv2D(image_shape[2], 3, padding="same")(x)
    outputs = layers.Activation("tanh", dtype="float32")(x)
    return keras.Model(labels.beside(latents), outputs, name=name)


def resnet_discriminator(
    image_shape: Sequence[int],
    filters: int = 128,
    blocks_per_stage: int = 1,
    normalization: str | None = None,
    num_classes: int | None = None,
    num_logits: int = 1,
    name: str = "discriminator",
) -> keras.Model:
    """A discriminator of residual blocks, global mean pooling and a linear output.

    The first block of each stage halves the sides (rounding up), once and on until the smaller is
    at most 8; two stages follow that do not. For 32×32 images, these are the four blocks of the
    paper.

    Args:
        image_shape: `(height, width, channels)`, sides of at least 4.
        filters: Positive integer, channels of all hidden layers. Defaults to `128`.
        blocks_per_stage: Positive integer, residual blocks of each stage. Defaults to `1`.
        normalization: `"batch"`, `"layer"`, `"instance"` or `None`, before each rectifier but those
            of the first block and of the end. Defaults to `None`, the paper's; a critic with a
            gradient penalty wants none or another than `"batch"`.
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
    >>> kg.networks.resnet_discriminator((32, 32, 3), filters=16).output_shape
    (None, 1)

    Reference:
        Gulrajani et al. 2017, Improved Training of Wasserstein GANs, appendix F.
    """
    image_shape = _checks.image_shape("image_shape", image_shape)
    filters = _checks.positive_int("filters", filters)
    blocks_per_stage = _checks.positive_int("blocks_per_stage", blocks_per_stage)
    halving_stages = len(halvings(image_shape[:2], largest=8)) - 1

    images = keras.Input(image_shape)
    labels = Labels(num_classes)
    x = _first_block(images, filters)
    for block in range(1, (halving_stages + 2) * blocks_per_stage):
        stage, place = divmod(block, blocks_per_stage)
        shrinks = place == 0 and stage < halving_stages
        x = _shrinking_block(x, filters, normalization, shrinks)
    x = layers.GlobalAveragePooling2D()(_relu(x))
    num_logits = _checks.positive_int("num_logits", num_logits)
    outputs = labels.projected_onto(layers.Dense(num_logits, dtype="float32")(x), x)
    return keras.Model(labels.beside(images), outputs, name=name)


def _growing_block(x, side, filters, normalization, labels):
    """Residual block of a generator that ends at `side`: that of `x`, or about twice it."""
    shortcut = x
    x = layers.ReLU()(normalize(normalization, x, labels))
    if x.shape[1:3] == side:
        x = _convolution(filters, use_bias=normalization is None)(x)
    else:
        shortcut = layers.Conv2D(filters, 1, use_bias=False)(shortcut)
        shortcut = cropped(layers.UpSampling2D()(shortcut), side)
        upsample = UpsampleConv2D(
            filters, use_bias=normalization is None, kernel_initializer="he_normal"
        )
        x = cropped(upsample(x), side)
    x = layers.ReLU()(normalize(normalization, x, labels))
    return layers.Add()([shortcut, _convolution(filters)(x)])


def _first_block(x, filters):
    """The first block of a discriminator: pixels are neither rectified nor normalized."""
    shortcut = layers.Conv2D(filters, 1, use_bias=False)(_halve(x))
    x = _convolution(filters)(x)
    x = _convolution(filters)(_relu(x))
    return layers.Add()([shortcut, _halve(x)])


def _shrinking_block(x, filters, normalization, shrinks):
    """Residual block of a discriminator that halves the sides, or leaves them."""
    shortcut = x
    x = _relu(normalize(normalization, x))
    x = _convolution(filters, use_bias=normalization is None)(x)
    x = _relu(normalize(normalization, x))
    x = _convolution(filters)(x)
    if shrinks:
        shortcut = layers.Conv2D(filters, 1, use_bias=False)(_halve(shortcut))
        x = _halve(x)
    return layers.Add()([shortcut, x])


def _convolution(filters, use_bias=True):
    return layers.Conv2D(
        filters, 3, padding="same", use_bias=use_bias, kernel_initializer="he_normal"
    )


def _relu(x):
    """ReLU whose second derivative is known to be zero, for a gradient penalty."""
    return LeakyReLU(0.0)(x)


def _halve(x):
    return layers.AveragePooling2D(2, padding="same")(x)
