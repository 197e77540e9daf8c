"""Networks of Brock et al. 2019 (BigGAN).

Residual blocks of two 3×3 convolutions, nearest-neighbor upsampling in the generator and mean
pooling in the discriminator, spectral normalization of every kernel but the shared embedding's,
orthogonal initialization, and self-attention at one side.
"""

import math
from collections.abc import Sequence

import keras
from keras import layers, ops

from keras_gans import _checks
from keras_gans.networks.conditioning import Labels
from keras_gans.networks.halving import cropped, halvings
from keras_gans.networks.spectrally_normalized import (
    SpectrallyNormalized,
    embedded,
    halved,
    rectified,
)

#: Channels of a generator, in units of `filters`: of the first grid and of each stage, by the
#: number of stages. Those of images of 64, 128, 256 and 512 pixels.
GROWING = {
    4: (16, 16, 8, 4, 2),
    5: (16, 16, 8, 4, 2, 1),
    6: (16, 16, 8, 8, 4, 2, 1),
    7: (16, 16, 8, 8, 4, 2, 1, 1),
}

#: Likewise of a discriminator's blocks, the last of which does not halve the sides.
SHRINKING = {stages: widths[::-1] for stages, widths in GROWING.items()} | {4: (1, 2, 4, 8, 16)}

#: Channels of all layers for smaller images, such as those of 32 pixels.
SMALL = 4


def biggan_generator(
    image_shape: Sequence[int],
    latent_dim: int = 120,
    num_classes: int = 1000,
    filters: int = 96,
    embedding_dim: int = 128,
    attention: int | None = 64,
    power_iterations: int | None = 1,
    name: str = "generator",
) -> keras.Model:
    """BigGAN's generator, for images of any shape.

    The sides of the image are halved (rounding up) until the smaller is at most 4; each stage, a
    residual block, grows the grid back to exactly the side that was halved. The latents are divided
    among the first dense layer and the blocks, as evenly as possible: the batch normalization of a
    block is modulated by its part beside an embedding of the class that all blocks share. The last
    one has a scale and a shift of its own.

    Channels are those of the authors' code for images of 64 to 512 pixels, 16 to 1 times `filters`;
    for smaller ones 4 times `filters` everywhere, as there for 32 pixels.

    Args:
        image_shape: `(height, width, channels)`, sides of at least 4, the smaller at most 512.
        latent_dim: Positive integer, size of the latent vector, at least one for each stage and one
            more. Defaults to `120`: six times 20 for 128×128 images.
        num_classes: Positive integer; labels lie in [0, num_classes). Defaults to `1000`, those of
            ImageNet.
        filters: Positive integer, the unit of channels. Defaults to `96`.
        embedding_dim: Positive integer, size of the shared embedding. Defaults to `128`.
        attention: Positive integer, the smaller side of the images that self-attention follows the
            block of; or `None`. Images that pass through no such side have none. Defaults to `64`.
        power_iterations: Positive integer or `None`, that of
            `keras_gans.layers.SpectralNormalization`. Defaults to `1`.
        name: String. Defaults to `"generator"`.

    Returns:
        `keras.Model` from `[latents, labels]`, `(batch, latent_dim)` and integers `(batch,)`, to
        float32 images `(batch, *image_shape)` in [−1, 1].

    Raises:
        ValueError, TypeError: If a size is out of range.

    Example:

    >>> import keras_gans as kg
    >>> kg.networks.biggan_generator((32, 32, 3), num_classes=10, filters=8).output_shape
    (None, 32, 32, 3)

    Reference:
        Brock et al. 2019, Large Scale GAN Training for High Fidelity Natural Image Synthesis,
        appendix B; the authors' code, `BigGAN.py`.
    """
    image_shape = _checks.image_shape("image_shape", image_shape)
    *sides, base = halvings(image_shape[:2], largest=4)
    first, *widths = generator_widths(image_shape, filters)
    latents = keras.Input((_checks.positive_int("latent_dim", latent_dim),))
    labels = Labels(_checks.positive_int("num_classes", num_classes))
    apply = SpectrallyNormalized(power_iterations, attention)
    start, *parts = _divided(latents, len(sides) + 1)
    shared = embedded(labels, embedding_dim)
    x = layers.Reshape((*base, first))(apply.dense(start, math.prod(base) * first))
    for side, width, part in zip(reversed(sides), widths, parts, strict=True):
        code = layers.Concatenate()([shared, part])
        x = apply.attended(_growing_block(apply, x, side, width, code))
    return keras.Model(labels.beside(latents), apply.image(x, image_shape[2]), name=name)


