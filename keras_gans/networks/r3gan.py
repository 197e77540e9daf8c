"""Networks of Huang et al. 2024 (R3GAN): ResNets of grouped convolutions, without normalization.

A block is x + c(a(b(x))), with 1×1, grouped 3×3 and 1×1 convolutions of twice as many channels
inside, and a leaky ReLU with a bias after the first two. The last starts at zero, and the others
with variances that fall with the number of blocks (fix-up initialization). Sides change by bilinear
interpolation.
"""

import math
from collections.abc import Sequence

import keras
from keras import layers

from keras_gans import _checks
from keras_gans.layers import (
    BlurDownsample2D,
    BlurUpsample2D,
    GroupedConv2D,
    LabelProjection,
    LeakyReLU,
    LearnedConstant,
)
from keras_gans.networks.conditioning import Labels
from keras_gans.networks.halving import cropped, doubled_filters, halvings

#: What keeps the variance of a leaky ReLU of slope 0.2.
GAIN = math.sqrt(2 / 1.04)


def r3gan_generator(
    image_shape: Sequence[int],
    latent_dim: int = 64,
    filters: int = 768,
    max_filters: int = 768,
    num_blocks: int = 2,
    group_size: int = 16,
    output_activation: str | None = None,
    num_classes: int | None = None,
    name: str = "generator",
) -> keras.Model:
    """R3GAN's generator, for images of any shape.

    The sides of the image are halved (rounding up) until the smaller is at most 4. A linear layer
    of the latents scales the channels of a learned grid of that side; from there each stage doubles
    the sides, to exactly those that were halved, and has `num_blocks` residual blocks. A 1×1
    convolution changes channels where they change, and makes images. By default they have no
    bounds, and `keras_gans.models.R3GAN` cuts its samples to [−1, 1].

    The defaults are those of the authors for CIFAR-10. For images of 64 pixels they have
    `filters=384`, of 256 pixels `filters=96`.

    Args:
        image_shape: `(height, width, channels)`, sides of at least 4.
        latent_dim: Positive integer, size of the latent vector. Defaults to `64`.
        filters: Positive integer, channels of the blocks next to the image; doubled in each stage
            below. Defaults to `768`.
        max_filters: Positive integer, the most channels of any stage. Defaults to `768`.
        num_blocks: Positive integer, residual blocks of each stage. Defaults to `2`.
        group_size: Positive integer, channels of a group in the 3×3 convolutions; where it does not
            divide their channels, the largest number below that does. Defaults to `16`.
        output_activation: Keras activation. Defaults to `None`, the authors'. See
            `stylegan2_generator` for when to take `"tanh"`.
        num_classes: Positive integer or `None`. If given, the generator takes labels, and appends a
            learned vector of the class to the latents. Defaults to `None`.
        name: String. Defaults to `"generator"`.

    Returns:
        `keras.Model` from latents `(batch, latent_dim)`, or `[latents, labels]` with integer labels
        `(batch,)`, to float32 images `(batch, *image_shape)`.

    Raises:
        ValueError, TypeError: If a size is out of range, or the activation is unknown.

    Example:

    >>> import keras_gans as kg
    >>> kg.networks.r3gan_generator((28, 28, 1), filters=16).output_shape
    (None, 28, 28, 1)

    Reference:
        Huang et al. 2024, The GAN is dead; long live the GAN! A Modern GAN Baseline, section 3.2
        and appendix; the authors' code, `Networks.py`.
    """
    image_shape = _checks.image_shape("image_shape", image_shape)
    *sides, base = halvings(image_shape[:2], largest=4)
    widths = doubled_filters(filters, max_filters, len(sides) + 1)
    block = _Block(num_blocks, len(widths), group_size)
    latents = keras.Input((_checks.positive_int("latent_dim", latent_dim),))
    labels = Labels(num_classes)
    scales = layers.Dense(widths[-1], use_bias=False, kernel_initializer=_normal())
    grid = LearnedConstant((*base, widths[-1]))(latents)
    scales = layers.Reshape((1, 1, widths[-1]))(scales(labels.embedded_beside(latents)))
    x = block.stage(layers.Multiply()([grid, scales]))
    for side, width in zip(reversed(sides), reversed(widths[:-1]), strict=True):
        x = cropped(BlurUpsample2D()(_with_channels(x, width)), side)
        x = block.stage(x)
    activation = _checks.activation("output_activation", output_activation)
    images = layers.Activation(activation, dtype="float32")(_linear(x, image_shape[2]))
    return keras.Model(labels.beside(latents), images, name=name)


