"""A `keras.utils.PyDataset` that is made of another."""

import keras


class DerivedPyDataset(keras.utils.PyDataset):
    """A `PyDataset` whose batches are a function of those of another.

    It has the other's workers and tells it when an epoch begins and ends.

    Args:
        dataset: `keras.utils.PyDataset`.
        batch: Function of `dataset` and the index of a batch here, to that batch.
        length: Function of the number of batches of `dataset`, if it has one, to their number here,
            or `None` for an endless number. Defaults to `None`: as many.
        uses_tensorflow: Boolean, whether `batch` calls TensorFlow, which a forked process must not.
            Defaults to `False`.
        has_ended: Boolean, whether `dataset` has been told already that an epoch has ended, which
            Keras's `fit` begins with. Defaults to `False`.
    """

    def __init__(self, dataset, batch, length=None, uses_tensorflow=False, has_ended=False):
        super().__init__(
            workers=dataset.workers,
            use_multiprocessing=dataset.use_multiprocessing and not uses_tensorflow,
            max_queue_size=dataset.max_queue_size,
        )
        self.dataset = dataset
        self.batch = batch
        self.length = length
        self.has_ended = has_ended

    @property
    def num_batches(self):
        num = self.dataset.num_batches
        return num if num is None or self.length is None else self.length(num)

    def __getitem__(self, index):
        return self.batch(self.dataset, index)

    def on_epoch_begin(self):
        self.dataset.on_epoch_begin()

    def on_epoch_end(self):
        if not self.has_ended:
            self.dataset.on_epoch_end()
        self.has_ended = False
