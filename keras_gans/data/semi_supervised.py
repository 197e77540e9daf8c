"""Batches for learning from few labelled and many unlabelled examples."""

import numpy as np
import tensorflow as tf

from keras_gans import _checks
from keras_gans.data import workers
from keras_gans.data.mini_batches import NOT_IN_TURN, repeated

#: The label of an example whose class is not known, as in scikit-learn.
UNLABELLED = -1


def semi_supervised_batches(images, labels, batch_size=32, shuffle=True, seed=None):
    """Batches of labelled and of unlabelled examples, in turn.

    An epoch goes once through all examples, with their labels hidden; before each batch of them
    comes one of labelled examples, which are repeated as often as needed.

    Args:
        images: Float array `(num_examples, …)`.
        labels: Integer array `(num_examples,)`, −1 for examples without label.
        batch_size: Positive integer, examples of every batch. Defaults to `32`.
        shuffle: Boolean, whether to shuffle at every epoch. Defaults to `True`.
        seed: Integer or `None`, of the shuffling. Defaults to `None`.

    Returns:
        `tf.data.Dataset` of `(images, labels)`, where the labels of each second batch are −1.

    Raises:
        ValueError, TypeError: If there are no labelled examples, fewer examples than one batch, or
            not one integer label for each image.

    Example:

    >>> import numpy as np, keras_gans as kg
    >>> images = np.zeros((8, 4, 4, 1), "float32")
    >>> labels = np.array([0, 1, -1, -1, -1, -1, -1, -1])
    >>> batches = kg.data.semi_supervised_batches(images, labels, batch_size=4, shuffle=False)
    >>> [batch_labels.numpy().tolist() for _, batch_labels in batches]
    [[0, 1, 0, 1], [-1, -1, -1, -1], [0, 1, 0, 1], [-1, -1, -1, -1]]

    Reference:
        Salimans et al. 2016, Improved Techniques for Training GANs, section 5.
    """
    images, labels = _checks.finite("images", images), _checks.array("labels", labels)
    batch_size = _checks.positive_int("batch_size", batch_size)
    shuffle = _checks.boolean("shuffle", shuffle)
    seed = _checks.seed("seed", seed)
    num = len(np.atleast_1d(images))
    if labels.shape != (num,):
        raise ValueError(
            f"`labels` must be one for each of the {num} images. "
            f"Received: labels of shape {labels.shape}"
        )
    if labels.dtype.kind not in "iu":
        raise TypeError(f"`labels` must be integers. Received: labels of dtype {labels.dtype}")
    labels = labels.astype("int32")
    labelled = np.flatnonzero(labels != UNLABELLED)
    if not labelled.size:
        raise ValueError("`labels` must hold some labels. Received: only -1, which means none")
    if len(images) < batch_size:
        raise ValueError(
            f"`images` must fill at least one batch of {batch_size}. Received: {len(images)} images"
        )
    few, all_of_them = (
        tf.data.Dataset.from_tensor_slices(labelled),
        tf.data.Dataset.range(len(images)),
    )
    if shuffle:
        few, all_of_them = few.shuffle(len(labelled), seed), all_of_them.shuffle(len(images), seed)
    num_pairs = len(images) // batch_size
    few = repeated(few, len(labelled), num_pairs * batch_size)
    indices = tf.data.Dataset.zip(
        few.batch(batch_size), all_of_them.batch(batch_size, drop_remainder=True)
    )
    pixels, classes = tf.constant(images), tf.constant(labels)

    def both_batches(few, any_of_them):
        hidden = tf.fill((batch_size,), UNLABELLED)
        known = tf.ensure_shape(tf.gather(classes, few), (batch_size,))
        return tf.gather(pixels, tf.stack([few, any_of_them])), tf.stack([known, hidden])

    batches = indices.map(both_batches).unbatch()
    batches = batches.apply(tf.data.experimental.assert_cardinality(2 * num_pairs))
    return workers.read_by_all(batches)


def in_turn(batches):
    """The same batches, checked to be of labelled and of unlabelled examples in turn."""

    def check(i, batch):
        images, labels = batch
        is_labelled = tf.reduce_any(tf.cast(labels, tf.int64) != UNLABELLED)
        takes_turns = tf.debugging.Assert(is_labelled == (i % 2 == 0), [NOT_IN_TURN])
        with tf.control_dependencies([takes_turns]):
            return tf.identity(images), tf.identity(labels)

    return batches.enumerate().map(check)
