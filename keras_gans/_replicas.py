"""One global batch, however many replicas share it. Without others, each is the identity.

`tf.data` cuts a global batch into one piece for each replica and deals the pieces to the workers in
turn: of W workers, replica i of worker w holds piece i·W + w. What is gathered or cut here is in
the order of the pieces, which is that of the batch.
"""

import functools

import numpy as np
import tensorflow as tf


def context():
    """The replica context if several replicas share the batch, else `None`."""
    replicas = tf.distribute.get_replica_context()
    return None if replicas is None or replicas.num_replicas_in_sync == 1 else replicas


def num_workers(strategy=None):
    """Return the number of workers, with as many replicas each, of a strategy or that in scope."""
    strategy = strategy or tf.distribute.get_strategy()
    replicas = strategy.num_replicas_in_sync
    return 1 if replicas == 1 else replicas // len(strategy.extended.worker_devices)


def is_chief(strategy):
    """Whether this process is the one that writes files: the only one, or the first worker."""
    return strategy.extended.should_checkpoint


def wait_for_all(strategy):
    """Return when every worker has come here."""
    if num_workers(strategy) > 1:
        with strategy.scope():
            strategy.run(_meet)


@tf.function
def _meet():
    return context().all_reduce(tf.distribute.ReduceOp.SUM, tf.ones(()))


def pieces():
    """Return the number of the piece that each replica holds, by replica."""
    dealt = np.arange(tf.distribute.get_strategy().num_replicas_in_sync)
    return dealt.reshape(-1, num_workers()).T.ravel()


def gather(x):
    """Return the examples of all replicas, in the order of the global batch, along axis 0.

    The replicas' parts may differ in length. As gradients of a loss are summed over replicas, the
    gradient of `gather` sums what every replica sends back to this replica's examples.
    """
    replicas = context()
    if replicas is None:
        return x
    gathered, order = replicas.all_gather(x, axis=0), np.argsort(pieces())
    gathered = tf.ensure_shape(gathered, (None, *x.shape[1:]))
    if np.array_equal(order, np.arange(len(order))):
        return gathered
    by_replica = tf.split(gathered, _sizes(replicas, tf.shape(x)[0]), num=len(order))
    return tf.concat([by_replica[replica] for replica in order], axis=0)


def own_part(gathered, x):
    """Return the rows of `gathered`, one for each example anywhere, that belong to those of `x`."""
    if context() is None:
        return gathered
    own = own_rows(lambda num: gathered, tf.shape(x)[0], is_equal=False)
    return tf.ensure_shape(own, (x.shape[0], *gathered.shape[1:]))


def own_rows(make, size, is_equal):
    """Make rows for the examples of all replicas, and return those of this one's `size` examples.

    Args:
        make: Function of the number of all examples.
        size: Integer or scalar tensor, examples on this replica.
        is_equal: Whether every replica has as many, and none needs to ask the others.
    """
    replicas = context()
    if replicas is None:
        return make(size)
    if is_equal:
        num, start = size * replicas.num_replicas_in_sync, size * _own_piece(replicas)
    else:
        sizes = _sizes(replicas, size)
        num = tf.reduce_sum(sizes)
        start = tf.reduce_sum(tf.where(pieces() < _own_piece(replicas), sizes, 0))
    return make(num)[start : start + size]


def mean(x):
    """Return the mean of `x` over replicas, differentiable as `gather` is."""
    replicas = context()
    return x if replicas is None else replicas.all_reduce(tf.distribute.ReduceOp.MEAN, x)


def begun_by_data(step):
    """Let nothing of a step happen before its batch is there.

    After the last batch of a dataset of unknown length TensorFlow begins a step that gets none, and
    whatever does not depend on the batch, such as a counter, would go on.
    """

    @functools.wraps(step)
    def step_on(data):
        parts = tf.nest.flatten(data, expand_composites=True)
        with tf.control_dependencies([part for part in parts if part is not None]):
            return step(data)

    return step_on


def steps(strategy, step, steps_per_execution, run_eagerly):
    """Return a function of an iterator that takes some steps on all replicas.

    Its logs are means over replicas of the last step's. Keras's own averages no scalars over
    workers, and fails to take several steps on several replicas.
    """
    step = begun_by_data(step)

    @tf.autograph.experimental.do_not_convert
    def one_step(batch):
        logs = strategy.run(step, args=(batch,))
        return tf.nest.map_structure(lambda value: strategy.reduce("MEAN", value, axis=None), logs)

    def all_steps(batches):
        logs = one_step(next(batches))
        if steps_per_execution > 1:
            for _ in tf.range(steps_per_execution - 1):
                batch = batches.get_next_as_optional()
                if batch.has_value():
                    logs = one_step(batch.get_value())
        return logs

    on_batch, on_iterator = one_step, all_steps
    if not run_eagerly:
        on_batch, on_iterator = (
            tf.function(f, reduce_retracing=True) for f in (one_step, all_steps)
        )

    def function(batches):
        if isinstance(batches, tf.distribute.DistributedIterator):
            return on_iterator(batches)
        return on_batch(shared(strategy, next(batches)))

    return function


def shared(strategy, batch):
    """Cut a batch, which all workers have, into the pieces of the replicas."""
    num, size = strategy.num_replicas_in_sync, len(tf.nest.flatten(batch)[0])
    if size % num:
        raise ValueError(
            f"`x` must hold a multiple of the {num} replicas that share it. "
            f"Received: {size} examples"
        )
    with strategy.scope():
        dealt = pieces() * (size // num)

    def own(replica):
        start = dealt[replica.replica_id_in_sync_group]
        return tf.nest.map_structure(
            lambda x: None if x is None else tf.convert_to_tensor(x[start : start + size // num]),
            batch,
        )

    return strategy.experimental_distribute_values_from_function(own)


def _sizes(replicas, size):
    """Examples on each replica."""
    num = replicas.num_replicas_in_sync
    own = size * tf.one_hot(replicas.replica_id_in_sync_group, num, dtype=tf.int32)
    return replicas.all_reduce(tf.distribute.ReduceOp.SUM, own)


def _own_piece(replicas):
    return tf.constant(pieces(), tf.int32)[replicas.replica_id_in_sync_group]
