"""R1: gradient penalty at real examples (Mescheder et al. 2018)."""

import keras

from keras_gans import penalties
from keras_gans._typing import ConditionalCritic, FloatOrSchedule, Tensor
from keras_gans.techniques.penalty import Penalty


@keras.saving.register_keras_serializable(package="keras_gans")
class R1(Penalty):
    """Penalize the squared norm of the discriminator's gradient at real examples.

    Adds γ/2 E ‖∇D(x)‖² to the discriminator's loss, D its logits, whatever the objective is. The
    gradient is taken at the examples themselves, through the augmentation of other techniques.

    Args:
        weight: Float ≥ 0, or a schedule, the paper's γ. Defaults to `10.0`.
        every: Positive integer k: the penalty in every k-th update of the discriminator, with k
            times the weight, which StyleGAN2 calls lazy regularization. Defaults to `1`.

    Raises:
        ValueError, TypeError: If a number is out of range; by the model, if its discriminator uses
            batch normalization.

    Logs: `r1`, ½ E ‖∇D(x)‖², before the weight.

    Example:

    >>> import keras_gans as kg
    >>> penalty = kg.techniques.R1(weight=1.0, every=16)

    References:
        - Mescheder et al. 2018, Which Training Methods for GANs do actually Converge?, equation 9.
        - Karras et al. 2020, Analyzing and Improving the Image Quality of StyleGAN, section 3.1.
    """

    loss_names = ("r1",)

    def __init__(self, weight: FloatOrSchedule = 10.0, every: int = 1, **kwargs) -> None:
        super().__init__(weight, every, **kwargs)

    def penalty(
        self, discriminate: ConditionalCritic, model: keras.Model, real: Tensor, fake: Tensor
    ) -> Tensor:
        return penalties.r1_penalty(discriminate, real)
