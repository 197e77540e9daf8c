"""Progressive growing of GANs (Karras et al. 2018)."""

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from keras_gans import networks
from keras_gans._hyperparameters import Hyperparameter
from keras_gans._loss_result import LossResult
from keras_gans._typing import Examples, FloatOrSchedule, Schedule, Tensor, Tensors
from keras_gans.data.sources import DatasetInfo
from keras_gans.models.growing_gan import GrowingGAN
from keras_gans.models.wgan_gp import WGANGP


@keras.saving.register_keras_serializable(package="keras_gans")
class ProgressiveGAN(GrowingGAN, WGANGP):
    """Progressive GAN: both networks grow together, from a grid of a few pixels to whole images.

    Training begins with the lowest level of the networks. When it has seen the images of a phase,
    the next level, of twice the sides, is faded in: with α going from 0 to 1, linearly in the
    images seen,

        image = (1 − α) · up(RGB(features below)) + α · RGB′(new features),
        features = (1 − α) · from_RGB(down(image)) + α · new layers(image),

    and real images alike, between their means over blocks of the level below and of the new one.
    Then follows a phase of as many images in which the networks stay as they are, then the next
    fade, until the last level is there, which stays. All in one `fit`: the step is compiled again
    when a phase begins, computes what the level needs, and leaves the weights of those above alone.

    Images have their full sides all along: those of lower levels consist of blocks. So samples,
    SavedModels and metrics keep their shape, and gradients, whose norm is penalized as in `WGANGP`,
    are by the pixels of whole images, as in the authors' code: the penalty does not jump when a
    level is added. The critic's loss has another term, drift_weight · E D(x)², which keeps its
    logits near zero.

    When a phase begins, the optimizers begin anew, as in the authors' code, and schedules of the
    learning rate and the like with them. With `steps_per_execution` above one, phases begin with
    the next execution. `batch_size` is that of `fit` at all levels; the authors' gets smaller.

    Args:
        generator: As `keras_gans.networks.progressive_generator` makes it, with a `FadeIn` for each
            level.
        discriminator: As `keras_gans.networks.progressive_discriminator` makes it, likewise.
        latent_dim, techniques, seed, **kwargs: See `GAN`.
        images_per_phase: Positive integer, real images that the discriminator sees in each phase,
            or a list of them: of the lowest level, of the fade to the next, of that, and so on to
            the last fade; the last level has no end. Defaults to `600_000`, that of the authors'
            code (paper: 800,000).
        n_critic: Positive integer, critic updates for each generator update. Defaults to `1`.
        gp_weight: Positive float, or a schedule, the paper's λ. Defaults to `10.0`.
        drift_weight: Float ≥ 0, or a schedule, the paper's ε. Defaults to `0.001`.
        ema_decay: See `GAN`. Defaults to `0.999`.

    Raises:
        ValueError, TypeError: As `WGANGP`, if the networks do not have the same levels, or if
            `images_per_phase` is not positive or has another length.

    Logs: those of `WGANGP`, and `drift`, E D(x)², before its weight. `evaluate` and the metrics
    given to `compile` compare with real images of the present level.

    Attributes:
        images_seen: Variable, real images that the discriminator has seen in training.
        level: Integer, the highest level in use; 0 is the lowest.
        alpha: Float, how far it is faded in.

    Example:

    >>> import keras_gans as kg
    >>> digits, info = kg.data.load("digits", batch_size=32)
    >>> gan = kg.models.ProgressiveGAN(
    ...     kg.networks.progressive_generator(info.image_shape, latent_dim=8, filters=4),
    ...     kg.networks.progressive_discriminator(info.image_shape, filters=4),
    ...     latent_dim=8,
    ...     images_per_phase=320,
    ... )
    >>> gan.compile()
    >>> history = gan.fit(digits.repeat(), epochs=3, steps_per_epoch=5, verbose=0)
    >>> gan.level, round(gan.alpha, 2)
    (1, 0.4)

    Reference:
        Karras et al. 2018, Progressive Growing of GANs for Improved Quality, Stability, and
        Variation, sections 2 and A.1.
    """

    loss_names = ("g_loss", "d_loss", "gradient_penalty", "wasserstein_estimate", "drift")
    drift_weight = Hyperparameter(low=0.0)

    def __init__(
        self,
        generator: keras.Model,
        discriminator: keras.Model,
        latent_dim: int,
        images_per_phase: int | Sequence[int] = 600_000,
        n_critic: int = 1,
        gp_weight: FloatOrSchedule = 10.0,
        drift_weight: FloatOrSchedule = 0.001,
        ema_decay: FloatOrSchedule | None = 0.999,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            generator,
            discriminator,
            latent_dim,
            images_per_phase,
            n_critic=n_critic,
            gp_weight=gp_weight,
            ema_decay=ema_decay,
            **kwargs,
        )
        self.drift_weight = drift_weight

    @classmethod
    def for_images(
        cls,
        info: DatasetInfo,
        latent_dim: int = 128,
        filters: int = 32,
        ema_decay: FloatOrSchedule | None = 0.999,
        images_per_phase: int | Sequence[int] = 20_000,
        **kwargs: Any,
    ) -> "ProgressiveGAN":
        """Return a model for the images of a dataset, with the networks of the paper's kind.

        Args:
            info: `keras_gans.data.DatasetInfo`, as `keras_gans.data.load` returns it.
            latent_dim: Positive integer, size of the latent vectors. Defaults to `128`.
            filters: Positive integer, channels of the layers next to the image. Defaults to `32`.
            ema_decay: See the constructor. Defaults to `0.999`.
            images_per_phase: See the constructor. Defaults to `20_000`, with which images of a
                side of 32 are whole before the command line's 128,000 have been seen.
            **kwargs: Other arguments of the constructor.

        Returns:
            An instance of this class, not compiled.

        Raises:
            ValueError, TypeError: As the constructor.

        Example:

        >>> import keras_gans as kg
        >>> digits, info = kg.data.load("digits")
        >>> kg.models.ProgressiveGAN.for_images(info, latent_dim=8, filters=4).sample(2).shape
        (2, 8, 8, 1)
        """
        kwargs["images_per_phase"] = images_per_phase
        return super().for_images(info, latent_dim, filters, ema_decay, **kwargs)

    @classmethod
    def networks_for_images(
        cls, info: DatasetInfo, latent_dim: int, filters: int, num_classes: int | None = None
    ) -> dict[str, Any]:
        return {
            "generator": networks.progressive_generator(info.image_shape, latent_dim, filters),
            "discriminator": networks.progressive_discriminator(info.image_shape, filters),
        }

    def default_optimizers(self) -> dict[str, keras.optimizers.Optimizer]:
        """Adam with the paper's learning rate 1e-3, β₁ 0, β₂ 0.99 and ε 1e-8."""
        paper = {"learning_rate": 1e-3, "beta_1": 0.0, "beta_2": 0.99, "epsilon": 1e-8}
        return {
            "g_optimizer": keras.optimizers.Adam(**paper, name="g_adam"),
            "d_optimizer": keras.optimizers.Adam(**paper, name="d_adam"),
        }

    def learning_rates(self, total_steps: int) -> dict[str, Schedule] | None:
        """None: the paper's are constant."""

    def call(self, inputs: Tensors, training: bool = False) -> Tensor:
        """Generate images from latents, cut to [−1, 1], which the generator does not know of."""
        return ops.clip(super().call(inputs, training), -1.0, 1.0)

    def discriminator_loss(
        self, real: Examples, fake: Examples, training: bool = True
    ) -> LossResult:
        result = super().discriminator_loss(real, fake, training)
        drift = ops.mean(ops.square(result.handed_on["real_logits"]))
        return result.plus("drift", drift, self.drift_weight)
