"""Objectives of the two-player game, as pairs of plain functions of logits.

An `Objective` holds what the discriminator minimizes and what the generator minimizes, both
functions of the logits of real and of fake examples. Logits are the raw outputs of the
discriminator, of any shape; each loss is their mean, in their dtype, and infinite beyond it.

A new objective is one new pair: see `Objective`.
"""

import functools
import inspect

import keras
from keras import ops

from keras_gans import _checks
from keras_gans._configured import Fixed
from keras_gans._typing import Config, Loss, Tensor

__all__ = [
    "Objective",
    "get",
    "hinge",
    "least_squares",
    "least_squares_with_codes",
    "minimax",
    "non_saturating",
    "relativistic",
    "wasserstein",
]

_register = keras.saving.register_keras_serializable(package="keras_gans")


@_register
class Objective(Fixed):
    """A pair of losses: one for the discriminator, one for the generator.

    Args:
        discriminator: Function of `(real_logits, fake_logits)` that returns a scalar.
        generator: Function of `(real_logits, fake_logits)` that returns a scalar.
        name: String, how the objective is called. Defaults to `"custom"`.
        relativistic: Boolean, whether the generator's loss depends on the real logits, too. They
            are computed in its update for such an objective alone, as many as there are fakes; for
            others `real_logits` is `None` there. Defaults to `False`.

    Raises:
        TypeError: If either loss is not a function of two arguments.

    Functions registered with `keras.saving.register_keras_serializable` are saved with a model.

    Example:

    >>> import keras
    >>> from keras_gans import losses
    >>> squared_hinge = losses.Objective(
    ...     discriminator=lambda real, fake: keras.ops.mean(keras.ops.relu(1 - real) ** 2)
    ...     + keras.ops.mean(keras.ops.relu(1 + fake) ** 2),
    ...     generator=lambda real, fake: -keras.ops.mean(fake),
    ... )
    """

    def __init__(
        self,
        discriminator: Loss,
        generator: Loss,
        name: str = "custom",
        relativistic: bool = False,
    ) -> None:
        _check_is_loss("discriminator", discriminator)
        _check_is_loss("generator", generator)
        self.discriminator = discriminator
        self.generator = generator
        self.name = name
        self.relativistic = _checks.boolean("relativistic", relativistic)

    def get_config(self) -> Config:
        return {
            "discriminator": keras.saving.serialize_keras_object(self.discriminator),
            "generator": keras.saving.serialize_keras_object(self.generator),
            "name": self.name,
            "relativistic": self.relativistic,
        }

    @classmethod
    def from_config(cls, config: Config) -> "Objective":
        return cls(
            keras.saving.deserialize_keras_object(config["discriminator"]),
            keras.saving.deserialize_keras_object(config["generator"]),
            config["name"],
            config.get("relativistic", False),
        )

    def __repr__(self):
        return f"<Objective {self.name}>"


def _check_is_loss(argument, loss):
    if not (callable(loss) and _takes_two(loss)):
        raise TypeError(
            f"`{argument}` must be a function of (real_logits, fake_logits). "
            f"Received: {argument}={loss!r}"
        )


def _takes_two(function):
    try:
        inspect.signature(function).bind(None, None)
    except TypeError:
        return False
    except ValueError:  # of a built-in function, of which it is not known
        pass
    return True


