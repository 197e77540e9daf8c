"""What several benchmarks need to train: data as arrays, a schedule."""

import keras
import numpy as np
import tensorflow as tf

import keras_gans as kg


@keras.saving.register_keras_serializable(package="benchmarks")
class LinearDecay(keras.optimizers.schedules.LearningRateSchedule):
    """A constant learning rate, then a straight line to zero over the second half."""

    def __init__(self, learning_rate, steps):
        self.learning_rate = learning_rate
        self.steps = steps

    def __call__(self, step):
        remaining = 1 - tf.cast(step, "float32") / self.steps
        return self.learning_rate * tf.clip_by_value(2 * remaining, 0.0, 1.0)

    def get_config(self):
        return {"learning_rate": self.learning_rate, "steps": self.steps}


def mnist(split):
    """All images and labels of a split, in the order of the dataset."""
    batches, _ = kg.data.load("mnist", split, batch_size=1000, labels=True, shuffle=False)
    images, labels = zip(*batches.as_numpy_iterator(), strict=True)
    return np.concatenate(images), np.concatenate(labels)
