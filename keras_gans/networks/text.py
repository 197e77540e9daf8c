"""Residual networks of one-dimensional convolutions, for text (Gulrajani et al. 2017, WGAN-GP).

All positions of a text are made, and judged, at once. The initialization is that of the authors'
code: uniform, of variance 4 / (fan in + fan out) in convolutions and 2 / (fan in + fan out) in
dense layers.
"""

import keras
from keras import layers

from keras_gans import _checks
from keras_gans.layers import LeakyReLU


def text_generator(
    length: int,
    vocabulary_size: int,
    latent_dim: int = 128,
    filters: int = 512,
    num_blocks: int = 5,
    kernel_size: int = 5,
    name: str = "generator",
) -> keras.Model:
    """A generator of texts: for each position, the probability of each character.

    The latent vector is projected to `length` positions of `filters` channels; residual blocks
    x + 0.3 · conv(ReLU(conv(ReLU(x)))) follow, and a softmax over the vocabulary at each position.

    Args:
        length: Positive integer, characters of a text. The paper's is 32.
        vocabulary_size: Positive integer, how many different characters: see
            `keras_gans.models.TextGAN`.
        latent_dim: Positive integer, size of the latent vector. Defaults to `128`.
        filters: Positive integer, channels of all hidden layers. Defaults to `512`.
        num_blocks: Positive integer, residual blocks. Defaults to `5`.
        kernel_size: Positive integer, positions that a convolution sees. Defaults to `5`.
        name: String. Defaults to `"generator"`.

    Returns:
        `keras.Model` from latents `(batch, latent_dim)` to float32 probabilities
        `(batch, length, vocabulary_size)`, which add up to one at each position.

    Raises:
        ValueError, TypeError: If a size is not a positive integer.

    Example:

    >>> import keras_gans as kg
    >>> kg.networks.text_generator(length=32, vocabulary_size=67, filters=16).output_shape
    (None, 32, 67)

    Reference:
        Gulrajani et al. 2017, Improved Training of Wasserstein GANs, section 5.4 and the authors'
        code, `gan_language.py`.
    """
    length = _checks.positive_int("length", length)
    vocabulary_size = _checks.positive_int("vocabulary_size", vocabulary_size)
    filters = _checks.positive_int("filters", filters)
    latents = keras.Input((_checks.positive_int("latent_dim", latent_dim),))
    x = layers.Dense(length * filters)(latents)
    x = layers.Reshape((length, filters))(x)
    x = _residual_blocks(x, num_blocks, kernel_size)
    x = _convolution(vocabulary_size, 1)(x)
    outputs = layers.Softmax(dtype="float32")(x)
    return keras.Model(latents, outputs, name=name)


def text_discriminator(
    length: int,
    vocabulary_size: int,
    filters: int = 512,
    num_blocks: int = 5,
    kernel_size: int = 5,
    name: str = "discriminator",
) -> keras.Model:
    """A discriminator of texts: what `text_generator` does, in the other direction.

    A linear layer takes each position's character to `filters` channels; residual blocks follow,
    and a linear layer over all positions.

    Args:
        length: Positive integer, characters of a text.
        vocabulary_size: Positive integer, how many different characters.
        filters: Positive integer, channels of all hidden layers. Defaults to `512`.
        num_blocks: Positive integer, residual blocks. Defaults to `5`.
        kernel_size: Positive integer, positions that a convolution sees. Defaults to `5`.
        name: String. Defaults to `"discriminator"`.

    Returns:
        `keras.Model` from one-hot characters, or probabilities, `(batch, length, vocabulary_size)`
        to float32 logits `(batch, 1)`.

    Raises:
        ValueError, TypeError: If a size is not a positive integer.

    Example:

    >>> import keras_gans as kg
    >>> kg.networks.text_discriminator(length=32, vocabulary_size=67, filters=16).output_shape
    (None, 1)

    Reference:
        Gulrajani et al. 2017, Improved Training of Wasserstein GANs, section 5.4 and the authors'
        code, `gan_language.py`.
    """
    length = _checks.positive_int("length", length)
    vocabulary_size = _checks.positive_int("vocabulary_size", vocabulary_size)
    characters = keras.Input((length, vocabulary_size))
    x = _convolution(_checks.positive_int("filters", filters), 1)(characters)
    x = _residual_blocks(x, num_blocks, kernel_size)
    x = layers.Flatten()(x)
    outputs = layers.Dense(1, dtype="float32")(x)
    return keras.Model(characters, outputs, name=name)


def _residual_blocks(x, num_blocks, kernel_size):
    kernel_size = _checks.positive_int("kernel_size", kernel_size)
    filters = x.shape[-1]
    for _ in range(_checks.positive_int("num_blocks", num_blocks)):
        shortcut = x
        for _ in range(2):
            x = _convolution(filters, kernel_size)(LeakyReLU(0.0)(x))
        x = layers.Add()([shortcut, layers.Rescaling(0.3)(x)])
    return x


def _convolution(filters, kernel_size):
    _checks.channels_last()
    return layers.Conv1D(
        filters,
        kernel_size,
        padding="same",
        kernel_initializer=keras.initializers.VarianceScaling(
            scale=2.0, mode="fan_avg", distribution="uniform"
        ),
    )
