"""R3GAN (Huang et al. 2024): a modern baseline without tricks."""

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from keras_gans import _checks, networks
from keras_gans._examples import images_of, with_images
from keras_gans._hyperparameters import SCHEDULE, Hyperparameter
from keras_gans._loss_result import LossResult
from keras_gans._typing import Examples, FloatOrSchedule, Tensor, Tensors
from keras_gans.data.sources import DatasetInfo
from keras_gans.models.adam import Adam
from keras_gans.models.conditional_gan import OptionallyConditional
from keras_gans.models.schedules import GrowingHalfLife, HalfCosine
from keras_gans.penalties import (
    logits_and_gradients,
    refuse_batch_normalization,
    squared_gradient_norms,
)


@keras.saving.register_keras_serializable(package="keras_gans")
class R3GAN(OptionallyConditional):
    """GAN with a relativistic pairing loss, and gradient penalties at real examples and at fakes.

    With pairs of a real example x and a fake x̃ = G(z), the discriminator minimizes

        E softplus(D(x̃) − D(x)) + γ/2 E ‖∇D(x)‖² + γ/2 E ‖∇D(x̃)‖²,

    and the generator E softplus(D(x) − D(x̃)). Gradients are taken at the examples themselves,
    through the augmentation of techniques, the same that the logits come from. It is the loss that
    the paper proves to converge locally, and which in its experiments needs no other help.

    A training step is an update of the discriminator and one of the generator, each with latents
    and real examples of its own: it takes two mini-batches. With networks that take labels, fakes
    have the labels of the real examples that they are paired with.

    The authors change five numbers over the first part of a run, each as half a cosine, and keep
    them from then on. `burn_in` does so: γ falls to a tenth of `gamma`, the learning rate of the
    default optimizers falls from 2e-4 to 5e-5, their β₂ grows from 0.9 to 0.99, and the half-life
    of the moving average grows from zero to that of `ema_decay`. The fifth is the strength of
    augmentation, which is that of a technique.

    The authors' values, with images N of the burn-in:

    | images | `gamma` | batch | N | moving average |
    |---|---|---|---|---|
    | CIFAR-10 | 0.05 | 512 | 20 million | half-life of 5 million images |
    | FFHQ, 64 pixels | 2 | 256 | 20 million | 0.5 million |
    | FFHQ, 256 pixels | 150 | 256 | 20 million | 0.5 million |
    | ImageNet, 32 pixels | 0.5 | 4096 | 200 million | 50 million |
    | ImageNet, 64 pixels | 1 | 4096 | 200 million | 50 million |

    Of the authors' code differs the generator's class vector: it has as many numbers as the
    latents, and begins with a standard deviation of 0.3, theirs with 1 / √(number of classes).
    `evaluate` judges images as they are sampled, cut to [−1, 1].

    Args:
        generator: Built Sequential or functional `keras.Model` from latents
            `(batch, latent_dim)`, or from `[latents, labels]`, to examples. The paper's is
            `keras_gans.networks.r3gan_generator`, whose images are not bounded: those that are
            sampled, and scored by metrics, are cut to [−1, 1].
        discriminator: Likewise, from examples, or `[examples, labels]`, to logits `(batch, …)`,
            without sigmoid or batch normalization: `keras_gans.networks.r3gan_discriminator`.
        latent_dim: Positive integer, size of the latent vectors.
        num_classes, class_names: See `ConditionalGAN`; `None` for networks without labels.
        gamma: Float ≥ 0, or a schedule, the paper's γ. Defaults to `0.05`.
        burn_in: Positive integer or `None`, training steps over which the numbers above change: N
            divided by the batch. Numbers that are given as schedules, and optimizers that are given
            to `compile`, stay as they are. Defaults to `None`: all are constant.
        objective: `keras_gans.losses.Objective` or its name. Defaults to `"relativistic"`.
        ema_decay: See `GAN`. Defaults to `0.9999`.
        n_critic, techniques, seed, generator_batch_multiple, **kwargs: See `GAN`.

    Raises:
        ValueError, TypeError: As `GAN` and `ConditionalGAN`; if the discriminator uses batch
            normalization, or a number is out of range.

    Logs: As `GAN`; `r1` and `r2`, ½ E ‖∇D(x)‖² and ½ E ‖∇D(x̃)‖², which are a part of `d_loss` in
        training.

    Example:

    >>> import numpy as np, keras_gans as kg
    >>> gan = kg.models.R3GAN(
    ...     kg.networks.r3gan_generator((4, 4, 1), latent_dim=4, filters=4, num_blocks=1),
    ...     kg.networks.r3gan_discriminator((4, 4, 1), filters=4, num_blocks=1),
    ...     latent_dim=4,
    ...     gamma=0.5,
    ...     burn_in=100,
    ... )
    >>> gan.compile()
    >>> images = np.random.default_rng(0).uniform(-1, 1, (32, 4, 4, 1))
    >>> history = gan.fit(images, batch_size=8, verbose=0)
    >>> gan.sample(4).shape
    (4, 4, 4, 1)
    >>> round(gan.gamma, 4)  # after two steps
    0.4996

    References:
        - Huang et al. 2024, The GAN is dead; long live the GAN! A Modern GAN Baseline.
        - Jolicoeur-Martineau 2019, The relativistic discriminator: a key element missing from
          standard GAN.
    """

    gamma = Hyperparameter(low=0.0)

    def __init__(
        self,
        generator: keras.Model,
        discriminator: keras.Model,
        latent_dim: int,
        num_classes: int | None = None,
        class_names: Sequence[str] | None = None,
        gamma: FloatOrSchedule = 0.05,
        burn_in: int | None = None,
        objective: Any = "relativistic",
        ema_decay: FloatOrSchedule | None = 0.9999,
        **kwargs: Any,
    ) -> None:
        burn_in = _checks.optional_positive_int("burn_in", burn_in)
        if burn_in is not None:
            if not isinstance(gamma, SCHEDULE):
                gamma = _checks.real_number("gamma", gamma, 0.0)
                gamma = HalfCosine(gamma, gamma / 10, burn_in)
            if ema_decay is not None and not isinstance(ema_decay, SCHEDULE):
                ema_decay = _checks.real_number("ema_decay", ema_decay, 0.0, 1.0, high_open=True)
                ema_decay = GrowingHalfLife(ema_decay, burn_in)
        super().__init__(
            generator,
            discriminator,
            latent_dim,
            num_classes,
            class_names,
            objective=objective,
            ema_decay=ema_decay,
            **kwargs,
        )
        refuse_batch_normalization("discriminator", discriminator)
        self.gamma = gamma
        self.burn_in = burn_in
        self.log_also("r1", "r2")

    @classmethod
    def networks_for_images(
        cls, info: DatasetInfo, latent_dim: int, filters: int, num_classes: int | None = None
    ) -> dict[str, Any]:
        shape = info.image_shape
        sizes: dict[str, Any] = {"filters": filters, "num_classes": num_classes}
        return {
            "generator": networks.r3gan_generator(
                shape, latent_dim, output_activation="tanh", **sizes
            ),
            "discriminator": networks.r3gan_discriminator(shape, **sizes),
        }

    def default_optimizers(self) -> dict[str, keras.optimizers.Optimizer]:
        """Adam with the paper's β₁ 0 and ε 1e-8, and its learning rate and β₂ over the burn-in.

        Without a burn-in the learning rate is 2e-4, and β₂ 0.99.
        """

        def adam(updates, name):
            rate, beta_2 = 2e-4, 0.99
            if self.burn_in is not None:
                rate = HalfCosine(2e-4, 5e-5, updates * self.burn_in)
                beta_2 = HalfCosine(0.9, 0.99, updates * self.burn_in)
            return Adam(rate, 0.0, beta_2, epsilon=1e-8, name=name)

        return {"g_optimizer": adam(1, "g_adam"), "d_optimizer": adam(self.n_critic, "d_adam")}

    # Training steps

    @property
    def batches_per_step(self) -> int:
        """One for each update, those of the generator included."""
        return self.n_critic + 1

    def train_step(self, data: Tensors) -> dict[str, Tensor]:
        *of_discriminator, of_generator = self.mini_batches(self.real_examples(data))
        for real in of_discriminator:
            self.record(self.train_discriminator(real))
        self.record(self.train_generator(of_generator))
        return self.logs()

    def discriminator_loss(
        self, real: Examples, fake: Examples, training: bool = True
    ) -> LossResult:
        if not training:
            return super().discriminator_loss(real, fake, training)
        real_logits, r1 = self._logits_and_penalty(real)
        fake_logits, r2 = self._logits_and_penalty(fake)
        result = self.loss_of_logits("discriminator", real_logits, fake_logits, training)
        return result.plus("r1", r1, self.gamma).plus("r2", r2, self.gamma)

    def _logits_and_penalty(self, examples):
        """Of one call of the discriminator, the most expensive part of a step."""

        def critic(images):
            return self.discriminate(with_images(examples, images), training=True)

        logits, gradients = logits_and_gradients(critic, images_of(examples))
        return logits, 0.5 * ops.mean(squared_gradient_norms(gradients))

    # Sampling

    def call(self, inputs: Tensors, training: bool = False) -> Tensor:
        """Generate examples from latents, images cut to [−1, 1], which the generator is not."""
        examples = super().call(inputs, training)
        is_image = len(self.example_shape) == 3
        return ops.clip(examples, -1.0, 1.0) if is_image else examples
