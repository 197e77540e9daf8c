"""The game of a generator and a discriminator: its losses, and the techniques that change it."""

from collections.abc import Callable, Sequence
from typing import Any

import keras

from keras_gans import losses
from keras_gans._examples import alternating, packs_of
from keras_gans._loss_result import LossResult
from keras_gans._mixing import mixes_examples
from keras_gans._precision import as_float
from keras_gans._read_only import call_network, read_only
from keras_gans._typing import Examples, Shape, Tensor, Tensors
from keras_gans.techniques import technique


class Game:
    """What the losses of a model with a generator and a discriminator are.

    A class that has it calls `adopt(techniques)`, then sets `generator` and `discriminator`, then
    calls `begin(objective)`. Of a model it needs `in_use(name, training)`, and what techniques ask
    for.
    """

    #: Whether the discriminator may judge several examples at once: see `techniques.Packing`.
    takes_packs = False

    generator: keras.Model
    discriminator: keras.Model
    in_use: Callable[..., Any]

    def adopt(self, techniques: Sequence[technique.Technique]) -> None:
        """Take techniques, which may change what the discriminator takes."""
        self.combination = technique.Combination(technique.check(techniques))
        if self.pack_size > 1 and not self.takes_packs:
            raise ValueError(
                "`techniques` must not hold Packing here: packs are of examples by themselves, "
                "that have no condition, class or counterpart. "
                f"Received: Packing of {self.pack_size}"
            )

    def begin(self, objective: str | losses.Objective) -> None:
        """Take an objective, and let the techniques prepare for both networks."""
        self.objective = losses.get(objective)
        self.techniques = tuple(self.combination.techniques)
        self.combination.prepare(self)
        self.objective_in(training=True)

    @property
    def pack_size(self) -> int:
        """How many examples the discriminator judges at once."""
        return self.combination.pack_size

    @property
    def judged_shape(self) -> Shape:
        """Shape of one example, without its condition, as `discriminate` takes it."""
        *sides, last = self.discriminator.inputs[0].shape[1:]
        return (*sides, last // self.pack_size)

    def codes_of(self, inputs: Tensors) -> Tensors:
        """What examples are made of, from what the generator takes: by default the same.

        A subclass whose generator has two halves returns what the first makes, in training.
        """
        return inputs

    def examples_of(self, codes: Tensors) -> Tensor:
        """Return the examples that the generator makes of codes, in training."""
        return as_float(self.in_use("generator", training=True)(codes, training=True))

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
            Float tensor `(batch, …)`, or one logit for each pack of examples.
        """
        if training:
            examples = self.combination.augment(self, examples)
        examples = packs_of(examples, self.pack_size)
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

    def discriminate_both(
        self, real: Examples, fake: Examples, training: bool = False
    ) -> tuple[Tensor, Tensor]:
        """Return the logits of as many real examples as fakes: of one call, where that is the same.

        It is not where examples of a batch meet, as in batch normalization.
        """
        parts = [self.discriminator, *self.techniques]
        if any(map(mixes_examples, parts)):
            return self.discriminate(real, training), self.discriminate(fake, training)
        logits = self.discriminate(alternating(real, fake, self.pack_size), training)
        return logits[0::2], logits[1::2]

    def discriminator_loss(
        self, real: Examples, fake: Examples, training: bool = True
    ) -> LossResult:
        real_logits, fake_logits = self.discriminate_both(real, fake, training)
        return self.loss_of_logits("discriminator", real_logits, fake_logits, training)

    def generator_loss(
        self, real_logits: Tensor | None, fake_logits: Tensor, training: bool = True
    ) -> LossResult:
        return self.loss_of_logits("generator", real_logits, fake_logits, training)

    def loss_of_logits(
        self, network: str, real_logits: Tensor | None, fake_logits: Tensor, training: bool
    ) -> LossResult:
        """The objective's loss of `"discriminator"` or `"generator"`, which hands on the logits."""
        loss = getattr(self.objective_in(training), network)(real_logits, fake_logits)
        logits = {"real_logits": real_logits, "fake_logits": fake_logits}
        return LossResult({f"{network[0]}_loss": loss}, handed_on=logits)
