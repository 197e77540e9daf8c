"""Networks that grow with the resolution of their images: Karras et al. 2018 (ProgressiveGAN).

All levels are there from the start, each of twice the sides of the one below. Where a level sets in
there is a `FadeIn`, from what the network computes without the level to what it computes with it.
At full resolution go in and out the images of every level: those of lower levels, in blocks.
"""

from collections.abc import Sequence

import keras
from keras import layers, ops

from keras_gans import _checks
from keras_gans._typing import Tensor
from keras_gans.layers import (
    EqualizedLearningRate,
    FadeIn,
    LeakyReLU,
    MinibatchStdDev,
    PixelNormalization,
    UpsampleConv2D,
)
from keras_gans.networks.halving import cropped, halvings, stages


def progressive_generator(
    image_shape: Sequence[int],
    latent_dim: int = 512,
    filters: int = 16,
    max_filters: int = 512,
    name: str = "generator",
) -> keras.Model:
    """A generator that can grow: each level doubles the sides, and has a way to colors of its own.

    The sides of the image are halved (rounding up) until the smaller is below 8: powers of two end
    at 4, as in the paper. From this grid the image grows back through the sides that were halved.
    At each side there are two 3×3 convolutions, the first of which doubles the side but for the
    lowest, where it is a dense layer; each with leaky ReLU and pixel normalization. A 1×1
    convolution makes colors of them; the image is faded from the colors of the side below, in
    blocks of nearest neighbors, to those of this one. Learning rates are equalized.

    Args:
        image_shape: `(height, width, channels)`, sides of at least 4.
        latent_dim: Positive integer, size of the latent vector, which is normalized. Defaults to
            `512`.
        filters: Positive integer, channels at the image's own side; doubled at each smaller side.
            Defaults to `16`: at a side of 1024 the paper's network, of 23.1 million weights.
        max_filters: Positive integer, the most channels of any layer. Defaults to `512`.
        name: String. Defaults to `"generator"`.

    Returns:
        `keras.Model` from latents `(batch, latent_dim)` to float32 images `(batch, *image_shape)`,
        without bounds, which `ProgressiveGAN` cuts to [−1, 1] outside training. It is whole;
        `ProgressiveGAN` makes it grow.

    Raises:
        ValueError, TypeError: If a size is out of range.

    Example:

    >>> import keras_gans as kg
    >>> kg.networks.progressive_generator((28, 28, 1), latent_dim=64).output_shape
    (None, 28, 28, 1)

    Reference:
        Karras et al. 2018, Progressive Growing of GANs for Improved Quality, Stability, and
        Variation, table 2.
    """
    sides, widths = _stages(image_shape, filters, max_filters)
    latents = keras.Input((_checks.positive_int("latent_dim", latent_dim),))

    x = layers.Reshape((1, 1, latent_dim))(PixelNormalization()(latents))
    x = _normalized(EqualizedLearningRate(layers.Conv2DTranspose(widths[0], sides[0]))(x))
    x = _normalized(_convolution(widths[0])(x))
    images = _to_colors(image_shape[2])(x)
    for level, (side, width) in enumerate(zip(sides[1:], widths[1:], strict=True), 1):
        x = cropped(EqualizedLearningRate(UpsampleConv2D(width))(x), side)
        x = _normalized(_convolution(width)(_normalized(x)))
        new = _to_colors(image_shape[2])(x)
        old = cropped(layers.UpSampling2D(dtype="float32")(images), side)
        images = FadeIn(level, dtype="float32")([old, new])
    return keras.Model(latents, images, name=name)


