"""From whatever `fit` is given to batches that hold one step's mini-batches.

`tf.distribute` splits the first axis of every batch among replicas, so the n mini-batches of a step
travel as one flat batch in which example k of mini-batch j stands at k·n + j: every n-th example
from j on is mini-batch j, on one replica as on many.
"""

import contextlib
import functools
import itertools
import types

import keras
import numpy as np
import tensorflow as tf

from keras_gans import _checks
from keras_gans.data import workers


def mini_batches(
    x, y, batch_size, batches_per_step, replicas, shuffle_seed, check, label_range=None
):
    """Return the batches to train on, each holding `batches_per_step` interleaved mini-batches.

    Args:
        x, y: As in `GenerativeModel.fit`.
        batch_size: Integer or `None`, examples of one mini-batch, if `x` is an array.
        batches_per_step: Integer, mini-batches in one step.
        replicas: Integer, replicas that share each mini-batch.
        shuffle_seed: Integer, to shuffle an array at every epoch, or `None` not to.
        check: Function of `(x, y)`, arrays or `tf.TensorSpec`s of a batch, that raises if the model
            cannot learn from such examples.
        label_range: `(low, high)`, the labels that a dataset may yield: low … high − 1. Defaults to
            `None`, any.
    """
    x, y = checked(x, y, check, label_range)
    if isinstance(x, keras.utils.PyDataset):
        return InterleavedPyDataset(x, batches_per_step, replicas, check)
    if isinstance(x, types.GeneratorType):
        return interleaved_generator(x, batches_per_step, replicas, check)
    if isinstance(x, tf.data.Dataset):
        return interleaved_dataset(x, batches_per_step, replicas)
    batch_size = 32 if batch_size is None else _checks.positive_int("batch_size", batch_size)
    return array_batches(x, y, batch_size, batches_per_step, replicas, shuffle_seed)


def evaluation_batches(x, y, check, label_range=None):
    """Return `(x, y)` for `keras.Model.evaluate`: as they are, but checked."""
    x, y = checked(x, y, check, label_range)
    if isinstance(x, keras.utils.PyDataset):
        x = CheckedPyDataset(x, check)
    elif isinstance(x, types.GeneratorType):
        x = checked_generator(x, check)
    return x, y


def checked(x, y, check, label_range=None):
    """Check examples as far as their kind allows without reading them, and return `(x, y)`.

    Arrays come back as arrays; datasets check their values as they are read.
    """
    if isinstance(x, tf.data.Dataset):
        _refuse_labels_beside(x, y)
        check(*_unpack(x.element_spec))
        check_batch = functools.partial(_check_values, label_range=label_range)
        return x.map(check_batch, num_parallel_calls=tf.data.AUTOTUNE), None
    if isinstance(x, (keras.utils.PyDataset, types.GeneratorType)):
        _refuse_labels_beside(x, y)
        if isinstance(x, keras.utils.PyDataset):
            _checked_batch(x[0], check)
        return x, None
    if isinstance(x, tf.distribute.DistributedDataset):
        raise TypeError(
            "`x` must be the plain tf.data.Dataset, not one distributed by hand: `fit` groups "
            "mini-batches into steps and distributes them itself."
        )
    if not isinstance(x, (np.ndarray, tf.Tensor)) and not hasattr(x, "__array__"):
        raise TypeError(
            "`x` must be an array, a tf.data.Dataset, a keras.utils.PyDataset or a generator. "
            f"Received: x of type {type(x).__name__}"
        )
    x, y = np.asarray(x), None if y is None else np.asarray(y)
    if y is not None and len(x) != len(y):
        raise ValueError(
            f"`x` and `y` must have the same length. Received: len(x)={len(x)}, len(y)={len(y)}"
        )
    check(x, y)
    return x, y


def split(x, y, validation_split):
    """Cut the last part of arrays off: `((x, y), (x_validation, y_validation))`."""
    share = _checks.real_number("validation_split", validation_split, 0, 1, True, True)
    if not hasattr(x, "__array__"):
        raise ValueError(
            "`validation_split` needs `x` to be an array; give `validation_data` instead. "
            f"Received: x of type {type(x).__name__}"
        )
    x, x_held_out = _cut(x, share)
    if not len(x_held_out):
        raise ValueError(
            "`validation_split` must leave an example to evaluate. "
            f"Received: validation_split={validation_split!r} of {len(x)} examples"
        )
    if y is None:
        return (x, None), x_held_out
    y, y_held_out = _cut(y, share)
    return (x, y), (x_held_out, y_held_out)


