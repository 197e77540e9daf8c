"""A `PyDataset` made of another has what Keras asks of it, as the other has it."""

import pickle

import keras
import numpy as np
import pytest

from keras_gans._progress import Progress
from keras_gans.data import Spec, resuming
from keras_gans.data.batch_spec import BatchSpec
from keras_gans.data.mini_batches import evaluation_batches, mini_batches
from keras_gans.data.py_datasets import DerivedPyDataset

SPEC = BatchSpec(Spec((2,)))


class Numbers(keras.utils.PyDataset):
    """Batch i holds i."""

    num_batches = 6

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.told = []

    def __getitem__(self, index):
        return np.full((4, 2), index, "float32")

    def on_epoch_begin(self):
        self.told.append("begin")

    def on_epoch_end(self):
        self.told.append("end")


def first(batches):
    return [int(batches[i][0, 0]) for i in range(batches.num_batches)]


def squares(dataset, index):
    return dataset[index] ** 2


def test_batches_and_their_number_are_functions_of_the_others():
    assert first(DerivedPyDataset(Numbers(), squares)) == [0, 1, 4, 9, 16, 25]
    half = DerivedPyDataset(Numbers(), squares, lambda num: num // 2)
    assert first(half) == [0, 1, 4]
    assert DerivedPyDataset(Numbers(), squares, lambda num: None).num_batches is None


def test_an_endless_dataset_stays_endless():
    numbers = Numbers()
    numbers.num_batches = None
    assert DerivedPyDataset(numbers, squares, lambda num: num // 2).num_batches is None


@pytest.mark.parametrize("uses_tensorflow", [False, True])
def test_workers_are_those_of_the_other(uses_tensorflow):
    numbers = Numbers(workers=3, use_multiprocessing=True, max_queue_size=7)
    derived = DerivedPyDataset(numbers, squares, uses_tensorflow=uses_tensorflow)
    assert (derived.workers, derived.max_queue_size) == (3, 7)
    assert derived.use_multiprocessing is not uses_tensorflow


def test_the_end_of_an_epoch_is_told_unless_it_is_known():
    numbers = Numbers()
    derived = DerivedPyDataset(numbers, squares, has_ended=True)
    for _ in range(2):
        derived.on_epoch_begin()
        derived.on_epoch_end()
    assert numbers.told == ["begin", "begin", "end"]


@pytest.mark.parametrize(
    "derive",
    [
        lambda numbers: mini_batches(numbers, None, None, 2, 1, None, SPEC),
        lambda numbers: evaluation_batches(numbers, None, SPEC)[0],
        lambda numbers: resuming.py_dataset(numbers, Progress(0, 0, 2), None)[0],
        lambda numbers: resuming.py_dataset(numbers, Progress(0, 0, 2, 2), 3)[0],
    ],
    ids=["steps", "evaluation", "later", "endless"],
)
def test_other_processes_may_be_sent_any_of_them(derive):
    """Where processes are spawned, as on macOS, they get what reads a batch as a pickle."""
    derived = derive(Numbers())
    again = pickle.loads(pickle.dumps(derived))
    assert again.num_batches == derived.num_batches
    np.testing.assert_array_equal(again[1], derived[1])
