"""Toy densities in the plane, scaled as in the reference code of the WGAN-GP paper."""

from collections.abc import Callable

import numpy as np

from keras_gans import _checks
from keras_gans._typing import Distribution


class ToyDensity:
    """A density that can be sampled.

    Args:
        name: String.
        sampler: Function of `(num, generator)`, a `numpy.random.Generator`, that returns `num`
            samples `(num, 2)`.
        modes, stddev: See below. Default to `None`.

    Raises:
        TypeError: If `sampler` is not a function.

    Attributes:
        name: String.
        modes: Float32 array `(num_modes, 2)` of the centers, or `None` if it has none.
        stddev: Float, standard deviation around each center, or `None`.

    Example:

    >>> import numpy as np, keras_gans as kg
    >>> line = kg.data.ToyDensity("line", lambda num, rng: np.outer(rng.random(num), [1.0, 2.0]))
    >>> line.sample(3, seed=0).shape
    (3, 2)
    """

    def __init__(
        self,
        name: str,
        sampler: Callable[[int, np.random.Generator], np.ndarray],
        modes: np.ndarray | None = None,
        stddev: float | None = None,
    ) -> None:
        self.name = name
        self.modes = modes
        self.stddev = stddev
        self._sampler = _checks.function("sampler", sampler)

    def sample(self, num: int, seed: int | None = None) -> np.ndarray:
        """Draw samples.

        Args:
            num: Positive integer.
            seed: Integer or `None`, a new seed at every call. Defaults to `None`.

        Returns:
            Float32 array `(num, 2)`.
        """
        generator = np.random.default_rng(_checks.seed("seed", seed))
        return self._sampler(_checks.positive_int("num", num), generator).astype("float32")

    def distribution(self) -> Distribution:
        """Return the mixture of Gaussians as a TFP distribution.

        Raises:
            ValueError: If the density is not a mixture of Gaussians.
        """
        if self.modes is None:
            raise ValueError(f"The density {self.name!r} is not a mixture of Gaussians.")
        import tensorflow_probability as tfp

        tfd = tfp.distributions
        return tfd.MixtureSameFamily(
            tfd.Categorical(logits=np.zeros(len(self.modes), "float32")),
            tfd.MultivariateNormalDiag(
                self.modes, np.full(self.modes.shape, self.stddev, "float32")
            ),
        )


def ring_of_gaussians(
    num_modes: int = 8, radius: float = 2 / 1.414, stddev: float = 0.02 / 1.414
) -> ToyDensity:
    """Gaussians on a ring, equally likely.

    Args:
        num_modes: Positive integer. Defaults to `8`.
        radius: Positive float. Defaults to the reference code's 2 / 1.414.
        stddev: Positive float, of each Gaussian. Defaults to 0.02 / 1.414.

    Returns:
        A `ToyDensity` with `sample(num, seed)`, `modes` and `stddev`.

    Example:

    >>> import keras_gans as kg
    >>> kg.data.ring_of_gaussians(8).sample(100, seed=0).shape
    (100, 2)

    Reference:
        Gulrajani et al. 2017, Improved Training of Wasserstein GANs, figure 1.
    """
    angles = 2 * np.pi * np.arange(_checks.positive_int("num_modes", num_modes)) / num_modes
    radius = _checks.real_number("radius", radius, low=0.0, low_open=True)
    return _mixture(
        f"ring of {num_modes} Gaussians",
        radius * np.stack([np.cos(angles), np.sin(angles)], axis=1),
        stddev,
    )


def grid_of_gaussians(
    side: int = 5, spacing: float = 2 / 2.828, stddev: float = 0.05 / 2.828
) -> ToyDensity:
    """Gaussians on a square grid around the origin, equally likely.

    Args:
        side: Positive integer, Gaussians along one side. Defaults to `5`: 25 in all.
        spacing: Positive float. Defaults to the reference code's 2 / 2.828.
        stddev: Positive float, of each Gaussian. Defaults to 0.05 / 2.828.

    Returns:
        A `ToyDensity` with `sample(num, seed)`, `modes` and `stddev`.

    Example:

    >>> import keras_gans as kg
    >>> len(kg.data.grid_of_gaussians(5).modes)
    25

    Reference:
        Gulrajani et al. 2017, Improved Training of Wasserstein GANs, figure 1.
    """
    places = np.arange(_checks.positive_int("side", side)) - (side - 1) / 2
    places = places * _checks.real_number("spacing", spacing, low=0.0, low_open=True)
    modes = np.stack(np.meshgrid(places, places, indexing="ij"), axis=-1).reshape(-1, 2)
    return _mixture(f"grid of {side}×{side} Gaussians", modes, stddev)


def swiss_roll(noise: float = 0.25, scale: float = 1 / 7.5) -> ToyDensity:
    """The swiss roll seen along its axis: a spiral.

    Args:
        noise: Float ≥ 0, standard deviation around the spiral, before scaling. Defaults to `0.25`.
        scale: Positive float. Defaults to the reference code's 1 / 7.5.

    Returns:
        A `ToyDensity` with `sample(num, seed)`.

    Example:

    >>> import keras_gans as kg
    >>> kg.data.swiss_roll().sample(100, seed=0).shape
    (100, 2)

    Reference:
        Gulrajani et al. 2017, Improved Training of Wasserstein GANs, figure 1.
    """
    noise = _checks.real_number("noise", noise, low=0.0)
    scale = _checks.real_number("scale", scale, low=0.0, low_open=True)

    def sampler(num, generator):
        from sklearn.datasets import make_swiss_roll

        seed = int(generator.integers(2**31))
        return make_swiss_roll(num, noise=noise, random_state=seed)[0][:, [0, 2]] * scale

    return ToyDensity("swiss roll", sampler)


def _mixture(name, modes, stddev):
    stddev = _checks.real_number("stddev", stddev, low=0.0, low_open=True)
    modes = modes.astype("float32")

    def sampler(num, generator):
        centers = modes[generator.integers(len(modes), size=num)]
        return centers + stddev * generator.standard_normal((num, 2))

    return ToyDensity(name, sampler, modes, stddev)
