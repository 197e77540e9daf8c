"""Truncation, moving averages and standing statistics: a small BigGAN on MNIST.

A BigGAN learns the 60,000 training images with their labels. Then 10,000 images of each kind are
drawn, of all classes in turn: by the generator in training and by its moving average; with latents
truncated to [−t, t] for several t; with the moving statistics of batch normalization and with
standing ones, measured with the latents at hand. The table gives the share of images that the
package's MNIST classifier reads as the class asked for, and, from its 64 features, the Fréchet
distance to the 10,000 test images, precision and recall.

    python benchmarks/studies/biggan_mnist.py

The result goes to benchmarks/results/biggan_mnist.json, and a picture beside it: a column a class,
three rows of each truncation, from the same latents.
"""

import argparse
import pathlib
import sys
import time

import keras
import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).parents[2]))

import keras_gans as kg
from benchmarks import results
from benchmarks.training import mnist
from keras_gans import latents

NUM_CLASSES = 10
TRUNCATIONS = (None, 2.0, 1.0, 0.5, 0.1)


def model(image_shape, options):
    sizes = {"num_classes": NUM_CLASSES, "filters": options.filters, "attention": options.attention}
    generator = kg.networks.biggan_generator(
        image_shape, latent_dim=options.latent_dim, embedding_dim=options.embedding_dim, **sizes
    )
    discriminator = kg.networks.biggan_discriminator(image_shape, **sizes)
    return kg.models.BigGAN(
        generator,
        discriminator,
        options.latent_dim,
        ema_decay=options.ema_decay,
        seed=options.seed,
    )


def train(gan, images, labels, options):
    """Return the losses of each of ten rounds."""

    def adam(learning_rate):
        return keras.optimizers.Adam(learning_rate, beta_1=0.0, beta_2=0.999, epsilon=1e-6)

    gan.compile(adam(options.g_learning_rate), adam(options.d_learning_rate))
    return gan.fit(
        images,
        labels,
        batch_size=options.batch_size,
        epochs=10,
        steps_per_epoch=max(options.steps // 10, 1),
        verbose=2,
    ).history


class Judge:
    """Measures images by the classifier that comes with the package."""

    def __init__(self, real):
        self.extractor = kg.metrics.MNISTFeatures()
        self.real, _ = self.features_and_logits(real)

    def features_and_logits(self, images):
        parts = [
            self.extractor.features_and_logits(images[i : i + 1000])
            for i in range(0, len(images), 1000)
        ]
        return [np.concatenate(part) for part in zip(*parts, strict=True)]

    def __call__(self, images, labels):
        features, logits = self.features_and_logits(images)
        distance, neighbors = kg.metrics.FrechetDistance(), kg.metrics.PrecisionRecall()
        for metric in (distance, neighbors):
            metric.update_state(real=self.real, generated=features)
        shares = {name: round(float(value), 4) for name, value in neighbors.result().items()}
        return {
            "read_as_their_class": float(np.mean(logits.argmax(axis=1) == labels)),
            "frechet_distance": round(float(distance.result()), 3),
            "precision": shares["precision"],
            "recall": shares["recall"],
        }


def compare(gan, judge, num):
    """What each way to draw samples gives, by its name."""
    labels, table = np.resize(np.arange(NUM_CLASSES), num), {}

    def measured(name, images):
        table[name] = judge(images, labels)
        print(name, table[name], flush=True)

    drawn = latents.draw(num, gan.latent_dim, 1).numpy()
    inputs = [drawn, labels.astype("int32")]
    measured("network in training", gan.generator.predict(inputs, batch_size=250, verbose=0))
    for statistics in ("moving", "standing"):
        for truncation in TRUNCATIONS:
            if statistics == "standing":
                gan.measure_standing_statistics(truncation=truncation)
            images = gan.sample(num, labels, seed=1, truncation=truncation)
            measured(f"average, {statistics} statistics, truncation {truncation}", images)
    return table


def draw(gan):
    """Three rows of each truncation, with statistics of its own."""
    labels, rows = np.tile(np.arange(NUM_CLASSES), 3), []
    for truncation in TRUNCATIONS:
        gan.measure_standing_statistics(truncation=truncation)
        rows.append(gan.sample(len(labels), labels, seed=0, truncation=truncation))
    path = results.FOLDER / "biggan_mnist.png"
    kg.data.save_grid(np.concatenate(rows), path, columns=NUM_CLASSES)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=6000)
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--filters", type=int, default=8, help="a quarter of all channels")
    parser.add_argument("--attention", type=int, default=14)
    parser.add_argument("--latent-dim", type=int, default=64)
    parser.add_argument("--embedding-dim", type=int, default=32)
    parser.add_argument("--ema-decay", type=float, default=0.999)
    parser.add_argument("--g-learning-rate", type=float, default=2e-4)
    parser.add_argument("--d-learning-rate", type=float, default=4e-4)
    parser.add_argument("--num-samples", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()

    (images, labels), (test_images, test_labels) = mnist("train"), mnist("test")
    keras.utils.set_random_seed(options.seed)
    gan = model(images.shape[1:], options)
    start = time.process_time()
    history = train(gan, images, labels, options)
    minutes = (time.process_time() - start) / 60
    judge = Judge(test_images)
    _, logits = judge.features_and_logits(test_images)
    values = {
        "samples": compare(gan, judge, options.num_samples),
        "test_images_read_as_their_class": float(np.mean(logits.argmax(axis=1) == test_labels)),
        "cpu_minutes_of_training": round(minutes, 1),
        "losses": {name: [round(v, 4) for v in values] for name, values in history.items()},
    }
    results.save("biggan_mnist", options, values)
    draw(gan)


if __name__ == "__main__":
    main()
