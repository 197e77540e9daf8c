"""Consistency regularization of discriminators (Zhang et al. 2020, Zhao et al. 2021)."""

from collections.abc import Sequence

import keras
from keras import ops

from keras_gans import _checks
from keras_gans._examples import images_of, with_images
from keras_gans._hyperparameters import Hyperparameter
from keras_gans._loss_result import LossResult
from keras_gans._typing import Examples, FloatOrSchedule, Tensor
from keras_gans.techniques import operations
from keras_gans.techniques.augmentation import check_policy, refuse_all_but_images
from keras_gans.techniques.draws import Draws
from keras_gans.techniques.technique import Technique

POLICY = ("flip", "translation")


@keras.saving.register_keras_serializable(package="keras_gans")
class ConsistencyRegularization(Technique):
    """Ask the discriminator for the same logits of an image and of the image moved.

    Adds λ E (D(x) − D(T(x)))² to the discriminator's loss, D its logits, and T a random move: half
    of the images are mirrored left to right, and all are moved by up to an eighth of each side, at
    least a pixel, filled up by reflection. Balanced, the same is added for fakes. The generator
    learns from images that are not moved.

    A discriminator to which a mirrored image is as good as the image lets the generator make
    either: leave `"flip"` out for images that it makes others of, such as digits.

    Args:
        weight: Float ≥ 0, or a schedule, the paper's λ. Defaults to `10.0`.
        balanced: Boolean, whether fakes are moved, too, with the same weight (bCR). Defaults to
            `False` (CR).
        policy: List of what T is made of, `"flip"`, `"translation"`. Defaults to both.

    Raises:
        ValueError, TypeError: If an argument is out of range, or `policy` names an unknown
            operation or one twice; by the model, if it does not learn from images.

    Logs: `consistency`, before the weight; balanced, the sum for real examples and fakes.

    Example:

    >>> import keras_gans as kg
    >>> balanced = kg.techniques.ConsistencyRegularization(balanced=True, policy=["translation"])

    References:
        - Zhang et al. 2020, Consistency Regularization for Generative Adversarial Networks,
          equation 4.
        - Zhao et al. 2021, Improved Consistency Regularization for GANs, algorithm 1. Its other
          part, about latents (zCR), is not here.
    """

    loss_names = ("consistency",)
    weight = Hyperparameter(low=0.0)

    def __init__(
        self,
        weight: FloatOrSchedule = 10.0,
        balanced: bool = False,
        policy: Sequence[str] = POLICY,
        **kwargs,
    ) -> None:
        super().__init__(**kwargs)
        self.weight = weight
        self.balanced = _checks.boolean("balanced", balanced)
        self.policy = check_policy(policy, POLICY)

    def prepare(self, model: keras.Model) -> None:
        refuse_all_but_images(self, model)

    def loss(
        self, model: keras.Model, network: str, loss: LossResult, real: Examples, fake: Examples
    ) -> LossResult:
        if network != "discriminator":
            return loss
        logits = loss.handed_on
        term = self.inconsistency(model, real, logits["real_logits"])
        if self.balanced:
            term += self.inconsistency(model, fake, logits["fake_logits"])
        return loss.plus("consistency", term, self.weight)

    def inconsistency(self, model: keras.Model, examples: Examples, logits: Tensor) -> Tensor:
        """E (D(x) − D(T(x)))² of examples whose logits are known."""
        moved = with_images(examples, self.moved(model, images_of(examples)))
        return ops.mean(ops.square(logits - model.discriminate(moved, training=True)))

    def moved(self, model: keras.Model, images: Tensor) -> Tensor:
        """T of images `(num, height, width, channels)`."""
        draws = Draws.of(model, images, uniform=3)
        if "flip" in self.policy:
            images = operations.flip(images, draws.uniform() < 0.5)
        if "translation" in self.policy:
            farthest = [max(side // 8, 1) for side in images.shape[1:3]]
            down, right = (draws.below(2 * pixels + 1) - pixels for pixels in farthest)
            images = operations.shift(images, down, right, reflect=True)
        return images
