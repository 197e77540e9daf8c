"""Time of the Fréchet distance at 2048 features, beside the `scipy.linalg.sqrtm` formula.

    python benchmarks/guards/frechet_speed.py

The ways take turns in one process; the medians' ratios and the relative difference of the values go
to benchmarks/results/frechet_speed.json. Takes about a minute on two cores. The command fails if
the values differ or `sqrtm` is faster.
"""

import argparse
import pathlib
import statistics
import sys
import time

import numpy as np
import scipy.linalg

sys.path.insert(0, str(pathlib.Path(__file__).parents[2]))

from benchmarks import results
from keras_gans.divergences import (
    gaussian_wasserstein_squared,
    gaussian_wasserstein_squared_from_samples,
)

FEATURES = 2048
MANY, FEW = 4096, 500
#: How much the values may differ, relative to themselves.
BOUND = 1e-9


def features(num, shift, seed):
    """Correlated features with a spectrum that decays as those of a network do."""
    rng = np.random.default_rng((seed, shift))
    scales = 1 / np.sqrt(1 + np.arange(FEATURES))
    rotation = np.linalg.qr(np.random.default_rng(0).normal(size=(FEATURES, FEATURES)))[0]
    return rng.normal(size=(num, FEATURES)) * scales @ rotation + 0.02 * shift


def squared_by_sqrtm(mean1, cov1, mean2, cov2):
    cross = np.trace(scipy.linalg.sqrtm(cov1 @ cov2)).real
    return np.sum((mean1 - mean2) ** 2) + np.trace(cov1) + np.trace(cov2) - 2 * cross


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--rounds", type=int, default=3, help="timed runs of each, in turns")
    options.add_argument("--seed", type=int, default=0)
    options = options.parse_args()

    x, y = features(MANY, 1, options.seed), features(MANY, 2, options.seed)
    moments = (x.mean(0), np.cov(x, rowvar=False), y.mean(0), np.cov(y, rowvar=False))
    ways = {
        "sqrtm": lambda: squared_by_sqrtm(*moments),
        "moments": lambda: gaussian_wasserstein_squared(*moments),
        "few_samples": lambda: gaussian_wasserstein_squared_from_samples(x[:FEW], y[:FEW]),
    }
    gaussian_wasserstein_squared([0.0], [[1.0]], [0.0], [[1.0]])  # load what loads once
    times = {name: [] for name in ways}
    values = {}
    for _ in range(options.rounds):
        for name, way in ways.items():
            start = time.perf_counter()
            values[name] = float(way())
            times[name].append(time.perf_counter() - start)
    seconds = {name: statistics.median(runs) for name, runs in times.items()}
    times_faster = seconds["sqrtm"] / seconds["moments"]
    difference = abs(values["moments"] / values["sqrtm"] - 1)
    results.save(
        "frechet_speed",
        options,
        {
            "features": FEATURES,
            "samples": MANY,
            "few_samples": FEW,
            "median_seconds": seconds,
            "times_faster_than_sqrtm": times_faster,
            "few_samples_times_faster_than_sqrtm": seconds["sqrtm"] / seconds["few_samples"],
            "relative_difference": difference,
        },
    )
    return 0 if times_faster > 1 and difference < BOUND else 1


if __name__ == "__main__":
    sys.exit(main())
