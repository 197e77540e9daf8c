"""Semi-supervised MNIST: 100 labels, 60,000 images, feature matching (Salimans et al. 2016).

The networks are the paper's multi-layer perceptrons: Gaussian noise before every layer of the
discriminator, batch normalisation in the generator; where the paper normalises weights, the columns
of the kernels are kept at norm one. The generator learns slower than the discriminator, or its
pixels saturate before it has learned anything; learning rates fall to zero over the second half.
The paper reports 93 ± 6.5 errors on the 10,000 test images, over ten choices of the 100 labels.

    python benchmarks/semi_supervised_mnist.py

The result goes to benchmarks/results/semi_supervised_mnist.json, and a picture beside it.
"""

import argparse
import time

import keras
import numpy as np
import results
from keras import layers
from training import LinearDecay, mnist

import keras_gans as kg

LATENT_DIM = 100
IMAGE_SHAPE = (28, 28, 1)


def unit_columns():
    return {
        "kernel_initializer": "lecun_normal",
        "kernel_constraint": keras.constraints.UnitNorm(axis=0),
    }


def generator():
    return keras.Sequential(
        [
            keras.Input((LATENT_DIM,)),
            layers.Dense(500, use_bias=False),
            layers.BatchNormalization(momentum=0.9),
            layers.Activation("softplus"),
            layers.Dense(500, use_bias=False),
            layers.BatchNormalization(momentum=0.9),
            layers.Activation("softplus"),
            layers.Dense(784, activation="tanh", **unit_columns()),
            layers.Reshape(IMAGE_SHAPE),
        ],
        name="generator",
    )


def discriminator():
    network = keras.Sequential([keras.Input(IMAGE_SHAPE)], name="discriminator")
    network.add(layers.Rescaling(0.5, 0.5))  # pixels in [0, 1], as in the paper
    network.add(layers.Flatten())
    network.add(layers.GaussianNoise(0.3))
    for units in (1000, 500, 250, 250, 250):
        network.add(layers.Dense(units, activation="relu", **unit_columns()))
        network.add(layers.GaussianNoise(0.5))
    network.add(layers.Dense(10))
    return network


def hide_all_but(labels, per_class, seed):
    """Keep the labels of some random examples of every class."""
    random = np.random.default_rng(seed)
    kept = [random.choice(np.flatnonzero(labels == k), per_class, replace=False) for k in range(10)]
    hidden = np.full_like(labels, -1)
    hidden[np.concatenate(kept)] = labels[np.concatenate(kept)]
    return hidden


class Errors(keras.callbacks.Callback):
    """Count the errors on the test images after every epoch."""

    def __init__(self, images, labels):
        super().__init__()
        self.images, self.labels, self.counts = images, labels, []

    def on_epoch_end(self, epoch, logs=None):
        predicted = self.model.classify(self.images, batch_size=1000).argmax(axis=-1)
        self.counts.append(int((predicted != self.labels).sum()))
        print(f"epoch {epoch + 1}: {self.counts[-1]} errors, {logs}", flush=True)


def run(seed, images, labels, test, options):
    keras.utils.set_random_seed(seed)
    gan = kg.models.SemiSupervisedGAN(generator(), discriminator(), LATENT_DIM, seed=seed)
    steps = options.epochs * (len(images) // options.batch_size)

    def adam(learning_rate):
        return keras.optimizers.Adam(LinearDecay(learning_rate, steps), beta_1=0.5)

    gan.compile(
        g_optimizer=adam(options.g_learning_rate),
        d_optimizer=adam(options.d_learning_rate),
        steps_per_execution=50,
    )
    errors = Errors(*test)
    start = time.time()
    gan.fit(
        images,
        hide_all_but(labels, options.labels // 10, seed),
        batch_size=options.batch_size,
        epochs=options.epochs,
        callbacks=[errors],
        verbose=0,
    )
    kg.data.save_grid(gan.sample(100, seed=0), results.FOLDER / "semi_supervised_mnist.png")
    return {
        "seed": seed,
        "errors": errors.counts[-1],
        "errors_after_each_epoch": errors.counts,
        "minutes": round((time.time() - start) / 60, 1),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--labels", type=int, default=100, help="labelled images, a tenth a class")
    parser.add_argument("--epochs", type=int, default=60)
    parser.add_argument("--batch-size", type=int, default=100)
    parser.add_argument("--g-learning-rate", type=float, default=2e-4)
    parser.add_argument("--d-learning-rate", type=float, default=1e-3)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    options = parser.parse_args()
    images, labels = mnist("train")
    test = mnist("test")
    runs = [run(seed, images, labels, test, options) for seed in options.seeds]
    protocol = {
        "train": f"{len(images)} images without labels, {options.labels} of them with",
        "test": f"{len(test[0])} images, errors of the last epoch, not of the best",
        "paper": "93 ± 6.5 errors",
    }
    results.save("semi_supervised_mnist", options, {"protocol": protocol, "runs": runs})


if __name__ == "__main__":
    main()
