"""The game of a generator and a discriminator: its losses, and the techniques that change it."""

from collections.abc import Callable, Sequence
from typing import Any

from keras_gans import losses
from keras_gans._loss_result import LossResult
from keras_gans._precision import as_float
from keras_gans._read_only import call_network, read_only
from keras_gans._typing import Examples, Tensor
from keras_gans.techniques import technique


class Game:
    """What the losses of a model with a generator and a discriminator are.

    It needs `in_use(name, training)`, and what techniques ask of a model.

    Args:
        objective, techniques: See `GAN`.
    """

    in_use: Callable[..., Any]

    def agree_on(
        self, objective: str | losses.Objective, techniques: Sequence[technique.Technique]
    ) -> None:
        """Begin with an objective and techniques, when both networks are there."""
        self.objective = losses.get(objective)
        self.techniques = tuple(technique.check(techniques))
        self.combination = technique.Combination(self.techniques)
        self.combination.prepare(self)
        self.objective_in(training=True)

    def discriminate(
        self, examples: Examples, training: bool = False, call: Callable[..., Tensor] = call_network
    ) -> Tensor:
        """Return the discriminator's logits: the only way to it, for losses and penalties.

        Args:
            examples: Real examples or fakes, as the discriminator takes them.
            training: Boolean, whether the techniques' augmentation comes before the discriminator,
                as in training. Defaults to `False`.
            call: Function of `(network, inputs, training)` that calls the discriminator, or a part
                of it. Defaults to a plain call.

        Returns:
            Float tensor `(batch, …)`.
        """
        if training:
            examples = self.combination.augment(self, examples)
        return as_float(call(self.in_use("discriminator", training), examples, training))

    def with_techniques(
        self, network: str, loss: LossResult, real: Examples, fake: Examples
    ) -> LossResult:
        """Add the techniques' terms to what `"discriminator"` or `"generator"` minimizes."""
        return self.combination.loss(self, network, loss, real, fake)

    def discriminator_training_loss(self, real: Examples, fake: Examples) -> LossResult:
        """What the discriminator minimizes in training: its loss, and the terms of techniques."""
        adversarial = self.discriminator_loss(real, fake)
        return self.with_techniques("discriminator", adversarial, real, fake)

    def generator_training_loss(
        self, real: Examples, fake: Examples, like_fake: Examples
    ) -> LossResult:
        """What the generator minimizes in training, likewise.

        Args:
            real: Real examples, which some techniques compare with.
            fake: Fakes.
            like_fake: As many real examples as fakes, which they are paired with.
        """
        fake_logits = self.discriminate(fake, training=True, call=read_only)
        real_logits = None
        if self.objective_in(training=True).relativistic:
            real_logits = self.discriminate(like_fake, training=True, call=read_only)
        adversarial = self.generator_loss(real_logits, fake_logits)
        return self.with_techniques("generator", adversarial, real, fake)

    def objective_in(self, training: bool) -> losses.Objective:
        """The objective as the techniques want it in training, and as it is in evaluation."""
        return self.combination.objective(self.objective) if training else self.objective

    def discriminator_loss(
        self, real: Examples, fake: Examples, training: bool = True
    ) -> LossResult:
        real_logits = self.discriminate(real, training)
        fake_logits = self.discriminate(fake, training)
        loss = self.objective_in(training).discriminator(real_logits, fake_logits)
        logits = {"real_logits": real_logits, "fake_logits": fake_logits}
        return LossResult({"d_loss": loss}, handed_on=logits)

    def generator_loss(
        self, real_logits: Tensor | None, fake_logits: Tensor, training: bool = True
    ) -> LossResult:
        loss = self.objective_in(training).generator(real_logits, fake_logits)
        logits = {"real_logits": real_logits, "fake_logits": fake_logits}
        return LossResult({"g_loss": loss}, handed_on=logits)
