"""Orders of examples: whole rounds, all different, the same again from the same seed."""

import functools

import numpy as np
import pytest

from keras_gans.data import orders


@pytest.fixture(params=["batches", "permutations"])
def shuffled(request):
    if request.param == "batches":
        return functools.partial(orders.batches, is_shuffled=True)
    return orders.permutations


def rounds(dataset, num):
    return [np.concatenate(list(dataset.as_numpy_iterator())) for _ in range(num)]


def test_each_round_has_every_number_once(shuffled):
    for order in rounds(shuffled(12, 4, seed=0), 3):
        assert sorted(order) == list(range(12))


def test_numbers_that_fill_no_batch_are_dropped_anew_in_each_round(shuffled):
    dataset = shuffled(11, 4, seed=0)
    assert dataset.cardinality() == 2
    found = rounds(dataset, 20)
    assert all(len(set(order)) == 8 for order in found)
    assert set(np.concatenate(found)) == set(range(11))


def test_rounds_differ_and_follow_from_the_seed(shuffled):
    first, again, other = (rounds(shuffled(50, 10, seed=seed), 3) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first[0], first[1])
    assert not np.array_equal(first[0], other[0])


def test_every_place_is_as_likely_for_every_number(shuffled):
    num, times = 5, 1000
    found = np.array(list(shuffled(num, num, seed=0).repeat(times).as_numpy_iterator()))
    counts = np.array([np.bincount(found[:, place], minlength=num) for place in range(num)])
    deviation = np.sqrt(times / num * (1 - 1 / num))
    assert np.abs(counts - times / num).max() < 4 * deviation


def test_without_shuffling_the_numbers_come_in_turn():
    (order,) = rounds(orders.batches(7, 3, is_shuffled=False, seed=None), 1)
    assert order.tolist() == [0, 1, 2, 3, 4, 5]
