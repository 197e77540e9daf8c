import numpy as np
import pytest
import tensorflow as tf

from keras_gans import data

IMAGES = np.arange(20, dtype="float32").reshape(20, 1)
LABELS = np.where(np.arange(20) % 7 == 0, np.arange(20), -1)  # 0, 7, 14 are labeled


def batches(**kwargs):
    dataset = data.semi_supervised_batches(IMAGES, LABELS, batch_size=6, **kwargs)
    return [(x.ravel(), y) for x, y in dataset.as_numpy_iterator()]


def test_labeled_and_unlabeled_batches_take_turns():
    """For each update one of either, then one without labels for the generator."""
    for shuffle in (True, False):
        for n_critic, turns in ((1, "LUU"), (2, "LULUU"), (3, "LULULUU")):
            read = batches(shuffle=shuffle, seed=0, n_critic=n_critic)
            assert len(read) == 3 // n_critic * len(turns)
            for (x, y), turn in zip(read, turns * 3, strict=False):
                if turn == "L":
                    np.testing.assert_array_equal(x, y)
                    assert set(y) <= {0, 7, 14}
                else:
                    np.testing.assert_array_equal(y, -1)


def test_an_epoch_goes_once_through_all_examples_and_evenly_through_the_labels():
    read = batches(seed=0)
    for first in (1, 2):  # the discriminator's batches, and the generator's
        assert len(set(np.concatenate([x for x, _ in read[first::3]]))) == 18
    counts = np.unique(np.concatenate([y for _, y in read[::3]]), return_counts=True)[1]
    np.testing.assert_array_equal(counts, 6)


def test_labels_come_in_a_new_order_every_time():
    """Three labels to a batch of three: every batch is a permutation of them."""
    dataset = data.semi_supervised_batches(IMAGES, LABELS, batch_size=3, seed=0)
    orders = [y for _, y in dataset.as_numpy_iterator()][::3]
    assert len(orders) == 6
    assert all(sorted(order) == [0, 7, 14] for order in orders)
    assert len({tuple(order) for order in orders}) > 1


def test_the_generator_has_other_examples_than_the_discriminator():
    for seed in (0, 2**31 - 1, None):
        read = batches(seed=seed)
        pairs = zip(read[1::3], read[2::3], strict=True)
        assert any(set(x) != set(other) for (x, _), (other, _) in pairs)


def test_orders_do_not_depend_on_how_far_was_read_ahead():
    """They are those of numbers that are read one by one."""
    tf.random.set_seed(0)
    found = data.semi_supervised_batches(IMAGES, LABELS, batch_size=6, seed=7)
    few = tf.data.Dataset.range(0, 20, 7).shuffle(3, seed=7).repeat(6)
    all_of_them = tf.data.Dataset.range(20).shuffle(20, seed=7)
    generators = tf.data.Dataset.range(20).shuffle(20, seed=8)
    for _ in range(3):
        epoch = [x.ravel() for x, _ in found.as_numpy_iterator()]
        for first, order in enumerate((few, all_of_them, generators)):
            expected = list(order.as_numpy_iterator())[:18]
            np.testing.assert_array_equal(np.concatenate(epoch[first::3]), expected)


def test_shuffling_follows_the_seed():
    a, b, c = (batches(seed=seed) for seed in (0, 0, 1))
    for (x, _), (y, _) in zip(a, b, strict=True):
        np.testing.assert_array_equal(x, y)
    assert any(not np.array_equal(x, y) for (x, _), (y, _) in zip(a, c, strict=True))


def test_without_shuffling_the_order_is_kept():
    read = batches(shuffle=False)
    np.testing.assert_array_equal(read[0][0], [0, 7, 14, 0, 7, 14])
    for first in (1, 2):
        np.testing.assert_array_equal(np.concatenate([x for x, _ in read[first::3]]), np.arange(18))


def test_the_number_of_batches_is_known():
    for n_critic, num in ((1, 9), (2, 5)):
        dataset = data.semi_supervised_batches(IMAGES, LABELS, batch_size=6, n_critic=n_critic)
        assert int(dataset.cardinality()) == num
    assert dataset.element_spec[0].shape == (6, 1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((IMAGES, LABELS * 0 - 1), "`labels` must hold some labels"),
        ((IMAGES, LABELS[:5]), "`labels` must be one for each of the 20 images"),
        ((IMAGES, LABELS, 21), "`images` must fill at least 1 batches of 21"),
        ((IMAGES, LABELS, 7, True, 0, 3), "`images` must fill at least 3 batches of 7"),
        ((IMAGES, LABELS, 4, True, 0, 0), "`n_critic` must be a positive integer"),
        ((IMAGES, LABELS, 0), "`batch_size` must be a positive integer"),
    ],
)
def test_refuses_what_makes_no_batches(arguments, message):
    with pytest.raises(ValueError, match=message):
        data.semi_supervised_batches(*arguments)
