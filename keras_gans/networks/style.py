"""Style networks of Karras et al. 2019 (StyleGAN) and Pidhorskyi et al. 2020 (StyleALAE), in small.

The generator draws from a learned constant; a code w reaches it as the scale and shift of the
channels after each convolution only. The encoder mirrors it: it takes the mean and the deviation of
the channels away after each convolution, and adds up what they say of the code.
"""

import itertools
from collections.abc import Sequence

import keras
from keras import layers, ops

from keras_gans import _checks
from keras_gans.layers import (
    AdaptiveInstanceNormalization,
    InstanceStatistics,
    LeakyReLU,
    LearnedConstant,
    UpsampleConv2D,
)
from keras_gans.networks.halving import cropped, halvings
from keras_gans.networks.normalization import EPSILON

#: Name of the part of a style generator that takes a code for each style.
SYNTHESIS = "synthesis"


def style_generator(
    image_shape: Sequence[int],
    code_dim: int = 128,
    filters: int = 32,
    max_filters: int = 256,
    name: str = "generator",
) -> keras.Model:
    """A generator whose convolutions are modulated by a code: adaptive instance normalization.

    The sides of the image are halved (rounding up) until the smaller is below 8. From a learned
    constant of that grid the image grows back through the sides that were halved. At each side
    there are two stages of 3×3 convolution (the first of which doubles the side), leaky ReLU and
    adaptive instance normalization by the code: two styles. No noise is added.

    Args:
        image_shape: `(height, width, channels)`, sides of at least 4.
        code_dim: Positive integer, size of the code. Defaults to `128`.
        filters: Positive integer, channels at the image's own side; doubled at each smaller side.
            Defaults to `32`.
        max_filters: Positive integer, the most channels of any layer. Defaults to `256`.
        name: String. Defaults to `"generator"`.

    Returns:
        `keras.Model` from codes `(batch, code_dim)` to float32 images `(batch, *image_shape)` in
        [−1, 1]. `synthesis` gives its part that takes a code for each style.

    Raises:
        ValueError, TypeError: If a size is out of range.

    Example:

    >>> import keras_gans as kg
    >>> kg.networks.style_generator((28, 28, 1), code_dim=64).output_shape
    (None, 28, 28, 1)

    References:
        - Karras et al. 2019, A Style-Based Generator Architecture for Generative Adversarial
          Networks, figure 1.
        - Pidhorskyi et al. 2020, Adversarial Latent Autoencoders, figure 2.
    """
    sides, widths = _stages(image_shape, filters, max_filters)
    num_styles = 2 * len(sides)
    code = keras.Input((_checks.positive_int("code_dim", code_dim),))
    codes = keras.Input((num_styles, code_dim))
    styles = iter(ops.unstack(codes, axis=1))

    x = LearnedConstant((*sides[-1], widths[-1]))(codes)
    x = _styled(x, next(styles))
    x = _styled(_convolution(widths[-1])(x), next(styles))
    for side, width in zip(sides[-2::-1], widths[-2::-1], strict=True):
        x = UpsampleConv2D(width, kernel_initializer="he_normal")(x)
        x = _styled(cropped(x, side), next(styles))
        x = _styled(_convolution(width)(x), next(styles))
    x = layers.Conv2D(image_shape[2], 1)(x)
    images = layers.Activation("tanh", dtype="float32")(x)
    images_of_styles = keras.Model(codes, images, name=SYNTHESIS)
    return keras.Model(code, images_of_styles(layers.RepeatVector(num_styles)(code)), name=name)


