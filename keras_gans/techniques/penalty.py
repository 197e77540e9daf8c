"""What the penalties on the discriminator's gradient share."""

import keras

from keras_gans._examples import images_of, with_images
from keras_gans._typing import ConditionalCritic, Examples, Tensor
from keras_gans.penalties import refuse_batch_normalization
from keras_gans.techniques.lazy import LazyRegularization


class Penalty(LazyRegularization):
    """Base class: add a penalty on the discriminator's gradient to its loss.

    A subclass states `loss_names`, the one name that the penalty is logged under, before its
    weight, and `penalty(discriminate, model, real, fake)`.

    Args:
        weight: Float ≥ 0, or a schedule, weight of the penalty.
        every: Positive integer k: lazy regularization, the penalty in every k-th update of the
            discriminator, with k times the weight (Karras et al. 2020, appendix B). Replicas that
            share a batch compute it in each, to the same effect. Defaults to `1`.

    Raises:
        ValueError, TypeError: If a number is out of range; by the model, if its discriminator uses
            batch normalization.

    Example:

    >>> import keras_gans as kg
    >>> class ZeroCentered(kg.techniques.Penalty):
    ...     '''R1 and R2 at once.'''
    ...
    ...     loss_names = ("zero_centered",)
    ...
    ...     def penalty(self, discriminate, model, real, fake):
    ...         r1_penalty = kg.penalties.r1_penalty
    ...         at_fake = r1_penalty(lambda x: discriminate(x, "fake"), fake)
    ...         return r1_penalty(discriminate, real) + at_fake
    >>> technique = ZeroCentered(weight=1.0, every=4)
    """

    network = "discriminator"

    def prepare(self, model: keras.Model) -> None:
        refuse_batch_normalization("discriminator", model.discriminator)
        super().prepare(model)

    def penalty(
        self, discriminate: ConditionalCritic, model: keras.Model, real: Tensor, fake: Tensor
    ) -> Tensor:
        """Return the penalty, a scalar.

        Args:
            discriminate: Function from images `(batch, …)` to logits, through the augmentation of
                the techniques. A second argument, `"real"` or `"fake"`, says whose condition the
                images have, by default that of the real examples.
            model: The model.
            real: Real images.
            fake: As many fakes.
        """
        raise NotImplementedError

    def term(self, model: keras.Model, real: Examples, fake: Examples) -> Tensor:
        examples = {"real": real, "fake": fake}

        def discriminate(images, condition="real"):
            return model.discriminate(with_images(examples[condition], images), training=True)

        return self.penalty(discriminate, model, images_of(real), images_of(fake))
