"""The sides that an image has in the stages of a convolutional network, down and up again."""

from keras import layers

from keras_gans import _checks


def halvings(side, largest, times=1):
    """The side `(height, width)`, and what halving it, rounding up, makes of it.

    It is halved at least `times` times, and on until the smaller is at most `largest`.
    """
    sides = [side]
    while len(sides) <= times or min(sides[-1]) > largest:
        sides.append(tuple(-(-s // 2) for s in sides[-1]))
    return sides


def doubled_filters(filters, max_filters, stages):
    """Channels of each stage from the image inwards: doubling, up to `max_filters`."""
    filters = _checks.positive_int("filters", filters)
    max_filters = _checks.positive_int("max_filters", max_filters)
    return [min(filters * 2**i, max_filters) for i in range(stages)]


def stages(image_shape, filters, max_filters, times=0):
    """The sides from the image's own to one of at most 7, and the channels there.

    The image has `filters`; each smaller side has twice as many, to a maximum. It is halved at
    least `times` times.
    """
    image_shape = _checks.image_shape("image_shape", image_shape)
    sides = halvings(image_shape[:2], largest=7, times=times)
    return sides, doubled_filters(filters, max_filters, len(sides))


def grow(x, side, width, kernel_size, use_bias, kernel_initializer):
    """Transposed convolution of stride 2 to exactly `side`, twice the side of `x` or one less."""
    output_padding = tuple(new - 2 * old + 1 for new, old in zip(side, x.shape[1:3], strict=True))
    return layers.Conv2DTranspose(
        width,
        kernel_size,
        strides=2,
        padding="same",
        output_padding=output_padding,
        use_bias=use_bias,
        kernel_initializer=kernel_initializer,
    )(x)


def cropped(x, side):
    """Drop the last row or column that doubling made too much."""
    excess = [(0, new - old) for new, old in zip(x.shape[1:3], side, strict=True)]
    return layers.Cropping2D(excess)(x) if any(map(max, excess)) else x


def made_even(x):
    """Add a last row or column of zeros where a side is odd."""
    excess = [(0, side % 2) for side in x.shape[1:3]]
    return layers.ZeroPadding2D(excess)(x) if any(map(max, excess)) else x
