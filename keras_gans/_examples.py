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
