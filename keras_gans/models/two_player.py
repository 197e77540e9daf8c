"""The game of two players: a generator of anything, and a discriminator of what it makes."""

import functools
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import keras
import tensorflow as tf
from keras import ops

from keras_gans import _checks, losses
from keras_gans._examples import (
    check_whole_packs,
    each_repeated,
    images_of,
    in_whole_packs,
)
from keras_gans._loss_result import LossResult
from keras_gans._mixing import mixes_examples
from keras_gans._read_only import read_only
from keras_gans._typing import Examples, FloatOrSchedule, Optimizer, Shape, Tensor, Tensors
from keras_gans.models.averages import DecayOfAverages
from keras_gans.models.game import Game
from keras_gans.models.generative_model import GenerativeModel
from keras_gans.models.moving_average import MovingAverage
from keras_gans.techniques import technique


class TwoPlayer(Game, GenerativeModel):
    """Base class: a generator and a discriminator that learn from each other.

    It is the training step of Goodfellow et al. 2014, with any objective and techniques, and knows
    nothing of what the generator takes: latents, as that of a `GAN`, or images, as that of an
    `SRGAN`. A subclass states

    - `check_networks(generator, discriminator)`, which refuses networks that do not fit;
    - `fake_examples(real, generator, training)`: as many fakes as there are real examples;
    - what a `GenerativeModel` states besides.

    Args:
        generator, discriminator: Built Sequential or functional `keras.Model`s.
        n_critic, objective, techniques, ema_decay, seed, **kwargs: See `GAN`.

    Logs: `g_loss` and `d_loss`, and what techniques add.
    """

    optimizer_networks = {"g_optimizer": ("generator",), "d_optimizer": ("discriminator",)}
    loss_names: tuple[str, ...] = ("g_loss", "d_loss")
    generator_batch_multiple = 1
    ema_decay = DecayOfAverages("generator")

    def __init__(
        self,
        generator: keras.Model,
        discriminator: keras.Model,
        n_critic: int = 1,
        objective: str | losses.Objective = "non_saturating",
        techniques: Sequence[technique.Technique] = (),
        ema_decay: FloatOrSchedule | None = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(seed=seed, **kwargs)
        self.adopt(techniques)
        self.check_networks(generator, discriminator)
        self.generator = generator
        self.discriminator = discriminator
        self.n_critic = _checks.positive_int("n_critic", n_critic)
        self.ema_decay = ema_decay
        self.begin(objective)
        self.log_also(*self.combination.loss_names)

    def check_networks(self, generator: keras.Model, discriminator: keras.Model) -> None:
        """Refuse networks that do not fit each other, or the model."""

    def fake_examples(
        self, real: Examples, generator: Callable[..., Tensor], training: bool = True
    ) -> Examples:
        """Return as many fakes as there are real examples, as the discriminator takes them.

        `generator` is a function of what the generator takes.
        """
        raise NotImplementedError

    def default_optimizers(self) -> dict[str, keras.optimizers.Optimizer]:
        """Adam with the DCGAN paper's learning rate 2e-4 and β₁ 0.5."""
        return {
            "g_optimizer": keras.optimizers.Adam(2e-4, beta_1=0.5, name="g_adam"),
            "d_optimizer": keras.optimizers.Adam(2e-4, beta_1=0.5, name="d_adam"),
        }

    def compile(  # type: ignore[override]  # the optimizers come first
        self,
        g_optimizer: Optimizer | None = None,
        d_optimizer: Optimizer | None = None,
        **kwargs: Any,
    ) -> None:
        """Give both networks their optimizers.

        Args:
            g_optimizer: Keras optimizer of the generator. Defaults to the paper's.
            d_optimizer: Keras optimizer of the discriminator. Defaults to the paper's.
            **kwargs: `metrics`, `run_eagerly`, `steps_per_execution`, `jit_compile`,
                `auto_scale_loss`, `total_steps`; see `GenerativeModel.compile`.
        """
        super().compile(g_optimizer=g_optimizer, d_optimizer=d_optimizer, **kwargs)

    # Algorithm 1

    @property
    def batches_per_step(self) -> int:
        return self.n_critic

    def train_step(self, data: Tensors) -> dict[str, Tensor]:
        for real, fake in self.pairs_of_mini_batches(self.real_examples(data)):
            self.record(self.train_discriminator(real, fake))
        self.record(self.train_generator(real))
        return self.logs()

    def mini_batches(self, examples: Examples) -> list[Examples]:
        """Cut one step's examples into its mini-batches, of which updates take one each."""
        size = images_of(examples).shape[0]
        num = self.batches_per_step
        if size is not None and size % num:
            raise ValueError(
                f"A step needs {num} mini-batches of one size, one for each update that takes "
                f"new real examples. Received: {size} examples"
            )
        return [tf.nest.map_structure(lambda x, j=j: x[j::num], examples) for j in range(num)]

    def pairs_of_mini_batches(self, examples: Examples) -> Iterator[tuple[Examples, Examples]]:
        """Yield each mini-batch of real examples of one step, and one of as many fakes.

        The fakes of all are of one call of the generator, where that is the same.
        """
        real = self.mini_batches(examples)
        if mixes_examples(self.generator):
            yield from ((batch, self.fakes(batch)) for batch in real)
        else:
            yield from zip(real, self.mini_batches(self.fakes(examples)), strict=True)

    def fakes(self, real: Examples) -> Examples:
        """As many fakes as there are real examples, of a generator that another update trains."""
        generator = self.in_use("generator", training=True)
        return self.fake_examples(real, functools.partial(read_only, generator))

    def train_discriminator(self, real: Examples, fake: Examples | None = None) -> LossResult:
        """Update the discriminator on a mini-batch of real examples and one of fakes.

        Those may be given, where they were made before.
        """
        fake = self.combination.replay(self, self.fakes(real) if fake is None else fake)

        result = self.minimize("d_optimizer", lambda: self.discriminator_training_loss(real, fake))
        self.combination.update(self, "discriminator", result.handed_on)
        return result

    def train_generator(self, real: Examples) -> LossResult:
        """Update the generator on a mini-batch of noise.

        Of the real examples only the number and the condition matter, but for relativistic
        objectives and `FeatureMatching`.
        """
        like_fake = each_repeated(real, self.generator_batch_multiple)
        generator = self.in_use("generator", training=True)

        def loss():
            fake = self.fake_examples(like_fake, functools.partial(generator, training=True))
            return self.generator_training_loss(real, fake, like_fake)

        result = self.minimize("g_optimizer", loss)
        self.combination.update(self, "generator", result.handed_on)
        return result

    def test_step(self, data: Tensors) -> dict[str, Tensor]:
        real = self.real_examples(data)
        fake = self.fake_examples(real, self.call, training=False)
        batch_size = ops.shape(images_of(real))[0]
        judged = [in_whole_packs(examples, self.pack_size) for examples in (real, fake)]
        of_discriminator = self.discriminator_loss(judged[0], judged[1], training=False)
        of_generator = self.generator_loss(**of_discriminator.handed_on, training=False)
        self.record(of_discriminator, batch_size)
        self.record(of_generator, batch_size)
        self.update_sample_metrics(images_of(real), images_of(fake))
        return self.logs()

    def training_batches(
        self, x: Any, y: Any, batch_size: int | None, shuffle_seed: int | None
    ) -> Any:
        batches = super().training_batches(x, y, batch_size, shuffle_seed)
        if isinstance(batches, tf.data.Dataset):
            size = tf.nest.flatten(batches.element_spec)[0].shape[0]
            replicas = self.distribute_strategy.num_replicas_in_sync
            if size is not None:
                check_whole_packs(size // (self.batches_per_step * replicas), self.pack_size)
        return batches

    @property
    def ema_generator(self) -> MovingAverage | None:
        """The moving average of the generator, which samples are drawn from, or `None`.

        It is called as the generator is; `ema_generator.copy()` is a plain `keras.Model`.
        """
        return self.averages.get("generator")

    @property
    def logits_shape(self) -> Shape:
        """Shape of what `discriminate` returns, with `None` for the number of examples."""
        return self.discriminator.output_shape