def _cut(array, share):
    cut = round(len(array) * (1 - share))
    return array[:cut], array[cut:]


def mapped(function, batches):
    """Apply a function of tensors to every batch of examples, or to an array of them."""

    def on_batch(*batch):
        return tf.nest.map_structure(function, _one_or_all(batch))

    def on_arrays(batch):
        return tf.nest.map_structure(lambda x: function(x).numpy(), batch)

    if isinstance(batches, tf.data.Dataset):
        return batches.map(on_batch, num_parallel_calls=tf.data.AUTOTUNE)
    if isinstance(batches, keras.utils.PyDataset):
        return MappedPyDataset(batches, on_arrays)
    if isinstance(batches, types.GeneratorType):
        return (on_arrays(batch) for batch in batches)
    return on_arrays(batches)


def array_batches(x, y, batch_size, batches_per_step, replicas, shuffle_seed):
    size = batch_size * batches_per_step
    _check_divisible(batch_size, replicas)
    if len(x) < size:
        raise ValueError(
            f"`x` must hold at least one step: {batches_per_step} mini-batches of {batch_size} = "
            f"{size} examples. Received: {len(x)} examples"
        )
    indices = tf.data.Dataset.range(len(x))
    if shuffle_seed is not None:
        indices = indices.shuffle(len(x), shuffle_seed)
    arrays = tf.nest.map_structure(tf.constant, x if y is None else (x, y))
    batches = indices.batch(size, drop_remainder=True).map(
        lambda i: tf.nest.map_structure(lambda a: tf.gather(a, i), arrays)
    )
    return workers.read_by_all(batches.prefetch(tf.data.AUTOTUNE))


def interleaved_dataset(dataset, batches_per_step, replicas):
    batch_sizes = [part.shape[0] for part in tf.nest.flatten(dataset.element_spec)]
    if 0 <= dataset.cardinality() < batches_per_step:
        raise ValueError(_too_few(batches_per_step, f"a dataset of {dataset.cardinality()}"))
    if None in batch_sizes and replicas > 1:
        raise ValueError(
            "`x` must have batches of a fixed size to be shared among replicas: make them with "
            "`batch(batch_size, drop_remainder=True)`."
        )
    if None in batch_sizes:
        steps = dataset.window(batches_per_step, drop_remainder=True).map(_joined)
    else:
        for batch_size in batch_sizes:
            _check_divisible(batch_size, replicas)
        steps = dataset.batch(batches_per_step, drop_remainder=True).map(_flattened)

    def deal(*examples):
        return tf.nest.map_structure(lambda x: dealt(x, batches_per_step), _one_or_all(examples))

    return steps.map(deal).prefetch(tf.data.AUTOTUNE)


def _joined(*batches):
    """The examples of a step's batches, which may differ in size, out of datasets of them."""
    return tf.nest.map_structure(
        lambda parts: parts.rebatch(tf.int32.max).get_single_element(), _one_or_all(batches)
    )


def _flattened(*batches):
    """The examples of a step's batches of one size, out of `(n, batch, …)`."""

    def flat(x):
        n, size, *shape = x.shape
        return tf.ensure_shape(
            tf.reshape(x, tf.concat([[n * size], tf.shape(x)[2:]], 0)), (n * size, *shape)
        )

    return tf.nest.map_structure(flat, _one_or_all(batches))