def progressive_discriminator(
    image_shape: Sequence[int],
    filters: int = 16,
    max_filters: int = 512,
    name: str = "discriminator",
) -> keras.Model:
    """A discriminator that can grow: the mirror image of `progressive_generator`.

    At each side there are two 3×3 convolutions with leaky ReLU, and an average over blocks of 2×2;
    at the lowest, the deviation within the minibatch, one convolution and two dense layers. Into
    each side leads a 1×1 convolution of the image's blocks of that side; what comes from the side
    above is faded in to it. Learning rates are equalized, nothing is normalized.

    Args:
        image_shape: `(height, width, channels)`, sides of at least 4.
        filters: Positive integer, channels at the image's own side; doubled at each smaller side.
            Defaults to `16`: at a side of 1024 the paper's network, of 23.1 million weights.
        max_filters: Positive integer, the most channels of any layer. Defaults to `512`.
        name: String. Defaults to `"discriminator"`.

    Returns:
        `keras.Model` from images `(batch, *image_shape)` in [−1, 1] to float32 logits `(batch, 1)`.
        It is whole; `ProgressiveGAN` makes it grow.

    Raises:
        ValueError, TypeError: If a size is out of range.

    Example:

    >>> import keras_gans as kg
    >>> kg.networks.progressive_discriminator((28, 28, 1)).output_shape
    (None, 1)

    Reference:
        Karras et al. 2018, Progressive Growing of GANs for Improved Quality, Stability, and
        Variation, table 2.
    """
    sides, widths = _stages(image_shape, filters, max_filters)
    images = blocks = keras.Input(tuple(image_shape))

    x = LeakyReLU()(_convolution(widths[-1], 1)(images))
    for level in range(len(sides) - 1, 0, -1):
        x = LeakyReLU()(_convolution(widths[level])(x))
        x = LeakyReLU()(_convolution(widths[level - 1])(x))
        new = layers.AveragePooling2D(2, padding="same")(x)
        blocks = layers.AveragePooling2D(2, padding="same", dtype="float32")(blocks)
        old = LeakyReLU()(_convolution(widths[level - 1], 1)(blocks))
        x = FadeIn(level)([old, new])
    x = LeakyReLU()(_convolution(widths[0])(MinibatchStdDev()(x)))
    x = LeakyReLU()(EqualizedLearningRate(layers.Dense(widths[0]))(layers.Flatten()(x)))
    logits = EqualizedLearningRate(layers.Dense(1, dtype="float32"), gain=1.0)(x)
    return keras.Model(images, logits, name=name)


def in_blocks(images: Tensor, level: int) -> Tensor:
    """Return images as they are so many levels below: means of blocks, in place of their pixels.

    Args:
        images: Float tensor `(batch, height, width, channels)`.
        level: Integer, how often the sides are halved, rounding up.
    """
    sides = halvings(tuple(images.shape[1:3]), largest=max(images.shape[1:3]), times=level)
    for _ in range(level):
        images = ops.average_pool(images, 2, padding="same")
    for height, width in sides[-2::-1]:
        images = ops.repeat(ops.repeat(images, 2, axis=1), 2, axis=2)[:, :height, :width]
    return images


def fades(network: keras.Model) -> list[FadeIn]:
    """Return the fades of a network by level, of which those of level one come first."""
    found = [layer for layer in network.layers if isinstance(layer, FadeIn)]
    return sorted(found, key=lambda fade: fade.level)


def at_level(network: keras.Model, level: int, fading: bool = False) -> keras.Model:
    """Return the part of a progressive network that matters at a level, with the same layers.

    Args:
        network: `keras.Model` that `progressive_generator` or `progressive_discriminator` made.
        level: Integer, 0 for the lowest.
        fading: Boolean, whether this level is being faded in, so that the one below matters, too.
            Defaults to `False`.

    Returns:
        `keras.Model` of the inputs and outputs of the network, which computes what the network does
        if the fades above `level` are at 0 and those below at 1; and that of `level` at 1, unless
        it is `fading`. Its layers, and their weights, are those of the network.

    Example:

    >>> import keras, keras_gans as kg
    >>> from keras_gans.networks.progressive import at_level
    >>> network = kg.networks.progressive_generator((8, 8, 1), latent_dim=4, filters=2)
    >>> image = at_level(network, level=0)(keras.ops.ones((1, 4)))
    >>> bool((image[:, 0::2] == image[:, 1::2]).numpy().all())
    True
    """

    def call(layer, *args, **kwargs):
        if not isinstance(layer, FadeIn) or (fading and layer.level == level):
            return layer(*args, **kwargs)
        old, new = args[0]
        return old if layer.level > level else new

    if not fades(network):
        return network
    return keras.models.clone_model(network, clone_function=lambda x: x, call_function=call)


def _stages(*arguments):
    """Sides of the levels from the lowest to the image, and their channels."""
    sides, widths = stages(*arguments)
    return sides[::-1], widths[::-1]


def _convolution(filters, kernel_size=3):
    return EqualizedLearningRate(layers.Conv2D(filters, kernel_size, padding="same"))


def _to_colors(channels):
    return EqualizedLearningRate(layers.Conv2D(channels, 1, dtype="float32"), gain=1.0)


def _normalized(x):
    return PixelNormalization()(LeakyReLU()(x))
