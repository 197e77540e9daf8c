"""One global batch, however many replicas share it. Without others, each is the identity."""

import tensorflow as tf


def gather(x):
    """Return the examples of all replicas, in replica order, along axis 0.

    The replicas' parts may differ in length. As gradients of a loss are summed over replicas, the
    gradient of `gather` sums what every replica sends back to this replica's examples.
    """
    context = _shared_context()
    return x if context is None else context.all_gather(x, axis=0)


def own_part(gathered, x):
    """Return the rows of `gathered`, one for each example anywhere, that belong to those of `x`."""
    context = _shared_context()
    if context is None:
        return gathered
    sizes = context.all_gather(tf.shape(x)[:1], axis=0)
    start = tf.reduce_sum(sizes[: context.replica_id_in_sync_group])
    return gathered[start : start + tf.shape(x)[0]]


def mean(x):
    """Return the mean of `x` over replicas, differentiable as `gather` is."""
    context = _shared_context()
    return x if context is None else context.all_reduce(tf.distribute.ReduceOp.MEAN, x)


def _shared_context():
    """The replica context if there is more than one replica, else `None`."""
    context = tf.distribute.get_replica_context()
    if context is None or context.num_replicas_in_sync == 1:
        return None
    return context
