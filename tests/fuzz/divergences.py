"""Calls of divergences."""

import functools

import numpy as np

import keras_gans as kg
from tests.fuzz.call import Call, points

d, x2 = kg.divergences, points(4)
HISTOGRAM = np.array([0.5, 0.25, 0.25])


@functools.cache
def normals():
    from tensorflow_probability import distributions as tfd

    return {"p": tfd.Normal(0.0, 1.0), "q": tfd.Normal(1.0, 1.0)}


def two_clouds():
    return {"x": points(4), "y": points(3, 1)}


def two_histograms():
    return {"p": HISTOGRAM, "q": HISTOGRAM[::-1].copy()}


CALLS = {
    "divergences.kl_divergence": Call(d.kl_divergence, two_histograms, infinite=True),
    "divergences.js_divergence": Call(d.js_divergence, two_histograms),
    "divergences.total_variation": Call(d.total_variation, two_histograms),
    "divergences.game_value": Call(d.game_value, two_histograms),
    "divergences.optimal_discriminator": Call(d.optimal_discriminator, two_histograms, nan=True),
    "divergences.earth_movers_distance": Call(d.earth_movers_distance, two_histograms),
    "divergences.transport_plan": Call(d.transport_plan, two_histograms),
    "divergences.kantorovich_dual": Call(
        d.kantorovich_dual,
        two_histograms,
        use=lambda dual: (dual.value, dual.witness([0.0, 1.0])) if dual else None,
    ),
    "divergences.assignment": Call(d.assignment, lambda: {"x": points(4), "y": points(4, 1)}),
    "divergences.wasserstein_distance": Call(d.wasserstein_distance, two_clouds),
    "divergences.sliced_wasserstein_distance": Call(d.sliced_wasserstein_distance, two_clouds),
    "divergences.sinkhorn_divergence": Call(d.sinkhorn_divergence, two_clouds),
    "divergences.maximum_mean_discrepancy": Call(d.maximum_mean_discrepancy, two_clouds),
    "divergences.wavelet_emd": Call(d.wavelet_emd, two_histograms),
    "divergences.gaussian_wasserstein_distance": Call(
        d.gaussian_wasserstein_distance,
        lambda: {"mean1": x2[0], "cov1": np.eye(2), "mean2": x2[1], "cov2": 2 * np.eye(2)},
    ),
    "divergences.gaussian_wasserstein_squared": Call(
        d.gaussian_wasserstein_squared,
        lambda: {"mean1": x2[0], "cov1": np.eye(2), "mean2": x2[1], "cov2": 2 * np.eye(2)},
    ),
    "divergences.gaussian_wasserstein_squared_from_samples": Call(
        d.gaussian_wasserstein_squared_from_samples, two_clouds
    ),
    "divergences.KernelDensity": Call(
        d.KernelDensity, lambda: {"samples": points(4)}, use=lambda p: p.prob(p.samples)
    ),
    "divergences.kl_divergence, distributions": Call(d.kl_divergence, normals, infinite=True),
    "divergences.js_divergence, distributions": Call(d.js_divergence, normals),
    "divergences.optimal_discriminator, distributions": Call(
        d.optimal_discriminator, lambda: {**normals(), "x": [0.0, 1.0]}, nan=True
    ),
    "divergences.earth_movers_distance, distributions": Call(d.earth_movers_distance, normals),
}
