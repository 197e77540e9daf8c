"""Style networks of Karras et al. 2019 (StyleGAN) and Pidhorskyi et al. 2020 (StyleALAE), in small.

The generator draws from a learned constant; a code w reaches it as the scale and shift of the
channels after each convolution only. The encoder mirrors it: it takes the mean and the deviation of
the channels away after each convolution, and adds up what they say of the code.
"""

import itertools
from collections.abc import Sequence

import keras
import numpy as np
from keras import layers, ops

from keras_gans import _checks
from keras_gans._typing import ArrayLike
from keras_gans.layers import (
    AdaptiveInstanceNormalization,
    InstanceStatistics,
    LeakyReLU,
    LearnedConstant,
    UpsampleConv2D,
)
from keras_gans.networks.halving import cropped, stages
from keras_gans.networks.normalization import EPSILON

#: Names of the parts of a style generator: from latents to a code, and from a code for each style.
MAPPING, SYNTHESIS = "mapping", "synthesis"

#: Name of the layer of a mapping that keeps the mean of its codes.
MEAN = "mean"


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
    sides, widths = stages(image_shape, filters, max_filters, times=1)
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
    _, widths = stages(image_shape, filters, max_filters, times=1)
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
    return _part(generator, SYNTHESIS)


def mapping(generator: keras.Model) -> keras.Model:
    """Return the part of a style generator that makes the code of a latent.

    Args:
        generator: `keras.Model` that `stylegan2_generator` returned, or a copy of it.

    Returns:
        `keras.Model` from latents `(batch, latent_dim)`, or `[latents, labels]`, to codes
        `(batch, code_dim)`, with the generator's weights. Its layer `"mean"` keeps their mean.

    Raises:
        TypeError: If the generator is not a `keras.Model`.
        ValueError: If it has no mapping.

    Example:

    >>> import keras_gans as kg
    >>> generator = kg.networks.stylegan2_generator((8, 8, 1), 16, filters=2, code_dim=12)
    >>> kg.networks.mapping(generator).output_shape
    (None, 12)
    """
    return _part(generator, MAPPING)


def mixed_codes(generator: keras.Model) -> keras.Model:
    """Return the network of the codes of two latents an example: style mixing.

    Args:
        generator: `keras.Model` with a mapping and a synthesis.

    Returns:
        `keras.Model` from `[latents, others, is_other]`, latents `(batch, latent_dim)` and booleans
        `(batch, styles)`, which say whose code a style has, to codes `(batch, styles, code_dim)`.
        Where the generator takes labels, it takes `[[latents, others, is_other], labels]`.
    """
    part, (num_styles, code_dim) = mapping(generator), synthesis(generator).input_shape[1:]
    latents = [keras.Input(part.inputs[0].shape[1:]) for _ in range(2)]
    is_other = keras.Input((num_styles,), dtype="bool")
    labels = [keras.Input(x.shape[1:], dtype=x.dtype) for x in part.inputs[1:]]
    inputs = [*latents, is_other]

    def side_by_side(pair):
        return ops.reshape(ops.stack(pair, axis=1), (-1, *pair[0].shape[1:]))

    pairs = [side_by_side(latents), *(side_by_side([x, x]) for x in labels)]
    codes = ops.reshape(part(pairs if labels else pairs[0]), (-1, 2, 1, code_dim))
    codes = ops.where(is_other[:, :, None], codes[:, 1], codes[:, 0])
    return keras.Model([inputs, *labels] if labels else inputs, codes, name="mixed_codes")


def mix_styles(coarse: ArrayLike, fine: ArrayLike, layer: int) -> np.ndarray:
    """Return the codes `(…, styles, code_dim)` of `coarse` before a style, of `fine` from it on."""
    num_styles = np.shape(coarse)[-2]
    if _checks.positive_int("layer", layer, minimum=0) > num_styles:
        raise ValueError(
            f"`layer` must be at most {num_styles}, the generator's number of styles. "
            f"Received: layer={layer}"
        )
    return np.where(np.arange(num_styles)[:, None] < layer, coarse, fine)


def _part(generator, name):
    if not isinstance(generator, keras.Model):
        raise TypeError(
            "`generator` must be a keras.Model. "
            f"Received: generator of type {_checks.type_name(generator)}"
        )
    for layer in generator.layers:
        if layer.name == name:
            return layer
    raise ValueError(
        "`generator` must have styles, as those of keras_gans.networks.style_generator do. "
        f"Received: {generator.name!r} without a part called {name!r}"
    )


def _styled(x, code):
    return AdaptiveInstanceNormalization()([LeakyReLU()(x), code])


def _convolution(filters, strides=1):
    return layers.Conv2D(
        filters, 3, strides=strides, padding="same", kernel_initializer="he_normal"
    )
