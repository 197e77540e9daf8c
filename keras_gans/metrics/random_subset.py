"""Features of a random subset of a stream of real samples."""

import numpy as np

from keras_gans import _memory
from keras_gans.metrics.reservoir import random_keys

MAX_KEPT = 10_000  # samples of each side, by the metrics that keep samples

_OF_EVALUATION = 2  # tells these random keys from those of other purposes


class RandomSubset:
    """Features of a uniform random subset of a stream: those of the largest random keys.

    Features are extracted only of what belongs to the subset of the stream so far: of about
    size · (1 + log(total / size)) samples, of all if there are no more than `size`.
    """

    def __init__(self, extract, max_size, batch_size, seed, measures):
        self.extract = extract
        self.measures = measures
        self.max_size = max_size
        self.batch_size = batch_size
        self.seed = seed
        self.total = 0
        self.kept = []  # (key, place in the stream, features)
        self.waiting = []  # (key, place in the stream, sample)

    def add(self, samples):
        places = np.arange(self.total, self.total + len(samples))
        self.total += len(samples)
        keys = random_keys(places, (self.seed, 0, _OF_EVALUATION)).numpy()
        samples = np.asarray(samples)
        lowest = self._lowest()
        self.waiting += [
            candidate
            for candidate in zip(keys, places, samples, strict=True)
            if candidate[0] > lowest
        ]
        while len(self.waiting) >= self.batch_size:
            self._extract_batch()

    def _lowest(self):
        """The key that another must exceed to belong to the subset."""
        return self.kept[-1][0] if len(self.kept) == self.max_size else -1

    def _extract_batch(self):
        batch, self.waiting = self.waiting[: self.batch_size], self.waiting[self.batch_size :]
        keys, places, samples = zip(*batch, strict=True)
        features = np.asarray(self.extract(np.stack(samples))[0])
        self._check_memory(features)
        self.kept += zip(keys, places, features, strict=True)
        self.kept.sort(key=lambda entry: -entry[0])
        del self.kept[self.max_size :]

    def _check_memory(self, features):
        """Refuse features that, or of which what the metrics keep, could never fit in memory."""
        shape = features.shape[1:]
        if len(shape) != 1:  # which the metrics refuse
            return
        so_far = len(self.kept) + len(features)
        keeping = sum(hasattr(measure, "max_samples") for measure in self.measures)
        for num, arrays in (so_far, [shape]), (MAX_KEPT, [(4 * keeping, *shape)]):  # of float64
            if min(num, self.max_size) > _memory.capacity(arrays):
                _memory.check("num_samples", self.max_size, arrays)
        for measure in self.measures:
            measure.check_memory(shape)

    @property
    def size(self):
        return len(self.kept)

    def features(self):
        """Batches of the subset's features, in the order of the stream."""
        if self.waiting:
            self._extract_batch()
        in_order = [features for _, _, features in sorted(self.kept, key=lambda entry: entry[1])]
        for start in range(0, len(in_order), self.batch_size):
            yield np.stack(in_order[start : start + self.batch_size])
