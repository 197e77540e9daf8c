"""The global batch, seen from one replica."""

import tensorflow as tf


def context():
    """The replica context if several replicas share the batch, otherwise `None`."""
    replicas = tf.distribute.get_replica_context()
    return None if replicas is None or replicas.num_replicas_in_sync == 1 else replicas


def gather(x):
    """The examples of all replicas, in order, along the first axis."""
    replicas = context()
    return x if replicas is None else replicas.all_gather(x, axis=0)


def mean(x):
    """The mean of `x` over replicas."""
    replicas = context()
    return x if replicas is None else replicas.all_reduce(tf.distribute.ReduceOp.MEAN, x)


def part(x, size):
    """This replica's `size` examples of the global batch `x`."""
    replicas = context()
    if replicas is None:
        return x
    start = replicas.replica_id_in_sync_group * size
    return x[start : start + size]
