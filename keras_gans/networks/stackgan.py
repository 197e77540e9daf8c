"""Networks of StackGAN (Zhang et al. 2017), with the layers of the authors' code.

Nearest-neighbor upsampling and 3×3 convolutions in the generators, 4×4 convolutions of stride 2 in
the discriminators; batch normalization after all of them but at the images; weights from
N(0, 0.02²).
"""

from collections.abc import Sequence

import keras
from keras import layers

from keras_gans import _checks
from keras_gans.layers import ConditioningAugmentation, LeakyReLU, UpsampleConv2D
from keras_gans.networks.halving import cropped, doubled_filters, halvings
from keras_gans.networks.normalization import normalize


def stackgan_generator(
    image_shape: Sequence[int],
    latent_dim: int,
    embedding_dim: int,
    conditioning_dim: int = 128,
    filters: int = 128,
    max_filters: int = 1024,
    name: str = "generator",
) -> keras.Model:
    """The generator of stage I: from noise and the embedding of a text to a small image.

    The embedding gives a random condition, by `kg.layers.ConditioningAugmentation`, whose noise are
    the first `conditioning_dim` of the latents; with the others it is projected to a grid, as many
    times halved from the image as it takes for its smaller side to be below 8, and each stage
    doubles the sides. The first two grids have a residual block each.

    Args:
        image_shape: `(height, width, channels)`, sides of at least 4. The paper's is 64×64×3.
        latent_dim: Integer above `conditioning_dim`. The paper's is 100 more.
        embedding_dim: Positive integer, size of a text's embedding.
        conditioning_dim: Positive integer, size of the condition. Defaults to `128`.
        filters: Positive integer, channels of the last hidden layer; doubled in each stage below.
            Defaults to `128`.
        max_filters: Positive integer, the most channels of any layer. Defaults to `1024`.
        name: String. Defaults to `"generator"`.

    Returns:
        `keras.Model` from `[latents (batch, latent_dim), embeddings (batch, embedding_dim)]` to
        float32 images `(batch, *image_shape)` in [−1, 1].

    Raises:
        ValueError, TypeError: If a size is out of range.

    Example:

    >>> import keras_gans as kg
    >>> generator = kg.networks.stackgan_generator((64, 64, 3), 228, 1024, filters=8)
    >>> generator.output_shape
    (None, 64, 64, 3)

    Reference:
        Zhang et al. 2017, StackGAN, section 3.3 and the authors' code, `stageI/model.py`.
    """
    image_shape = _checks.image_shape("image_shape", image_shape)
    conditioning_dim = _checks.positive_int("conditioning_dim", conditioning_dim)
    latent_dim = _checks.positive_int("latent_dim", latent_dim, minimum=conditioning_dim + 1)
    *sides, base = halvings(image_shape[:2], largest=7)
    widths = doubled_filters(filters, max_filters, len(sides))

    latents, embeddings = _inputs(latent_dim, embedding_dim)
    condition = _condition(latents, embeddings, conditioning_dim)
    x = layers.Concatenate()([condition, latents[:, conditioning_dim:]])
    x = layers.Dense(
        base[0] * base[1] * widths[-1], use_bias=False, kernel_initializer=_initializer()
    )(x)
    x = normalize("batch", layers.Reshape((*base, widths[-1]))(x))
    x = layers.ReLU()(_bottleneck(x))
    for stage, (side, width) in enumerate(zip(sides[:0:-1], widths[-2::-1], strict=True)):
        x = normalize("batch", _doubled(x, side, width))
        x = layers.ReLU()(_bottleneck(x) if not stage else x)
    images = _doubled(x, sides[0], image_shape[2], use_bias=True)
    return keras.Model([latents, embeddings], _in_range(images), name=name)


