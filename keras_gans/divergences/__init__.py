"""Distances between distributions, given as histograms, samples or TFP distributions.

All of them compute in float64, return float64 tensors, and refuse bad input with an error that
names the argument. None knows of any model.
"""

# ruff: isort: skip_file

from typing import TYPE_CHECKING

# Point by point
from keras_gans.divergences.information import js_divergence, kl_divergence, total_variation

# By moving mass
from keras_gans.divergences.transport import (
    assignment,
    earth_movers_distance,
    kantorovich_dual,
    transport_plan,
    wasserstein_distance,
)
from keras_gans.divergences.sliced import sliced_wasserstein_distance
from keras_gans.divergences.sinkhorn import sinkhorn_divergence
from keras_gans.divergences.wavelet import wavelet_emd
from keras_gans.divergences.gaussian import (
    gaussian_wasserstein_distance,
    gaussian_wasserstein_squared,
    gaussian_wasserstein_squared_from_samples,
)

# By the means of features
from keras_gans.divergences.mmd import maximum_mean_discrepancy

# Through the two-player game
from keras_gans.divergences.discriminator import game_value, optimal_discriminator

if TYPE_CHECKING:
    from keras_gans.divergences.kernel_density import KernelDensity

__all__ = [
    "KernelDensity",
    "assignment",
    "earth_movers_distance",
    "game_value",
    "gaussian_wasserstein_distance",
    "gaussian_wasserstein_squared",
    "gaussian_wasserstein_squared_from_samples",
    "js_divergence",
    "kantorovich_dual",
    "kl_divergence",
    "maximum_mean_discrepancy",
    "optimal_discriminator",
    "sinkhorn_divergence",
    "sliced_wasserstein_distance",
    "total_variation",
    "transport_plan",
    "wasserstein_distance",
    "wavelet_emd",
]


def __getattr__(name):
    # A class of TFP's: importing it here would make the whole module wait for TFP.
    if name == "KernelDensity":
        from keras_gans.divergences.kernel_density import KernelDensity

        return KernelDensity
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__():
    return sorted({*globals(), *__all__})
