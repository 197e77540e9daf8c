"""Networks of Karras et al. 2020 (StyleGAN2, config F), for images of any shape."""

import itertools
import math
from collections.abc import Sequence

import keras
from keras import layers, ops

from keras_gans import _checks
from keras_gans.layers import (
    Blur2D,
    BlurDownsample2D,
    BlurUpsample2D,
    EqualizedLearningRate,
    LeakyReLU,
    LearnedConstant,
    MinibatchStdDev,
    ModulatedConv2D,
    MovingMean,
    NoiseInjection,
    PixelNormalization,
)
from keras_gans.networks.conditioning import Labels
from keras_gans.networks.halving import cropped, made_even, stages
from keras_gans.networks.style import MAPPING, MEAN, SYNTHESIS

#: How much more slowly than others the layers of a mapping learn.
LR_MULTIPLIER = 0.01

#: Gain of a layer that a rectifier follows.
RECTIFIED = math.sqrt(2)


def stylegan2_generator(
    image_shape: Sequence[int],
    latent_dim: int = 512,
    filters: int = 32,
    max_filters: int = 512,
    code_dim: int = 512,
    mapping_layers: int = 8,
    output_activation: str | None = None,
    num_classes: int | None = None,
    name: str = "generator",
) -> keras.Model:
    """StyleGAN2's generator: a mapping from latents to codes, and a synthesis that codes modulate.

    The mapping normalizes latents and goes through dense layers that learn a hundred times more
    slowly. Where there are classes, a vector of each, normalized, is put beside the latents, as in
    the code of Karras et al. 2020b.

    The sides of the image are halved (rounding up) until the smaller is below 8: powers of two end
    at 4, as in the paper. From a learned constant of this grid the image grows back through the
    sides that were halved. At each there are two modulated 3×3 convolutions, the first of which
    doubles the side but for the lowest, where there is one; each with noise and leaky ReLU. A
    modulated 1×1 convolution makes colors of them, which are added to those of the side below, as
    the filter [1, 3, 3, 1] doubles them. That is a style for each convolution, and one for the last
    colors; those of other sides share that of the next convolution.

    Args:
        image_shape: `(height, width, channels)`, sides of at least 4.
        latent_dim: Positive integer, size of the latent vector. Defaults to `512`.
        filters: Positive integer, channels at the image's own side; doubled at each smaller side.
            Defaults to `32`: at a side of 1024 the paper's network, of 30.4 million weights. At 256
            the paper has `128`, and the code of Karras et al. 2020b `64`.
        max_filters: Positive integer, the most channels of any layer. Defaults to `512`.
        code_dim: Positive integer, size of the codes. Defaults to `512`.
        mapping_layers: Positive integer, dense layers of the mapping. Defaults to `8`.
        output_activation: Keras activation. Defaults to `None`, the paper's. Take `"tanh"` for
            drawings, where many pixels are pure black or white in all images: whatever codes change
            there is an error, so a linear generator makes less use of them, and leaves a haze.
        num_classes: Positive integer, or `None` for no labels. If given, labels lie in
            [0, num_classes). Defaults to `None`.
        name: String. Defaults to `"generator"`.

    Returns:
        `keras.Model` from latents `(batch, latent_dim)`, or `[latents, labels]`, to float32 images
        `(batch, *image_shape)`. By default they have no bounds, and `StyleGAN2` cuts them to
        [−1, 1] outside training. `mapping` and `synthesis` give its parts.

    Raises:
        ValueError, TypeError: If a size is out of range, or the activation is unknown.

    Example:

    >>> import keras_gans as kg
    >>> kg.networks.stylegan2_generator((28, 28, 1), 64, filters=16, code_dim=64).output_shape
    (None, 28, 28, 1)

    References:
        - Karras et al. 2020, Analyzing and Improving the Image Quality of StyleGAN, figures 2 and
          7.
        - Karras et al. 2020b, Training Generative Adversarial Networks with Limited Data: classes.
    """
    sides, widths = stages(image_shape, filters, max_filters)
    latents = keras.Input((_checks.positive_int("latent_dim", latent_dim),))
    code_dim = _checks.positive_int("code_dim", code_dim)
    mapping_layers = _checks.positive_int("mapping_layers", mapping_layers)
    labels = Labels(num_classes)
    codes = _mapping(latents.shape[1], code_dim, mapping_layers, num_classes)
    draw = _synthesis(sides, widths, image_shape[2], code_dim, output_activation)
    inputs = labels.beside(latents)
    images = draw(layers.RepeatVector(draw.input_shape[1], dtype="float32")(codes(inputs)))
    return keras.Model(inputs, images, name=name)