@_register
def cross_entropy_discriminator_loss(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """−E log D(x) − E log(1 − D(G(z))), with D the sigmoid of the logits."""
    return ops.mean(ops.softplus(-real_logits)) + ops.mean(ops.softplus(fake_logits))


@_register
def minimax_generator_loss(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """E log(1 − D(G(z))): its gradient vanishes where D is sure that the fakes are fake."""
    return -ops.mean(ops.softplus(fake_logits))


@_register
def non_saturating_generator_loss(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """−E log D(G(z)): strong gradients exactly where the minimax loss has none."""
    return ops.mean(ops.softplus(-fake_logits))


@_register
def least_squares_discriminator_loss(
    real_logits: Tensor, fake_logits: Tensor, a: float = 0.0, b: float = 1.0
) -> Tensor:
    """½ E(D(x) − b)² + ½ E(D(G(z)) − a)², by default in the 0-1 coding."""
    return 0.5 * (ops.mean(ops.square(real_logits - b)) + ops.mean(ops.square(fake_logits - a)))


@_register
def least_squares_generator_loss(
    real_logits: Tensor, fake_logits: Tensor, c: float = 1.0
) -> Tensor:
    """½ E(D(G(z)) − c)², by default in the 0-1 coding."""
    return 0.5 * ops.mean(ops.square(fake_logits - c))


@_register
def wasserstein_discriminator_loss(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """E D(G(z)) − E D(x): the negated Kantorovich–Rubinstein dual for a 1-Lipschitz critic."""
    return ops.mean(fake_logits) - ops.mean(real_logits)


@_register
def hinge_discriminator_loss(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """E max(0, 1 − D(x)) + E max(0, 1 + D(G(z)))."""
    return ops.mean(ops.relu(1 - real_logits)) + ops.mean(ops.relu(1 + fake_logits))


@_register
def relativistic_discriminator_loss(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """−E log σ(D(x) − D(G(z))): each real example is to look more real than its fake."""
    return ops.mean(ops.softplus(fake_logits - real_logits))


@_register
def relativistic_generator_loss(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """−E log σ(D(G(z)) − D(x)): each fake is to look more real than its real example."""
    return ops.mean(ops.softplus(real_logits - fake_logits))


@_register
def linear_generator_loss(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """−E D(G(z)): the generator's side of the Wasserstein and hinge objectives."""
    return -ops.mean(fake_logits)


#: Goodfellow et al. 2014, equation 1.
minimax = Objective(cross_entropy_discriminator_loss, minimax_generator_loss, "minimax")

#: Goodfellow et al. 2014, section 3: the generator maximizes log D(G(z)) instead.
non_saturating = Objective(
    cross_entropy_discriminator_loss, non_saturating_generator_loss, "non_saturating"
)

#: Mao et al. 2017 (LSGAN), equation 9.
least_squares = Objective(
    least_squares_discriminator_loss, least_squares_generator_loss, "least_squares"
)

#: Arjovsky et al. 2017 (WGAN), equations 2 and 3.
wasserstein = Objective(wasserstein_discriminator_loss, linear_generator_loss, "wasserstein")

#: Lim and Ye 2017 (Geometric GAN); Miyato et al. 2018, equations 16 and 17.
hinge = Objective(hinge_discriminator_loss, linear_generator_loss, "hinge")

#: Jolicoeur-Martineau 2019 (RpGAN); Huang et al. 2024 (R3GAN), equation 3. Logits are paired by
#: their position.
relativistic = Objective(
    relativistic_discriminator_loss,
    relativistic_generator_loss,
    "relativistic",
    relativistic=True,
)


def least_squares_with_codes(a: float, b: float, c: float) -> Objective:
    """Return the least-squares objective of any coding.

    The discriminator minimizes ½ E(D(x) − b)² + ½ E(D(G(z)) − a)², the generator
    ½ E(D(G(z)) − c)²: `least_squares` is a = 0, b = c = 1.

    Args:
        a: Float, code of fakes.
        b: Float, code of real examples.
        c: Float, what the generator wants its fakes to be taken for.

    Raises:
        ValueError, TypeError: If `a` equals `b`, or one of them is not a number.

    Example:

    >>> import keras
    >>> from keras_gans import losses
    >>> objective = losses.least_squares_with_codes(a=-1.0, b=1.0, c=0.0)
    >>> float(objective.generator(None, keras.ops.array([2.0])))
    2.0

    Reference:
        Mao et al. 2017, Least Squares Generative Adversarial Networks, equation 2.
    """
    a, b, c = (_checks.real_number(name, x) for name, x in (("a", a), ("b", b), ("c", c)))
    if a == b:
        raise ValueError(f"`a` and `b` must differ. Received: a={a!r}, b={b!r}")
    return Objective(
        functools.partial(least_squares_discriminator_loss, a=a, b=b),
        functools.partial(least_squares_generator_loss, c=c),
        "least_squares_with_codes",
    )


_BY_NAME = {
    o.name: o for o in (minimax, non_saturating, least_squares, wasserstein, hinge, relativistic)
}


def get(objective: str | Objective) -> Objective:
    """Return an `Objective` from its name, or the `Objective` itself.

    Args:
        objective: `Objective`, or one of `"minimax"`, `"non_saturating"`, `"least_squares"`,
            `"wasserstein"`, `"hinge"`, `"relativistic"`.

    Raises:
        ValueError: If there is no objective of that name.

    Example:

    >>> from keras_gans import losses
    >>> losses.get("hinge")
    <Objective hinge>
    """
    if isinstance(objective, Objective):
        return objective
    if isinstance(objective, str) and objective in _BY_NAME:
        return _BY_NAME[objective]
    raise ValueError(
        f"`objective` must be a keras_gans.losses.Objective or one of {list(_BY_NAME)}. "
        f"Received: objective={objective!r}"
    )
