"""Train the small MNIST classifier that serves as an offline feature extractor.

    python benchmarks/studies/mnist_classifier.py

Two outputs: 64 features (the last hidden layer, after ReLU) and 10 class logits, from images
(28, 28, 1) in [-1, 1]. Writes keras_gans/metrics/mnist_classifier/classifier.keras, which is part
of the package, and beside it results.json with the accuracy on the 10,000 test images, the command
and the versions.
"""

import argparse
import json
import pathlib
import platform
import time

import keras
import tensorflow as tf
import tensorflow_datasets as tfds
from keras import layers

DIRECTORY = pathlib.Path(__file__).parents[2] / "keras_gans" / "metrics" / "mnist_classifier"


def load(split):
    """Images (N, 28, 28, 1), float32 in [-1, 1], and labels (N,)."""
    images, labels = tfds.load("mnist", split=split, batch_size=-1, as_supervised=True)
    return images.numpy().astype("float32") / 127.5 - 1.0, labels.numpy()


def classifier():
    def convolution(filters):
        return [
            layers.Conv2D(filters, 3, padding="same", use_bias=False),
            layers.BatchNormalization(),
            layers.ReLU(),
        ]

    images = keras.Input((28, 28, 1))
    hidden = images
    for layer in [
        *convolution(32),
        layers.MaxPooling2D(),
        *convolution(64),
        layers.MaxPooling2D(),
        *convolution(64),
        layers.Flatten(),
        layers.Dropout(0.4),
    ]:
        hidden = layer(hidden)
    features = layers.Dense(64, activation="relu", name="features")(hidden)
    logits = layers.Dense(10, name="logits")(layers.Dropout(0.2)(features))
    return keras.Model(images, {"features": features, "logits": logits}, name="classifier")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--batch-size", type=int, default=128)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    keras.utils.set_random_seed(arguments.seed)

    (images, labels), test = load("train"), load("test")
    model = classifier()
    steps = arguments.epochs * -(-len(images) // arguments.batch_size)
    trained = keras.Model(model.input, model.output["logits"])  # the same layers
    trained.compile(
        optimizer=keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(2e-3, steps)),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    start = time.perf_counter()
    trained.fit(images, labels, batch_size=arguments.batch_size, epochs=arguments.epochs, verbose=2)
    seconds = time.perf_counter() - start
    predicted = trained.predict(test[0], batch_size=500, verbose=0).argmax(axis=-1)
    errors = int((predicted != test[1]).sum())

    DIRECTORY.mkdir(parents=True, exist_ok=True)
    model.save(DIRECTORY / "classifier.keras")
    results = {
        "test_accuracy": 1.0 - errors / len(test[1]),
        "test_errors": errors,
        "protocol": "trained on the 60,000 images of MNIST train, tested on the 10,000 of test",
        "command": f"python benchmarks/studies/mnist_classifier.py --epochs {arguments.epochs} "
        f"--batch-size {arguments.batch_size} --seed {arguments.seed}",
        "training_seconds": round(seconds, 1),
        "parameters": model.count_params(),
        "versions": {
            "python": platform.python_version(),
            "keras": keras.__version__,
            "tensorflow": tf.__version__,
        },
    }
    (DIRECTORY / "results.json").write_text(json.dumps(results, indent=2) + "\n")
    print(json.dumps(results, indent=2))


if __name__ == "__main__":
    main()
