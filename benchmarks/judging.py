"""How good images are, by the features and logits of a classifier."""

import numpy as np

import keras_gans as kg


class Judge:
    """Compares generated images with real ones.

    Args:
        extractor: Object with `features_and_logits(images)`, such as `kg.metrics.MNISTFeatures()`.
        real: Array of real images in [−1, 1].
    """

    def __init__(self, extractor, real):
        self.extractor = extractor
        self.real, _ = self.features_and_logits(real)

    def features_and_logits(self, images):
        starts = range(0, len(images), 500)
        parts = [self.extractor.features_and_logits(images[i : i + 500]) for i in starts]
        return [np.concatenate(part) for part in zip(*parts, strict=True)]

    def frechet_distance(self, images):
        return self._frechet_distance(self.features_and_logits(images)[0])

    def _frechet_distance(self, features):
        metric = kg.metrics.FrechetDistance()
        metric.update_state(real=self.real, generated=features)
        return round(float(metric.result()), 3)

    def __call__(self, images, labels=None):
        """All measures; with labels also the share of images that are read as their class."""
        features, logits = self.features_and_logits(images)
        neighbors, score = kg.metrics.PrecisionRecall(), kg.metrics.InceptionScore()
        neighbors.update_state(real=self.real, generated=features)
        score.update_state(logits)
        shares = neighbors.result()
        found = {
            "frechet_distance": self._frechet_distance(features),
            "precision": round(float(shares["precision"]), 4),
            "recall": round(float(shares["recall"]), 4),
            "inception_score": round(float(score.result()), 3),
        }
        if labels is not None:
            found["read_as_their_class"] = float(np.mean(logits.argmax(axis=1) == labels))
        return found
