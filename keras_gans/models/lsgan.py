"""Least-squares GAN (Mao et al. 2017)."""

from typing import Any

import keras

from keras_gans import _checks, losses
from keras_gans.models.gan import GAN


@keras.saving.register_keras_serializable(package="keras_gans")
class LSGAN(GAN):
    """GAN whose discriminator regresses to codes: a for fakes, b for real examples.

    The discriminator minimizes ½ E(D(x) − b)² + ½ E(D(G(z)) − a)², the generator
    ½ E(D(G(z)) − c)². With b − c = 1 and b − a = 2 the game is about the Pearson χ² divergence
    between p_r + p_g and 2 p_g; c = b asks for samples that look as real as possible.

    Args:
        generator, discriminator, latent_dim, n_critic, techniques, ema_decay, seed, **kwargs: See
            `GAN`.
        a: Float, code of fakes. Defaults to `0.0`.
        b: Float, code of real examples, other than `a`. Defaults to `1.0`.
        c: Float, what the generator wants its samples to be taken for. Defaults to `1.0`.

    Raises:
        ValueError, TypeError: As `GAN`, and if a code is not a finite number, or a = b.

    Logs: As `GAN`.

    Example:

    >>> import keras_gans as kg
    >>> gan = kg.models.LSGAN(
    ...     kg.networks.mlp_generator((2,), latent_dim=2, hidden_units=(32,)),
    ...     kg.networks.mlp_discriminator((2,), hidden_units=(32,)),
    ...     latent_dim=2,
    ...     a=-1.0,
    ...     b=1.0,
    ...     c=0.0,
    ... )

    Reference:
        Mao et al. 2017, Least Squares Generative Adversarial Networks, equations 2, 8 and 9.
    """

    def __init__(
        self,
        generator: keras.Model,
        discriminator: keras.Model,
        latent_dim: int,
        a: float = 0.0,
        b: float = 1.0,
        c: float = 1.0,
        **kwargs: Any,
    ) -> None:
        codes = [_checks.real_number(*code) for code in (("a", a), ("b", b), ("c", c))]
        objective = losses.least_squares_with_codes(*codes)
        super().__init__(generator, discriminator, latent_dim, objective=objective, **kwargs)
        self.a, self.b, self.c = codes

    def default_optimizers(self) -> dict[str, keras.optimizers.Optimizer]:
        """RMSprop with learning rate 1e-4."""
        return {
            "g_optimizer": keras.optimizers.RMSprop(1e-4, name="g_rmsprop"),
            "d_optimizer": keras.optimizers.RMSprop(1e-4, name="d_rmsprop"),
        }
