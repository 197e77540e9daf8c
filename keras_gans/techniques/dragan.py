"""DRAGAN: gradient penalty around real examples (Kodali et al. 2017)."""

import keras
from keras import ops

from keras_gans import _replicas, penalties
from keras_gans._typing import ConditionalCritic, FloatOrSchedule, Tensor
from keras_gans.techniques.penalty import Penalty


@keras.saving.register_keras_serializable(package="keras_gans")
class DRAGAN(Penalty):
    """Hold the norm of the discriminator's gradient near 1 around real examples.

    Adds λ E (‖∇D(x̂)‖₂ − 1)² to the discriminator's loss, D its logits, whatever the objective is.
    The points are those of the authors' code, x̂ = x + α·½σu, where every number of u and, for each
    example, α are drawn from U(0, 1), and σ is the standard deviation of all numbers in the
    mini-batch; the paper writes x̂ = x + δ with δ ~ N(0, cI).

    Args:
        weight: Float ≥ 0, or a schedule, the paper's λ. Defaults to `10.0`.
        every: Positive integer k: the penalty in every k-th update of the discriminator, with k
            times the weight. Defaults to `1`.

    Raises:
        ValueError, TypeError: If a number is out of range; by the model, if its discriminator uses
            batch normalization.

    Logs: `dragan`, before the weight.

    Example:

    >>> import keras_gans as kg
    >>> penalty = kg.techniques.DRAGAN(weight=10.0)

    References:
        - Kodali et al. 2017, On Convergence and Stability of GANs, algorithm 1.
        - Fedus et al. 2018, Many Paths to Equilibrium, section 2.3.
    """

    loss_names = ("dragan",)

    def __init__(self, weight: FloatOrSchedule = 10.0, every: int = 1, **kwargs) -> None:
        super().__init__(weight, every, **kwargs)

    def penalty(
        self, discriminate: ConditionalCritic, model: keras.Model, real: Tensor, fake: Tensor
    ) -> Tensor:
        num, shape = ops.shape(real)[0], tuple(real.shape[1:])
        noise = model.draw(keras.random.uniform, num, shape)
        nearby = real + 0.5 * standard_deviation(real) * noise
        alpha = model.draw(keras.random.uniform, num)
        return penalties.gradient_penalty(discriminate, nearby, real, alpha=alpha)


def standard_deviation(examples):
    """That of all numbers in the global mini-batch."""
    mean = _replicas.mean(ops.mean(examples))
    return ops.sqrt(_replicas.mean(ops.mean(ops.square(examples - mean))))
