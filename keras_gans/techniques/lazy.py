"""Terms of a loss that are computed in every k-th update only."""

from typing import Any

import keras
import tensorflow as tf
from keras import ops

from keras_gans import _checks, _replicas
from keras_gans._condition import value_if
from keras_gans._hyperparameters import Hyperparameter
from keras_gans._loss_result import LossResult
from keras_gans._typing import Examples, FloatOrSchedule, Tensor
from keras_gans.techniques.technique import Technique


class LazyRegularization(Technique):
    """Base class: add a term to the loss of one network, in every k-th of its updates.

    A subclass states `network`, `"discriminator"` or `"generator"`; `loss_names`, the one name that
    the term is logged under, before its weight; and `term(model, real, fake)`, which that network
    learns from, and the generator through the fakes, too.

    Args:
        weight: Float ≥ 0, or a schedule, weight of the term.
        every: Positive integer k: the term in every k-th update of the network, with k times the
            weight. Replicas that share a batch compute it in each, to the same effect. Defaults to
            `1`.

    Raises:
        ValueError, TypeError: If a number is out of range.

    Example:

    >>> import keras, keras_gans as kg
    >>> class Bound(kg.techniques.LazyRegularization):
    ...     '''Keep what the generator makes near zero.'''
    ...
    ...     network = "generator"
    ...     loss_names = ("bound",)
    ...
    ...     def term(self, model, real, fake):
    ...         return keras.ops.mean(fake**2)
    >>> technique = Bound(weight=0.01, every=4)

    Reference:
        Karras et al. 2020, Analyzing and Improving the Image Quality of StyleGAN, section 3.1 and
        appendix B.
    """

    network = ""
    weight = Hyperparameter(low=0.0)

    def __init__(self, weight: FloatOrSchedule, every: int = 1, **kwargs) -> None:
        super().__init__(**kwargs)
        self.weight = weight
        self.every = _checks.positive_int("every", every)

    def prepare(self, model: keras.Model) -> None:
        self.updates = self.add_state("updates", dtype="int64")

    def term(self, model: keras.Model, real: Examples, fake: Examples) -> Tensor:
        """Return the term, a scalar, of real examples and of fakes."""
        raise NotImplementedError

    def loss(
        self, model: keras.Model, network: str, loss: LossResult, real: Examples, fake: Examples
    ) -> LossResult:
        if network != self.network:
            return loss

        def term():
            return ops.cast(self.term(model, real, fake) * self.every, loss.loss.dtype)

        weights = [weight.value for weight in getattr(model, network).trainable_weights]
        (name,) = self.loss_names
        value = self._when_due(term, model, [weights, fake], loss.loss.dtype)
        return loss.plus(name, value, self.weight)

    def _when_due(self, term, model, sources, dtype):
        if self.every == 1:
            return term()
        is_due = tf.equal(self.updates.value % self.every, 0)
        if _replicas.context() is None:
            return value_if(is_due, term, sources, dtype)
        # Replicas do not meet inside a condition: they compute it, and drop it with all its traces.
        with keras.StatelessScope() as scope:
            value = term()
        for variable in model.non_trainable_variables:
            changed = scope.get_current_value(variable)
            if changed is not None:
                variable.assign(tf.where(is_due, changed, variable.value))
        return tf.where(is_due, value, tf.zeros((), dtype))

    def update(self, model: keras.Model, network: str, outputs: dict[str, Any]) -> None:
        if network == self.network:
            self.updates.assign_add(1)
