"""Networks of the levels of a Laplacian pyramid (Denton et al. 2015)."""

from collections.abc import Sequence

import keras
from keras import layers

from keras_gans import _checks
from keras_gans.layers.pyramids import pyramid_sides
from keras_gans.networks.conditioning import Labels
from keras_gans.networks.mlp import mlp_generator


def lapgan_generators(
    image_shape: Sequence[int],
    latent_dim: int = 100,
    levels: int = 3,
    filters: int = 64,
    hidden_units: Sequence[int] = (512, 512),
    num_classes: int | None = None,
) -> list[keras.Model]:
    """The generators of a `LAPGAN`: of coarse images, and of what each doubling of the sides lacks.

    The first is an `mlp_generator`. The others are convolutions that keep the sides, of a noise map
    beside the coarser image brought to their side: 7×7 ReLU, 7×7 ReLU, 5×5 linear.

    Args:
        image_shape: `(height, width, channels)`, sides of at least 4.
        latent_dim: Positive integer, size of the latent vectors of the coarse images. Defaults to
            `100`.
        levels: Positive integer, images in the pyramid: the sides are halved `levels - 1` times,
            rounding up. Defaults to `3`.
        filters: Positive integer, channels of the hidden convolutions. Defaults to `64`.
        hidden_units: Units of each hidden layer of the first. Defaults to `(512, 512)`; the
            authors' code has `(8000, 8000)`.
        num_classes: Positive integer or `None`. If given, the generators take labels: the first
            beside the latents, the others as one more channel, of which the class has learned every
            pixel. Defaults to `None`.

    Returns:
        List of `keras.Model`s, coarse to fine: from latents `(batch, latent_dim)` to images in
        [−1, 1]; then from `[noise (batch, height, width, 1), low-pass images (batch, height, width,
        channels)]` to band-pass images of that shape. With labels, integers `(batch,)`, they take
        these last.

    Raises:
        ValueError, TypeError: If a size is not a positive integer, or there are so many levels that
            a side of 1 would be halved.

    Example:

    >>> import keras_gans as kg
    >>> generators = kg.networks.lapgan_generators((28, 28, 1), levels=3, filters=8)
    >>> [generator.output_shape for generator in generators]
    [(None, 7, 7, 1), (None, 14, 14, 1), (None, 28, 28, 1)]

    Reference:
        Denton et al. 2015, Deep Generative Image Models using a Laplacian Pyramid of Adversarial
        Networks, section 4; the sizes are those of the authors' code.
    """
    coarse, *finer = _shapes(image_shape, levels)
    filters = _checks.positive_int("filters", filters)
    made = [
        mlp_generator(coarse, latent_dim, hidden_units, num_classes=num_classes, name="level_0")
    ]
    for k, shape in enumerate(finer, start=1):
        noise = keras.Input((*shape[:2], 1), name="noise")
        low = keras.Input(shape, name="low_pass")
        labels = Labels(num_classes)
        x = labels.drawn_beside(layers.Concatenate()([noise, low]))
        for _ in range(2):
            x = _convolution(filters, 7, padding="same")(x)
        band = layers.Conv2D(shape[2], 5, padding="same", dtype="float32")(x)
        made.append(keras.Model(_inputs(labels, noise, low), band, name=f"level_{k}"))
    return made


def lapgan_discriminators(
    image_shape: Sequence[int],
    levels: int = 3,
    filters: int = 64,
    hidden_units: Sequence[int] = (512, 512),
    num_classes: int | None = None,
    dropout: float = 0.5,
) -> list[keras.Model]:
    """The discriminators of a `LAPGAN`: of coarse images, and of images that they put together.

    The first is made of dense layers: ReLU, dropout. The others add the band-pass image to the
    low-pass one, and go on with 5×5 convolutions without padding, the second of stride 2: ReLU,
    ReLU, dropout. Sides below 9 are padded. All end in one logit.

    Args:
        image_shape, levels, filters, num_classes: See `lapgan_generators`. The first discriminator
            takes the class as one more channel, too.
        hidden_units: Units of each hidden layer of the first. Defaults to `(512, 512)`; the
            authors' code has `(1600, 1600)`.
        dropout: Float in [0, 1), share of the hidden units that are dropped in training. Defaults
            to `0.5`, the authors'. A penalty on the gradient, such as `keras_gans.techniques.R1`,
            may do in its place.

    Returns:
        List of `keras.Model`s, coarse to fine, to logits `(batch, 1)`: from images; then from
        `[band-pass images, low-pass images]`. With labels, integers `(batch,)`, they take these
        last.

    Raises:
        ValueError, TypeError: As `lapgan_generators`, or if `dropout` is out of range.

    Example:

    >>> import keras_gans as kg
    >>> discriminators = kg.networks.lapgan_discriminators((28, 28, 1), levels=3, filters=8)
    >>> discriminators[2].input_shape
    [(None, 28, 28, 1), (None, 28, 28, 1)]

    Reference:
        See `lapgan_generators`.
    """
    coarse, *finer = _shapes(image_shape, levels)
    filters = _checks.positive_int("filters", filters)
    dropout = _checks.real_number("dropout", dropout, 0.0, 1.0, high_open=True)
    images, labels = keras.Input(coarse, name="images"), Labels(num_classes)
    x = layers.Flatten()(labels.drawn_beside(images))
    for units in hidden_units if isinstance(hidden_units, (list, tuple)) else (hidden_units,):
        units = _checks.positive_int("hidden_units", units)
        x = layers.Dense(units, activation="relu", kernel_initializer="he_normal")(x)
        x = layers.Dropout(dropout)(x)
    made = [keras.Model(_inputs(labels, images), _logit(x), name="level_0")]
    for k, shape in enumerate(finer, start=1):
        band = keras.Input(shape, name="band_pass")
        low = keras.Input(shape, name="low_pass")
        labels = Labels(num_classes)
        padding = "valid" if min(shape[:2]) >= 9 else "same"
        x = labels.drawn_beside(layers.Add()([band, low]))
        x = _convolution(filters, 5, padding=padding)(x)
        x = _convolution(filters, 5, padding=padding, strides=2)(x)
        x = layers.Dropout(dropout)(layers.Flatten()(x))
        made.append(keras.Model(_inputs(labels, band, low), _logit(x), name=f"level_{k}"))
    return made


def _shapes(image_shape, levels):
    *side, channels = _checks.image_shape("image_shape", image_shape)
    return [(*side, channels) for side in pyramid_sides(side, levels)]


def _inputs(labels, *inputs):
    taken = [*inputs, labels.symbol] if labels.symbol is not None else list(inputs)
    return taken if len(taken) > 1 else taken[0]


def _convolution(filters, kernel_size, **kwargs):
    return layers.Conv2D(
        filters, kernel_size, activation="relu", kernel_initializer="he_normal", **kwargs
    )


def _logit(x):
    return layers.Dense(1, dtype="float32")(x)
