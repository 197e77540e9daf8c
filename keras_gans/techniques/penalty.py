"""What the penalties on the discriminator's gradient share."""

from typing import Any

import keras
import tensorflow as tf
from keras import ops

from keras_gans import _checks, _replicas
from keras_gans._examples import images_of, with_images
from keras_gans._hyperparameters import Hyperparameter
from keras_gans._loss_result import LossResult
from keras_gans._typing import ConditionalCritic, Examples, FloatOrSchedule, Tensor
from keras_gans.penalties import refuse_batch_normalization
from keras_gans.techniques.technique import Technique


class Penalty(Technique):
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

    weight = Hyperparameter(low=0.0)

    def __init__(self, weight: FloatOrSchedule, every: int = 1, **kwargs) -> None:
        super().__init__(**kwargs)
        self.weight = weight
        self.every = _checks.positive_int("every", every)

    def prepare(self, model: keras.Model) -> None:
        refuse_batch_normalization("discriminator", model.discriminator)
        self.updates = self.add_state("updates", dtype="int64")

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

    def loss(
        self, model: keras.Model, network: str, loss: LossResult, real: Examples, fake: Examples
    ) -> LossResult:
        if network != "discriminator":
            return loss

        examples = {"real": real, "fake": fake}

        def discriminate(images, condition="real"):
            return model.discriminate(with_images(examples[condition], images), training=True)

        def penalty():
            value = self.penalty(discriminate, model, images_of(real), images_of(fake))
            return ops.cast(value * self.every, loss.loss.dtype)

        (name,) = self.loss_names
        return loss.plus(name, self._when_due(penalty, model, loss.loss.dtype), self.weight)

    def _when_due(self, penalty, model, dtype):
        if self.every == 1:
            return penalty()
        is_due = tf.equal(self.updates.value % self.every, 0)
        if _replicas.context() is None:
            return tf.cond(is_due, penalty, lambda: tf.zeros((), dtype))
        # Replicas do not meet inside a condition: they compute it, and drop it with all its traces.
        with keras.StatelessScope() as scope:
            value = penalty()
        for variable in model.non_trainable_variables:
            changed = scope.get_current_value(variable)
            if changed is not None:
                variable.assign(tf.where(is_due, changed, variable.value))
        return tf.where(is_due, value, tf.zeros((), dtype))

    def update(self, model: keras.Model, network: str, outputs: dict[str, Any]) -> None:
        if network == "discriminator":
            self.updates.assign_add(1)
