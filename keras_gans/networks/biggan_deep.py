"""The deeper and thinner networks of Brock et al. 2019: BigGAN-deep.

Each block has a bottleneck of two 3×3 convolutions, a quarter of the channels wide, and each stage
two blocks. Shortcuts have no kernels where they need none: a generator drops channels, and a
discriminator adds those that are missing.
"""

import math
from collections.abc import Sequence

import keras
from keras import layers, ops

from keras_gans import _checks
from keras_gans.networks.biggan import discriminator_widths, generator_widths
from keras_gans.networks.conditioning import Labels
from keras_gans.networks.halving import cropped, halvings
from keras_gans.networks.spectrally_normalized import (
    SpectrallyNormalized,
    embedded,
    halved,
    rectified,
)

#: How many times narrower the 3×3 convolutions are.
BOTTLENECK = 4


def biggan_deep_generator(
    image_shape: Sequence[int],
    latent_dim: int = 128,
    num_classes: int = 1000,
    filters: int = 128,
    embedding_dim: int = 128,
    attention: int | None = 64,
    power_iterations: int | None = 1,
    name: str = "generator",
) -> keras.Model:
    """The generator of BigGAN-deep: two bottleneck blocks a stage, each told the whole latents.

    Stages and channels are those of `biggan_generator`. The first block of a stage keeps sides and
    channels, the second one grows the sides. The latents beside the shared embedding of the class
    are what the first dense layer takes, and the batch normalization of every block.

    Args:
        image_shape, num_classes, embedding_dim, attention, power_iterations, name: See
            `biggan_generator`.
        latent_dim: Positive integer, size of the latent vector. Defaults to `128`.
        filters: Positive integer, the unit of channels. Defaults to `128`.

    Returns:
        `keras.Model` from `[latents, labels]`, `(batch, latent_dim)` and integers `(batch,)`, to
        float32 images `(batch, *image_shape)` in [−1, 1].

    Raises:
        ValueError, TypeError: If a size is out of range.

    Example:

    >>> import keras_gans as kg
    >>> kg.networks.biggan_deep_generator((32, 32, 3), num_classes=10, filters=8).output_shape
    (None, 32, 32, 3)

    Reference:
        Brock et al. 2019, Large Scale GAN Training for High Fidelity Natural Image Synthesis,
        appendix B; the authors' code, `BigGANdeep.py`.
    """
    image_shape = _checks.image_shape("image_shape", image_shape)
    *sides, base = halvings(image_shape[:2], largest=4)
    first, *widths = generator_widths(image_shape, filters)
    latents = keras.Input((_checks.positive_int("latent_dim", latent_dim),))
    labels = Labels(_checks.positive_int("num_classes", num_classes))
    apply = SpectrallyNormalized(power_iterations, attention)
    code = layers.Concatenate()([latents, embedded(labels, embedding_dim)])
    x = layers.Reshape((*base, first))(apply.dense(code, math.prod(base) * first))
    for side, width in zip(reversed(sides), widths, strict=True):
        x = _generator_block(apply, x, x.shape[1:3], x.shape[-1], code)
        x = apply.attended(_generator_block(apply, x, side, width, code))
    return keras.Model(labels.beside(latents), apply.image(x, image_shape[2]), name=name)


def biggan_deep_discriminator(
    image_shape: Sequence[int],
    num_classes: int,
    filters: int = 128,
    attention: int | None = 64,
    power_iterations: int | None = 1,
    name: str = "discriminator",
) -> keras.Model:
    """The discriminator of BigGAN-deep: a convolution, then two bottleneck blocks a stage.

    Channels are those of `biggan_discriminator`, of the convolution and of each stage. The first
    block of a stage halves the sides; for images of up to 32 pixels, that of the last stage does
    not.

    Args:
        image_shape, num_classes, attention, power_iterations, name: See `biggan_discriminator`.
        filters: Positive integer, the unit of channels. Defaults to `128`.

    Returns:
        `keras.Model` from `[images, labels]`, `(batch, *image_shape)` in [−1, 1] and integers
        `(batch,)`, to float32 logits `(batch, 1)`.

    Raises:
        ValueError, TypeError: If a size is out of range.

    Example:

    >>> import keras_gans as kg
    >>> kg.networks.biggan_deep_discriminator((32, 32, 3), num_classes=10, filters=8).output_shape
    (None, 1)

    Reference:
        Brock et al. 2019, Large Scale GAN Training for High Fidelity Natural Image Synthesis,
        appendix B; the authors' code, `BigGANdeep.py`.
    """
    image_shape = _checks.image_shape("image_shape", image_shape)
    halving_stages, (first, *widths) = discriminator_widths(image_shape, filters)
    images = keras.Input(image_shape)
    labels = Labels(_checks.positive_int("num_classes", num_classes))
    apply = SpectrallyNormalized(power_iterations, attention)
    x = apply.convolution(images, first)
    for stage, width in enumerate(widths):
        x = _discriminator_block(apply, x, width, shrinks=stage < halving_stages)
        x = apply.attended(_discriminator_block(apply, x, width, shrinks=False))
    return keras.Model(labels.beside(images), apply.logit(x, labels), name=name)


def _generator_block(apply, x, side, width, code):
    """Bottleneck block of a generator that ends at `side`: that of `x`, or about twice it."""
    hidden = max(x.shape[-1] // BOTTLENECK, 1)
    grows = x.shape[1:3] != side
    shortcut = ops.split(x, [width], axis=-1)[0] if x.shape[-1] > width else x
    if grows:
        shortcut = cropped(layers.UpSampling2D()(shortcut), side)
    x = apply.convolution(apply.modulated(x, code), hidden, 1)
    x = apply.modulated(x, code)
    x = apply.upsampled(x, side, hidden) if grows else apply.convolution(x, hidden)
    x = apply.convolution(apply.modulated(x, code), hidden)
    x = apply.convolution(apply.modulated(x, code), width, 1)
    return layers.Add()([shortcut, x])


def _discriminator_block(apply, x, width, shrinks):
    """Bottleneck block of a discriminator that halves the sides, or leaves them."""
    hidden = max(width // BOTTLENECK, 1)
    shortcut = halved(x) if shrinks else x
    missing = width - x.shape[-1]
    if missing:
        shortcut = layers.Concatenate()([shortcut, apply.convolution(shortcut, missing, 1)])
    x = apply.convolution(rectified(x), hidden, 1)
    x = apply.convolution(rectified(x), hidden)
    x = rectified(apply.convolution(rectified(x), hidden))
    x = apply.convolution(halved(x) if shrinks else x, width, 1)
    return layers.Add()([shortcut, x])
