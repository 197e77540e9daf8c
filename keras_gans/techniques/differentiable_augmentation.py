"""Differentiable augmentation (Zhao et al. 2020)."""

from collections.abc import Sequence

import keras
from keras import ops

from keras_gans._typing import Tensor
from keras_gans.techniques import operations
from keras_gans.techniques.augmentation import Augmentation, check_policy
from keras_gans.techniques.draws import Draws

POLICY = ("color", "translation", "cutout")


@keras.saving.register_keras_serializable(package="keras_gans")
class DifferentiableAugmentation(Augmentation):
    """Augment all images that the discriminator sees, real and fake, in the updates of both.

    A discriminator that has learned few images by heart teaches nothing. Augmenting the real ones
    alone would teach the generator to make augmented images; augmenting all, with gradients through
    it, does not. The operations are those of the authors' code, in this order, with numbers drawn
    for each image:

    - `"color"`: add U(−½, ½); multiply the distance from the mean over channels by U(0, 2), and
      that from the image's mean by U(½, 1½);
    - `"translation"`: move by up to an eighth of each side, and fill up with zeros;
    - `"cutout"`: set a rectangle of half the sides to zero. Its center is anywhere in the image,
      and what is outside is cut off.

    For images in [−1, 1] zero is gray, as in the authors' code. Whatever the probability, images
    are changed: `AdaptiveAugmentation` leaves most of them alone while it can.

    Args:
        policy: List of operations to apply, `"color"`, `"translation"`, `"cutout"`. Defaults to all
            three. For a hundred images all are best; two are enough for thousands.

    Raises:
        ValueError, TypeError: If `policy` names an unknown operation or one twice; by the model, if
            it does not learn from images.

    Example:

    >>> import numpy as np, keras_gans as kg
    >>> gan = kg.models.GAN(
    ...     kg.networks.dcgan_generator((8, 8, 1), latent_dim=4, filters=4),
    ...     kg.networks.dcgan_discriminator((8, 8, 1), filters=4),
    ...     latent_dim=4,
    ...     techniques=[kg.techniques.DifferentiableAugmentation(["translation", "cutout"])],
    ... )
    >>> gan.compile()
    >>> images = np.random.default_rng(0).uniform(-1, 1, (32, 8, 8, 1))
    >>> history = gan.fit(images, batch_size=8, verbose=0)

    Reference:
        Zhao et al. 2020, Differentiable Augmentation for Data-Efficient GAN Training, section 3.
    """

    def __init__(self, policy: Sequence[str] = POLICY, **kwargs) -> None:
        super().__init__(**kwargs)
        self.policy = check_policy(policy, POLICY)

    def augmented(self, model: keras.Model, images: Tensor) -> Tensor:
        draws = Draws.of(model, images, uniform=7)
        for name in POLICY:
            if name in self.policy:
                images = OPERATIONS[name](images, draws)
        return images


def color(images: Tensor, draws: Draws) -> Tensor:
    """Brightness, saturation and contrast."""
    images = operations.brightness(images, draws.uniform(-0.5, 0.5))
    images = operations.saturation(images, draws.uniform(0.0, 2.0))
    mean = ops.mean(images, axis=(1, 2, 3), keepdims=True)
    return operations.contrast(images, draws.uniform(0.5, 1.5), mean)


def translation(images: Tensor, draws: Draws) -> Tensor:
    """Up to an eighth of each side, in whole pixels."""
    farthest = [int(side / 8 + 0.5) for side in images.shape[1:3]]
    down, right = (draws.below(2 * pixels + 1) - pixels for pixels in farthest)
    return operations.shift(images, down, right)


def cutout(images: Tensor, draws: Draws) -> Tensor:
    """Half the sides, in whole pixels."""
    sizes = [int(side / 2 + 0.5) for side in images.shape[1:3]]
    top, left = (
        draws.below(side + (size + 1) % 2) - size // 2
        for side, size in zip(images.shape[1:3], sizes, strict=True)
    )
    height, width = (ops.full_like(top, size) for size in sizes)
    return operations.cutout(images, top, left, height, width)


OPERATIONS = {"color": color, "translation": translation, "cutout": cutout}
