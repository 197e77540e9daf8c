"""Networks from images to images of Zhu et al. 2017 (CycleGAN), and what judges their patches.

In the paper's names, c7s1-k and dk are convolutions with k filters, 7×7 of stride 1 and 3×3 of
stride 2; Rk is a residual block of two 3×3 convolutions; uk is a 3×3 transposed convolution of
stride 2; Ck is a 4×4 convolution of stride 2. Weights come from N(0, 0.02²).
"""

import math
from collections.abc import Sequence

import keras
from keras import layers

from keras_gans import _checks
from keras_gans.layers import LeakyReLU, ReflectionPadding2D
from keras_gans.networks.halving import grow, halvings
from keras_gans.networks.normalization import normalize


def translation_generator(
    image_shape: Sequence[int],
    out_channels: int | None = None,
    filters: int = 64,
    num_blocks: int = 9,
    normalization: str | None = "instance",
    name: str = "generator",
) -> keras.Model:
    """A generator from images to images: c7s1-64, d128, d256, residual blocks, u128, u64, c7s1-3.

    It works on a quarter of the sides (rounding up) and comes back to exactly those of the image.
    Every convolution but the last is followed by the normalization and a rectifier, which the
    second one of a residual block leaves out; images are reflected at their edges.

    Args:
        image_shape: `(height, width, channels)`, sides of at least 5.
        out_channels: Positive integer, channels of the images that it makes. Defaults to `None`, as
            many as those that it takes.
        filters: Positive integer, channels of the first layer; doubled by each halving. Defaults to
            `64`.
        num_blocks: Positive integer, residual blocks. Defaults to `9`, the paper's for 256×256
            images and larger; `6` for 128×128.
        normalization: `"instance"`, `"batch"`, `"layer"` or `None`. Defaults to `"instance"`.
        name: String. Defaults to `"generator"`.

    Returns:
        `keras.Model` from images `(batch, *image_shape)` in [−1, 1] to float32 images
        `(batch, height, width, out_channels)` in [−1, 1].

    Raises:
        ValueError, TypeError: If a size is out of range, or a name is unknown.

    Example:

    >>> import keras_gans as kg
    >>> kg.networks.translation_generator((32, 32, 1), out_channels=3, filters=8).output_shape
    (None, 32, 32, 3)

    References:
        - Zhu et al. 2017, Unpaired Image-to-Image Translation using Cycle-Consistent Adversarial
          Networks, section 7.2.
        - Johnson et al. 2016, Perceptual Losses for Real-Time Style Transfer and Super-Resolution.
    """
    image_shape = _checks.image_shape("image_shape", image_shape)
    channels = image_shape[2] if out_channels is None else out_channels
    filters = _checks.positive_int("filters", filters)
    sides = halvings(image_shape[:2], largest=math.inf, times=2)
    if min(sides[-1]) < 2:
        raise ValueError(
            "`image_shape` must have sides of at least 5, of which a quarter can be reflected. "
            f"Received: image_shape={image_shape}"
        )

    def activated(x):
        return layers.ReLU()(normalize(normalization, x))

    def reflected(x, width, kernel_size, use_bias=normalization is None):
        x = ReflectionPadding2D(kernel_size // 2)(x)
        return _convolution(x, width, kernel_size, padding="valid", use_bias=use_bias)

    def residual_block(x):
        y = activated(reflected(x, x.shape[-1], 3))
        y = normalize(normalization, reflected(y, x.shape[-1], 3))
        return layers.Add()([x, y])

    images = keras.Input(image_shape)
    x = activated(reflected(images, filters, 7))
    for width in (2 * filters, 4 * filters):
        x = activated(_convolution(x, width, 3, strides=2, use_bias=normalization is None))
    for _ in range(_checks.positive_int("num_blocks", num_blocks)):
        x = residual_block(x)
    for width, side in ((2 * filters, sides[1]), (filters, sides[0])):
        x = activated(grow(x, side, width, 3, normalization is None, _initializer()))
    x = reflected(x, _checks.positive_int("out_channels", channels), 7, use_bias=True)
    outputs = layers.Activation("tanh", dtype="float32")(x)
    return keras.Model(images, outputs, name=name)


def patch_discriminator(
    image_shape: Sequence[int],
    filters: int = 64,
    num_layers: int = 3,
    normalization: str | None = "instance",
    name: str = "discriminator",
) -> keras.Model:
    """A discriminator that judges every patch of an image: C64-C128-C256-C512 and a logit each.

    The last C has stride 1, as has the convolution that makes the logits. The side of a patch, the
    receptive field of one logit, is 70 pixels for three layers of stride 2, and 16, 34, 142 for
    one, two, four. It has far fewer weights than a discriminator of whole images, and takes images
    of any size; what it cannot see is how distant parts belong together, which cycle consistency
    keeps.

    Args:
        image_shape: `(height, width, channels)`, sides of at least 4.
        filters: Positive integer, channels of the first layer; doubled in each layer above, up to
            eight times as many. Defaults to `64`.
        num_layers: Positive integer, layers of stride 2. Defaults to `3`, the paper's.
        normalization: `"instance"`, `"batch"`, `"layer"` or `None`, after all convolutions but the
            first and the last. Defaults to `"instance"`.
        name: String. Defaults to `"discriminator"`.

    Returns:
        `keras.Model` from images `(batch, *image_shape)` in [−1, 1] to float32 logits
        `(batch, height / 2ⁿ, width / 2ⁿ, 1)`, rounded up, n = `num_layers`.

    Raises:
        ValueError, TypeError: If a size is out of range, a name is unknown, or the image has a
            single patch.

    Example:

    >>> import keras_gans as kg
    >>> kg.networks.patch_discriminator((256, 256, 3), filters=8).output_shape
    (None, 32, 32, 1)

    References:
        - Zhu et al. 2017, Unpaired Image-to-Image Translation using Cycle-Consistent Adversarial
          Networks, section 7.2.
        - Isola et al. 2017, Image-to-Image Translation with Conditional Adversarial Networks,
          section 3.2.2.
    """
    image_shape = _checks.image_shape("image_shape", image_shape)
    filters = _checks.positive_int("filters", filters)
    num_layers = _checks.positive_int("num_layers", num_layers)
    if min(image_shape[:2]) <= 2**num_layers:
        raise ValueError(
            f"`num_layers` must leave more than one logit a side of images {image_shape[:2]}. "
            f"Received: num_layers={num_layers}"
        )
    widths = [filters * min(2**i, 8) for i in range(num_layers + 1)]

    images = keras.Input(image_shape)
    x = LeakyReLU()(_convolution(images, widths[0], 4, strides=2))
    for i, width in enumerate(widths[1:], start=1):
        strides = 2 if i < num_layers else 1
        x = _convolution(x, width, 4, strides, use_bias=normalization is None)
        x = LeakyReLU()(normalize(normalization, x))
    logits = _convolution(x, 1, 4, dtype="float32")
    return keras.Model(images, logits, name=name)


def _convolution(x, width, kernel_size, strides=1, padding="same", **kwargs):
    return layers.Conv2D(
        width,
        kernel_size,
        strides,
        padding,
        kernel_initializer=_initializer(),
        **kwargs,
    )(x)


def _initializer():
    return keras.initializers.RandomNormal(stddev=0.02)
