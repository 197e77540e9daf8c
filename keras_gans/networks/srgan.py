"""Networks of Ledig et al. 2017 (SRGAN): from small images to large ones, and what judges them."""

from collections.abc import Sequence

import keras
from keras import layers

from keras_gans import _checks
from keras_gans.layers import LeakyReLU, PixelShuffle
from keras_gans.networks.normalization import normalize


def srgan_generator(
    channels: int = 3,
    scale: int = 4,
    filters: int = 64,
    num_blocks: int = 16,
    normalization: str | None = "batch",
    name: str = "generator",
) -> keras.Model:
    """SRResNet, a generator of images `scale` times as high and wide as those that it takes.

    A 9×9 convolution, residual blocks of two 3×3 convolutions and one more around all of them work
    at the size of the small image; then a 3×3 convolution and a `PixelShuffle` for each doubling,
    and a 9×9 convolution with tanh. Rectifiers are parametric, with one slope a channel, so that
    images may have any size. Inside the network the small image is in [0, 1], as in the paper.

    Args:
        channels: Positive integer, channels of both images. Defaults to `3`.
        scale: A power of two, or 3. Defaults to `4`.
        filters: Positive integer, channels of all layers between. Defaults to `64`.
        num_blocks: Positive integer, residual blocks. Defaults to `16`.
        normalization: `"batch"`, `"instance"`, `"layer"` or `None`. Defaults to `"batch"`.
        name: String. Defaults to `"generator"`.

    Returns:
        `keras.Model` from images `(batch, height, width, channels)` in [−1, 1], of any size, to
        float32 images `(batch, scale · height, scale · width, channels)` in [−1, 1].

    Raises:
        ValueError, TypeError: If a number is out of range, or a name is unknown.

    Example:

    >>> import keras, keras_gans as kg
    >>> generator = kg.networks.srgan_generator(scale=2, filters=8, num_blocks=1)
    >>> generator(keras.ops.zeros((1, 12, 10, 3))).shape
    TensorShape([1, 24, 20, 3])

    Reference:
        Ledig et al. 2017, Photo-Realistic Single Image Super-Resolution Using a Generative
        Adversarial Network, figure 4.
    """
    _checks.channels_last()
    channels = _checks.positive_int("channels", channels)
    filters = _checks.positive_int("filters", filters)

    def convolution(x, width=filters, kernel_size=3, use_bias=True):
        return layers.Conv2D(width, kernel_size, padding="same", use_bias=use_bias)(x)

    def rectified(x):
        return layers.PReLU(shared_axes=[1, 2])(x)

    def normalized(x):
        return normalize(normalization, convolution(x, use_bias=normalization is None))

    images = keras.Input((None, None, channels))
    first = x = rectified(convolution(layers.Rescaling(0.5, 0.5)(images), kernel_size=9))
    for _ in range(_checks.positive_int("num_blocks", num_blocks)):
        x = layers.Add()([x, normalized(rectified(normalized(x)))])
    x = layers.Add()([first, normalized(x)])
    for factor in _factors(scale):
        x = rectified(PixelShuffle(factor)(convolution(x, factor**2 * filters)))
    x = convolution(x, channels, kernel_size=9)
    outputs = layers.Activation("tanh", dtype="float32")(x)
    return keras.Model(images, outputs, name=name)


def srgan_discriminator(
    image_shape: Sequence[int],
    filters: int = 64,
    normalization: str | None = "batch",
    name: str = "discriminator",
) -> keras.Model:
    """A discriminator of large images: eight 3×3 convolutions, two of each width, and two layers.

    Every other convolution halves the sides, the next one doubles the width up to 8 · `filters`;
    the dense layer below the logit has 16 · `filters` units. All but the first are normalized.

    Args:
        image_shape: `(height, width, channels)`.
        filters: Positive integer, channels of the first layer. Defaults to `64`.
        normalization: `"batch"`, `"instance"`, `"layer"` or `None`. Defaults to `"batch"`.
        name: String. Defaults to `"discriminator"`.

    Returns:
        `keras.Model` from images `(batch, *image_shape)` in [−1, 1] to float32 logits `(batch, 1)`.

    Raises:
        ValueError, TypeError: If a size is out of range, or a name is unknown.

    Example:

    >>> import keras_gans as kg
    >>> kg.networks.srgan_discriminator((96, 96, 3), filters=8).output_shape
    (None, 1)

    Reference:
        Ledig et al. 2017, Photo-Realistic Single Image Super-Resolution Using a Generative
        Adversarial Network, figure 4.
    """
    image_shape = _checks.image_shape("image_shape", image_shape)
    filters = _checks.positive_int("filters", filters)

    def convolved(x, width, strides, normalization=normalization):
        use_bias = normalization is None
        x = layers.Conv2D(width, 3, strides, padding="same", use_bias=use_bias)(x)
        return LeakyReLU()(normalize(normalization, x))

    images = keras.Input(image_shape)
    x = convolved(images, filters, strides=1, normalization=None)
    x = convolved(x, filters, strides=2)
    for width in (2 * filters, 4 * filters, 8 * filters):
        for strides in (1, 2):
            x = convolved(x, width, strides)
    x = LeakyReLU()(layers.Dense(16 * filters)(layers.Flatten()(x)))
    logits = layers.Dense(1, dtype="float32")(x)
    return keras.Model(images, logits, name=name)


def _factors(scale):
    """The factors of the generator's stages."""
    scale = _checks.positive_int("scale", scale, minimum=2)
    if scale == 3:
        return [3]
    if scale & (scale - 1):
        raise ValueError(f"`scale` must be a power of two, or 3. Received: scale={scale}")
    return [2] * (scale.bit_length() - 1)