def repeated(examples, length, num):
    """Go through a dataset of `length` examples again and again, until it has given `num`.

    No round begins that is not needed: of an endless dataset TensorFlow may read one more ahead, or
    not, and the order of a round depends on how many there were before it.
    """
    return examples.repeat(-(-num // length)).take(num)


def dealt(examples, n):
    """Cut examples `(num, …)` into n mini-batches, and let example k of mini-batch j be k·n + j.

    What is left of a division by n is left out.
    """
    size = tf.shape(examples)[0] // n
    shape = tf.shape(examples)[1:]
    mini_batches = tf.reshape(examples[: n * size], tf.concat([[n, size], shape], 0))
    mini_batches = tf.transpose(mini_batches, [1, 0, *range(2, len(mini_batches.shape))])
    num = examples.shape[0] and examples.shape[0] // n * n
    flat = tf.reshape(mini_batches, tf.concat([[n * size], shape], 0))
    return tf.ensure_shape(flat, (num, *examples.shape[1:]))


class WrappedPyDataset(keras.utils.PyDataset):
    """A `PyDataset` made of another."""

    def __init__(self, dataset):
        super().__init__(
            workers=dataset.workers,
            use_multiprocessing=dataset.use_multiprocessing,
            max_queue_size=dataset.max_queue_size,
        )
        self.dataset = dataset

    def on_epoch_begin(self):
        self.dataset.on_epoch_begin()

    def on_epoch_end(self):
        self.dataset.on_epoch_end()


class MappedPyDataset(WrappedPyDataset):
    """A `PyDataset` whose batches are those of another, passed through a function of arrays."""

    def __init__(self, dataset, function):
        super().__init__(dataset)
        self.use_multiprocessing = False  # a forked process must not call TensorFlow
        self.function = function

    @property
    def num_batches(self):
        return self.dataset.num_batches

    def __getitem__(self, index):
        return self.function(self.dataset[index])


class InterleavedPyDataset(WrappedPyDataset):
    """A `PyDataset` whose item i holds the batches i·n … i·n + n − 1 of another, interleaved."""

    def __init__(self, dataset, batches_per_step, replicas, check):
        super().__init__(dataset)
        self.batches_per_step = batches_per_step
        self.replicas = replicas
        self.check = check
        if self.num_batches == 0:
            raise ValueError(_too_few(batches_per_step, f"a PyDataset of {dataset.num_batches}"))
        if replicas > 1 and self.num_batches is not None:
            self[self.num_batches - 1]  # may be smaller, and not to be shared evenly

    @property
    def num_batches(self):
        num = self.dataset.num_batches
        return None if num is None else num // self.batches_per_step

    def __getitem__(self, index):
        n = self.batches_per_step
        group = [self.dataset[index * n + j] for j in range(n)]
        return _interleave_arrays(group, self.replicas, self.check)


class CheckedPyDataset(WrappedPyDataset):
    """A `PyDataset` for evaluation: every batch of another, checked."""

    def __init__(self, dataset, check):
        super().__init__(dataset)
        self.check = check

    @property
    def num_batches(self):
        return self.dataset.num_batches

    def __getitem__(self, index):
        return _checked_batch(self.dataset[index], self.check)


def interleaved_generator(batches, batches_per_step, replicas, check):
    """Yield the batches of a generator in interleaved groups, as tuples, which Keras asks for."""
    for step in itertools.count():
        group = list(itertools.islice(batches, batches_per_step))
        if len(group) == batches_per_step:
            yield as_tuple(_interleave_arrays(group, replicas, check))
        elif step == 0:
            raise ValueError(_too_few(batches_per_step, f"a generator of {len(group)}"))
        else:
            return


def checked_generator(batches, check):
    """Yield every batch of a generator, checked, as tuples."""
    for batch in batches:
        yield as_tuple(_checked_batch(batch, check))


def as_tuple(batch):
    return tuple(batch) if isinstance(batch, (tuple, list)) else (batch,)


@contextlib.contextmanager
def readable_errors():
    """Turn what the checks inside a tf.data pipeline find into a `ValueError`."""
    try:
        yield
    except tf.errors.InvalidArgumentError as error:
        about_values = [f.format(name) for f in (NOT_FINITE, NOT_SCALED) for name in "xy"]
        for problem in (*about_values, EMPTY, NOT_LABELS, NOT_IN_TURN):
            if problem in str(error):
                raise ValueError(problem) from None
        raise


NOT_FINITE = "`{0}` must hold finite numbers only. Received: NaN or infinity"
NOT_SCALED = (
    "`{0}` must hold images scaled to [-1, 1]: for pixels in [0, 255] pass {0} / 127.5 - 1. "
    "Received: values outside"
)
EMPTY = "`x` must yield batches of examples. Received: an empty one"
NOT_IN_TURN = (
    "Batches of labelled and of unlabelled examples must take turns, as those of "
    "keras_gans.data.semi_supervised_batches do. Received: another order"
)
NOT_LABELS = "Labels must count the classes of the model from 0. Received: other labels"


def check_examples(name, x, shape):
    """Refuse a spec or an array that does not hold a batch of float examples of some shape."""
    if len(x.shape) != len(shape) + 1 or any(
        a not in (None, b) for a, b in zip(x.shape[1:], shape, strict=True)
    ):
        raise ValueError(
            f"`{name}` must hold batches of examples of shape {shape}, as the networks know them. "
            f"Received: shape {tuple(x.shape)}"
        )
    dtype = keras.backend.standardize_dtype(x.dtype)
    if "float" not in dtype:
        raise ValueError(
            f"`{name}` must hold floats, images scaled to [-1, 1]: for uint8 pixels in [0, 255] "
            f"pass {name}.astype('float32') / 127.5 - 1. Received: dtype {dtype}"
        )
    if not isinstance(x, tf.TypeSpec):
        check_values(name, x)


def check_values(name, x):
    """Raise if an array holds NaN or infinities, or pictures that were not scaled."""
    if not (np.abs(x) <= np.finfo("float32").max).all():
        raise ValueError(NOT_FINITE.format(name))
    if x.ndim == 4 and x.size and np.abs(x).max() > 1.001:
        raise ValueError(f"{NOT_SCALED.format(name)}, up to {np.abs(x).max():g}")


def check_labels(labels, label_range):
    """Raise if an array of labels holds others than low … high − 1."""
    low, high = label_range
    if labels.size and not (low <= labels.min() and labels.max() < high):
        raise ValueError(
            f"{NOT_LABELS}, from {labels.min()} to {labels.max()}, not in [{low}, {high})"
        )


def _check_values(*batch, label_range=None):
    batch = _one_or_all(batch)
    parts = _unpack(batch)
    checks = [tf.debugging.Assert(tf.shape(parts[0])[0] > 0, [EMPTY])]
    for name, x in zip("xy", parts, strict=True):
        if x is not None and x.dtype.is_floating:
            is_finite = tf.reduce_all(tf.math.is_finite(x))
            checks.append(tf.debugging.Assert(is_finite, [NOT_FINITE.format(name)]))
            if len(x.shape) == 4:
                is_scaled = tf.reduce_max(tf.abs(x)) <= 1.001
                checks.append(tf.debugging.Assert(is_scaled, [NOT_SCALED.format(name)]))
    if label_range is not None:
        low, high = label_range
        labels = tf.cast(parts[1], tf.int64)
        in_range = tf.reduce_all((labels >= low) & (labels < high))
        checks.append(tf.debugging.Assert(in_range, [NOT_LABELS]))
    with tf.control_dependencies(checks):
        return tf.nest.map_structure(tf.identity, batch)


def _interleave_arrays(batches, replicas, check):
    """Deal the examples of a step's batches, which may differ in size, out to its mini-batches."""
    batches = [_checked_batch(batch, check) for batch in batches]
    n = len(batches)

    def deal(*arrays):
        size = sum(map(len, arrays)) // n
        _check_divisible(size, replicas)
        examples = np.concatenate(arrays)[: n * size]
        return examples.reshape(n, size, *examples.shape[1:]).swapaxes(0, 1).reshape(examples.shape)

    return tf.nest.map_structure(deal, *batches)


def _checked_batch(batch, check):
    """Return a batch of arrays, `x` or `(x, y)`, that the check has found good."""
    x, y = (None if part is None else np.asarray(part) for part in _unpack(batch))
    if not x.size:
        raise ValueError(EMPTY)
    check(x, y)
    return x if y is None else (x, y)


def _unpack(batch):
    """Return `(x, y)` of a batch that may be `x` alone."""
    if isinstance(batch, dict):
        raise TypeError(
            "`x` must yield examples, or (examples, labels), not dictionaries: pass "
            f"x.map(lambda batch: batch[name]). Received: the names {sorted(batch)}"
        )
    if not isinstance(batch, (tuple, list)):
        return batch, None
    if len(batch) > 2:
        raise ValueError(
            f"`x` must yield batches of examples, or of (examples, labels). Received: {len(batch)} "
            "components"
        )
    return batch if len(batch) == 2 else (batch[0], None)


def _one_or_all(batch):
    return batch if len(batch) > 1 else batch[0]


def _refuse_labels_beside(x, y):
    if y is not None:
        raise ValueError(
            "`y` must be None when `x` is a dataset: let it yield (examples, labels). "
            f"Received: x of type {type(x).__name__} and y of type {type(y).__name__}"
        )


def _too_few(batches_per_step, received):
    return (
        f"`x` must hold at least the {batches_per_step} mini-batches of one step. "
        f"Received: {received} batches"
    )


def _check_divisible(batch_size, replicas):
    if batch_size % replicas:
        raise ValueError(
            f"`batch_size` must be a multiple of the {replicas} replicas that share it. "
            f"Received: batch_size={batch_size}"
        )
