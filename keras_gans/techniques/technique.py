"""The narrow interface between a model of two networks and its techniques."""

import collections.abc
import math
from typing import Any

import keras

from keras_gans import losses
from keras_gans._hyperparameters import Tunable
from keras_gans._loss_result import LossResult
from keras_gans._origin import is_from
from keras_gans._typing import Examples, Initializer, Shape


class Technique(Tunable, keras.layers.Layer):
    """Base class of the techniques: a handful of hooks, each of which changes nothing by itself.

    A technique is a Keras layer without inputs: weights that it adds in `prepare` are saved,
    distributed and resumed with the model. It overrides the hooks that it needs:

    - `prepare(model)`: once, when the model is made. Check that the model allows the technique, and
      add weights.
    - `objective(objective)`: return the objective to train with, or refuse it.
    - `replay(model, fake)`: return the fakes that the discriminator learns from.
    - `augment(model, examples)`: return the examples, real or fake, as the discriminator sees them
      in training. It is a part of `model.discriminate`, so that gradients go through it.
    - `pack_size`: how many examples, augmented, the discriminator judges at once, in training and
      in evaluations: side by side on the last axis, with one logit for all.
    - `loss(model, network, loss, real, fake)`: return the `LossResult` of `network`, `"generator"`
      or `"discriminator"`: for a term of its own, `loss.plus(name, term, weight)`. `loss_names`
      are the names of such terms, which are logged.
    - `update(model, network, outputs)`: after each update of `network`. `outputs` is what its loss
      hands on: `real_logits` and `fake_logits` of this replica, as they were computed for the loss;
      the former only where they were.

    Examples are what the discriminator takes: a tensor, or a list of images and what they are
    conditioned on. `model.discriminate(examples, training=True)` gives its logits. Noise comes from
    `model.draw`, so that it does not depend on the number of replicas.

    Example:

    >>> import keras, keras_gans as kg
    >>> class LogitPenalty(kg.techniques.Technique):
    ...     '''Keep the discriminator's outputs on real examples near zero.'''
    ...
    ...     loss_names = ("logit_penalty",)
    ...
    ...     def loss(self, model, network, loss, real, fake):
    ...         if network != "discriminator":
    ...             return loss
    ...         penalty = keras.ops.mean(loss.handed_on["real_logits"] ** 2)
    ...         return loss.plus("logit_penalty", penalty, weight=1e-3)
    >>> gan = kg.models.GAN(
    ...     kg.networks.mlp_generator((2,), latent_dim=2, hidden_units=(8,)),
    ...     kg.networks.mlp_discriminator((2,), hidden_units=(8,)),
    ...     latent_dim=2,
    ...     techniques=[LogitPenalty(), kg.techniques.InstanceNoise(0.1)],
    ... )
    >>> gan.loss_names
    ('g_loss', 'd_loss', 'logit_penalty')
    """

    loss_names: tuple[str, ...] = ()
    pack_size = 1

    def __init__(self, **kwargs) -> None:
        super().__init__(**kwargs)
        self.in_use = False
        self.built = True

    @property
    def mixes_examples(self) -> bool:
        """Whether examples of a batch may meet in what `augment` makes of them: see `_mixing`.

        Those of this package keep each to itself. One from elsewhere may say so, too.
        """
        hooks = (getattr(type(self), name, None) for name in ("augment", "augmented"))
        return any(hook and not is_from(hook) for hook in hooks)

    def prepare(self, model: keras.Model) -> None:
        pass

    def objective(self, objective: losses.Objective) -> losses.Objective:
        return objective

    def replay(self, model: keras.Model, fake: Examples) -> Examples:
        return fake

    def augment(self, model: keras.Model, examples: Examples) -> Examples:
        return examples

    def loss(
        self, model: keras.Model, network: str, loss: LossResult, real: Examples, fake: Examples
    ) -> LossResult:
        return loss

    def update(self, model: keras.Model, network: str, outputs: dict[str, Any]) -> None:
        pass

    def add_state(
        self,
        name: str,
        shape: Shape = (),
        dtype: str = "float32",
        initializer: Initializer = "zeros",
    ) -> keras.Variable:
        """Add a weight that no gradient trains, and that all replicas keep alike."""
        return self.add_weight(
            name=name,
            shape=shape,
            dtype=dtype,
            initializer=initializer,
            trainable=False,
            aggregation="only_first_replica",
        )


def refuse_decay_of_schedule(name):
    """Return a check of `decay`, the factor of the hyperparameter `name` for each update."""

    def check(technique, decay):
        if decay != 1.0 and technique.is_scheduled(name):
            raise ValueError(
                f"`decay` must be None or 1.0 beside a schedule, which says all about `{name}`. "
                f"Received: decay={decay!r}"
            )

    return check


class Combination:
    """Several techniques as one: every hook goes through all of them, in their order."""

    def __init__(self, techniques: collections.abc.Sequence[Technique]) -> None:
        self.techniques = techniques

    @property
    def loss_names(self) -> tuple[str, ...]:
        names = (name for technique in self.techniques for name in technique.loss_names)
        return tuple(dict.fromkeys(names))

    @property
    def pack_size(self) -> int:
        return math.prod(technique.pack_size for technique in self.techniques)

    def prepare(self, model: keras.Model) -> None:
        for technique in self.techniques:
            if technique.in_use:
                raise ValueError(
                    "`techniques` must be new for each model, as they keep its state. Received: "
                    f"{technique.name!r}, which belongs to another model"
                )
            technique.prepare(model)
            technique.in_use = True

    def objective(self, objective: losses.Objective) -> losses.Objective:
        for technique in self.techniques:
            objective = technique.objective(objective)
        return objective

    def replay(self, model: keras.Model, fake: Examples) -> Examples:
        for technique in self.techniques:
            fake = technique.replay(model, fake)
        return fake

    def augment(self, model: keras.Model, examples: Examples) -> Examples:
        for technique in self.techniques:
            examples = technique.augment(model, examples)
        return examples

    def loss(
        self, model: keras.Model, network: str, loss: LossResult, real: Examples, fake: Examples
    ) -> LossResult:
        for technique in self.techniques:
            loss = technique.loss(model, network, loss, real, fake)
        return loss

    def update(self, model: keras.Model, network: str, outputs: dict[str, Any]) -> None:
        for technique in self.techniques:
            technique.update(model, network, outputs)


def pack_size_of(techniques: collections.abc.Sequence[Technique]) -> int:
    """How many examples a discriminator judges at once, in a model with these techniques."""
    return Combination(check(techniques)).pack_size


def check(techniques: collections.abc.Sequence[Technique]) -> list[Technique]:
    """Return techniques as a list of different ones, or say what is wrong with them."""
    if not isinstance(techniques, collections.abc.Sequence):
        raise TypeError(
            "`techniques` must be a list of keras_gans.techniques. "
            f"Received: techniques={techniques!r}"
        )
    techniques = list(techniques)
    for technique in techniques:
        if not isinstance(technique, Technique):
            raise TypeError(
                "`techniques` must hold keras_gans.techniques. "
                f"Received: {technique!r} of type {type(technique).__name__}"
            )
    if len({id(technique) for technique in techniques}) < len(techniques):
        raise ValueError("`techniques` must be different objects. Received: one object twice")
    return techniques
