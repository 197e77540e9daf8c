"""Top-k training (Sinha et al. 2020)."""

from typing import Any

import keras
from keras import ops

from keras_gans import _replicas, losses
from keras_gans._hyperparameters import Hyperparameter
from keras_gans._typing import FloatOrSchedule, Tensor
from keras_gans.techniques.technique import Technique, refuse_decay_of_schedule


@keras.saving.register_keras_serializable(package="keras_gans")
class TopK(Technique):
    """Let the generator learn from those fakes of a mini-batch that look most real.

    Of B fakes the generator's loss is the mean over the k with the highest logits. What the
    discriminator is surest of, its gradient would move away from the data as often as not. k begins
    as B and shrinks, as the discriminator gets to know more: after t updates of the generator it is
    B · max(fraction · decayᵗ, min(fraction, minimum)), rounded, and at least 1. The attribute
    `fraction` is k / B as it is now. The paper's k shrinks with epochs.

    The k are the best of the global mini-batch. The loss is taken to be a mean over examples, or
    over pairs of a real one and a fake, as all objectives of the package are.

    Args:
        fraction: Float in (0, 1], k / B at the start, or a schedule of it. Defaults to `1.0`.
        decay: Float in (0, 1], factor of the fraction for each update of the generator; `1.0` keeps
            it. Defaults to `None`: 0.9999, a half after 6,931 updates, or 1 for a schedule.
        minimum: Float in [0, 1], or a schedule, where the decay ends, the paper's ν. It says
            nothing about a `fraction` that is a schedule. Defaults to `0.5`.

    Raises:
        ValueError, TypeError: If a number is out of range.

    Example:

    >>> import keras_gans as kg
    >>> best = kg.techniques.TopK(decay=0.999, minimum=0.75)

    Reference:
        Sinha et al. 2020, Top-k Training of GANs: Improving GAN Performance by Throwing Away Bad
        Samples, section 3.
    """

    fraction = Hyperparameter(0.0, 1.0, low_open=True)
    decay = Hyperparameter(0.0, 1.0, low_open=True, check=refuse_decay_of_schedule("fraction"))
    minimum = Hyperparameter(0.0, 1.0)

    def __init__(
        self,
        fraction: FloatOrSchedule = 1.0,
        decay: FloatOrSchedule | None = None,
        minimum: FloatOrSchedule = 0.5,
        **kwargs,
    ) -> None:
        super().__init__(**kwargs)
        self.fraction = fraction
        if decay is None:
            decay = 1.0 if self.is_scheduled("fraction") else 0.9999
        self.decay = decay
        self.minimum = minimum

    def objective(self, objective: losses.Objective) -> losses.Objective:
        def generator(real_logits, fake_logits):
            of_examples = loss_of_each(objective.generator, real_logits, fake_logits)
            return mean_of_best(of_examples, fake_logits, self.fraction)

        return losses.Objective(
            objective.discriminator, generator, objective.name, objective.relativistic
        )

    def update(self, model: keras.Model, network: str, outputs: dict[str, Any]) -> None:
        if network == "generator" and not self.is_scheduled("fraction"):
            shrunk = ops.maximum(self.fraction * self.decay, self.minimum)
            self.fraction = ops.minimum(self.fraction, shrunk)


def loss_of_each(loss, real_logits: Tensor | None, fake_logits: Tensor) -> Tensor:
    """A loss, which is a mean over examples or pairs, of each of them: `(num,)`."""
    if real_logits is None:
        return ops.vectorized_map(lambda fake: loss(None, fake[None]), fake_logits)
    return ops.vectorized_map(
        lambda pair: loss(pair[0][None], pair[1][None]), (real_logits, fake_logits)
    )


def mean_of_best(values: Tensor, logits: Tensor, fraction: Tensor | float) -> Tensor:
    """The mean of the values with the highest logits of the global batch, on each replica its part.

    Averaged over replicas it is the mean.
    """
    scores = ops.stop_gradient(ops.mean(logits, axis=tuple(range(1, len(logits.shape)))))
    all_scores = _replicas.gather(scores)
    ranks = _replicas.own_part(ops.argsort(ops.argsort(-all_scores)), scores)
    num, num_own = (ops.cast(ops.shape(x)[0], values.dtype) for x in (all_scores, scores))
    k = ops.maximum(ops.round(ops.cast(fraction, values.dtype) * num), 1)
    of_best = ops.where(ops.cast(ranks, values.dtype) < k, values, 0)
    return ops.sum(of_best) / k * (num / num_own)
