"""What augmentations share: they change images, as the discriminator sees them."""

from collections.abc import Sequence

import keras

from keras_gans import _checks
from keras_gans._examples import images_of, with_images
from keras_gans._typing import Examples, Tensor
from keras_gans.techniques.technique import Technique


class Augmentation(Technique):
    """Base class: change all images that the discriminator sees in training, real and fake.

    So it is in the updates of both networks, with gradients through it; penalties are on the
    gradient by the images as they were. What images are conditioned on is left alone. A subclass
    states `augmented(model, images)`.
    """

    def prepare(self, model: keras.Model) -> None:
        refuse_all_but_images(self, model)

    def augment(self, model: keras.Model, examples: Examples) -> Examples:
        return with_images(examples, self.augmented(model, images_of(examples)))

    def augmented(self, model: keras.Model, images: Tensor) -> Tensor:
        """Return images `(num, height, width, channels)` as the discriminator shall see them."""
        raise NotImplementedError


def refuse_all_but_images(technique: Technique, model: keras.Model) -> None:
    """Refuse a model whose discriminator does not judge images of one size."""
    shape = model.judged_shape
    if len(shape) != 3 or None in shape or min(shape[:2]) < 2:
        raise ValueError(
            f"`techniques` must not hold {type(technique).__name__} here: it moves pixels of "
            "images (height, width, channels) with sides of at least 2. Received: a discriminator "
            f"of examples of shape {shape}"
        )


def check_policy(policy: Sequence[str], known: Sequence[str]) -> tuple[str, ...]:
    """Return the names of operations, all known and different, or say what is wrong with them."""
    if isinstance(policy, str) or not isinstance(policy, Sequence):
        raise TypeError(
            f"`policy` must be a list of some of {list(known)}. Received: policy={policy!r}"
        )
    if not policy:
        raise ValueError(f"`policy` must name some of {list(known)}. Received: policy={policy!r}")
    found = tuple(_checks.one_of("policy", name, known) for name in policy)
    if len(set(found)) < len(found):
        raise ValueError(f"`policy` must name each operation once. Received: policy={policy!r}")
    return found
