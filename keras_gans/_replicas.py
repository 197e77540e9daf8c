"""One global batch, however many replicas share it. Without others, each is the identity.

`tf.data` cuts a global batch into one piece for each replica and deals the pieces to the workers in
turn: of W workers, replica i of worker w holds piece i·W + w. What is gathered or cut here is in
the order of the pieces, which is that of the batch.

The last batch of an evaluation may leave a replica without examples. TensorFlow's kernels, such as
convolutions, do not all take an empty batch, so that replica gets one example of padding: networks
see it, and everything here leaves it out.
"""

import contextlib
import functools
import threading

import numpy as np
import tensorflow as tf

#: Types that TensorFlow does not send between replicas, and those that hold their values.
_CARRIERS = {tf.bool: tf.int32, tf.bfloat16: tf.float32}


class _Situation(threading.local):
    """What holds where the code of a replica, which has a thread of its own, is."""

    parts_may_differ = False  # in the numbers of their examples: in an evaluation
    is_padding = None  # boolean tensor: whether all examples of this replica are padding
    has_all = False  # whether the examples at hand are those of all replicas


_situation = _Situation()


@contextlib.contextmanager
def _where(**facts):
    before = {name: getattr(_situation, name) for name in facts}
    vars(_situation).update(facts)
    try:
        yield
    finally:
        vars(_situation).update(before)


def context():
    """The replica context if several replicas share the batch, else `None`."""
    replicas = tf.distribute.get_replica_context()
    alone = replicas is None or replicas.num_replicas_in_sync == 1 or _situation.has_all
    return None if alone else replicas


def parts_may_differ():
    """Whether replicas may have unequal numbers of examples, as in an evaluation."""
    return _situation.parts_may_differ


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
    if x.dtype in _CARRIERS:
        return tf.cast(gather(tf.cast(x, _CARRIERS[x.dtype])), x.dtype)
    x = without_padding(x)
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
    num, start = _place(replicas, size, is_equal)
    return with_padding(make(num)[start : start + num_real(size)], size)


def call_in_place(call, inputs):
    """Call on this replica's examples in their places in the global batch, zeros in the others'.

    What is drawn for all examples is then what one device draws. For functions of which no output
    depends on another example.

    Args:
        call: Function of `inputs`, to tensors that have an axis of examples as all inputs do.
        inputs: Nest of tensors.
    """
    replicas = context()
    if replicas is None:
        return call(inputs)
    first = tf.nest.flatten(inputs)[0]
    size = len_of(first)
    num, start = _place(replicas, size, is_equal=True)

    def widened(x):
        x = without_padding(x)
        after = num - start - tf.shape(x)[0]
        wide = tf.concat([_zeros(start, x), x, _zeros(after, x)], axis=0)
        return tf.ensure_shape(wide, (num if isinstance(num, int) else None, *x.shape[1:]))

    def own(y):
        rows = with_padding(y[start : start + num_real(size)], size)
        return tf.ensure_shape(rows, (first.shape[0], *y.shape[1:]))

    wide = tf.nest.map_structure(widened, inputs)
    with _where(has_all=True, is_padding=None):
        outputs = call(wide)
    return tf.nest.map_structure(own, outputs)


def call_on_all(call, inputs):
    """Call on the examples of all replicas, and return what belongs to this one's.

    Exact for any function of a batch, which every replica computes in full. See `call_in_place`.
    """
    if context() is None:
        return call(inputs)
    first = tf.nest.flatten(inputs)[0]
    gathered = tf.nest.map_structure(gather, inputs)
    with _where(has_all=True, is_padding=None):
        outputs = call(gathered)
    return tf.nest.map_structure(lambda y: own_part(y, first), outputs)


# Padding


