"""One global batch, however many replicas share it. Without others, each is the identity."""

import tensorflow as tf


def context():
    """The replica context if several replicas share the batch, else `None`."""
    replicas = tf.distribute.get_replica_context()
    return None if replicas is None or replicas.num_replicas_in_sync == 1 else replicas


def gather(x):
    """Return the examples of all replicas, in replica order, along axis 0.

    The replicas' parts may differ in length. As gradients of a loss are summed over replicas, the
    gradient of `gather` sums what every replica sends back to this replica's examples.
    """
    replicas = context()
    return x if replicas is None else replicas.all_gather(x, axis=0)


def own_part(gathered, x):
    """Return the rows of `gathered`, one for each example anywhere, that belong to those of `x`."""
    replicas = context()
    if replicas is None:
        return gathered
    sizes = replicas.all_gather(tf.shape(x)[:1], axis=0)
    start = tf.reduce_sum(sizes[: replicas.replica_id_in_sync_group])
    return gathered[start : start + tf.shape(x)[0]]


def equal_part(x, size):
    """Return this replica's rows of `x`, of which every replica has `size`."""
    replicas = context()
    if replicas is None:
        return x
    start = replicas.replica_id_in_sync_group * size
    return x[start : start + size]


def mean(x):
    """Return the mean of `x` over replicas, differentiable as `gather` is."""
    replicas = context()
    return x if replicas is None else replicas.all_reduce(tf.distribute.ReduceOp.MEAN, x)
