"""Label smoothing (Salimans et al. 2016)."""

import keras
from keras import ops

from keras_gans import losses
from keras_gans._hyperparameters import Hyperparameter
from keras_gans._typing import FloatOrSchedule
from keras_gans.techniques.technique import Technique


@keras.saving.register_keras_serializable(package="keras_gans")
class LabelSmoothing(Technique):
    """Make the discriminator less confident: smooth the targets of its cross-entropy.

    With targets α for real and β for fake examples the discriminator minimizes

        −E[α log D(x) + (1 − α) log(1 − D(x))] − E[β log D(G(z)) + (1 − β) log(1 − D(G(z)))],

    whose optimum is D*(x) = (α p_r(x) + β p_g(x)) / (p_r(x) + p_g(x)). Where there is no data, this
    is β: with β > 0 samples far from the data are told to stay there. So the default smooths one
    side only. The generator's loss is left as it is.

    Args:
        real: Float in (0, 1], or a schedule, the target α of real examples. Defaults to `0.9`.
        fake: Float in [0, 1), below `real`, or a schedule, the target β of fakes. Defaults to
            `0.0`: one-sided.

    Raises:
        ValueError, TypeError: If a target is out of range; by the model, if its objective is not a
            cross-entropy with targets (`"minimax"`, `"non_saturating"`).

    Example:

    >>> import keras_gans as kg
    >>> gan = kg.models.GAN(
    ...     kg.networks.mlp_generator((2,), latent_dim=2, hidden_units=(8,)),
    ...     kg.networks.mlp_discriminator((2,), hidden_units=(8,)),
    ...     latent_dim=2,
    ...     techniques=[kg.techniques.LabelSmoothing(real=0.9)],
    ... )

    Reference:
        Salimans et al. 2016, Improved Techniques for Training GANs, section 3.4.
    """

    real = Hyperparameter(
        0.0,
        1.0,
        low_open=True,
        check=lambda self, real: check_targets(real, getattr(self, "fake", 0.0)),
    )
    fake = Hyperparameter(
        0.0, 1.0, high_open=True, check=lambda self, fake: check_targets(self.real, fake)
    )

    def __init__(self, real: FloatOrSchedule = 0.9, fake: FloatOrSchedule = 0.0, **kwargs) -> None:
        super().__init__(**kwargs)
        self.real = real
        self.fake = fake

    def objective(self, objective: losses.Objective) -> losses.Objective:
        if objective.discriminator is not losses.cross_entropy_discriminator_loss:
            raise ValueError(
                "`techniques` must not hold LabelSmoothing here: it moves the targets of a "
                "cross-entropy, and the objective has no such targets (a Wasserstein critic has "
                "none; LSGAN takes its own as a, b, c; and targets are smoothed once). "
                f"Received: objective {objective.name!r}"
            )
        return losses.Objective(
            lambda real_logits, fake_logits: (
                cross_entropy(self.real, real_logits) + cross_entropy(self.fake, fake_logits)
            ),
            objective.generator,
            objective.name,
            objective.relativistic,
        )


def check_targets(real, fake):
    """Refuse targets that are the wrong way round."""
    if fake >= real:
        raise ValueError(
            "`fake` must be below `real`: the discriminator tells real from fake. "
            f"Received: real={real!r}, fake={fake!r}"
        )


def cross_entropy(target, logits):
    """−E[t log σ(logit) + (1 − t) log(1 − σ(logit))]."""
    return ops.mean(target * ops.softplus(-logits) + (1 - target) * ops.softplus(logits))
