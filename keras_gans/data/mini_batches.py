"""From whatever `fit` is given to batches that hold one step's mini-batches.

`tf.distribute` splits the first axis of every batch among replicas, so the n mini-batches of a step
travel as one flat batch in which example k of mini-batch j stands at k·n + j: every n-th example
from j on is mini-batch j, on one replica as on many.
"""

import functools
import itertools
import types

import keras
import numpy as np
import tensorflow as tf

from keras_gans import _checks
from keras_gans.data import orders, specs, workers
from keras_gans.data.py_datasets import DerivedPyDataset


def mini_batches(x, y, batch_size, batches_per_step, replicas, shuffle_seed, spec):
    """Return the batches to train on, each holding `batches_per_step` interleaved mini-batches.

    Args:
        x, y: As in `GenerativeModel.fit`.
        batch_size: Integer or `None`, examples of one mini-batch, if `x` is an array.
        batches_per_step: Integer, mini-batches in one step.
        replicas: Integer, replicas that share each mini-batch.
        shuffle_seed: Integer, to shuffle an array at every epoch, or `None` not to.
        spec: `BatchSpec`, what the model can learn from.
    """
    x, y = checked(x, y, spec)
    if isinstance(x, keras.utils.PyDataset):
        return interleaved_py_dataset(x, batches_per_step, replicas, spec)
    if isinstance(x, types.GeneratorType):
        return interleaved_generator(x, batches_per_step, replicas, spec)
    if isinstance(x, tf.data.Dataset):
        return interleaved_dataset(x, batches_per_step, replicas)
    batch_size = 32 if batch_size is None else _checks.positive_int("batch_size", batch_size)
    return array_batches(x, y, batch_size, batches_per_step, replicas, shuffle_seed)


def evaluation_batches(x, y, spec):
    """Return `(x, y)` for `keras.Model.evaluate`: as they are, but checked."""
    x, y = checked(x, y, spec)
    if isinstance(x, keras.utils.PyDataset):
        x = DerivedPyDataset(x, functools.partial(_checked_item, spec))
    elif isinstance(x, types.GeneratorType):
        x = checked_generator(x, spec)
    elif not isinstance(x, tf.data.Dataset):
        x, y = specs.for_keras((x, y))
    return x, y


def checked(x, y, spec):
    """Check examples as far as their kind allows without reading them, and return `(x, y)`.

    Arrays come back as arrays; datasets check their values as they are read.
    """
    if isinstance(x, tf.data.Dataset):
        _refuse_labels_beside(x, y)
        spec.check(*_unpack(x.element_spec))

        def check_batch(*batch):
            return _packed(*spec.checked_tensors(*_unpack(_one_or_all(batch))))

        return x.map(check_batch, num_parallel_calls=tf.data.AUTOTUNE), None
    if isinstance(x, (keras.utils.PyDataset, types.GeneratorType)):
        _refuse_labels_beside(x, y)
        if isinstance(x, keras.utils.PyDataset):
            checked_batch(x[0], spec)
        return x, None
    _check_is_array(x)
    x, y = spec.arrays(x, y)
    spec.check(x, y)
    if y is not None:
        spec.check_lengths(x, y)
    return x, y


def split(x, y, validation_split, spec):
    """Cut the last part of arrays off: `((x, y), (x_validation, y_validation))`."""
    share = _checks.real_number("validation_split", validation_split, 0, 1, True, True)
    if not hasattr(x, "__array__"):
        raise ValueError(
            "`validation_split` needs `x` to be an array; give `validation_data` instead. "
            f"Received: x of type {type(x).__name__}"
        )
    x, y = spec.arrays(x, y)
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


def _cut(arrays, share):
    """The first part and the last of an array, or of each of a nest of them."""
    flat = tf.nest.flatten(arrays)
    cuts = [round(len(array) * (1 - share)) for array in flat]
    parts = (
        [array[:cut] for array, cut in zip(flat, cuts, strict=True)],
        [array[cut:] for array, cut in zip(flat, cuts, strict=True)],
    )
    return [tf.nest.pack_sequence_as(arrays, part) for part in parts]


