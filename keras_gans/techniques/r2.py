"""R2: gradient penalty at fakes (Mescheder et al. 2018)."""

import keras

from keras_gans import penalties
from keras_gans._typing import ConditionalCritic, FloatOrSchedule, Tensor
from keras_gans.techniques.penalty import Penalty


@keras.saving.register_keras_serializable(package="keras_gans")
class R2(Penalty):
    """Penalize the squared norm of the discriminator's gradient at fakes.

    Adds γ/2 E ‖∇D(G(z))‖² to the discriminator's loss, D its logits, whatever the objective is. The
    fakes are those that the discriminator learns from, with their conditions, and the gradient is
    taken through the augmentation of other techniques.

    Args:
        weight: Float ≥ 0, or a schedule, the paper's γ. Defaults to `10.0`.
        every: Positive integer k: the penalty in every k-th update of the discriminator, with k
            times the weight. Defaults to `1`.

    Raises:
        ValueError, TypeError: If a number is out of range; by the model, if its discriminator uses
            batch normalization.

    Logs: `r2`, ½ E ‖∇D(G(z))‖², before the weight.

    Example:

    >>> import keras_gans as kg
    >>> both = [kg.techniques.R1(weight=1.0), kg.techniques.R2(weight=1.0)]

    References:
        - Mescheder et al. 2018, Which Training Methods for GANs do actually Converge?, equation 10.
        - Huang et al. 2024, The GAN is dead; long live the GAN!, section 2.2: both penalties.
    """

    loss_names = ("r2",)

    def __init__(self, weight: FloatOrSchedule = 10.0, every: int = 1, **kwargs) -> None:
        super().__init__(weight, every, **kwargs)

    def penalty(
        self, discriminate: ConditionalCritic, model: keras.Model, real: Tensor, fake: Tensor
    ) -> Tensor:
        return penalties.r1_penalty(lambda images: discriminate(images, "fake"), fake)
