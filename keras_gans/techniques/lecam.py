"""LeCam regularization (Tseng et al. 2021)."""

from typing import Any

import keras
from keras import ops

from keras_gans import _replicas
from keras_gans._hyperparameters import Hyperparameter
from keras_gans._loss_result import LossResult
from keras_gans._precision import as_float
from keras_gans._typing import Examples, FloatOrSchedule
from keras_gans.techniques.technique import Technique


@keras.saving.register_keras_serializable(package="keras_gans")
class LeCam(Technique):
    """Hold the discriminator's logits of real and fake examples near each other's past means.

    Adds to the discriminator's loss, with α_R and α_F moving averages of its mean logits of real
    examples and of fakes,

        λ (E max(0, D(x) − α_F)² + E max(0, α_R − D(G(z)))²),

    which grows as the discriminator gets surer than it was: a help where it learns few examples by
    heart. For the Wasserstein objective it is the LeCam divergence that is minimized. The paper
    writes it without the maxima, which are in the authors' code.

    The averages are those after the last update; in the first one there are none, and the term is
    zero. The authors' code of BigGAN averages with a decay of 0.9, and has the term from update
    1,000 on: `weight=keras.optimizers.schedules.PiecewiseConstantDecay([1000], [0.0, 0.3])`. Logits
    of StyleGAN2 are larger: there the authors' weights are 3e-7 to 1e-6.

    Args:
        weight: Float ≥ 0, or a schedule, the paper's λ. Defaults to `0.3`, that of the authors'
            BigGAN.
        decay: Float in [0, 1], or a schedule, of the moving averages. Defaults to `0.99`.

    Raises:
        ValueError, TypeError: If a number is out of range.

    Logs: `lecam`, before the weight.

    Example:

    >>> import keras_gans as kg
    >>> regularization = kg.techniques.LeCam(weight=0.1)

    Reference:
        Tseng et al. 2021, Regularizing Generative Adversarial Networks under Limited Data, equation
        5 and section 3.2.
    """

    loss_names = ("lecam",)
    weight = Hyperparameter(low=0.0)
    decay = Hyperparameter(0.0, 1.0)

    def __init__(
        self, weight: FloatOrSchedule = 0.3, decay: FloatOrSchedule = 0.99, **kwargs
    ) -> None:
        super().__init__(**kwargs)
        self.weight = weight
        self.decay = decay

    def prepare(self, model: keras.Model) -> None:
        self.has_a_past = self.add_state("has_a_past")
        self.mean_real = self.add_state("mean_real")
        self.mean_fake = self.add_state("mean_fake")

    def loss(
        self, model: keras.Model, network: str, loss: LossResult, real: Examples, fake: Examples
    ) -> LossResult:
        if network != "discriminator":
            return loss
        logits = loss.handed_on
        term = mean_squared_excess(logits["real_logits"] - as_float(self.mean_fake))
        term += mean_squared_excess(as_float(self.mean_real) - logits["fake_logits"])
        return loss.plus("lecam", as_float(self.has_a_past) * term, self.weight)

    def update(self, model: keras.Model, network: str, outputs: dict[str, Any]) -> None:
        if network != "discriminator":
            return
        decay = self.decay * as_float(self.has_a_past)
        for mean, name in ((self.mean_real, "real_logits"), (self.mean_fake, "fake_logits")):
            present = _replicas.mean(ops.mean(outputs[name]))
            following = decay * as_float(mean) + (1 - decay) * as_float(present)
            mean.assign(ops.cast(following, mean.dtype))
        self.has_a_past.assign(1.0)


def mean_squared_excess(x):
    """E max(0, x)²."""
    return ops.mean(ops.square(ops.relu(x)))
