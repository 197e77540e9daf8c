"""Distances between samples against the usual way to the same number."""

import functools

import numpy as np

from benchmarks.speed.rows import Row
from keras_gans.divergences import gaussian_wasserstein_squared_from_samples, wasserstein_distance
from keras_gans.metrics import PrecisionRecall

FEATURES = 2048
NEIGHBORS = 5


def features(num, shift, seed):
    """Correlated features with a spectrum that decays as those of a network do."""
    rng = np.random.default_rng((seed, shift))
    scales = 1 / np.sqrt(1 + np.arange(FEATURES))
    rotation = np.linalg.qr(np.random.default_rng(0).normal(size=(FEATURES, FEATURES)))[0]
    return rng.normal(size=(num, FEATURES)) * scales @ rotation + 0.02 * shift


def by_sqrtm(x, y):
    """The formula, as most implementations of FID compute it."""
    import scipy.linalg

    (mean1, cov1), (mean2, cov2) = ((s.mean(0), np.cov(s, rowvar=False)) for s in (x, y))
    root = scipy.linalg.sqrtm(cov1 @ cov2)
    return np.sum((mean1 - mean2) ** 2) + np.trace(cov1 + cov2) - 2 * np.trace(root).real


def frechet(num, seed):
    x, y = features(num, 1, seed), features(num, 2, seed)
    return {
        "keras_gans": lambda: float(gaussian_wasserstein_squared_from_samples(x, y)),
        "sqrtm": lambda: by_sqrtm(x, y),
    }


def by_assignment(x, y):
    from scipy.optimize import linear_sum_assignment
    from scipy.spatial.distance import cdist

    costs = cdist(x, y)
    return costs[linear_sum_assignment(costs)].mean()


def transport(num, seed):
    rng = np.random.default_rng(seed)
    x, y = rng.normal(size=(num, 2)), rng.normal(size=(num, 2)) + 0.5
    return {
        "keras_gans": lambda: float(wasserstein_distance(x, y)),
        "linear_sum_assignment": lambda: by_assignment(x, y),
    }


def prdc(num, seed):
    """Against the package of its authors: `pip install prdc`."""
    from prdc import compute_prdc

    x, y = features(num, 1, seed), features(num, 2, seed)

    def ours():
        metric = PrecisionRecall(k=NEIGHBORS, max_samples=num)
        metric.update_state(x, y)
        return {name: float(value) for name, value in metric.result().items()}

    return {"keras_gans": ours, "prdc": lambda: compute_prdc(x, y, NEIGHBORS)}


def difference_of_numbers(ours, other):
    return abs(ours / other - 1)


def difference_of_shares(ours, other):
    return max(abs(ours[name] - other[name]) for name in ours)


_alike = functools.partial(Row, difference=difference_of_numbers, of_results=True)

ROWS = {
    "frechet_10000": _alike(functools.partial(frechet, 10_000), 13, 1),
    # √ε is what `sqrtm` of a singular product is good for.
    "frechet_1000": _alike(functools.partial(frechet, 1_000), 80, 1, bound=1e-6),
    "transport_5000": _alike(functools.partial(transport, 5_000), 2.6, 1),
    # Balls whose rims rounding could reach are closed in the package, and open elsewhere.
    "prdc_10000": Row(
        functools.partial(prdc, 10_000),
        3,
        difference=difference_of_shares,
        of_results=True,
        bound=1e-3,
    ),
}
