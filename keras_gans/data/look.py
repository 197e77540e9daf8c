"""What all images of a dataset are made to be: of one size, with so many channels."""

import dataclasses

import keras
import tensorflow as tf


@dataclasses.dataclass(frozen=True)
class Look:
    """What all images of a dataset are made to be: the same for arrays, names and folders.

    Attributes:
        image_size: `(height, width)` or `None`, the images' own.
        channels: 1, 3, 4 or `None`, the images' own.
        background: `(red, green, blue)` in 0 … 255.
    """

    image_size: tuple[int, int] | None
    channels: int | None
    background: tuple[int, int, int]

    def shape(self, height, width, channels):
        """The shape of images that had this one."""
        return *(self.image_size or (height, width)), self.channels or channels

    def __call__(self, image):
        """Change an image in [−1, 1], or a batch of images."""
        if self.channels not in (None, image.shape[-1]):
            image = _with_channels(image, self.channels, self.background)
        return image if self.image_size is None else resized(image, self.image_size)


def _with_channels(image, channels, background):
    if image.shape[-1] == 4:
        opacity = (image[..., 3:] + 1) / 2
        background = tf.constant(background, tf.float32) / 127.5 - 1
        image = opacity * image[..., :3] + (1 - opacity) * background
    if channels == 1:
        return keras.ops.image.rgb_to_grayscale(image, data_format="channels_last")
    if image.shape[-1] == 1:
        image = tf.repeat(image, 3, axis=-1)
    added = [[0, 0]] * (image.shape.rank - 1) + [[0, channels - 3]]
    return tf.pad(image, added, constant_values=1)


def resized(image, image_size):
    """Cut the largest centered part of the aspect ratio, and resize it.

    What cannot be seen has no influence on the colors of what can.
    """
    if image.shape[-3:-1] == image_size:  # known before it runs; resizing would change nothing
        return image
    if image.shape[-1] == 4:
        opacity = (image[..., 3:] + 1) / 2
        parts = tf.concat([image[..., :3] * opacity, image], axis=-1)
        parts = _resized_channels(parts, image_size)
        visible, plain, opacity = parts[..., :3], parts[..., 3:6], (parts[..., 6:] + 1) / 2
        colors = tf.where(opacity > 0, tf.math.divide_no_nan(visible, opacity), plain)
        return tf.concat([tf.clip_by_value(colors, -1, 1), parts[..., 6:]], axis=-1)
    return _resized_channels(image, image_size)


def _resized_channels(image, image_size):
    return keras.ops.image.resize(
        image,
        image_size,
        interpolation="bilinear",
        antialias=True,
        crop_to_aspect_ratio=True,
        data_format="channels_last",
    )
