"""The two-player game of Goodfellow et al. 2014."""

import functools
from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from keras_gans import _checks, losses, networks, serving
from keras_gans._examples import each_repeated, images_of
from keras_gans._loss_result import LossResult
from keras_gans._precision import as_float
from keras_gans._read_only import call_network, read_only
from keras_gans._typing import (
    ArrayLike,
    Examples,
    FloatOrSchedule,
    Optimizer,
    Shape,
    Tensor,
    Tensors,
)
from keras_gans.data import specs
from keras_gans.data.sources import DatasetInfo
from keras_gans.models import checks
from keras_gans.models.averages import DecayOfAverages
from keras_gans.models.latent_model import LatentModel, with_labels
from keras_gans.models.moving_average import MovingAverage
from keras_gans.techniques import technique


@keras.saving.register_keras_serializable(package="keras_gans")
class GAN(LatentModel):
    """Generative adversarial network: a generator and a discriminator in a game of two players.

    One training step is one iteration of the paper's Algorithm 1:

        for n_critic steps:
            sample a mini-batch of noise and a fresh mini-batch of data;
            update the discriminator by descending the gradient of its loss
        sample a mini-batch of noise;
        update the generator by descending the gradient of its loss

    Args:
        generator: Built Sequential or functional `keras.Model` from latents
            `(batch, latent_dim)` to examples.
        discriminator: Likewise, from examples to logits `(batch, …)`, without sigmoid.
        latent_dim: Positive integer, size of the latent vectors.
        n_critic: Positive integer, discriminator updates for each generator update: the paper's k.
            Each takes a mini-batch of its own. Defaults to `1`.
        objective: `keras_gans.losses.Objective` or its name. Defaults to `"non_saturating"`;
            `"minimax"` is the paper's equation 1.
        techniques: List of `keras_gans.techniques`, applied in its order. Defaults to none.
        ema_decay: Float in [0, 1), or a schedule, or `None`. If given, `sample`, `evaluate`,
            metrics and `export` use `ema_generator`, a moving average of the generator with this
            decay, which is lower in the first updates: see `MovingAverage`. `generator` remains the
            network in training. Defaults to `None`.
        seed: Integer or `None`, seed of the noise drawn in training. Defaults to `None`.
        generator_batch_multiple: Positive integer, fakes in a mini-batch of the generator for each
            example in one of the discriminator. Defaults to `1`.
        **kwargs: `name`, `dtype`, `trainable` of `keras.Model`.

    Raises:
        ValueError, TypeError: If a network is not built, the networks do not fit each other or
            `latent_dim`, the discriminator ends in a sigmoid or the like, a number is out of range,
            or a technique makes no sense for the objective.

    Logs: `d_loss`, the mean over the discriminator's updates, and `g_loss`; what techniques add is
    in them, and is logged besides under names of its own. `evaluate` gives the losses of the
    objective without techniques, for held-out data.

    Example:

    >>> import numpy as np, keras_gans as kg
    >>> gan = kg.models.GAN(
    ...     generator=kg.networks.mlp_generator((2,), latent_dim=2, hidden_units=(32,)),
    ...     discriminator=kg.networks.mlp_discriminator((2,), hidden_units=(32,)),
    ...     latent_dim=2,
    ... )
    >>> gan.compile()
    >>> history = gan.fit(kg.data.ring_of_gaussians().sample(512), batch_size=64, verbose=0)
    >>> gan.sample(5).shape
    (5, 2)

    Reference:
        Goodfellow et al. 2014, Generative Adversarial Nets, Algorithm 1.
    """

    optimizer_networks = {"g_optimizer": ("generator",), "d_optimizer": ("discriminator",)}
    loss_names: tuple[str, ...] = ("g_loss", "d_loss")
    ema_decay = DecayOfAverages("generator")

    #: How the discriminator that `for_images` makes is normalized.
    discriminator_normalization: str | None = "batch"

    def __init__(
        self,
        generator: keras.Model,
        discriminator: keras.Model,
        latent_dim: int,
        n_critic: int = 1,
        objective: str | losses.Objective = "non_saturating",
        techniques: Sequence[technique.Technique] = (),
        ema_decay: FloatOrSchedule | None = None,
        seed: int | None = None,
        generator_batch_multiple: int = 1,
        **kwargs: Any,
    ) -> None:
        super().__init__(latent_dim, seed, **kwargs)
        _check_networks(generator, discriminator, self.latent_dim, self.condition_spec)
        self.generator = generator
        self.discriminator = discriminator
        self.n_critic = _checks.positive_int("n_critic", n_critic)
        self.generator_batch_multiple = _checks.positive_int(
            "generator_batch_multiple", generator_batch_multiple
        )
        self.objective = losses.get(objective)
        self.ema_decay = ema_decay
        self.techniques = tuple(technique.check(techniques))
        self.combination = technique.Combination(self.techniques)
        self.combination.prepare(self)
        self.objective_in(training=True)
        self.log_also(*self.combination.loss_names)

    @classmethod
    def for_images(
        cls,
        info: DatasetInfo,
        latent_dim: int = 64,
        filters: int = 64,
        ema_decay: FloatOrSchedule | None = 0.998,
        **kwargs: Any,
    ) -> "GAN":
        """Return a model for the images of a dataset, with the networks of the DCGAN paper's kind.

        Args:
            info: `keras_gans.data.DatasetInfo`, as `keras_gans.data.load` returns it.
            latent_dim: Positive integer, size of the latent vectors. Defaults to `64`.
            filters: Positive integer, channels of the layers next to the image. Defaults to `64`.
            ema_decay: See the constructor. Defaults to `0.998`.
            **kwargs: Other arguments of the constructor.

        Returns:
            An instance of this class, not compiled.

        Raises:
            ValueError, TypeError: As the constructor; and if the model is one of classes, and the
                dataset has none.

        Example:

        >>> import keras_gans as kg
        >>> digits, info = kg.data.load("digits")
        >>> kg.models.GAN.for_images(info, latent_dim=8, filters=4).sample(2).shape
        (2, 8, 8, 1)
        """
        made = cls.networks_for_images(info, latent_dim, filters)
        return cls(latent_dim=latent_dim, ema_decay=ema_decay, **{**made, **kwargs})

    @classmethod
    def networks_for_images(
        cls, info: DatasetInfo, latent_dim: int, filters: int, num_classes: int | None = None
    ) -> dict[str, Any]:
        """Return what `for_images` gives the constructor of the dataset: networks by argument."""
        shape, normalization = info.image_shape, cls.discriminator_normalization
        classes: dict[str, Any] = {"num_classes": num_classes}
        return {
            "generator": networks.dcgan_generator(shape, latent_dim, filters, **classes),
            "discriminator": networks.dcgan_discriminator(
                shape, filters, normalization=normalization, **classes
            ),
        }

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
        for real in self.mini_batches(self.real_examples(data)):
            self.record(self.train_discriminator(real))
        self.record(self.train_generator(real))
        return self.logs()

    def mini_batches(self, examples: Examples) -> list[Examples]:
        """Cut one step's examples into a mini-batch for each discriminator update."""
        size = images_of(examples).shape[0]
        if size is not None and size % self.n_critic:
            raise ValueError(
                f"A step needs {self.n_critic} mini-batches of one size, as `n_critic` says. "
                f"Received: {size} examples"
            )
        return [
            tf.nest.map_structure(lambda x, j=j: x[j :: self.n_critic], examples)
            for j in range(self.n_critic)
        ]

    def train_discriminator(self, real: Examples) -> LossResult:
        """Update the discriminator on a mini-batch of real examples and one of fakes."""
        fake = self.fake_examples(real, functools.partial(read_only, self.generator))
        fake = self.combination.replay(self, fake)

        def loss():
            adversarial = self.discriminator_loss(real, fake)
            return self.with_techniques("discriminator", adversarial, real, fake)

        result = self.minimize("d_optimizer", loss)
        self.combination.update(self, "discriminator", result.handed_on)
        return result

    def train_generator(self, real: Examples) -> LossResult:
        """Update the generator on a mini-batch of noise.

        Of the real examples only the number and the condition matter, but for relativistic
        objectives and `FeatureMatching`.
        """
        like_fake = each_repeated(real, self.generator_batch_multiple)
        is_relativistic = self.objective_in(training=True).relativistic

        def loss():
            fake = self.fake_examples(like_fake, functools.partial(self.generator, training=True))
            fake_logits = self.discriminate(fake, training=True, call=read_only)
            real_logits = None
            if is_relativistic:
                real_logits = self.discriminate(like_fake, training=True, call=read_only)
            adversarial = self.generator_loss(real_logits, fake_logits)
            return self.with_techniques("generator", adversarial, real, fake)

        result = self.minimize("g_optimizer", loss)
        self.combination.update(self, "generator", result.handed_on)
        return result

    def fake_examples(
        self, real: Examples, generator: Callable[..., Tensor], training: bool = True
    ) -> Examples:
        """Return as many fakes as there are real examples, as the discriminator takes them.

        `generator` is a function of what the generator takes.
        """
        return as_float(generator(self.draw_latents(ops.shape(images_of(real))[0], training)))

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

    def test_step(self, data: Tensors) -> dict[str, Tensor]:
        real = self.real_examples(data)
        fake = self.fake_examples(real, self, training=False)
        batch_size = ops.shape(images_of(real))[0]
        of_discriminator = self.discriminator_loss(real, fake, training=False)
        of_generator = self.generator_loss(**of_discriminator.handed_on, training=False)
        self.record(of_discriminator, batch_size)
        self.record(of_generator, batch_size)
        self.update_sample_metrics(images_of(real), images_of(fake))
        return self.logs()

    # Sampling and serving

    @property
    def samplers(self) -> list[keras.layers.Layer]:
        return [self.in_use("generator")]

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

    def score(self, x: ArrayLike, labels: Any = None, batch_size: int = 256) -> np.ndarray:
        """Return the discriminator's logits of examples.

        Args:
            x: Float array of examples `(num, …)`.
            labels: Integers or class names `(num,)`, or one for all, for models that take labels.
                Defaults to `None`.
            batch_size: Positive integer, examples scored at once. Defaults to `256`.

        Returns:
            Float32 array `(num, …)`, the higher the more real they look to the discriminator.

        Raises:
            ValueError, TypeError: As `fit`, if the examples have another shape, are not floats or
                not scaled; or labels are missing, not expected or out of range.
        """
        return self.serve("score", x, labels, batch_size=batch_size)

    def served_verbs(self) -> list[serving.Verb]:
        """Those of `LatentModel`, and `score(x, labels)`: the discriminator's logits."""

        def score(x, *labels):
            return self.discriminate(with_labels(x, labels))

        inputs = {"x": self.served_examples, "labels": self.served_labels}
        logits = serving.ArraySpec("logits", self.logits_shape)
        return [*super().served_verbs(), serving.Verb("score", score, inputs, logits)]


def _check_networks(generator, discriminator, latent_dim, condition_spec):
    checks.network("generator", generator)
    checks.network("discriminator", discriminator)
    condition, shapes = "", []
    if condition_spec is not None:
        are_labels = isinstance(condition_spec, specs.Spec) and condition_spec.kind == "integer"
        condition = " and integer labels" if are_labels else " and conditions"
        parts = tf.nest.flatten(specs.tensor_specs(condition_spec, "condition"))
        shapes = [tuple(part.shape) for part in parts]
    checks.inputs("generator", generator, "latents" + condition, (None, latent_dim), *shapes)
    made = "what `generator` makes" + condition
    checks.inputs("discriminator", discriminator, made, generator.output_shape, *shapes)
    checks.logits("discriminator", discriminator)
