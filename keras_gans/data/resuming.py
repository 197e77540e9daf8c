"""Data that begin where a training was stopped, in the order that they would have gone on in.

TensorFlow makes the order of each round through a dataset from a seed and from the number of rounds
that were begun before it. So the rounds that have been are gone through again, and none is begun
that a training without a stop would not have begun.
"""

import dataclasses
import functools
import types
import zlib
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from keras_gans.data import workers
from keras_gans.data.py_datasets import DerivedPyDataset


@dataclasses.dataclass(frozen=True)
class Part:
    """What one call of `keras.Model.fit` is given: the rest of an epoch, or whole epochs."""

    batches: object
    initial_epoch: int
    epochs: int
    steps_per_epoch: int | None


def tell(dataset, begun_at, shuffles_alike):
    """Let an endless dataset say how to begin later, without what was before.

    Args:
        dataset: `tf.data.Dataset` of batches.
        begun_at: Function of a number of batches, to the dataset that begins after them.
        shuffles_alike: Boolean, whether it has the same order in another process.
    """
    dataset.begun_at = begun_at
    dataset.shuffles_alike = shuffles_alike


def parts(batches, progress, epochs, steps_per_epoch):
    """Yield a `Part` for the rest of an epoch that was cut short, and one for those after it.

    Args:
        batches: The data of steps, one item each, as `training_batches` returns them.
        progress: `Progress`, where training goes on: after `steps` of the batches.
        epochs: Integer, the epoch to end before.
        steps_per_epoch: Integer, or `None` if an epoch is one round through the batches.
    """
    if isinstance(batches, tf.data.Dataset):
        divide = dataset_of_rounds if steps_per_epoch is None else endless_dataset
    elif isinstance(batches, keras.utils.PyDataset):
        divide = py_dataset
    else:
        divide = generator
    rest, others = divide(batches, progress, steps_per_epoch)
    epoch, length = progress.epoch, steps_in_epoch(batches, steps_per_epoch)
    if rest is not None and epoch < epochs:
        yield Part(rest, epoch, epoch + 1, length and length - progress.step)
        epoch += 1
    yield Part(others, epoch, epochs, steps_per_epoch)


def later(x, num_batches):
    """The data after some batches, or `None` if they do not know how to begin there."""
    begun_at = getattr(x, "begun_at", None)
    return None if begun_at is None else begun_at(num_batches)


def steps_in_epoch(batches, steps_per_epoch):
    """Steps of an epoch, or `None` if it ends when its data do."""
    if steps_per_epoch is not None:
        return steps_per_epoch
    if isinstance(batches, tf.data.Dataset):
        length = int(batches.cardinality())
        return length if length >= 0 else None
    return getattr(batches, "num_batches", None)


# The rest of the epoch to go on in, `None` if it is not begun, and the data of the epochs after it


def dataset_of_rounds(batches, progress, steps_per_epoch):
    rounds = progress.epoch - progress.first_epoch
    if rounds:
        begun_when_read(batches).repeat(rounds).reduce(0, lambda seen, *_: seen + 1)
    rest = begun_when_read(batches.skip(progress.step)) if progress.step else None
    return rest, begun_when_read(batches)


def endless_dataset(batches, progress, steps_per_epoch):
    batches = begun_when_read(batches).repeat().skip(progress.steps)
    if not progress.step:
        return None, batches
    iterator, options = iter(batches), batches.options()

    def following(num):
        numbers = tf.data.Dataset.range(num).with_options(options)
        if workers.may_be_dealt_by_files(numbers):
            numbers = workers.read_by_all(numbers)
        return numbers.map(lambda _: iterator.get_next())

    return following(steps_per_epoch - progress.step), following(tf.int64.max)


def begun_when_read(dataset):
    """The same dataset, no round of which begins before its first element is asked for.

    Keras makes more iterators than it reads, as does `repeat`.
    """
    if workers.may_be_dealt_by_files(dataset):
        return dataset
    lazy = tf.data.Dataset.from_tensors(0).flat_map(lambda _: dataset)
    if dataset.cardinality() != tf.data.UNKNOWN_CARDINALITY:
        lazy = lazy.apply(tf.data.experimental.assert_cardinality(dataset.cardinality()))
    return lazy.with_options(dataset.options())


def py_dataset(batches, progress, steps_per_epoch):
    if steps_per_epoch is not None:
        rest = steps_per_epoch - progress.step if progress.step else 0
        others = endless_py_dataset(batches, progress.steps + rest, has_ended=bool(rest))
        return endless_py_dataset(batches, progress.steps) if rest else None, others
    for _ in range(progress.epoch - progress.first_epoch):
        batches.on_epoch_begin()
        batches.on_epoch_end()
    if not progress.step:
        return None, batches
    later = functools.partial(_later_item, progress.step)
    rest = DerivedPyDataset(batches, later, functools.partial(_num_later, progress.step))
    return rest, DerivedPyDataset(batches, functools.partial(_later_item, 0), has_ended=True)


def endless_py_dataset(dataset, first, has_ended=False):
    """The items of a `PyDataset` from one on, again and again."""
    item = functools.partial(_endless_item, first)
    return DerivedPyDataset(dataset, item, _endless, has_ended=has_ended)


def _later_item(first, dataset, index):
    return dataset[first + index]


def _num_later(first, num_batches):
    return num_batches - first


def _endless_item(first, dataset, index):
    num = dataset.num_batches
    return dataset[(first + index) % num if num else first + index]


def _endless(num_batches):
    return None


def generator(batches, progress, steps_per_epoch):
    return batches if progress.step else None, batches


# What a run is of


def description(x, y, batch_size, steps_per_epoch):
    """Return what makes other data, and other steps, of what `fit` was given, as JSON values."""
    data = {"x": _describe(x), "y": _describe(y)}
    return {**data, "batch_size": batch_size, "steps_per_epoch": steps_per_epoch}


def _describe(part):
    if part is None or isinstance(part, types.GeneratorType):
        return None
    if isinstance(part, dict):
        return {str(name): _describe(value) for name, value in part.items()}
    if isinstance(part, (tuple, list)) and any(getattr(v, "ndim", 0) for v in part):
        return [_describe(value) for value in part]
    if isinstance(part, tf.data.Dataset):
        length = int(part.cardinality())
        return f"{length if length >= 0 else 'any number of'} batches of {part.element_spec}"
    if isinstance(part, keras.utils.PyDataset):
        return f"{part.num_batches or 'any number of'} batches"
    array = np.asarray(part)
    data = array.astype(str) if array.dtype == object else array
    data = np.ascontiguousarray(data)
    return f"{array.dtype} {array.shape}, CRC-32 {zlib.crc32(data):08x}"  # type: ignore[arg-type]


def unknown_order(x):
    """Why the order of data cannot be known in another process, or `None` if it can."""
    if isinstance(x, types.GeneratorType):
        return "is a generator"
    if isinstance(x, tf.data.Dataset) and _is_shuffled_without_seed(x):
        return "is shuffled without a seed"
    if isinstance(x, tf.data.Dataset) and workers.may_be_dealt_by_files(x):
        return "may be dealt to the workers by its files"
    return None


def _is_shuffled_without_seed(dataset):
    shuffles_alike = getattr(dataset, "shuffles_alike", True)
    seeds: tuple[Any, Any] = getattr(dataset, "_seed", None), getattr(dataset, "_seed2", None)
    without_seed = seeds[0] is not None and not any(int(seed) for seed in seeds)
    before = map(_is_shuffled_without_seed, dataset._inputs())
    return not shuffles_alike or without_seed or any(before)
