"""Semi-supervised MNIST: 100 labels, 60,000 images, feature matching (Salimans et al. 2016).

From the authors' code (github.com/openai/improved-gan, train_mnist_feature_matching.py), which is
behind the paper's 93 ± 6.5 errors on the 10,000 test images over ten choices of the 100 labels: the
losses, the batches of 100 labeled, 100 unlabeled and 100 generated images, and the generator's
own 100 unlabeled ones; networks, weight normalization and its initialization on 500 images; noise;
Adam with β₁ 0.5; errors of a moving average of the classifier, after the last epoch.

What differs: they train 300 epochs at a constant learning rate of 3e-3. This benchmark has the time
for some tens of epochs, with lower learning rates, which fall to zero over the second half. Latents
are N(0, I) instead of uniform, the average has a warm-up, and networks compute in bfloat16 up to
the logits, which makes a step on two cores with its instructions a third faster.

    python benchmarks/studies/semi_supervised_mnist.py

The result goes to benchmarks/results/semi_supervised_mnist.json, and a picture beside it.
"""

import argparse
import pathlib
import sys
import time

import keras
import numpy as np
from keras import layers

sys.path.insert(0, str(pathlib.Path(__file__).parents[2]))

import keras_gans as kg
from benchmarks import results
from benchmarks.training import LinearDecay, mnist
from keras_gans.presets.semi_supervised_mnist import discriminator, hide_all_but

LATENT_DIM = 100
IMAGE_SHAPE = (28, 28, 1)
PIXELS = 28 * 28


def generator():
    def hidden(units):
        return [
            layers.Dense(units, use_bias=False),
            layers.BatchNormalization(momentum=0.9, epsilon=1e-6, scale=False),
            layers.Activation("softplus"),
        ]

    return keras.Sequential(
        [
            keras.Input((LATENT_DIM,)),
            *hidden(500),
            *hidden(500),
            kg.layers.WeightNormalization(layers.Dense(PIXELS, use_bias=False)),
            layers.Activation("sigmoid", dtype="float32"),
            layers.Rescaling(2.0, -1.0, dtype="float32"),
            layers.Reshape(IMAGE_SHAPE, dtype="float32"),
        ],
        name="generator",
    )


class Errors(keras.callbacks.Callback):
    """Count the errors on the test images after every epoch."""

    def __init__(self, images, labels):
        super().__init__()
        self.images, self.labels, self.counts = images, labels, []

    def on_epoch_end(self, epoch, logs=None):
        predicted = self.model.classify(self.images, batch_size=1000).argmax(axis=-1)
        self.counts.append(int((predicted != self.labels).sum()))
        seconds = f"{time.process_time():.0f} s of CPU"
        print(f"epoch {epoch + 1}: {self.counts[-1]} errors, {seconds}, {logs}", flush=True)


def run(seed, images, labels, test, options):
    keras.utils.set_random_seed(seed)
    gan = kg.models.SemiSupervisedGAN(
        generator(), discriminator(IMAGE_SHAPE, 10), LATENT_DIM, seed=seed
    )
    chosen = np.random.default_rng(seed).choice(len(images), 500, replace=False)
    kg.networks.data_dependent_initialization(gan.discriminator, images[chosen])
    steps = options.epochs * (len(images) // options.batch_size)

    def adam(learning_rate):
        return keras.optimizers.Adam(LinearDecay(learning_rate, steps), beta_1=0.5, epsilon=1e-4)

    gan.compile(
        g_optimizer=adam(options.g_learning_rate),
        d_optimizer=adam(options.d_learning_rate),
        steps_per_execution=100,
        jit_compile=False,  # XLA's random numbers on CPUs cost more than it saves
    )
    errors = Errors(*test)
    start, start_of_cpu = time.time(), time.process_time()
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
        "minutes_of_cpu": round((time.process_time() - start_of_cpu) / 60, 1),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--labels", type=int, default=100, help="labeled images, a tenth a class")
    parser.add_argument("--epochs", type=int, default=80)
    parser.add_argument("--batch-size", type=int, default=100)
    parser.add_argument("--g-learning-rate", type=float, default=5e-4)
    parser.add_argument("--d-learning-rate", type=float, default=1e-3)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    options = parser.parse_args()
    keras.config.set_dtype_policy("mixed_bfloat16")
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
