"""What a DCGAN discriminator has learned: MNIST with 1,000 labels (Radford et al. 2015).

A DCGAN learns MNIST without labels. Then a linear support vector machine learns from 1,000 labeled
images, once from the discriminator's features and once from pixels. As in the paper, the features
are the outputs of all its convolutional layers, max-pooled to a 4×4 grid, flattened and
concatenated. Both classifiers standardize their inputs and choose their C by cross-validation on
the labeled images.

    python benchmarks/studies/dcgan_features.py

The result goes to benchmarks/results/dcgan_features.json, and a picture of samples beside it.
"""

import argparse
import math
import pathlib
import sys
import time

import keras
import numpy as np
from keras import layers
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

sys.path.insert(0, str(pathlib.Path(__file__).parents[2]))

import keras_gans as kg
from benchmarks import results
from benchmarks.training import mnist

LATENT_DIM = 100
GRID = 4


def train(options):
    keras.utils.set_random_seed(options.seed)
    batches, info = kg.data.load("mnist", batch_size=options.batch_size, seed=options.seed)
    gan = kg.models.DCGAN(
        kg.networks.dcgan_generator(info.image_shape, LATENT_DIM, options.filters),
        kg.networks.dcgan_discriminator(info.image_shape, options.filters),
        latent_dim=LATENT_DIM,
        seed=options.seed,
    )
    gan.compile(steps_per_execution=10)
    gan.fit(batches.repeat(), steps_per_epoch=options.steps, verbose=2)
    return gan


def feature_extractor(discriminator):
    pooled = []
    for layer in discriminator.layers:
        if isinstance(layer, kg.layers.LeakyReLU):
            size = math.ceil(layer.output.shape[1] / GRID)
            maps = layers.MaxPooling2D(size, padding="same")(layer.output)
            pooled.append(layers.Flatten()(maps))
    return keras.Model(discriminator.inputs, layers.Concatenate()(pooled))


def accuracies(features, labels, test_features, test_labels, options):
    """Accuracy on the test split for each choice of the labeled images."""
    result = []
    for seed in range(options.repetitions):
        known = np.random.default_rng(seed).choice(len(features), options.labels, replace=False)
        search = GridSearchCV(
            make_pipeline(StandardScaler(), LinearSVC(max_iter=5000)),
            {"linearsvc__C": [1e-5, 1e-4, 1e-3, 1e-2, 1e-1]},
            cv=5,
        )
        search.fit(features[known], labels[known])
        result.append(float(search.score(test_features, test_labels)))
    return {"mean": float(np.mean(result)), "each": result}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=1000, help="of the generator")
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--filters", type=int, default=32)
    parser.add_argument("--labels", type=int, default=1000)
    parser.add_argument("--repetitions", type=int, default=3, help="choices of labeled images")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    start = time.time()
    gan = train(options)
    minutes = round((time.time() - start) / 60, 1)
    kg.data.save_grid(gan.sample(100, seed=0), results.FOLDER / "dcgan_features.png")

    (images, labels), (test_images, test_labels) = mnist("train"), mnist("test")
    extractor = feature_extractor(gan.discriminator)
    views = {
        "pixels": lambda images: images.reshape(len(images), -1),
        "discriminator's features": lambda images: extractor.predict(images, verbose=0),
    }
    table = {
        name: accuracies(view(images[:20_000]), labels, view(test_images), test_labels, options)
        for name, view in views.items()
    }
    protocol = {
        "labels": f"{options.labels} of the first 20,000 training images, at random",
        "test": f"{len(test_labels)} images of the test split",
        "features": extractor.output_shape[-1],
        "minutes_of_training": minutes,
    }
    results.save("dcgan_features", options, {"protocol": protocol, "accuracy": table})


if __name__ == "__main__":
    main()