def style_encoder(
    image_shape: Sequence[int],
    code_dim: int = 128,
    filters: int = 32,
    max_filters: int = 256,
    name: str = "encoder",
) -> keras.Model:
    """An encoder that reads the styles which the mirrored generator would write.

    After each 3×3 convolution and leaky ReLU the mean and deviation of each channel go through a
    linear map of their own into the code, a sum, and instance normalization takes them away. At
    each side of the mirrored generator there are two such stages, the second of which halves the
    sides; at the last, a dense layer over all positions stands for the second.

    Args:
        image_shape: `(height, width, channels)`, sides of at least 4.
        code_dim: Positive integer, size of the code. Defaults to `128`.
        filters: Positive integer, channels at the image's own side; doubled at each smaller side.
            Defaults to `32`.
        max_filters: Positive integer, the most channels of any layer. Defaults to `256`.
        name: String. Defaults to `"encoder"`.

    Returns:
        `keras.Model` from images `(batch, *image_shape)` in [−1, 1] to float32 codes
        `(batch, code_dim)`.

    Raises:
        ValueError, TypeError: If a size is out of range.

    Example:

    >>> import keras_gans as kg
    >>> kg.networks.style_encoder((28, 28, 1), code_dim=64).output_shape
    (None, 64)

    Reference:
        Pidhorskyi et al. 2020, Adversarial Latent Autoencoders, section 4 and figure 2.
    """
    _, widths = _stages(image_shape, filters, max_filters)
    code_dim = _checks.positive_int("code_dim", code_dim)
    images = keras.Input(image_shape)
    styles = []

    def style_taken(x):
        styles.append(InstanceStatistics()(x))
        return layers.GroupNormalization(groups=-1, epsilon=EPSILON)(x)

    x = LeakyReLU()(layers.Conv2D(widths[0], 1, kernel_initializer="he_normal")(images))
    for width, next_width in itertools.pairwise(widths):
        x = style_taken(LeakyReLU()(_convolution(width)(x)))
        x = style_taken(LeakyReLU()(_convolution(next_width, strides=2)(x)))
    x = style_taken(LeakyReLU()(_convolution(widths[-1])(x)))
    x = layers.Dense(widths[-1], kernel_initializer="he_normal")(layers.Flatten()(x))
    styles.append(LeakyReLU()(x))
    parts = [layers.Dense(code_dim, dtype="float32")(style) for style in styles]
    return keras.Model(images, layers.Add(dtype="float32")(parts), name=name)


def synthesis(generator: keras.Model) -> keras.Model:
    """Return the part of a style generator that takes a code for each style.

    Args:
        generator: `keras.Model` that `style_generator` returned, or a copy of it.

    Returns:
        `keras.Model` from codes `(batch, num_styles, code_dim)` to images, with the generator's
        weights. The generator repeats its code for all styles.

    Raises:
        TypeError: If the generator is not a `keras.Model`.
        ValueError: If it has no styles.

    Example:

    >>> import keras_gans as kg
    >>> generator = kg.networks.style_generator((8, 8, 1), code_dim=16)
    >>> kg.networks.synthesis(generator).input_shape
    (None, 4, 16)
    """
    if not isinstance(generator, keras.Model):
        raise TypeError(
            "`generator` must be a keras.Model. "
            f"Received: generator of type {_checks.type_name(generator)}"
        )
    for layer in generator.layers:
        if layer.name == SYNTHESIS:
            return layer
    raise ValueError(
        "`generator` must have styles, as those of keras_gans.networks.style_generator do. "
        f"Received: {generator.name!r} without a part called {SYNTHESIS!r}"
    )


def _stages(image_shape, filters, max_filters):
    """Sides of the stages from the image inwards, and their channels: doubling, to a maximum."""
    image_shape = _checks.image_shape("image_shape", image_shape)
    filters = _checks.positive_int("filters", filters)
    max_filters = _checks.positive_int("max_filters", max_filters)
    sides = halvings(image_shape[:2], largest=7)
    return sides, [min(filters * 2**i, max_filters) for i in range(len(sides))]


def _styled(x, code):
    return AdaptiveInstanceNormalization()([LeakyReLU()(x), code])


def _convolution(filters, strides=1):
    return layers.Conv2D(
        filters, 3, strides=strides, padding="same", kernel_initializer="he_normal"
    )