def mapped(function, batches):
    """Apply a function of tensors to the examples of every batch, or to an array of them."""

    def on_batch(x, *others):
        return (function(x), *others) if others else function(x)

    def on_arrays(batch):
        x, *others = as_tuple(batch)
        x = function(x).numpy()
        return (x, *others) if isinstance(batch, tuple) else x

    if isinstance(batches, tf.data.Dataset):
        return batches.map(on_batch, num_parallel_calls=tf.data.AUTOTUNE)
    if isinstance(batches, keras.utils.PyDataset):
        item = functools.partial(_mapped_item, on_arrays)
        return DerivedPyDataset(batches, item, uses_tensorflow=True)
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
    if shuffle_seed is None:
        indices = orders.batches(len(x), size, is_shuffled=False, seed=None)
    else:
        indices = orders.permutations(len(x), size, shuffle_seed)
    arrays = tf.nest.map_structure(tf.constant, x if y is None else (x, y))
    batches = indices.map(lambda i: tf.nest.map_structure(lambda a: tf.gather(a, i), arrays))
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


def interleaved_py_dataset(dataset, batches_per_step, replicas, spec):
    """A `PyDataset` whose item i holds the batches i·n … i·n + n − 1 of another, interleaved."""
    item = functools.partial(_interleaved_item, batches_per_step, replicas, spec)
    steps = DerivedPyDataset(dataset, item, functools.partial(_num_steps, batches_per_step))
    if steps.num_batches == 0:
        raise ValueError(_too_few(batches_per_step, f"a PyDataset of {dataset.num_batches}"))
    if replicas > 1 and steps.num_batches is not None:
        steps[steps.num_batches - 1]  # may be smaller, and not to be shared evenly
    return steps


# Items of derived `PyDataset`s, which other processes may be sent


def _interleaved_item(n, replicas, spec, dataset, index):
    group = [dataset[index * n + j] for j in range(n)]
    return _interleave_arrays(group, replicas, spec)


def _num_steps(n, num_batches):
    return num_batches // n


def _checked_item(spec, dataset, index):
    return checked_batch(dataset[index], spec)


def _mapped_item(function, dataset, index):
    return function(dataset[index])


def interleaved_generator(batches, batches_per_step, replicas, spec):
    """Yield the batches of a generator in interleaved groups, as tuples, which Keras asks for."""
    for step in itertools.count():
        group = list(itertools.islice(batches, batches_per_step))
        if len(group) == batches_per_step:
            yield as_tuple(_interleave_arrays(group, replicas, spec))
        elif step == 0:
            raise ValueError(_too_few(batches_per_step, f"a generator of {len(group)}"))
        else:
            return


def checked_generator(batches, spec):
    """Yield every batch of a generator, checked, as tuples."""
    for batch in batches:
        yield as_tuple(checked_batch(batch, spec))


def as_tuple(batch):
    return tuple(batch) if isinstance(batch, (tuple, list)) else (batch,)


def _interleave_arrays(batches, replicas, spec):
    """Deal the examples of a step's batches, which may differ in size, out to its mini-batches."""
    batches = [checked_batch(batch, spec) for batch in batches]
    n = len(batches)

    def deal(*arrays):
        size = sum(map(len, arrays)) // n
        _check_divisible(size, replicas)
        examples = np.concatenate(arrays)[: n * size]
        return examples.reshape(n, size, *examples.shape[1:]).swapaxes(0, 1).reshape(examples.shape)

    return tf.nest.map_structure(deal, *batches)


def checked_batch(batch, spec):
    """Return a batch of arrays, `x` or `(x, y)`, that the model can learn from."""
    return _packed(*spec.checked_arrays(*_unpack(batch)))


def _check_is_array(x):
    """Refuse what has no examples, or is to be given otherwise."""
    if isinstance(x, tf.distribute.DistributedDataset):
        raise TypeError(
            "`x` must be the plain tf.data.Dataset, not one distributed by hand: `fit` groups "
            "mini-batches into steps and distributes them itself."
        )
    if not isinstance(x, (np.ndarray, tf.Tensor)) and not hasattr(x, "__array__"):
        raise TypeError(
            "`x` must be an array, a tf.data.Dataset, a keras.utils.PyDataset or a generator; what "
            f"belongs to an array goes to `y`. Received: x of type {type(x).__name__}"
        )


def _unpack(batch):
    """Return `(x, y)` of a batch, or of its spec, that may be `x` alone."""
    if isinstance(batch, dict):
        raise TypeError(
            "`x` must yield examples, or (examples, labels), not dictionaries: pass "
            f"x.map(lambda batch: batch[name]). Received: the names {sorted(batch)}"
        )
    if not isinstance(batch, (tuple, list)):
        return batch, None
    x, y, *others = *(None if isinstance(p, tf.NoneTensorSpec) else p for p in batch), None, None
    if len(batch) > 2 and any(part is not None for part in others):
        raise ValueError(
            f"`x` must yield batches of examples, or of (examples, labels). Received: {len(batch)} "
            "components"
        )
    return x, y


def _packed(x, y):
    """A batch of `x` alone, or of both."""
    return x if y is None else (x, y)


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
