"""Wasserstein GAN with gradient penalty (Gulrajani et al. 2017)."""

from typing import Any

import keras
from keras import ops

from keras_gans import _checks
from keras_gans._examples import images_of, with_images
from keras_gans._hyperparameters import Hyperparameter
from keras_gans._loss_result import LossResult
from keras_gans._typing import Examples, FloatOrSchedule, Schedule
from keras_gans.models.gan import GAN
from keras_gans.models.schedules import LinearToZero
from keras_gans.penalties import gradient_penalty, refuse_batch_normalization


@keras.saving.register_keras_serializable(package="keras_gans")
class WGANGP(GAN):
    """Wasserstein GAN whose critic is kept 1-Lipschitz by a penalty on its gradient.

    The critic minimizes

        E D(G(z)) − E D(x) + λ E (‖∇D(x̂)‖₂ − 1)²,   x̂ = αx + (1 − α)G(z),   α ~ U(0, 1),

    with the norm of each sample's own gradient, `n_critic` times on fresh mini-batches for each
    update of the generator, which minimizes −E D(G(z)).

    Args:
        generator, discriminator, latent_dim, techniques, ema_decay, seed, **kwargs: See `GAN`. The
            discriminator, here called critic, must not use batch normalization.
        n_critic: Positive integer, critic updates for each generator update. Defaults to `5`.
        gp_weight: Positive float, or a schedule, the paper's λ. Defaults to `10.0` (toy densities:
            `0.1`).
        one_sided: Boolean, penalize only norms above 1. Defaults to `False`.

    Raises:
        ValueError, TypeError: As `GAN`, and if the critic uses batch normalization.

    Logs: `g_loss`; `d_loss`, the critic's loss with the penalty; `gradient_penalty`, before the
    weight λ; `wasserstein_estimate`, E D(x) − E D(G(z)), an estimate of the distance between the
    data and the generator once the critic has converged. `evaluate` gives them for held-out data.

    Example:

    >>> import keras_gans as kg
    >>> gan = kg.models.WGANGP(
    ...     generator=kg.networks.mlp_generator((2,), latent_dim=2, hidden_units=(32,)),
    ...     discriminator=kg.networks.mlp_discriminator((2,), hidden_units=(32,)),
    ...     latent_dim=2,
    ...     gp_weight=0.1,
    ... )
    >>> gan.compile()
    >>> history = gan.fit(kg.data.ring_of_gaussians().sample(640), batch_size=64, verbose=0)
    >>> sorted(history.history)
    ['d_loss', 'g_loss', 'gradient_penalty', 'wasserstein_estimate']

    Reference:
        Gulrajani et al. 2017, Improved Training of Wasserstein GANs, Algorithm 1.
    """

    loss_names: tuple[str, ...] = ("g_loss", "d_loss", "gradient_penalty", "wasserstein_estimate")
    gp_weight = Hyperparameter(low=0.0, low_open=True)
    discriminator_normalization = None

    def __init__(
        self,
        generator: keras.Model,
        discriminator: keras.Model,
        latent_dim: int,
        n_critic: int = 5,
        gp_weight: FloatOrSchedule = 10.0,
        one_sided: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(generator, discriminator, latent_dim, n_critic, "wasserstein", **kwargs)
        refuse_batch_normalization("discriminator", discriminator)
        self.gp_weight = gp_weight
        self.one_sided = _checks.boolean("one_sided", one_sided)

    def default_optimizers(self) -> dict[str, keras.optimizers.Optimizer]:
        """Adam with the defaults of the paper's Algorithm 1: α 1e-4, β₁ 0, β₂ 0.9."""
        return {
            "g_optimizer": keras.optimizers.Adam(1e-4, beta_1=0.0, beta_2=0.9, name="g_adam"),
            "d_optimizer": keras.optimizers.Adam(1e-4, beta_1=0.0, beta_2=0.9, name="d_adam"),
        }

    def learning_rates(self, total_steps: int) -> dict[str, Schedule] | None:
        """Linearly from 2e-4 to 0, as for the ResNets of the paper on CIFAR-10 (appendix F)."""
        return {
            "g_optimizer": LinearToZero(2e-4, total_steps),
            "d_optimizer": LinearToZero(2e-4, total_steps * self.n_critic),
        }

    def discriminator_loss(
        self, real: Examples, fake: Examples, training: bool = True
    ) -> LossResult:
        result = super().discriminator_loss(real, fake, training)
        images = images_of(real)
        penalty = gradient_penalty(
            lambda x: self.discriminate(with_images(real, x), training),
            images,
            images_of(fake),
            one_sided=self.one_sided,
            alpha=self.draw(keras.random.uniform, ops.shape(images)[0], training=training),
        )
        estimate = -result.loss
        result = result.plus("gradient_penalty", penalty, self.gp_weight)
        return result.logging(wasserstein_estimate=estimate)
