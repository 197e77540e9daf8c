"""The WGAN-GP of the Keras tutorial on MNIST, trained for as long as the models of the package.

The networks, the training step, the batches of 512, and the optimizers are those of keras.io's
example "WGAN-GP overriding Model.train_step", which trains on Fashion-MNIST. A minute is
one of two cores: 120 seconds of CPU time. 10,000 samples are judged like those of the trained
models, by `keras_gans.presets.get("wgan_gp_mnist").measure`.

    python benchmarks/studies/mnist_tutorial.py --minutes 15

The result goes to benchmarks/results/mnist_tutorial.json, and the first hundred samples of seed 0
beside it. `python -m benchmarks.zoo` puts it into the table of trained models.
"""

import argparse
import pathlib
import sys
import types

import keras
import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).parents[2]))

import keras_gans as kg
from benchmarks import results
from benchmarks.speed.wgan_gp import LATENT_DIM, tutorial
from benchmarks.training import minutes_of_two_cores


class Budget(keras.callbacks.Callback):
    """Ends training after so many minutes of two cores."""

    def __init__(self, minutes):
        super().__init__()
        self.minutes, self.steps = minutes, 0
        self.start = minutes_of_two_cores()

    def on_train_batch_end(self, batch, logs=None):
        self.steps += 1
        if not self.steps % 20:
            print(self.steps, f"{self.used():.1f} minutes", logs, flush=True)
        self.model.stop_training = self.used() >= self.minutes

    def used(self):
        return minutes_of_two_cores() - self.start


def sampler(model):
    """What draws from the trained generator, as a trained model of the package does."""

    def sample(num, seed=0, labels=None):
        latents = np.random.default_rng(seed).normal(size=(num, LATENT_DIM)).astype("float32")
        return model.generator.predict(latents, batch_size=500, verbose=0)

    return types.SimpleNamespace(sample=sample, conditional=False)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=15, help="of two cores")
    parser.add_argument("--batch-size", type=int, default=512)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    batches, _ = kg.data.load(
        "mnist", batch_size=options.batch_size, seed=options.seed, repeat=True
    )
    model = tutorial(options.seed)
    budget = Budget(options.minutes)
    model.fit(batches, steps_per_epoch=10**6, verbose=0, callbacks=[budget])
    minutes = budget.used()
    generator = sampler(model)
    report = kg.presets.get("wgan_gp_mnist").measure(generator)
    values = {
        **{name: round(value, 4) for name, value in report["results"].items()},
        "minutes": round(minutes, 1),
        "steps": budget.steps,
        "parameters": [model.generator.count_params(), model.discriminator.count_params()],
        "protocol": report["protocol"],
    }
    results.save("mnist_tutorial", options, values)
    kg.data.save_grid(generator.sample(100), results.FOLDER / "mnist_tutorial.png", columns=10)


if __name__ == "__main__":
    main()
