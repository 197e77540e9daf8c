"""Encoders and decoders of variational autoencoders: other networks, with Gaussian outputs."""

import math
from collections.abc import Sequence

import keras
from keras import ops

from keras_gans import _checks
from keras_gans.networks.dcgan import dcgan_discriminator, dcgan_generator
from keras_gans.networks.mlp import mlp_discriminator, mlp_generator

#: Standard deviation of a pixel that cannot be told from its neighbors: half of 1/127.5, the
#: distance of two values of an image of 8 bits in [−1, 1].
FINEST_STDDEV = 0.5 / 127.5


def mlp_encoder(
    input_shape: int | Sequence[int],
    latent_dim: int = 128,
    hidden_units: Sequence[int] = (512, 512),
    normalization: str | None = None,
    name: str = "encoder",
) -> keras.Model:
    """An encoder of dense layers, to the mean and the log variance of the latents.

    Args:
        input_shape: Shape of one example: an integer, or a tuple such as `(28, 28, 1)`.
        latent_dim: Positive integer, size of the latent vectors. Defaults to `128`.
        hidden_units, normalization: See `mlp_discriminator`. Default to `(512, 512)` and `None`.
        name: String. Defaults to `"encoder"`.

    Returns:
        `keras.Model` from examples `(batch, *input_shape)` to two float32 outputs `(batch,
        latent_dim)`: mean and log variance.

    Raises:
        ValueError, TypeError: If a size is not a positive integer, or a name is unknown.

    Example:

    >>> import keras_gans as kg
    >>> kg.networks.mlp_encoder((28, 28, 1), latent_dim=20).output_shape
    [(None, 20), (None, 20)]

    Reference:
        Kingma and Welling 2013, Auto-Encoding Variational Bayes, appendix C.2.
    """
    num = 2 * _checks.positive_int("latent_dim", latent_dim)
    network = mlp_discriminator(input_shape, hidden_units, normalization, num_logits=num)
    return gaussian(network, name)


def mlp_decoder(
    output_shape: int | Sequence[int],
    latent_dim: int = 128,
    hidden_units: Sequence[int] = (512, 512),
    normalization: str | None = None,
    learned_variance: bool = False,
    name: str = "decoder",
) -> keras.Model:
    """A decoder of dense layers, to a likelihood's logits or means.

    Args:
        output_shape: Shape of one example: an integer, or a tuple such as `(28, 28, 1)`.
        latent_dim: Positive integer, size of the latent vectors. Defaults to `128`.
        hidden_units, normalization: See `mlp_generator`. Default to `(512, 512)` and `None`.
        learned_variance: Boolean, whether to have a second output, the log variance of each number,
            softly kept above that of rounding to 8 bits. Defaults to `False`.
        name: String. Defaults to `"decoder"`.

    Returns:
        `keras.Model` from latents `(batch, latent_dim)` to one or two float32 outputs `(batch,
        *output_shape)`, without activation.

    Raises:
        ValueError, TypeError: If a size is not a positive integer, or a name is unknown.

    Example:

    >>> import keras_gans as kg
    >>> kg.networks.mlp_decoder((28, 28, 1), latent_dim=20).output_shape
    (None, 28, 28, 1)

    Reference:
        Kingma and Welling 2013, Auto-Encoding Variational Bayes, appendix C.
    """
    shape = output_shape if isinstance(output_shape, (tuple, list)) else (output_shape,)
    network = mlp_generator(
        _channels(shape, learned_variance),
        latent_dim,
        hidden_units,
        normalization,
        output_activation=None,
        name=name,
    )
    return gaussian(network, name, FINEST_STDDEV) if learned_variance else network


def dcgan_encoder(
    image_shape: Sequence[int],
    latent_dim: int = 128,
    filters: int = 32,
    max_filters: int = 512,
    kernel_size: int = 5,
    normalization: str | None = "batch",
    name: str = "encoder",
) -> keras.Model:
    """An encoder of strided convolutions, to the mean and the log variance of the latents.

    Args:
        image_shape, max_filters, kernel_size, normalization: See `dcgan_discriminator`.
        latent_dim: Positive integer, size of the latent vectors. Defaults to `128`.
        filters: Positive integer, channels of the first layer. Defaults to `32`.
        name: String. Defaults to `"encoder"`.

    Returns:
        `keras.Model` from images `(batch, *image_shape)` to two float32 outputs `(batch,
        latent_dim)`: mean and log variance.

    Raises:
        ValueError, TypeError: If a size is out of range, or a name is unknown.

    Example:

    >>> import keras_gans as kg
    >>> kg.networks.dcgan_encoder((28, 28, 1), latent_dim=20).output_shape
    [(None, 20), (None, 20)]
    """
    num = 2 * _checks.positive_int("latent_dim", latent_dim)
    network = dcgan_discriminator(
        image_shape, filters, max_filters, kernel_size, normalization, num_logits=num
    )
    return gaussian(network, name)


def dcgan_decoder(
    image_shape: Sequence[int],
    latent_dim: int = 128,
    filters: int = 32,
    max_filters: int = 512,
    kernel_size: int = 5,
    normalization: str | None = "batch",
    learned_variance: bool = False,
    name: str = "decoder",
) -> keras.Model:
    """A decoder of transposed convolutions, to a likelihood's logits or means.

    Args:
        image_shape, latent_dim, max_filters, kernel_size, normalization: See `dcgan_generator`.
        filters: Positive integer, channels of the last hidden layer. Defaults to `32`.
        learned_variance: Boolean, whether to have a second output, the log variance of each number,
            softly kept above that of rounding to 8 bits. Defaults to `False`.
        name: String. Defaults to `"decoder"`.

    Returns:
        `keras.Model` from latents `(batch, latent_dim)` to one or two float32 outputs `(batch,
        *image_shape)`, without activation.

    Raises:
        ValueError, TypeError: If a size is out of range, or a name is unknown.

    Example:

    >>> import keras_gans as kg
    >>> kg.networks.dcgan_decoder((28, 28, 1), 20, learned_variance=True).output_shape
    [(None, 28, 28, 1), (None, 28, 28, 1)]
    """
    network = dcgan_generator(
        _channels(_checks.image_shape("image_shape", image_shape), learned_variance),
        latent_dim,
        filters,
        max_filters,
        kernel_size,
        normalization,
        output_activation=None,
        name=name,
    )
    return gaussian(network, name, FINEST_STDDEV) if learned_variance else network


def gaussian(network, name, least_stddev=None):
    """Cut a network's output along its last axis into mean and log variance.

    Args:
        network: Functional `keras.Model` whose output has an even last axis.
        name: String, name of the new network.
        least_stddev: Positive float or `None`. If given, the log variance is softly kept above
            that of this standard deviation: m + softplus(v − m). Defaults to `None`.

    Returns:
        `keras.Model` with two outputs.
    """
    mean, log_variance = ops.split(network.output, 2, axis=-1)
    if least_stddev is not None:
        least = 2 * math.log(least_stddev)
        log_variance = least + ops.softplus(log_variance - least)
    return keras.Model(network.input, [mean, log_variance], name=name)


def _channels(shape, learned_variance):
    """The shape with channels for means and, if they are learned, for log variances."""
    return (*shape[:-1], 2 * shape[-1]) if learned_variance else shape
