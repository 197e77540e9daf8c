"""Wasserstein GAN with weight clipping (Arjovsky et al. 2017)."""

from typing import Any

import keras
from keras import ops

from keras_gans._hyperparameters import Hyperparameter
from keras_gans._loss_result import LossResult
from keras_gans._typing import Examples, FloatOrSchedule, Tensor
from keras_gans.models.gan import GAN


@keras.saving.register_keras_serializable(package="keras_gans")
class WGAN(GAN):
    """Wasserstein GAN whose critic is kept Lipschitz by clipping its weights.

    The critic minimizes E D(G(z)) − E D(x), `n_critic` times on fresh mini-batches for each update
    of the generator, which minimizes −E D(G(z)). After every update each weight of the critic,
    biases included, is clipped to [−clip_value, clip_value].

    Args:
        generator, discriminator, latent_dim, techniques, ema_decay, seed, **kwargs: See `GAN`. The
            discriminator is here called critic.
        n_critic: Positive integer, critic updates for each generator update. Defaults to `5`.
        clip_value: Positive float, or a schedule, the paper's c. Defaults to `0.01`.

    Raises:
        ValueError, TypeError: As `GAN`, and if `clip_value` is not positive.

    Logs: `g_loss`; `d_loss`; `wasserstein_estimate`, E D(x) − E D(G(z)): the distance between the
    data and the generator up to the critic's Lipschitz constant, which clipping leaves unknown.
    Biases are clipped, too, so scale down data far from the origin.

    Example:

    >>> import keras_gans as kg
    >>> gan = kg.models.WGAN(
    ...     generator=kg.networks.mlp_generator((2,), latent_dim=2, hidden_units=(32,)),
    ...     discriminator=kg.networks.mlp_discriminator((2,), hidden_units=(32,)),
    ...     latent_dim=2,
    ... )
    >>> gan.compile()
    >>> history = gan.fit(kg.data.ring_of_gaussians().sample(640), batch_size=64, verbose=0)
    >>> bool(max(abs(w).max() for w in gan.discriminator.get_weights()) <= 0.01)
    True

    Reference:
        Arjovsky et al. 2017, Wasserstein GAN, Algorithm 1.
    """

    loss_names = ("g_loss", "d_loss", "wasserstein_estimate")
    clip_value = Hyperparameter(low=0.0, low_open=True)

    def __init__(
        self,
        generator: keras.Model,
        discriminator: keras.Model,
        latent_dim: int,
        n_critic: int = 5,
        clip_value: FloatOrSchedule = 0.01,
        **kwargs: Any,
    ) -> None:
        super().__init__(generator, discriminator, latent_dim, n_critic, "wasserstein", **kwargs)
        self.clip_value = clip_value
        for weight in discriminator.trainable_variables:
            weight.constraint = self.clip

    def clip(self, weight: Tensor) -> Tensor:
        """Return a weight of the critic as it is after an update."""
        bound = ops.cast(self.clip_value, weight.dtype)
        return ops.clip(weight, -bound, bound)

    def default_optimizers(self) -> dict[str, keras.optimizers.Optimizer]:
        """RMSprop with the paper's learning rate 5e-5."""
        return {
            "g_optimizer": keras.optimizers.RMSprop(5e-5, name="g_rmsprop"),
            "d_optimizer": keras.optimizers.RMSprop(5e-5, name="d_rmsprop"),
        }

    def discriminator_loss(
        self, real: Examples, fake: Examples, training: bool = True
    ) -> LossResult:
        result = super().discriminator_loss(real, fake, training)
        return result.logging(wasserstein_estimate=-result.loss)