def never_empty(step):
    """Let a replica without examples take a step of an evaluation with one of padding."""

    @functools.wraps(step)
    def step_on(data):
        if context() is None:
            return step(data)
        size = len_of(tf.nest.flatten(data)[0])
        is_padding = size == 0 if tf.is_tensor(size) or not size else None
        with _where(parts_may_differ=True, is_padding=is_padding):
            return step(tf.nest.map_structure(filled, data))

    return step_on


def filled(x):
    """Return a batch that is not empty: if `x` is, one example of zeros, or an empty string."""
    if x is None or (x.shape[0] or 0) > 0:
        return x
    return tf.concat([x, _zeros(tf.maximum(1 - tf.shape(x)[0], 0), x)], axis=0)


def also_of_none(function, x):
    """Call a function of a batch that does not take an empty one."""
    outputs = function(filled(x))
    if x.shape[0]:
        return outputs
    return tf.nest.map_structure(lambda y: y[: tf.shape(x)[0]], outputs)


def len_of(x):
    """The number of examples: an integer if it is known, else a scalar tensor."""
    return tf.shape(x)[0] if x.shape[0] is None else x.shape[0]


def num_real(num):
    """How many of `num` of this replica's examples are no padding; `num` may be a weight, too."""
    is_padding = _situation.is_padding
    return num if is_padding is None else tf.where(is_padding, tf.zeros_like(num), num)


def without_padding(x):
    """Return the examples of this replica that are no padding."""
    return x if _situation.is_padding is None else x[: num_real(tf.shape(x)[0])]


def with_padding(x, size):
    """Return `size` rows: `x`, or zeros if there are none because the examples are padding."""
    if _situation.is_padding is None:
        return x
    return tf.concat([x, _zeros(size - tf.shape(x)[0], x)], axis=0)


def mean(x):
    """Return the mean of `x` over replicas, differentiable as `gather` is. Padding counts as 0."""
    replicas = context()
    if replicas is None:
        return x
    return replicas.all_reduce(tf.distribute.ReduceOp.MEAN, num_real(x))


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


def one_of(number, functions):
    """Call the function of this number, which may be known in the graph alone."""
    return functions[0]() if len(functions) == 1 else tf.switch_case(number, functions)


def steps(strategy, alternatives, number, steps_per_execution, run_eagerly):
    """Return a function of an iterator that takes some steps on all replicas.

    Each is that of the alternatives which `number()` says. Replicas that wait for each other inside
    a step cannot choose there: TensorFlow knows no such point in a branch.

    Its logs are means over replicas of the last step's. Keras's own averages no scalars over
    workers, and fails to take several steps on several replicas.
    """

    def on_replicas(step, batch):
        logs = strategy.run(begun_by_data(step), args=(batch,))
        return tf.nest.map_structure(lambda value: strategy.reduce("MEAN", value, axis=None), logs)

    @tf.autograph.experimental.do_not_convert
    def one_step(batch):
        return one_of(number(), [functools.partial(on_replicas, s, batch) for s in alternatives])

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


def _zeros(num, x):
    """So many rows of zeros, or empty strings, like those of `x`."""
    return tf.zeros(tf.concat([[num], tf.shape(x)[1:]], axis=0), x.dtype)


def _place(replicas, size, is_equal):
    """The number of all examples, and that of those before this replica's `size`."""
    if is_equal and not parts_may_differ():
        return size * replicas.num_replicas_in_sync, size * _own_piece(replicas)
    sizes = _sizes(replicas, num_real(size))
    return tf.reduce_sum(sizes), tf.reduce_sum(tf.where(pieces() < _own_piece(replicas), sizes, 0))


def _sizes(replicas, size):
    """Examples on each replica."""
    num = replicas.num_replicas_in_sync
    own = size * tf.one_hot(replicas.replica_id_in_sync_group, num, dtype=tf.int32)
    return replicas.all_reduce(tf.distribute.ReduceOp.SUM, own)


def _own_piece(replicas):
    return tf.constant(pieces(), tf.int32)[replicas.replica_id_in_sync_group]
