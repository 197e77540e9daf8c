"""Train the small CIFAR-10 classifier that judges the color images of cifar10.py.

    python benchmarks/studies/cifar10_classifier.py

A residual network of eight convolutions, 0.9 million weights: a stem; three stages that double the
channels and halve the sides, the first and the last with a residual block of two convolutions; the
maximum over positions. Images are moved by up to four pixels, and mirrored. Adam with a triangular
learning rate, decoupled weight decay and smoothed labels, ten epochs. Two outputs, each the mean of
those of an image and of its mirror image: as many features as the last stage has channels, and 10
logits, from images (32, 32, 3) in [-1, 1].

Writes output/cifar10_classifier/classifier.keras, which `Features` reads, and
benchmarks/results/cifar10_classifier.json with the accuracy on the 10,000 test images. The copy of
CIFAR-10 at hand may be compressed, so that no number on it compares with published ones.
"""

import argparse
import pathlib
import sys
import time

import keras
import numpy as np
import tensorflow as tf
from keras import layers

sys.path.insert(0, str(pathlib.Path(__file__).parents[2]))

from benchmarks import results
from benchmarks.training import images_and_labels
from keras_gans.metrics.features import ClassifierFeatures

PATH = pathlib.Path("output") / "cifar10_classifier" / "classifier.keras"
IMAGE_SHAPE = (32, 32, 3)


class Features(ClassifierFeatures):
    """The trained classifier as an extractor of features and logits."""

    name = "CIFAR-10 classifier"
    channels = (3,)

    def __init__(self, path=PATH):
        if not pathlib.Path(path).exists():
            raise SystemExit(
                f"{path} is missing: run `python benchmarks/studies/cifar10_classifier.py`"
            )
        self.model = keras.models.load_model(path, compile=False)
        self.model.trainable = False

    def outputs(self, images):
        outputs = self.model(images, training=False)
        return outputs["features"], outputs["logits"]


def classifier(filters):
    """`filters` are those of the stem; every stage doubles them."""

    def convolved(x, filters):
        x = layers.Conv2D(
            filters, 3, padding="same", use_bias=False, kernel_initializer="he_normal"
        )(x)
        return layers.ReLU()(layers.BatchNormalization(momentum=0.9)(x))

    def residual(x, filters):
        return layers.Add()([x, convolved(convolved(x, filters), filters)])

    images = keras.Input(IMAGE_SHAPE)
    x = convolved(images, filters)
    for stage in (1, 2, 3):
        x = convolved(x, filters * 2**stage)
        x = layers.MaxPooling2D()(x)
        if stage != 2:
            x = residual(x, filters * 2**stage)
    features = layers.GlobalMaxPooling2D(name="features", dtype="float32")(x)
    logits = layers.Dense(10, name="logits", dtype="float32")(features)
    return keras.Model(images, {"features": features, "logits": logits}, name="classifier")


def of_both_sides(network):
    """The network's mean outputs for an image and its mirror image."""
    images = keras.Input(IMAGE_SHAPE)
    as_is, mirrored = network(images), network(keras.ops.flip(images, axis=2))
    means = {name: layers.Average(dtype="float32")([as_is[name], mirrored[name]]) for name in as_is}
    return keras.Model(images, means, name="classifier")


class Triangle(keras.optimizers.schedules.LearningRateSchedule):
    """A learning rate that rises over the first fifth of training, and falls to 0."""

    def __init__(self, peak, steps):
        self.peak, self.steps = peak, steps

    def __call__(self, step):
        part = tf.cast(step, tf.float32) / self.steps
        return self.peak * tf.maximum(tf.minimum(5 * part, (1 - part) / 0.8), 0.0)

    def get_config(self):
        return {"peak": self.peak, "steps": self.steps}


def batches_of(images, labels, batch_size, seed):
    """Batches of an epoch after the other, each image moved and mirrored anew."""

    def moved(images, labels):
        size = tf.shape(images)[0]
        images = tf.pad(images, [[0, 0], [4, 4], [4, 4], [0, 0]], "REFLECT")
        corners = tf.random.uniform((2, size), 0, 9, tf.int32)
        rows, columns = (start[:, None] + tf.range(IMAGE_SHAPE[0]) for start in tf.unstack(corners))
        images = tf.gather(images, rows, axis=1, batch_dims=1)
        images = tf.gather(images, columns, axis=2, batch_dims=1)
        mirrored = tf.random.uniform((size, 1, 1, 1)) < 0.5
        return tf.where(mirrored, tf.reverse(images, [2]), images), tf.one_hot(labels, 10)

    dataset = tf.data.Dataset.from_tensor_slices((images, labels))
    dataset = dataset.shuffle(len(images), seed).batch(batch_size, drop_remainder=True)
    return dataset.map(moved, num_parallel_calls=tf.data.AUTOTUNE).prefetch(2)


def train(images, labels, options):
    keras.utils.set_random_seed(options.seed)
    model = classifier(options.filters)
    steps = options.epochs * (len(images) // options.batch_size)
    trained = keras.Model(model.input, model.output["logits"])  # the same layers
    trained.compile(
        keras.optimizers.AdamW(Triangle(options.learning_rate, steps), weight_decay=0.01),
        keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=0.1),
        metrics=["accuracy"],
    )
    batches = batches_of(images, labels, options.batch_size, options.seed)
    trained.fit(batches, epochs=options.epochs, shuffle=False, verbose=2)
    return of_both_sides(model)


def accuracy(model, images, labels):
    logits = model.predict(images, batch_size=500, verbose=0)["logits"]
    return float(np.mean(logits.argmax(axis=1) == labels))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--batch-size", type=int, default=128)
    parser.add_argument("--filters", type=int, default=24, help="of the stem")
    parser.add_argument("--learning-rate", type=float, default=4e-3, help="at its peak")
    parser.add_argument("--precision", default="float32", help="policy of the network")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    (images, labels), test = (images_and_labels("cifar10", split) for split in ("train", "test"))
    keras.config.set_dtype_policy(options.precision)
    start = time.process_time()
    model = train(images, labels, options)
    minutes = (time.process_time() - start) / 120
    PATH.parent.mkdir(parents=True, exist_ok=True)
    model.save(PATH)
    values = {
        "test_accuracy": accuracy(model, *test),
        "protocol": "trained on the 50,000 images of CIFAR-10 train, tested on the 10,000 of test",
        "minutes_of_two_cores": round(minutes, 1),
        "parameters": model.count_params(),
    }
    results.save("cifar10_classifier", options, values)


if __name__ == "__main__":
    main()