def biggan_discriminator(
    image_shape: Sequence[int],
    num_classes: int,
    filters: int = 96,
    attention: int | None = 64,
    power_iterations: int | None = 1,
    name: str = "discriminator",
) -> keras.Model:
    """BigGAN's discriminator: residual blocks, features summed over positions, and a projection.

    For images of more than 32 pixels, one block a stage of the generator halves the sides, and one
    more does not; channels are 1 to 16 times `filters`, as in the authors' code. For smaller ones
    the sides are halved (rounding up) until the smaller is at most 8, at least once; two blocks
    more do not, and channels are 4 times `filters`.

    Args:
        image_shape: `(height, width, channels)`, sides of at least 4, the smaller at most 512.
        num_classes: Positive integer; labels lie in [0, num_classes).
        filters: Positive integer, the unit of channels. Defaults to `96`.
        attention: Positive integer, the smaller side of the images that self-attention follows the
            block of; or `None`. Images that pass through no such side have none. Defaults to `64`.
        power_iterations: Positive integer or `None`, that of
            `keras_gans.layers.SpectralNormalization`. Defaults to `1`.
        name: String. Defaults to `"discriminator"`.

    Returns:
        `keras.Model` from `[images, labels]`, `(batch, *image_shape)` in [−1, 1] and integers
        `(batch,)`, to float32 logits `(batch, 1)`.

    Raises:
        ValueError, TypeError: If a size is out of range.

    Example:

    >>> import keras_gans as kg
    >>> kg.networks.biggan_discriminator((32, 32, 3), num_classes=10, filters=8).output_shape
    (None, 1)

    Reference:
        Brock et al. 2019, Large Scale GAN Training for High Fidelity Natural Image Synthesis,
        appendix B; the authors' code, `BigGAN.py`.
    """
    image_shape = _checks.image_shape("image_shape", image_shape)
    halving_blocks, widths = discriminator_widths(image_shape, filters)
    images = keras.Input(image_shape)
    labels = Labels(_checks.positive_int("num_classes", num_classes))
    apply = SpectrallyNormalized(power_iterations, attention)
    x = images
    for i, width in enumerate(widths):
        x = _shrinking_block(apply, x, width, is_first=i == 0, shrinks=i < halving_blocks)
        x = apply.attended(x)
    return keras.Model(labels.beside(images), apply.logit(x, labels), name=name)


def generator_widths(image_shape, filters):
    """Channels of the first grid and of each stage."""
    filters, stages = _checks.positive_int("filters", filters), _stages(image_shape)
    return [filters * width for width in GROWING.get(stages, (SMALL,) * (stages + 1))]


def discriminator_widths(image_shape, filters):
    """How many blocks halve the sides, and the channels of all blocks."""
    filters, stages = _checks.positive_int("filters", filters), _stages(image_shape)
    halving_blocks = stages if stages in SHRINKING else max(stages - 1, 1)
    widths = SHRINKING.get(stages, (SMALL,) * (halving_blocks + 2))
    return halving_blocks, [filters * width for width in widths]


def _stages(image_shape):
    """How often a side of 4 is doubled to that of the image."""
    stages = len(halvings(image_shape[:2], largest=4)) - 1
    if stages > max(GROWING):
        raise ValueError(
            "`image_shape` must have a smaller side of at most 512. "
            f"Received: image_shape={image_shape}"
        )
    return stages


def _divided(latents, num):
    """Cut latents into so many parts, of which the first ones may be larger by one."""
    size, larger = divmod(latents.shape[1], num)
    if size == 0:
        raise ValueError(
            f"`latent_dim` must be at least {num}, one for each part of the network. "
            f"Received: latent_dim={latents.shape[1]}"
        )
    ends = [i * size + min(i, larger) for i in range(1, num)]
    return ops.split(latents, ends, axis=-1)


def _growing_block(apply, x, side, width, code):
    """Residual block of a generator that ends at `side`, about twice that of `x`."""
    shortcut = cropped(layers.UpSampling2D()(apply.convolution(x, width, 1)), side)
    x = apply.upsampled(apply.modulated(x, code), side, width)
    x = apply.convolution(apply.modulated(x, code), width)
    return layers.Add()([shortcut, x])


def _shrinking_block(apply, x, width, is_first, shrinks):
    """Residual block of a discriminator that halves the sides, or leaves them.

    Pixels are not rectified. Of the shortcut, the mean is taken before the 1×1 convolution: that
    is the same, and cheaper.
    """
    shortcut = halved(x) if shrinks else x
    if shrinks or x.shape[-1] != width:
        shortcut = apply.convolution(shortcut, width, 1)
    x = apply.convolution(x if is_first else rectified(x), width)
    x = apply.convolution(rectified(x), width)
    return layers.Add()([shortcut, halved(x) if shrinks else x])
