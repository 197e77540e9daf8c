"""CycleGAN on MNIST: digits, and other digits drawn as colored outlines on woven ground.

Domain A is one half of the training images. Domain B is drawn from the other half: the outlines of
the digits on a woven ground, in a color that says which way the outline faces. No digit is in
both, and no label is seen. As B is drawn here, the test images are known in both domains, and so is
what a translation should be.

A classifier of A, the one of `MNISTFeatures`, reads translations from B to A; one of B, the same
network trained for three epochs on B with labels, reads translations from A to B. Both see the
brightest channel of each pixel. Learning rates fall to zero over the second half of the training,
as in the paper.

    python benchmarks/studies/cyclegan_mnist.py

The result goes to benchmarks/results/cyclegan_mnist.json, and a picture beside it.
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
from benchmarks.studies.mnist_classifier import classifier
from benchmarks.training import LinearDecay, mnist
from keras_gans.presets.cyclegan_mnist_outlines import as_colors, as_outlines

SHAPE = (28, 28, 3)
COLUMNS = 16


def train(domain_a, domain_b, options):
    def generator():
        return kg.networks.translation_generator(SHAPE, None, options.filters, options.blocks)

    def discriminator():
        return kg.networks.patch_discriminator(SHAPE, 2 * options.filters, num_layers=2)

    def adam():
        return keras.optimizers.Adam(LinearDecay(4e-4, options.steps), beta_1=0.5)

    gan = kg.models.CycleGAN(
        generator(), generator(), discriminator(), discriminator(), seed=options.seed
    )
    gan.compile(g_optimizer=adam(), d_optimizer=adam())
    batches = [
        kg.data.load(images, batch_size=options.batch_size, seed=options.seed)[0].repeat()
        for images in (domain_a, domain_b)
    ]
    epochs = 10
    gan.fit(*batches, epochs=epochs, steps_per_epoch=options.steps // epochs, verbose=2)
    return gan


def as_gray(images):
    """The brightest channel of each pixel."""
    return images.max(axis=-1, keepdims=True)


def classifier_of_outlines(images, labels):
    network = classifier()
    logits = keras.Model(network.input, network.output["logits"])
    logits.compile(
        keras.optimizers.Adam(1e-3), keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    )
    logits.fit(as_gray(images), labels, batch_size=128, epochs=3, verbose=2)
    return logits


def measure(gan, read_a, read_b, images, labels):
    """Errors and accuracies of all translations of test images, and the rows of the picture."""
    a, b = images
    to_b, to_a = gan.translate(a, "ab", 500), gan.translate(b, "ba", 500)
    back_to_a, back_to_b = gan.translate(to_b, "ba", 500), gan.translate(to_a, "ab", 500)

    def accuracy(read, images):
        logits = read.predict(as_gray(images), batch_size=500, verbose=0)
        return float(np.mean(logits.argmax(axis=-1) == labels))

    def distance(x, y):
        return float(np.abs(x - y).mean())

    values = {
        "cycle_error": {
            "a_to_b_to_a": distance(back_to_a, a),
            "b_to_a_to_b": distance(back_to_b, b),
        },
        "distance_of_two_images": {
            "of_a": distance(a, np.roll(a, 1, axis=0)),
            "of_b": distance(b, np.roll(b, 1, axis=0)),
        },
        "distance_to_the_true_translation": {
            "a_to_b": distance(to_b, b),
            "b_to_a": distance(to_a, a),
            "untranslated": distance(a, b),
        },
        "accuracy_of_the_classifier_of_a": {
            "a": accuracy(read_a, a),
            "b_untranslated": accuracy(read_a, b),
            "b_to_a": accuracy(read_a, to_a),
            "a_to_b_to_a": accuracy(read_a, back_to_a),
        },
        "accuracy_of_the_classifier_of_b": {
            "b": accuracy(read_b, b),
            "a_untranslated": accuracy(read_b, a),
            "a_to_b": accuracy(read_b, to_b),
            "b_to_a_to_b": accuracy(read_b, back_to_b),
        },
    }
    rows = (a, to_b, back_to_a, b, to_a, back_to_b)
    return values, np.concatenate([row[:COLUMNS] for row in rows])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=2000)
    parser.add_argument("--batch-size", type=int, default=4, help="of each domain")
    parser.add_argument("--filters", type=int, default=16)
    parser.add_argument("--blocks", type=int, default=3)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    keras.utils.set_random_seed(options.seed)

    digits, labels = mnist("train")
    half = len(digits) // 2
    domain_a, domain_b = as_colors(digits[:half]), as_outlines(digits[half:])
    start = time.process_time()
    gan = train(domain_a, domain_b, options)
    minutes = round((time.process_time() - start) / 60, 1)

    mnist_classifier = kg.metrics.MNISTFeatures().model
    read_a = keras.Model(mnist_classifier.input, mnist_classifier.output["logits"])
    read_b = classifier_of_outlines(domain_b, labels[half:])
    test_digits, test_labels = mnist("test")
    test = as_colors(test_digits), as_outlines(test_digits)
    values, picture = measure(gan, read_a, read_b, test, test_labels)
    kg.data.save_grid(picture, results.FOLDER / "cyclegan_mnist.png", columns=COLUMNS, scale=2)
    protocol = {
        "train": f"{len(domain_a)} images of A and {len(domain_b)} of B, drawn from other digits",
        "test": f"{len(test_digits)} test images, each in both domains",
        "errors_and_distances": "mean absolute difference of pixels in [-1, 1]",
        "cpu_minutes_of_training": minutes,
    }
    results.save("cyclegan_mnist", options, {"protocol": protocol, **values})


if __name__ == "__main__":
    main()