def stackgan_refiner(
    generator: keras.Model,
    image_shape: Sequence[int],
    conditioning_dim: int = 128,
    filters: int = 32,
    max_filters: int = 512,
    num_blocks: int = 4,
    name: str = "generator",
) -> keras.Model:
    """The generator of stage II: what a trained one draws, drawn again, larger and finer.

    It holds a copy of `generator` whose weights stay as they are, as in the paper. What that draws
    is taken down to a quarter of its sides, joined there by a condition of its own (see
    `stackgan_generator`), goes through residual blocks, and up to the image.

    Args:
        generator: Trained generator of stage I, or of any stage before.
        image_shape: `(height, width, channels)`, sides at least those of `generator`'s images. The
            paper's is 256×256×3.
        conditioning_dim: Positive integer, size of the condition, and of what the latents have in
            front of those of `generator`. Defaults to `128`.
        filters: Positive integer, channels of the last hidden layer; doubled in each stage below.
            Defaults to `32`.
        max_filters: Positive integer, the most channels of any layer. Defaults to `512`.
        num_blocks: Positive integer, residual blocks. Defaults to `4`.
        name: String. Defaults to `"generator"`.

    Returns:
        `keras.Model` from `[latents (batch, conditioning_dim + latent_dim), embeddings]` to float32
        images `(batch, *image_shape)` in [−1, 1].

    Raises:
        ValueError, TypeError: If a size is out of range, or `generator` takes or makes something
            else.

    Example:

    >>> import keras_gans as kg
    >>> coarse = kg.networks.stackgan_generator((16, 16, 3), 12, 20, conditioning_dim=8, filters=8)
    >>> fine = kg.networks.stackgan_refiner(coarse, (64, 64, 3), conditioning_dim=8, filters=4)
    >>> fine.input_shape, fine.output_shape
    ([(None, 20), (None, 20)], (None, 64, 64, 3))

    Reference:
        Zhang et al. 2017, StackGAN, section 3.4 and the authors' code, `stageII/model.py`.
    """
    image_shape = _checks.image_shape("image_shape", image_shape)
    conditioning_dim = _checks.positive_int("conditioning_dim", conditioning_dim)
    first_dim, embedding_dim = _taken_by(generator)
    sides = _sides_from(generator, image_shape)
    *widths, base_width = doubled_filters(filters, max_filters, len(sides) + 1)

    latents, embeddings = _inputs(conditioning_dim + first_dim, embedding_dim)
    x = _frozen(generator)([latents[:, conditioning_dim:], embeddings])
    x = layers.ReLU()(_convolution(-(-base_width // 4), 3, use_bias=True)(x))
    for width in (-(-base_width // 2), base_width):
        x = layers.ReLU()(_normalized(x, width, 4, strides=2))
    condition = _condition(latents, embeddings, conditioning_dim)
    x = layers.Concatenate()([x, _spread(condition, x)])
    x = layers.ReLU()(_normalized(x, base_width, 3))
    for _ in range(_checks.positive_int("num_blocks", num_blocks)):
        x = layers.ReLU()(_residual(x, (base_width, 3), (base_width, 3)))
    for side, width in zip(sides[::-1], widths[::-1], strict=True):
        x = layers.ReLU()(normalize("batch", _doubled(x, side, width)))
    images = _convolution(image_shape[2], 3, use_bias=True)(x)
    return keras.Model([latents, embeddings], _in_range(images), name=name)


def stackgan_discriminator(
    image_shape: Sequence[int],
    embedding_dim: int,
    filters: int = 64,
    text_dim: int = 128,
    normalization: str | None = "batch",
    name: str = "discriminator",
) -> keras.Model:
    """A discriminator of images and texts, for any stage.

    Convolutions halve the sides until the smaller is below 8, doubling the channels; further ones
    take them back to 8 · `filters`, if there are more. At each position of that grid the features
    are joined by the text, compressed, before a last convolution sees both.

    Args:
        image_shape: `(height, width, channels)`, sides of at least 4.
        embedding_dim: Positive integer, size of a text's embedding.
        filters: Positive integer, channels of the first layer. Defaults to `64`.
        text_dim: Positive integer, size to which the embedding is compressed. Defaults to `128`.
        normalization: `"batch"`, the paper's, `"instance"`, `"layer"` or `None`. Defaults to
            `"batch"`.
        name: String. Defaults to `"discriminator"`.

    Returns:
        `keras.Model` from `[images (batch, *image_shape), embeddings (batch, embedding_dim)]`,
        images in [−1, 1], to float32 logits `(batch, 1)`.

    Raises:
        ValueError, TypeError: If a size is out of range, or a name is unknown.

    Example:

    >>> import keras_gans as kg
    >>> kg.networks.stackgan_discriminator((64, 64, 3), 1024, filters=8).output_shape
    (None, 1)

    Reference:
        Zhang et al. 2017, StackGAN, sections 3.3 and 3.4 and the authors' code.
    """
    image_shape = _checks.image_shape("image_shape", image_shape)
    filters = _checks.positive_int("filters", filters)
    stages = len(halvings(image_shape[:2], largest=7)) - 1
    images = x = keras.Input(image_shape, name="images")
    embeddings = keras.Input((_checks.positive_int("embedding_dim", embedding_dim),), name="texts")
    for stage in range(stages):
        of_stage = normalization if stage else None
        x = _normalized(x, filters * 2**stage, 4, of_stage, strides=2)
        is_last = stage == stages - 1
        x = x if is_last else LeakyReLU()(x)
    while x.shape[-1] > 8 * filters:
        x = _normalized(LeakyReLU()(x), x.shape[-1] // 2, 1, normalization)
    x = LeakyReLU()(_bottleneck(x, LeakyReLU, normalization))
    text = layers.Dense(
        _checks.positive_int("text_dim", text_dim), kernel_initializer=_initializer()
    )
    x = layers.Concatenate()([x, _spread(LeakyReLU()(text(embeddings)), x)])
    x = LeakyReLU()(_normalized(x, 8 * filters, 1, normalization))
    x = layers.Conv2D(1, x.shape[1:3], kernel_initializer=_initializer(), dtype="float32")(x)
    return keras.Model([images, embeddings], layers.Flatten(dtype="float32")(x), name=name)


def _inputs(latent_dim, embedding_dim):
    embedding_dim = _checks.positive_int("embedding_dim", embedding_dim)
    return keras.Input((latent_dim,), name="latents"), keras.Input((embedding_dim,), name="texts")


def _condition(latents, embeddings, size):
    return ConditioningAugmentation(size)([embeddings, latents[:, :size]])


def _taken_by(generator):
    """The sizes of the latents and of the embeddings that a generator takes."""
    if not isinstance(generator, keras.Model) or not hasattr(generator, "output_shape"):
        raise TypeError(
            "`generator` must be a functional keras.Model. "
            f"Received: {_checks.type_name(generator)}"
        )
    shapes = [tensor.shape for tensor in generator.inputs]
    if [len(shape) for shape in shapes] != [2, 2] or len(generator.output_shape) != 4:
        raise ValueError(
            "`generator` must take [latents, embeddings] and make images, as "
            f"`stackgan_generator` does. Received: one that takes {generator.input_shape} and "
            f"makes {generator.output_shape}"
        )
    return shapes[0][1], shapes[1][1]


def _sides_from(generator, image_shape):
    """The sides that double a quarter of those of `generator`'s images, from the image down."""
    first = tuple(generator.output_shape[1:3])
    base = halvings(first, largest=max(first), times=2)[-1]
    sides = halvings(image_shape[:2], largest=min(base))
    if sides[-1] != base or first not in sides or generator.output_shape[3] != image_shape[2]:
        raise ValueError(
            "`image_shape` must be that of `generator`'s images, doubled any number of times. "
            f"Received: image_shape={image_shape}, and {generator.output_shape[1:]}"
        )
    return sides[:-1]


def _frozen(network):
    """A copy of a network whose weights, and statistics, stay as they are."""
    copy = keras.models.clone_model(network)
    copy.set_weights(network.get_weights())
    copy.trainable = False
    return copy


def _bottleneck(x, activation=layers.ReLU, normalization="batch"):
    """A residual block of a quarter of the channels."""
    width = x.shape[-1]
    convolutions = (-(-width // 4), 1), (-(-width // 4), 3), (width, 3)
    return _residual(x, *convolutions, activation=activation, normalization=normalization)


def _residual(x, *convolutions, activation=layers.ReLU, normalization="batch"):
    """x and what convolutions, each of some channels and a side, make of it, without rectifier."""
    shortcut = x
    for i, (width, side) in enumerate(convolutions):
        x = activation()(x) if i else x
        x = _normalized(x, width, side, normalization)
    return layers.Add()([shortcut, x])


def _normalized(x, width, side, normalization="batch", strides=1):
    """A convolution, which has biases where no normalization has them."""
    convolution = _convolution(width, side, strides, use_bias=normalization is None)
    return normalize(normalization, convolution(x))


def _doubled(x, side, width, use_bias=False):
    convolution = UpsampleConv2D(width, use_bias=use_bias, kernel_initializer=_initializer())
    return cropped(convolution(x), side)


def _spread(condition, x):
    """The same condition at each position of `x`."""
    condition = layers.Reshape((1, 1, condition.shape[-1]))(condition)
    return layers.UpSampling2D(x.shape[1:3])(condition)


def _convolution(width, side, strides=1, use_bias=False):
    return layers.Conv2D(
        width,
        side,
        strides=strides,
        padding="same",
        use_bias=use_bias,
        kernel_initializer=_initializer(),
    )


def _in_range(x):
    return layers.Activation("tanh", dtype="float32")(x)


def _initializer():
    return keras.initializers.RandomNormal(stddev=0.02)
