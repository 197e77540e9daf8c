"""State that the replicas of a `tf.distribute` strategy hold apart and read as one.

A metric's variables are summed over the replicas when they are read. What adds up (counts, sums)
needs nothing else. What does not (means, subsets) gets one slot for each replica: a replica writes
its own slot and leaves the others zero, so that the sum is the list of all slots.
"""

import tensorflow as tf

from keras_gans import _replicas


def num_replicas():
    return tf.distribute.get_strategy().num_replicas_in_sync


def replica_id():
    context = tf.distribute.get_replica_context()
    return 0 if context is None else context.replica_id_in_sync_group


def own_slot(variable):
    return tf.convert_to_tensor(variable)[replica_id()]


def write_slot(variable, value, slot=None):
    """Replace the slot by `value`; the other slots become zero."""
    slot = replica_id() if slot is None else slot
    value = tf.cast(value, variable.dtype)[tf.newaxis]
    if variable.shape[0] > 1:
        here = tf.range(variable.shape[0]) == slot
        here = tf.reshape(here, [-1] + [1] * (len(variable.shape) - 1))
        value = tf.where(here, value, tf.zeros_like(value))
    variable.assign(value)


def places_in_stream(seen, number):
    """Places of this replica's next `number` samples in the stream that all replicas share.

    `seen` samples went before; with each step a stream goes on by the samples of all replicas, in
    the order of the global batch. Returns the places, and how many samples are seen then.
    """
    coming = []

    def places(total):
        coming.append(tf.cast(total, tf.int64))
        return seen + tf.range(coming[-1])

    own = _replicas.own_rows(places, number, is_equal=False)
    return own, seen + coming[-1]


def create_once(build):
    """Run `build`, which makes variables, once for all replicas and before anything else runs."""

    def build_first(strategy=None):
        with tf.control_dependencies(None):
            build()

    context = tf.distribute.get_replica_context()
    if context is not None and num_replicas() > 1:
        context.merge_call(build_first)
    else:
        build_first()
