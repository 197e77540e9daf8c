"""Batches for learning from few labeled and many unlabeled examples."""

import numpy as np
import tensorflow as tf

from keras_gans import _checks
from keras_gans._typing import ArrayLike
from keras_gans.data import workers
from keras_gans.data.assertions import asserted
from keras_gans.data.mini_batches import repeated

#: The label of an example whose class is not known, as in scikit-learn.
UNLABELED = -1

NOT_IN_TURN = (
    "Batches of labeled and of unlabeled examples must take turns, as those of "
    "keras_gans.data.semi_supervised_batches do: for each of `n_critic` updates one with labels "
    "and one without, then one without labels for the generator. Received: another order"
)


def semi_supervised_batches(
    images: ArrayLike,
    labels: ArrayLike,
    batch_size: int = 32,
    shuffle: bool = True,
    seed: int | None = None,
    n_critic: int = 1,
) -> tf.data.Dataset:
    """Batches of labeled and of unlabeled examples, in turn.

    For each of its `n_critic` updates a discriminator learns from a labeled batch and the
    unlabeled one after it; then comes another unlabeled batch, which its generator learns from.
    An epoch goes once through all examples, with their labels hidden, in the discriminator's
    batches; the generator's are of another shuffle. Labelled examples are repeated as often as
    needed, each time in a new order.

    Args:
        images: Float array `(num_examples, …)`.
        labels: Integer array `(num_examples,)`, −1 for examples without label.
        batch_size: Positive integer, examples of every batch. Defaults to `32`.
        shuffle: Boolean, whether to shuffle at every epoch. Defaults to `True`.
        seed: Integer or `None`, of the shuffling. Defaults to `None`.
        n_critic: Positive integer, that of the model. Defaults to `1`.

    Returns:
        `tf.data.Dataset` of `(images, labels)`, where the labels of unlabeled batches are −1.

    Raises:
        ValueError, TypeError: If there are no labeled examples, fewer examples than `n_critic`
            batches, or not one integer label for each image.

    Example:

    >>> import numpy as np, keras_gans as kg
    >>> images = np.zeros((8, 4, 4, 1), "float32")
    >>> labels = np.array([0, 1, -1, -1, -1, -1, -1, -1])
    >>> batches = kg.data.semi_supervised_batches(images, labels, batch_size=4)
    >>> [sorted(batch_labels.numpy().tolist()) for _, batch_labels in batches.take(3)]
    [[0, 0, 1, 1], [-1, -1, -1, -1], [-1, -1, -1, -1]]

    Reference:
        Salimans et al. 2016, Improved Techniques for Training GANs, section 5; the order is that of
        the authors' code.
    """
    images, labels = _checks.finite("images", images), _checks.array("labels", labels)
    batch_size = _checks.positive_int("batch_size", batch_size)
    shuffle = _checks.boolean("shuffle", shuffle)
    seed = _checks.seed("seed", seed)
    n_critic = _checks.positive_int("n_critic", n_critic)
    num = len(np.atleast_1d(images))
    if labels.shape != (num,):
        raise ValueError(
            f"`labels` must be one for each of the {num} images. "
            f"Received: labels of shape {labels.shape}"
        )
    if labels.dtype.kind not in "iu":
        raise TypeError(f"`labels` must be integers. Received: labels of dtype {labels.dtype}")
    labels = labels.astype("int32")
    labeled = np.flatnonzero(labels != UNLABELED)
    if not labeled.size:
        raise ValueError("`labels` must hold some labels. Received: only -1, which means none")
    if len(images) < n_critic * batch_size:
        raise ValueError(
            f"`images` must fill at least {n_critic} batches of {batch_size}, as `n_critic` says. "
            f"Received: {len(images)} images"
        )
    steps = len(images) // (n_critic * batch_size)
    other_seed = None if seed is None else (seed + 1) % (2**31 - 1)  # TensorFlow's modulus

    def batches_of(indices, num, seed, batches_per_step):
        """Indices of each step's batches."""
        if shuffle:
            indices = indices.shuffle(num, seed)
        indices = repeated(indices, num, steps * batches_per_step * batch_size)
        return indices.batch(batch_size).batch(batches_per_step)

    few, everything = (
        tf.data.Dataset.from_tensor_slices(labeled),
        tf.data.Dataset.range(len(images)),
    )
    indices = tf.data.Dataset.zip(
        batches_of(few, len(labeled), seed, n_critic),
        batches_of(everything, len(images), seed, n_critic),
        batches_of(everything, len(images), other_seed, 1),
    )
    pixels, classes = tf.constant(images), tf.constant(labels)
    is_labeled = tf.constant([[True], [False]] * n_critic + [[False]])

    def batches_of_step(few, unlabeled, for_generator):
        in_turn = tf.reshape(tf.stack([few, unlabeled], axis=1), (2 * n_critic, batch_size))
        chosen = tf.concat([in_turn, for_generator], axis=0)
        chosen = tf.ensure_shape(chosen, (2 * n_critic + 1, batch_size))
        known = tf.where(is_labeled, tf.gather(classes, chosen), UNLABELED)
        return tf.gather(pixels, chosen), known

    batches = indices.map(batches_of_step).unbatch()
    batches = batches.apply(tf.data.experimental.assert_cardinality(steps * (2 * n_critic + 1)))
    return workers.read_by_all(batches)


def in_turn(batches: tf.data.Dataset, n_critic: int = 1) -> tf.data.Dataset:
    """The same batches, checked to come as those of `semi_supervised_batches` do."""
    period = 2 * n_critic + 1

    def check(i, batch):
        images, labels = batch
        place = i % period
        is_labeled = tf.reduce_any(tf.cast(labels, tf.int64) != UNLABELED)
        should_be = (place % 2 == 0) & (place < period - 1)
        takes_turns = asserted(is_labeled == should_be, NOT_IN_TURN)
        with tf.control_dependencies([takes_turns]):
            return tf.identity(images), tf.identity(labels)

    return batches.enumerate().map(check)
