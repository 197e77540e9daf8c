"""What a discriminator takes: images, or a list of images and what they are conditioned on."""

import tensorflow as tf
from keras import ops


def images_of(examples):
    """The part of examples that the generator makes: all but the condition."""
    return tf.nest.flatten(examples)[0]


def with_images(examples, images):
    """The same examples, conditions included, with other images."""
    return tf.nest.pack_sequence_as(examples, [images, *tf.nest.flatten(examples)[1:]])


def each_repeated(examples, times):
    """Every example of a batch some times, one after the other, as replicas cut it."""

    def repeat(x):
        return ops.reshape(ops.stack([x] * times, axis=1), (-1, *x.shape[1:]))

    return examples if times == 1 else tf.nest.map_structure(repeat, examples)


def alternating(examples, others, num):
    """Two batches as one: some of the first, as many of the second, and so on.

    So replicas cut it as they cut either.
    """

    def alternate(x, y):
        parts = [ops.reshape(ops.cast(z, y.dtype), (-1, num, *y.shape[1:])) for z in (x, y)]
        return ops.reshape(ops.concatenate(parts, axis=1), (-1, *y.shape[1:]))

    return tf.nest.map_structure(alternate, examples, others)


def packed_shape(shape, size):
    """The shape of packs of some examples each, of examples of a shape, batch axis or not."""
    return shape if size == 1 else (*shape[:-1], size * shape[-1])


def packs_of(examples, size):
    """Examples of a batch, some by some, side by side on the last axis of one."""
    images = images_of(examples)
    if size == 1:
        return examples
    num, *shape = images.shape
    if num is not None:
        check_whole_packs(num, size)
    axes = range(2, len(shape) + 1)
    packs = ops.transpose(ops.reshape(images, (-1, size, *shape)), (0, *axes, 1, len(shape) + 1))
    return with_images(examples, ops.reshape(packs, (-1, *packed_shape(shape, size))))


def check_whole_packs(num, size):
    """Refuse a number of examples that is not one of whole packs."""
    if num % size:
        raise ValueError(
            f"`batch_size` must be a multiple of {size} on each replica, as the discriminator "
            f"judges packs of {size} examples. Received: {num} examples"
        )


def in_whole_packs(examples, size):
    """As many examples as fill packs: to the last one the first ones are added again."""
    if size == 1:
        return examples

    def filled(x):
        num = ops.shape(x)[0]
        return ops.take(x, ops.arange(-(-num // size) * size) % num, axis=0)

    return tf.nest.map_structure(filled, examples)
