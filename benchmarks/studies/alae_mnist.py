"""What an ALAE has learned: permutation-invariant MNIST from its codes (Pidhorskyi et al. 2020).

An ALAE of multi-layer perceptrons, for which pixels have no neighbors, learns the 60,000 training
images without labels; learning rates fall to zero over the second half. The mapping ends in pixel
normalization: free codes were seen to grow without bound. Then two classifiers learn from all
labels and read the 10,000 test images: a linear support vector machine on standardized inputs,
whose C is the best of four for 10,000 training images that it does not learn from, and the nearest
neighbor. They see, in turn, the codes E(x), the codes of the same encoder before training, and the
pixels.

    python benchmarks/studies/alae_mnist.py

The result goes to benchmarks/results/alae_mnist.json, and a picture beside it: test images above
their reconstructions, then samples.
"""

import argparse
import pathlib
import sys
import time

import keras
import numpy as np
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

sys.path.insert(0, str(pathlib.Path(__file__).parents[2]))

import keras_gans as kg
from benchmarks import results
from benchmarks.training import LinearDecay, mnist

IMAGE_SHAPE = (28, 28, 1)
CHOICES_OF_C = (1e-4, 1e-3, 1e-2, 1e-1)


def model(options):
    codes = kg.networks.mlp_generator((options.code_dim,), options.latent_dim, (256, 256))
    return kg.models.ALAE(
        mapping=keras.Sequential([codes, kg.layers.PixelNormalization()]),
        generator=kg.networks.mlp_generator(IMAGE_SHAPE, options.code_dim, options.generator_units),
        encoder=kg.networks.mlp_discriminator(
            IMAGE_SHAPE, options.encoder_units, num_logits=options.code_dim
        ),
        discriminator=kg.networks.mlp_discriminator((options.code_dim,), (256, 256)),
        latent_dim=options.latent_dim,
        gamma=options.gamma,
        ema_decay=0.999,
        seed=options.seed,
    )


def train(alae, images, options):
    steps = options.epochs * (len(images) // options.batch_size)

    def adam():
        schedule = LinearDecay(options.learning_rate, steps)
        return keras.optimizers.Adam(schedule, beta_1=0.0, beta_2=0.99)

    alae.compile(adam(), adam(), adam(), jit_compile=True, steps_per_execution=20)
    return alae.fit(images, batch_size=options.batch_size, epochs=options.epochs, verbose=2).history


def support_vectors(c):
    return make_pipeline(StandardScaler(), LinearSVC(C=c, dual=False, tol=1e-3))


def accuracies(inputs, labels, test_inputs, test_labels):
    """Of both classifiers, on test images."""
    held_out = len(inputs) // 6

    def on_held_out(c):
        some = slice(held_out, 2 * held_out)
        classifier = support_vectors(c).fit(inputs[some], labels[some])
        return classifier.score(inputs[:held_out], labels[:held_out])

    c = max(CHOICES_OF_C, key=on_held_out)
    linear = support_vectors(c).fit(inputs, labels)
    nearest = KNeighborsClassifier(1, algorithm="brute").fit(inputs, labels)
    return {
        "linear_svm": float(linear.score(test_inputs, test_labels)),
        "c": c,
        "nearest_neighbor": float(nearest.score(test_inputs, test_labels)),
    }


def draw(alae, images):
    rows = []
    for i in range(0, 40, 20):
        rows += [images[i : i + 20], alae.reconstruct(images[i : i + 20])]
    rows.append(alae.sample(80, seed=0))
    kg.data.save_grid(np.concatenate(rows), results.FOLDER / "alae_mnist.png", columns=20)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=14)
    parser.add_argument("--batch-size", type=int, default=128)
    parser.add_argument("--latent-dim", type=int, default=64)
    parser.add_argument("--code-dim", type=int, default=1024)
    parser.add_argument("--generator-units", type=int, nargs="+", default=[512, 512])
    parser.add_argument("--encoder-units", type=int, nargs="+", default=[1024])
    parser.add_argument("--gamma", type=float, default=1.0)
    parser.add_argument("--learning-rate", type=float, default=5e-4)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()

    (images, labels), (test_images, test_labels) = mnist("train"), mnist("test")
    keras.utils.set_random_seed(options.seed)
    alae = model(options)
    views = {
        "pixels": [x.reshape(len(x), -1) for x in (images, test_images)],
        "codes before training": [alae.encode(x) for x in (images, test_images)],
    }
    start = time.process_time()
    history = train(alae, images, options)
    minutes = round((time.process_time() - start) / 60, 1)
    draw(alae, test_images)
    views["codes"] = [alae.encode(x) for x in (images, test_images)]
    table = {
        name: accuracies(inputs, labels, test_inputs, test_labels)
        for name, (inputs, test_inputs) in views.items()
    }
    errors = np.square(alae.reconstruct(test_images) - test_images)
    values = {
        "protocol": {
            "training": f"{len(images)} images of the training split, without labels",
            "classifiers": "learn from all of them with labels",
            "test": f"{len(test_labels)} images of the test split",
            "minutes_of_training_on_one_core": minutes,
        },
        "accuracy": table,
        "reconstruction": {
            "mean_squared_error": float(errors.mean()),
            "variance_of_the_pixels": float(test_images.var(axis=0).mean()),
        },
        "losses": {name: [round(v, 4) for v in values] for name, values in history.items()},
    }
    results.save("alae_mnist", options, values)


if __name__ == "__main__":
    main()
