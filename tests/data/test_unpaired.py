"""Two domains side by side: the longer once, the shorter as often as needed."""

import numpy as np
import pytest
import tensorflow as tf

from keras_gans.data.unpaired import are_datasets, as_long_as_each_other, unpaired_batches

LONG, SHORT = np.arange(10.0, dtype="float32")[:, None], np.arange(100, 104)[:, None]


def numbers(batches):
    return [[part[:, 0].tolist() for part in batch] for batch in batches.as_numpy_iterator()]


def batches(examples, size=2):
    return tf.data.Dataset.from_tensor_slices(examples).batch(size)


@pytest.mark.parametrize("make", [lambda x: x, tf.constant, batches])
def test_an_epoch_goes_through_the_longer_domain(make):
    found = unpaired_batches(make(LONG), make(SHORT), batch_size=2)
    assert found.cardinality() == 5
    repeated = [[100, 101], [102, 103], [100, 101], [102, 103], [100, 101]]
    expected = [[[i, i + 1], short] for i, short in zip(range(0, 10, 2), repeated, strict=True)]
    assert numbers(found) == expected
    swapped = unpaired_batches(make(SHORT), make(LONG), batch_size=2)
    assert numbers(swapped) == [pair[::-1] for pair in expected]


def test_batches_of_arrays_are_all_full():
    """Those of the shorter array reach into its repetition."""
    found = unpaired_batches(LONG, SHORT, batch_size=3)
    assert found.element_spec[0].shape == (3, 1)
    assert numbers(found) == [
        [[0, 1, 2], [100, 101, 102]],
        [[3, 4, 5], [103, 100, 101]],
        [[6, 7, 8], [102, 103, 100]],
    ]
    assert len(numbers(unpaired_batches(LONG, SHORT[:1], 5))) == 2
    assert unpaired_batches(np.zeros((70, 1)), SHORT).cardinality() == 2


def test_each_domain_is_shuffled_on_its_own_at_every_epoch():
    same = np.arange(40)[:, None]
    found = unpaired_batches(same, same[:20], batch_size=20, shuffle_seed=0)
    epochs = [np.array(numbers(found)) for _ in range(2)]
    for epoch in epochs:
        long, short = epoch[:, 0], epoch[:, 1]
        assert sorted(long.ravel()) == list(range(40))
        assert [sorted(part) for part in short] == [list(range(20))] * 2
        assert not np.array_equal(short[0], short[1])
        assert not np.array_equal(long[0] % 20, short[0])
    assert not np.array_equal(epochs[0], epochs[1])


def test_orders_do_not_depend_on_how_far_was_read_ahead():
    """They are those of numbers that are read one by one."""
    tf.random.set_seed(0)
    domains = [np.arange(40)[:, None], np.arange(20)[:, None]]
    found = unpaired_batches(*domains, batch_size=5, shuffle_seed=7)
    one_by_one = [
        tf.data.Dataset.range(40).shuffle(40, seed=7),
        tf.data.Dataset.range(20).shuffle(20, seed=8).repeat(2),
    ]
    for _ in range(3):
        epoch = np.array(numbers(found))
        for domain, order in enumerate(one_by_one):
            assert epoch[:, domain].ravel().tolist() == list(order.as_numpy_iterator())


def test_an_endless_domain_makes_endless_pairs():
    found = unpaired_batches(batches(LONG).repeat(), batches(SHORT))
    assert found.cardinality() == tf.data.INFINITE_CARDINALITY
    assert len(numbers(found.take(12))) == 12


def test_held_out_arrays_are_repeated_to_one_length():
    a, b = as_long_as_each_other(SHORT, LONG)
    np.testing.assert_array_equal(a[:, 0], [100, 101, 102, 103, 100, 101, 102, 103, 100, 101])
    np.testing.assert_array_equal(b, LONG)


def test_a_dataset_of_unknown_length_is_refused():
    with pytest.raises(ValueError, match="`x` and `y` must be datasets of known length"):
        unpaired_batches(batches(LONG).filter(lambda x: True), batches(SHORT))


@pytest.mark.parametrize("a, b", [(LONG, batches(SHORT)), (batches(LONG), SHORT), (LONG, [1, 2])])
def test_two_kinds_of_data_are_refused(a, b):
    with pytest.raises(TypeError, match="must be two arrays or two"):
        are_datasets(a, b)


@pytest.mark.parametrize("function", [unpaired_batches, as_long_as_each_other])
def test_empty_domains_are_refused(function):
    with pytest.raises(ValueError, match=r"both domains.*10 and 0"):
        function(LONG, SHORT[:0])


def test_too_few_examples_for_a_batch_are_refused():
    with pytest.raises(ValueError, match=r"at least one batch of 11.*10 and 4 examples"):
        unpaired_batches(LONG, SHORT, batch_size=11)
