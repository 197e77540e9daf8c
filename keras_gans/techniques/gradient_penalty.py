"""Gradient penalty between real and fake examples (Gulrajani et al. 2017)."""

import keras
from keras import ops

from keras_gans import _checks, penalties
from keras_gans._typing import ConditionalCritic, FloatOrSchedule, Tensor
from keras_gans.techniques.penalty import Penalty


@keras.saving.register_keras_serializable(package="keras_gans")
class GradientPenalty(Penalty):
    """Hold the norm of the discriminator's gradient near 1 between real and fake examples.

    Adds λ E (‖∇D(x̂)‖₂ − 1)² to the discriminator's loss, x̂ = αx + (1 − α)G(z), α ~ U(0, 1), D its
    logits, whatever the objective is: "GAN-GP" for `"non_saturating"`. `WGANGP` has it by itself.

    Args:
        weight: Float ≥ 0, or a schedule, the paper's λ. Defaults to `10.0`.
        one_sided: Boolean, penalize only norms above 1. Defaults to `False`.
        every: Positive integer k: the penalty in every k-th update of the discriminator, with k
            times the weight. Defaults to `1`.

    Raises:
        ValueError, TypeError: If a number is out of range; by the model, if its discriminator uses
            batch normalization, or it is penalized in this way already.

    Logs: `gradient_penalty`, before the weight.

    Example:

    >>> import keras_gans as kg
    >>> gan = kg.models.GAN(
    ...     kg.networks.mlp_generator((2,), latent_dim=2, hidden_units=(8,)),
    ...     kg.networks.mlp_discriminator((2,), hidden_units=(8,)),
    ...     latent_dim=2,
    ...     techniques=[kg.techniques.GradientPenalty(weight=1.0)],
    ... )
    >>> gan.loss_names
    ('g_loss', 'd_loss', 'gradient_penalty')

    References:
        - Gulrajani et al. 2017, Improved Training of Wasserstein GANs, equation 3.
        - Fedus et al. 2018, Many Paths to Equilibrium, section 2.3: with the non-saturating loss.
    """

    loss_names = ("gradient_penalty",)

    def __init__(
        self, weight: FloatOrSchedule = 10.0, one_sided: bool = False, every: int = 1, **kwargs
    ) -> None:
        super().__init__(weight, every, **kwargs)
        self.one_sided = _checks.boolean("one_sided", one_sided)

    def prepare(self, model: keras.Model) -> None:
        super().prepare(model)
        if "gradient_penalty" in model.loss_names:
            raise ValueError(
                "`techniques` must not hold GradientPenalty here: the model has a gradient penalty "
                f"already. Received: a {type(model).__name__}"
            )

    def penalty(
        self, discriminate: ConditionalCritic, model: keras.Model, real: Tensor, fake: Tensor
    ) -> Tensor:
        alpha = model.draw(keras.random.uniform, ops.shape(real)[0])
        return penalties.gradient_penalty(
            discriminate, real, fake, one_sided=self.one_sided, alpha=alpha
        )
