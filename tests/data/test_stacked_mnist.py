import os
import pathlib

import numpy as np
import pytest
import tensorflow as tf

from keras_gans.data import load, stacked_mnist, workers


def test_channels_are_the_digits_of_the_label():
    classes = np.repeat(np.arange(10), 4)
    digits = np.repeat(classes[:, None, None, None], 9, axis=1).reshape(-1, 3, 3, 1)
    places, labels = stacked_mnist.stacks(classes, 50)
    images = stacked_mnist.stacked(tf.constant(digits), places).numpy()
    assert images.shape == (50, 3, 3, 3)
    in_label = np.stack([labels // 100, labels // 10 % 10, labels % 10], axis=1)
    np.testing.assert_array_equal(images, np.broadcast_to(in_label[:, None, None], images.shape))
    assert stacked_mnist.CLASS_NAMES[labels[0]] == "".join(map(str, in_label[0]))


def test_all_classes_are_drawn_the_same_at_every_call():
    classes = np.arange(60_000) % 10
    places, labels = stacked_mnist.stacks(classes, stacked_mnist.SIZES["train"])
    assert places[:2].tolist() == [[2732, 43567, 42613], [52416, 45891, 21243]]
    counts = np.bincount(labels, minlength=1000)
    assert len(counts) == 1000 and 80 < counts.min() and counts.max() < 190
    assert len(np.unique(places, axis=0)) > 127_990
    for channel in places.T:
        assert len(np.unique(channel)) > 0.85 * 60_000


class TestLoading:
    @pytest.fixture(autouse=True)
    def digits(self):
        """Noise in place of MNIST."""
        import tensorflow_datasets as tfds

        with tfds.testing.mock_data(num_examples=40):
            yield

    def batches(self, num=2, labels=True, **kwargs):
        dataset, _ = load("stacked_mnist", batch_size=20, labels=labels, **kwargs)
        return list(dataset.take(num).as_numpy_iterator())

    @pytest.mark.parametrize(
        ("split", "num"),
        [("train", 128_000), pytest.param("test", 26_000, marks=pytest.mark.slow)],
    )
    def test_splits(self, split, num):
        dataset, info = load("stacked_mnist", split, batch_size=1000)
        assert dataset.element_spec == tf.TensorSpec((1000, 28, 28, 3), tf.float32)
        assert dataset.cardinality() == num // 1000
        assert (info.num_examples, info.num_classes, info.split) == (num, 1000, split)
        assert (info.name, info.image_shape) == ("stacked_mnist", (28, 28, 3))
        assert info.class_names[123] == "123"

    @pytest.fixture
    def few(self, monkeypatch):
        monkeypatch.setattr(stacked_mnist, "SIZES", {"train": 100, "test": 60})

    def test_every_channel_is_a_digit_of_its_class(self, few):
        gray, _ = load("mnist", batch_size=40, labels=True, shuffle=False)
        (digits, classes), *_ = gray.as_numpy_iterator()
        known = {image.tobytes(): label for image, label in zip(digits, classes, strict=True)}
        ((images, labels),) = self.batches(1)
        assert images.dtype == "float32" and images.min() == -1
        for image, label in zip(images, labels, strict=True):
            channels = [known[image[..., c : c + 1].tobytes()] for c in range(3)]
            assert channels @ np.array([100, 10, 1]) == label

    def test_one_seed_is_one_order_that_can_be_gone_on_with(self, few):
        whole = self.batches(5, seed=3, repeat=True)
        rest = self.batches(2, seed=3, repeat=True, skip=3)
        for expected, batch in zip(whole[3:], rest, strict=True):
            np.testing.assert_array_equal(batch[0], expected[0])
            np.testing.assert_array_equal(batch[1], expected[1])
        (other,) = self.batches(1, seed=4)
        assert not np.array_equal(other[1], whole[0][1])
        in_order = self.batches(shuffle=False), self.batches(shuffle=False)
        np.testing.assert_array_equal(in_order[0][0][0], in_order[1][0][0])

    @pytest.mark.slow
    def test_workers_read_their_own(self, few, monkeypatch):
        labels = np.concatenate([labels for _, labels in self.batches(5, shuffle=False)])
        for index in (0, 1):
            monkeypatch.setattr(workers, "this_one", lambda index=index: (index, 2))
            ((images, own),) = self.batches(1, shuffle=False, per_worker=True)
            assert images.shape == (20, 28, 28, 3)
            np.testing.assert_array_equal(own, labels[index::2][:20])

    def test_it_is_shuffled_among_all_without_its_pixels(self, monkeypatch):
        buffers = []
        shuffle = tf.data.Dataset.shuffle

        def watched(dataset, buffer_size, **kwargs):
            buffers.append((buffer_size, dataset.element_spec[0].shape))
            return shuffle(dataset, buffer_size, **kwargs)

        monkeypatch.setattr(tf.data.Dataset, "shuffle", watched)
        load("stacked_mnist", seed=0)
        assert buffers == [(128_000, (3,))]

    @pytest.mark.slow
    def test_it_can_be_resized(self, few):
        dataset, info = load("stacked_mnist", batch_size=2, image_size=(14, 7), channels=4)
        assert info.image_shape == (14, 7, 4)
        assert next(dataset.as_numpy_iterator()).shape == (2, 14, 7, 4)

    def test_other_splits_and_class_names_are_refused(self):
        with pytest.raises(ValueError, match=r"`split` must be one of \['train', 'test'\]"):
            load("stacked_mnist", "train[:100]")
        with pytest.raises(ValueError, match="`class_names` must be None for 'stacked_mnist'"):
            load("stacked_mnist", class_names=["a"])


@pytest.mark.mnist
@pytest.mark.skipif(
    not pathlib.Path(os.environ.get("TFDS_DATA_DIR", ""), "mnist").is_dir()
    or "TFDS_DATA_DIR" not in os.environ,
    reason="TFDS_DATA_DIR is not set, or holds no mnist",
)
@pytest.mark.parametrize("split", [pytest.param("train", marks=pytest.mark.slow), "test"])
def test_all_thousand_classes_are_there(split):
    dataset, _ = load("stacked_mnist", split, batch_size=1000, labels=True, shuffle=False)
    counts = sum(np.bincount(labels, minlength=1000) for _, labels in dataset.as_numpy_iterator())
    assert len(counts) == 1000 and counts.min() >= 10
