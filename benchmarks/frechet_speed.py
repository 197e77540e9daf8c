"""Time of the Fréchet distance at 2048 features, beside the `scipy.linalg.sqrtm` formula.

    python benchmarks/frechet_speed.py

writes `benchmarks/results/frechet_speed.json`: seconds (the best of three runs, of one for sqrtm),
the ratio, and the relative difference of the values. Takes about a minute on two cores.
"""

import json
import os
import pathlib
import time

import numpy as np
import scipy
import scipy.linalg

from keras_gans.divergences import (
    gaussian_wasserstein_squared,
    gaussian_wasserstein_squared_from_samples,
)

FEATURES = 2048
MANY, FEW = 4096, 500
RESULT = pathlib.Path(__file__).parent / "results" / "frechet_speed.json"


def features(num, seed):
    """Correlated features with a spectrum that decays as those of a network do."""
    rng = np.random.default_rng(seed)
    scales = 1 / np.sqrt(1 + np.arange(FEATURES))
    rotation = np.linalg.qr(np.random.default_rng(0).normal(size=(FEATURES, FEATURES)))[0]
    return rng.normal(size=(num, FEATURES)) * scales @ rotation + 0.02 * seed


def squared_by_sqrtm(mean1, cov1, mean2, cov2):
    cross = np.trace(scipy.linalg.sqrtm(cov1 @ cov2)).real
    return np.sum((mean1 - mean2) ** 2) + np.trace(cov1) + np.trace(cov2) - 2 * cross


def timed(function, runs):
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        value = float(function())
        times.append(time.perf_counter() - start)
    return value, min(times)


def main():
    x, y = features(MANY, 1), features(MANY, 2)
    moments = (x.mean(0), np.cov(x, rowvar=False), y.mean(0), np.cov(y, rowvar=False))
    gaussian_wasserstein_squared([0.0], [[1.0]], [0.0], [[1.0]])  # load what loads once
    reference, slow = timed(lambda: squared_by_sqrtm(*moments), runs=1)
    value, fast = timed(lambda: gaussian_wasserstein_squared(*moments), runs=3)
    _, few = timed(lambda: gaussian_wasserstein_squared_from_samples(x[:FEW], y[:FEW]), runs=3)
    result = {
        "command": "python benchmarks/frechet_speed.py",
        "features": FEATURES,
        "samples": MANY,
        "few_samples": FEW,
        "cpus": os.cpu_count(),
        "scipy": scipy.__version__,
        "sqrtm_seconds": round(slow, 3),
        "moments_seconds": round(fast, 3),
        "few_samples_seconds": round(few, 3),
        "times_faster_than_sqrtm": round(slow / fast, 2),
        "few_samples_times_faster_than_sqrtm": round(slow / few, 2),
        "relative_difference": abs(value - reference) / reference,
    }
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps(result, indent=2) + "\n")
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