def r3gan_discriminator(
    image_shape: Sequence[int],
    filters: int = 768,
    max_filters: int = 768,
    num_blocks: int = 2,
    group_size: int = 16,
    num_classes: int | None = None,
    name: str = "discriminator",
) -> keras.Model:
    """R3GAN's discriminator, the mirror image of its generator.

    In the end a filter of each channel sees the whole grid, and a linear layer makes a logit of
    them; with labels it makes a vector, whose inner product with a learned one of the class is the
    logit.

    Args:
        image_shape: `(height, width, channels)`, sides of at least 4.
        filters: Positive integer, channels of the blocks next to the image; doubled in each stage
            above. Defaults to `768`.
        max_filters, num_blocks, group_size: See `r3gan_generator`.
        num_classes: Positive integer or `None`. If given, the discriminator takes labels. Defaults
            to `None`.
        name: String. Defaults to `"discriminator"`.

    Returns:
        `keras.Model` from images `(batch, *image_shape)`, or `[images, labels]`, to float32 logits
        `(batch, 1)`.

    Raises:
        ValueError, TypeError: If a size is out of range.

    Example:

    >>> import keras_gans as kg
    >>> kg.networks.r3gan_discriminator((28, 28, 1), filters=16).output_shape
    (None, 1)
    """
    image_shape = _checks.image_shape("image_shape", image_shape)
    widths = doubled_filters(filters, max_filters, len(halvings(image_shape[:2], largest=4)))
    block = _Block(num_blocks, len(widths), group_size)
    images = keras.Input(image_shape)
    labels = Labels(num_classes)
    x = block.stage(_linear(images, widths[0]))
    for width in widths[1:]:
        x = block.stage(_with_channels(BlurDownsample2D()(x), width))
    return keras.Model(labels.beside(images), _logits(x, labels), name=name)


class _Block:
    """The residual blocks of one network, whose variances depend on how many it has."""

    def __init__(self, num_blocks, stages, group_size):
        self.num_blocks = _checks.positive_int("num_blocks", num_blocks)
        self.group_size = _checks.positive_int("group_size", group_size)
        self.gain = GAIN * (self.num_blocks * stages) ** -0.25

    def stage(self, x):
        for _ in range(self.num_blocks):
            x = layers.Add()([x, self._residual(x)])
        return x

    def _residual(self, x):
        outer = x.shape[-1]
        inner = 2 * outer
        x = layers.Conv2D(inner, 1, kernel_initializer=_normal(self.gain))(x)
        x = GroupedConv2D(
            inner,
            3,
            groups=inner // _largest_divisor(inner, self.group_size),
            padding="same",
            kernel_initializer=_normal(self.gain),
        )(LeakyReLU()(x))
        x = LeakyReLU()(x)
        return layers.Conv2D(outer, 1, use_bias=False, kernel_initializer="zeros")(x)


def _logits(x, labels):
    """A filter of each channel over the whole grid, and a linear layer."""
    *side, channels = x.shape[1:]
    filters = keras.initializers.RandomNormal(stddev=math.prod(side) ** -0.5)
    x = layers.DepthwiseConv2D(side, use_bias=False, depthwise_initializer=filters)(x)
    x = layers.Flatten()(x)
    size = 1 if labels.symbol is None else channels
    outputs = layers.Dense(size, use_bias=False, kernel_initializer=_normal(), dtype="float32")(x)
    if labels.symbol is None:
        return outputs
    vectors = keras.initializers.RandomNormal(stddev=(labels.num_classes * channels) ** -0.5)
    projection = LabelProjection(labels.num_classes, vectors, dtype="float32")
    return projection([outputs, labels.symbol])


def _with_channels(x, channels):
    return x if x.shape[-1] == channels else _linear(x, channels)


def _linear(x, channels):
    return layers.Conv2D(channels, 1, use_bias=False, kernel_initializer=_normal())(x)


def _normal(gain=1.0):
    """N(0, gain² / fan-in), the fan-in that of a group."""
    return keras.initializers.VarianceScaling(gain**2, "fan_in", "untruncated_normal")


def _largest_divisor(number, at_most):
    return max(d for d in range(1, min(number, at_most) + 1) if number % d == 0)