def stylegan2_discriminator(
    image_shape: Sequence[int],
    filters: int = 32,
    max_filters: int = 512,
    code_dim: int = 512,
    mapping_layers: int = 8,
    num_classes: int | None = None,
    name: str = "discriminator",
) -> keras.Model:
    """StyleGAN2's discriminator: residual blocks, between which a low-pass filter halves the sides.

    At each side of the mirrored generator but the lowest there are two 3×3 convolutions with leaky
    ReLU, of which the second halves the sides, beside a 1×1 convolution of the halved input; both
    branches times √½. At the lowest follow the deviation within the minibatch, one convolution and
    two dense layers. Learning rates are equalized, nothing is normalized.

    Where there are classes, the last layer makes `code_dim` features f, and the logit is
    ⟨f, c⟩ / √code_dim, with c what a mapping like the generator's makes of the class.

    Args:
        image_shape: `(height, width, channels)`, sides of at least 4.
        filters: Positive integer, channels at the image's own side; doubled at each smaller side.
            Defaults to `32`: at a side of 1024 the paper's network, of 29.0 million weights.
        max_filters: Positive integer, the most channels of any layer. Defaults to `512`.
        code_dim: Positive integer, size of the codes of classes. Defaults to `512`.
        mapping_layers: Positive integer, dense layers of their mapping. Defaults to `8`.
        num_classes: Positive integer, or `None` for no labels. If given, labels lie in
            [0, num_classes). Defaults to `None`.
        name: String. Defaults to `"discriminator"`.

    Returns:
        `keras.Model` from images `(batch, *image_shape)` in [−1, 1], or `[images, labels]`, to
        float32 logits `(batch, 1)`.

    Raises:
        ValueError, TypeError: If a size is out of range.

    Example:

    >>> import keras_gans as kg
    >>> kg.networks.stylegan2_discriminator((28, 28, 1), filters=16).output_shape
    (None, 1)

    References:
        - Karras et al. 2020, Analyzing and Improving the Image Quality of StyleGAN, figure 7.
        - Karras et al. 2020b, Training Generative Adversarial Networks with Limited Data: classes.
    """
    _, widths = stages(image_shape, filters, max_filters)
    images, labels = keras.Input(tuple(image_shape)), Labels(num_classes)
    code_dim = _checks.positive_int("code_dim", code_dim)
    mapping_layers = _checks.positive_int("mapping_layers", mapping_layers)
    x = LeakyReLU()(_convolution(widths[0], 1)(images))
    for width, next_width in itertools.pairwise(widths):
        x = _halved(x, width, next_width)
    x = LeakyReLU()(_convolution(widths[-1])(MinibatchStdDev()(x)))
    x = LeakyReLU()(_dense(widths[-1])(layers.Flatten()(x)))
    if num_classes is None:
        logits = _dense(1, gain=1.0, dtype="float32")(x)
    else:
        features = _dense(code_dim, gain=1.0, dtype="float32")(x)
        codes = _mapped(_vectors(labels, code_dim), code_dim, mapping_layers)
        products = layers.Dot(axes=1, dtype="float32")([features, codes])
        logits = layers.Rescaling(1 / math.sqrt(code_dim), dtype="float32")(products)
    return keras.Model(labels.beside(images), logits, name=name)


# Parts of the generator


def _mapping(latent_dim, code_dim, mapping_layers, num_classes):
    latents, labels = keras.Input((latent_dim,)), Labels(num_classes)
    x = PixelNormalization(dtype="float32")(latents)
    if num_classes is not None:
        x = layers.Concatenate(dtype="float32")([x, _vectors(labels, code_dim)])
    codes = MovingMean(name=MEAN, dtype="float32")(_mapped(x, code_dim, mapping_layers))
    return keras.Model(labels.beside(latents), codes, name=MAPPING)


def _mapped(x, code_dim, mapping_layers):
    """Dense layers, in float32, that learn slowly."""
    for _ in range(mapping_layers):
        x = _dense(code_dim, lr_multiplier=LR_MULTIPLIER, dtype="float32")(x)
        x = LeakyReLU(dtype="float32")(x)
    return x


def _vectors(labels, code_dim):
    """A vector of each class, normalized."""
    vectors = layers.Embedding(
        labels.num_classes,
        code_dim,
        embeddings_initializer=keras.initializers.RandomNormal(stddev=1.0),
        dtype="float32",
    )
    return PixelNormalization(dtype="float32")(vectors(labels.symbol))


def _synthesis(sides, widths, channels, code_dim, output_activation):
    codes = keras.Input((2 * len(sides), code_dim))
    styles = ops.unstack(codes, axis=1)

    def colors(x, style):
        layer = ModulatedConv2D(channels, 1, demodulate=False, gain=1.0, dtype="float32")
        return layer([x, style])

    x = LearnedConstant((*sides[-1], widths[-1]))(codes)
    x = _activated(ModulatedConv2D(widths[-1])([x, styles[0]]))
    images = colors(x, styles[1])
    for i in range(1, len(sides)):
        side, width = sides[-1 - i], widths[-1 - i]
        doubled, convolved, colored = styles[2 * i - 1 : 2 * i + 2]
        x = cropped(ModulatedConv2D(width, upsample=True)([x, doubled]), side)
        x = _activated(ModulatedConv2D(width)([_activated(x), convolved]))
        below = cropped(BlurUpsample2D(dtype="float32")(images), side)
        images = layers.Add(dtype="float32")([below, colors(x, colored)])
    activation = _checks.activation("output_activation", output_activation)
    images = layers.Activation(activation, dtype="float32")(images)
    return keras.Model(codes, images, name=SYNTHESIS)


def _activated(x):
    return LeakyReLU()(NoiseInjection()(x))


# Parts of the discriminator


def _halved(x, width, next_width):
    """A residual block. √2 · √½ = 1 is the gain of its second convolution."""
    shortcut = BlurDownsample2D()(x)
    shortcut = _convolution(next_width, 1, gain=math.sqrt(0.5), use_bias=False)(shortcut)
    x = LeakyReLU()(_convolution(width)(x))
    x = Blur2D(padding=2)(made_even(x))
    x = LeakyReLU()(_convolution(next_width, gain=1.0, strides=2, padding="valid")(x))
    return layers.Add()([x, shortcut])


def _convolution(filters, kernel_size=3, gain=RECTIFIED, padding="same", **kwargs):
    convolution = layers.Conv2D(filters, kernel_size, padding=padding, **kwargs)
    return EqualizedLearningRate(convolution, gain)


def _dense(units, gain=RECTIFIED, lr_multiplier=1.0, dtype=None):
    return EqualizedLearningRate(layers.Dense(units, dtype=dtype), gain, lr_multiplier)
