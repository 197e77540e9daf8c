"""The narrow interface between a two-player game and its stabilisers."""

import collections.abc

import keras

from keras_gans._hyperparameters import Tunable


class Technique(Tunable, keras.layers.Layer):
    """Base class of the stabilisers: a handful of hooks, each of which leaves the game as it is.

    A technique is a Keras layer without inputs: weights that it adds in `prepare` are saved,
    distributed and resumed with the model. It overrides the hooks that it needs:

    - `prepare(game)`: once, when the model is made. Check that the game allows the technique, and
      add weights.
    - `objective(objective)`: return the objective to play in training, or refuse it.
    - `replay(game, fake)`: return the fakes that the discriminator learns from.
    - `view(game, examples)`: return the examples, real or fake, as the discriminator sees them, in
      the updates of both players.
    - `loss(game, player, loss, real, fake)`: return the loss that `player`, `"generator"` or
      `"discriminator"`, minimises. `real` and `fake` are as the discriminator sees them.
    - `update(game, player)`: after each update of `player`.

    `game` is the model. Examples are what its discriminator takes: a tensor, or a list of images
    and labels. Noise comes from `game.draw`, so that it does not depend on the number of replicas.

    Example:

    >>> import keras, keras_gans as kg
    >>> class LogitPenalty(kg.techniques.Technique):
    ...     '''Keep the discriminator's outputs on real examples near zero.'''
    ...
    ...     def loss(self, game, player, loss, real, fake):
    ...         if player == "discriminator":
    ...             logits = game.discriminator(real, training=True)
    ...             loss += 1e-3 * keras.ops.mean(logits**2)
    ...         return loss
    >>> gan = kg.models.GAN(
    ...     kg.networks.mlp_generator((2,), latent_dim=2, hidden_units=(8,)),
    ...     kg.networks.mlp_discriminator((2,), hidden_units=(8,)),
    ...     latent_dim=2,
    ...     techniques=[LogitPenalty(), kg.techniques.InstanceNoise(0.1)],
    ... )
    """

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.in_use = False
        self.built = True

    def prepare(self, game):
        pass

    def objective(self, objective):
        return objective

    def replay(self, game, fake):
        return fake

    def view(self, game, examples):
        return examples

    def loss(self, game, player, loss, real, fake):
        return loss

    def update(self, game, player):
        pass

    def add_state(self, name, shape=(), dtype="float32", initializer="zeros"):
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

    def __init__(self, techniques):
        self.techniques = techniques

    def prepare(self, game):
        for technique in self.techniques:
            if technique.in_use:
                raise ValueError(
                    "`techniques` must be new for each model, as they keep its state. Received: "
                    f"{technique.name!r}, which belongs to another model"
                )
            technique.prepare(game)
            technique.in_use = True

    def objective(self, objective):
        for technique in self.techniques:
            objective = technique.objective(objective)
        return objective

    def replay(self, game, fake):
        for technique in self.techniques:
            fake = technique.replay(game, fake)
        return fake

    def view(self, game, examples):
        for technique in self.techniques:
            examples = technique.view(game, examples)
        return examples

    def loss(self, game, player, loss, real, fake):
        for technique in self.techniques:
            loss = technique.loss(game, player, loss, real, fake)
        return loss

    def update(self, game, player):
        for technique in self.techniques:
            technique.update(game, player)


def check(techniques):
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
