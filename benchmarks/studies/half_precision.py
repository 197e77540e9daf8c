"""What half precision does to samples: WGAN-GP on MNIST, as many steps in each.

Float32 and `mixed_bfloat16` take turns over seeds, from the same weights and on the same batches.
Measured is the Fréchet distance of 10,000 samples of the generator's moving average to the test
split, with the features of the package's MNIST classifier, and the CPU time of training.

    python benchmarks/studies/half_precision.py --steps 1500 --seeds 3

The results go to benchmarks/results/half_precision.json: the distances, the ratio of their means,
and that of the times.
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
from benchmarks.judging import Judge
from benchmarks.training import mnist

IMAGE_SHAPE = (28, 28, 1)
LATENT_DIM = 64
N_CRITIC = 3
POLICIES = ("float32", "mixed_bfloat16")


def make(policy, options, seed):
    keras.utils.set_random_seed(seed)
    keras.config.set_dtype_policy(policy)
    gan = kg.models.WGANGP(
        kg.networks.dcgan_generator(IMAGE_SHAPE, LATENT_DIM, filters=2 * options.filters),
        kg.networks.dcgan_discriminator(IMAGE_SHAPE, options.filters, normalization=None),
        LATENT_DIM,
        n_critic=N_CRITIC,
        ema_decay=0.99,
        seed=seed,
    )
    keras.config.set_dtype_policy("float32")

    def adam(updates):
        schedule = keras.optimizers.schedules.PolynomialDecay(5e-4, updates, 0.0)
        return keras.optimizers.Adam(schedule, beta_1=0.0, beta_2=0.9)

    gan.compile(adam(options.steps), adam(N_CRITIC * options.steps))
    return gan


def trained(policy, x, options, seed):
    """A model after as many steps, and the minutes of CPU time that they took."""
    gan = make(policy, options, seed)
    start = time.process_time()
    gan.fit(x, batch_size=64, steps_per_epoch=options.steps, verbose=0)
    return gan, (time.process_time() - start) / 60


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=1500)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--filters", type=int, default=16)
    parser.add_argument("--samples", type=int, default=10_000)
    options = parser.parse_args()
    x, _ = mnist("train")
    judge = Judge(kg.metrics.MNISTFeatures(), mnist("test")[0])
    distances, minutes = ({policy: [] for policy in POLICIES} for _ in range(2))
    for seed in range(options.seeds):
        for policy in POLICIES:
            gan, taken = trained(policy, x, options, seed)
            distances[policy].append(judge.frechet_distance(gan.sample(options.samples, seed=0)))
            minutes[policy].append(round(taken, 2))
            print(seed, policy, distances[policy][-1], minutes[policy][-1], flush=True)
    found = {"frechet_distances": distances, "cpu_minutes": minutes}
    for name, values in (("distance", distances), ("minutes", minutes)):
        means = [float(np.mean(values[policy])) for policy in POLICIES]
        found[f"{name}_in_bfloat16_by_float32"] = means[1] / means[0]
    results.save("half_precision", options, found)


if __name__ == "__main__":
    main()
