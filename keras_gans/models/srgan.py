"""Super-resolution by a generative adversarial network (Ledig et al. 2017)."""

from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from keras_gans import _checks, _inputs, losses, serving
from keras_gans._examples import images_of
from keras_gans._hyperparameters import Hyperparameter
from keras_gans._loss_result import LossResult
from keras_gans._precision import as_float
from keras_gans._read_only import call_network
from keras_gans._typing import ArrayLike, Examples, FloatOrSchedule, Schedule, Tensor, Tensors
from keras_gans.data.batch_spec import BatchSpec
from keras_gans.data.specs import Spec
from keras_gans.layers import bicubic_downsample, bicubic_upsample
from keras_gans.metrics.images import rounded_to_8_bits
from keras_gans.metrics.pairs import as_compared
from keras_gans.metrics.psnr import psnr
from keras_gans.metrics.ssim import ssim
from keras_gans.models import checks
from keras_gans.models.two_player import TwoPlayer
from keras_gans.techniques import technique


@keras.saving.register_keras_serializable(package="keras_gans")
class SRGAN(TwoPlayer):
    """Super-resolution: a generator that makes large images of small ones, as sharp as real ones.

    Of a large image x and the small one x↓ that it is shrunk to, the generator G minimizes

        E ‖φ(x) − φ(G(x↓))‖² + λ E ℓ(D(G(x↓))),

    where ‖·‖² is the mean over all numbers, φ are features of a network that has been trained
    before, ℓ is the generator's part of the objective and λ its weight; the discriminator D learns
    to tell x from G(x↓). There is no single right x, and the mean of all that are possible, which
    the distance of pixels asks for, is blurred; features and D ask for one of them.

    Training begins with `pretraining_steps` steps of the generator alone, which minimize the
    distance of pixels, E ‖x − G(x↓)‖²: an SRResNet. Steps are counted in a weight, which is saved
    and which `compile` leaves alone: one call of `fit` may hold both phases, or each a call of its
    own, with optimizers of its own. Those of one `compile` serve both.

    `fit(images)` shrinks large images itself, bicubically and with antialiasing;
    `fit(small_images, images)` takes pairs. The discriminator says how large those to train on are.

    Args:
        generator: Built Sequential or functional `keras.Model` from small images to images
            `scale` times as high and wide, of any size or of one.
        discriminator: Likewise, from large images to logits `(batch, …)`, without sigmoid.
        feature_extractor: φ, likewise, from large images to features of any shape, such as
            `keras_gans.networks.vgg19_features()`. It is saved with the model, and not trained.
            Defaults to `None`: the pixels themselves.
        pretraining_steps: Non-negative integer, steps of the first phase; in the paper 10⁶.
            Defaults to `0`, for a generator that is trained already.
        adversarial_weight: Float ≥ 0, or a schedule, λ. Defaults to `1e-3`, the paper's.
        n_critic, objective, techniques, ema_decay, seed, **kwargs: See `GAN`.

    Raises:
        ValueError, TypeError: If a network is not built, the networks do not fit each other, a
            number is out of range, or a technique makes no sense for the objective.

    Logs: `g_loss`, all that the generator minimizes; `content_loss`, the distance of features, in
    the first phase of pixels; `adversarial_loss`, before its weight, and `d_loss`, which are 0 in
    the first phase. `evaluate` gives those of the second phase, and the means over images of their
    peak signal-to-noise ratio in decibels and structural similarity, `psnr` and `ssim`, beside
    those of bicubic interpolation, `bicubic_psnr` and `bicubic_ssim`: as in the paper of the
    luminance (`keras_gans.metrics.PSNR`), without `scale` pixels at each edge, here of 8 bits. The
    window of `ssim` has 11 pixels, or as many as there are.

    Example:

    >>> import numpy as np, keras_gans as kg
    >>> images = np.random.default_rng(0).uniform(-1, 1, (16, 16, 16, 3)).astype("float32")
    >>> gan = kg.models.SRGAN(
    ...     kg.networks.srgan_generator(scale=2, filters=4, num_blocks=1),
    ...     kg.networks.srgan_discriminator((16, 16, 3), filters=2),
    ...     pretraining_steps=2,
    ... )
    >>> gan.compile()
    >>> history = gan.fit(images, batch_size=4, verbose=0)
    >>> gan.upscale(images[:2, :, :12]).shape
    (2, 32, 24, 3)

    Reference:
        Ledig et al. 2017, Photo-Realistic Single Image Super-Resolution Using a Generative
        Adversarial Network, sections 2 and 3.2.
    """

    loss_names = ("g_loss", "d_loss", "content_loss", "adversarial_loss")
    evaluation_names = ("psnr", "ssim", "bicubic_psnr", "bicubic_ssim")

    adversarial_weight = Hyperparameter(low=0.0)

    def __init__(
        self,
        generator: keras.Model,
        discriminator: keras.Model,
        feature_extractor: keras.Model | None = None,
        pretraining_steps: int = 0,
        adversarial_weight: FloatOrSchedule = 1e-3,
        n_critic: int = 1,
        objective: str | losses.Objective = "non_saturating",
        techniques: Sequence[technique.Technique] = (),
        ema_decay: FloatOrSchedule | None = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            generator, discriminator, n_critic, objective, techniques, ema_decay, seed, **kwargs
        )
        self.scale = checks.scale(generator, discriminator)
        self.pretraining_steps = _checks.positive_int(
            "pretraining_steps", pretraining_steps, minimum=0
        )
        self.steps_pretrained = self.add_counter("steps_pretrained")
        self.adversarial_weight = adversarial_weight
        if feature_extractor is not None:
            checks.network("feature_extractor", feature_extractor)
            large = discriminator.input_shape
            checks.takes(
                "feature_extractor", feature_extractor, "what `discriminator` takes", large
            )
            feature_extractor.trainable = False
        self.feature_extractor = feature_extractor

    def check_networks(self, generator: keras.Model, discriminator: keras.Model) -> None:
        checks.network("generator", generator)
        checks.network("discriminator", discriminator)
        checks.logits("discriminator", discriminator)
        checks.scale(generator, discriminator)

    def default_optimizers(self) -> dict[str, keras.optimizers.Optimizer]:
        """Adam with the paper's learning rate 1e-4 and β₁ 0.9."""
        return {
            "g_optimizer": keras.optimizers.Adam(1e-4, beta_1=0.9, name="g_adam"),
            "d_optimizer": keras.optimizers.Adam(1e-4, beta_1=0.9, name="d_adam"),
        }

    def learning_rates(self, total_steps: int) -> dict[str, Schedule]:
        """1e-4 in what is left of the first phase and half of the second, then 1e-5."""
        taken = int(ops.convert_to_numpy(self.steps_pretrained))
        left = max(self.pretraining_steps - taken, 0)
        half = (total_steps - left) // 2
        if half < 1:
            raise ValueError(
                "`total_steps` must be more than are left of `pretraining_steps` by at least 2. "
                f"Received: total_steps={total_steps}, pretraining_steps={self.pretraining_steps} "
                f"and {taken} of these taken"
            )
        updates = {
            "g_optimizer": left + half,
            "d_optimizer": self.n_critic * half,
        }
        return {
            name: keras.optimizers.schedules.PiecewiseConstantDecay([last - 1], [1e-4, 1e-5])
            for name, last in updates.items()
        }

    # Training

    def step_in_use(self) -> Tensor:
        return ops.cast(self.steps_pretrained >= self.pretraining_steps, "int32")

    @property
    def train_steps(self) -> Sequence[Callable[[Tensors], dict[str, Tensor]]]:
        adversarial_step = super().train_step
        if not self.pretraining_steps:
            return [adversarial_step]
        return [self.pretraining_step, adversarial_step]

    def train_step(self, data: Tensors) -> dict[str, Tensor]:
        return self.step_in_phase(data)

    def pretraining_step(self, data: Tensors) -> dict[str, Tensor]:
        """One step of the first phase: an update of the generator on all examples of the step."""
        high, low = self.real_examples(data)

        def loss():
            error = mean_squared(as_float(self.generator(low, training=True)), high)
            return LossResult({"g_loss": error}, {"content_loss": error})

        self.record(self.minimize("g_optimizer", loss))
        self.steps_pretrained.assign_add(1)
        return self.logs()

    def real_examples(self, data: Tensors) -> Examples:
        """Return large images and small ones, out of what `fit` is given."""
        x, y, _ = keras.utils.unpack_x_y_sample_weight(data)
        low, high = (None, x) if y is None else (x, y)
        high = as_float(high)
        return [high, self.shrunk(high) if low is None else as_float(low)]

    def shrunk(self, images: Tensor) -> Tensor:
        """Return the small images that large ones are shrunk to, in [−1, 1]."""
        return ops.clip(as_float(bicubic_downsample(images, self.scale)), -1.0, 1.0)

    def fake_examples(
        self, real: Examples, generator: Callable[..., Tensor], training: bool = True
    ) -> Examples:
        _, low = real
        return as_float(generator(low))

    def discriminate(
        self, examples: Examples, training: bool = False, call: Callable[..., Tensor] = call_network
    ) -> Tensor:
        """Return the discriminator's logits of large images: see `GAN.discriminate`."""
        return super().discriminate(images_of(examples), training, call)

    def discriminate_both(
        self, real: Examples, fake: Examples, training: bool = False
    ) -> tuple[Tensor, Tensor]:
        return super().discriminate_both(images_of(real), images_of(fake), training)

    def with_techniques(
        self, network: str, loss: LossResult, real: Examples, fake: Examples
    ) -> LossResult:
        if network == "generator":
            loss = self.perceptual_loss(loss, images_of(real), fake)
        return super().with_techniques(network, loss, images_of(real), fake)

    def perceptual_loss(self, adversarial: LossResult, real: Tensor, fake: Tensor) -> LossResult:
        """The distance of features, and the generator's part of the objective by its weight."""
        content = mean_squared(self.features(fake), self.features(real))
        return LossResult(
            {"g_loss": content + self.adversarial_weight * adversarial.loss},
            {"content_loss": content, "adversarial_loss": adversarial.loss},
            adversarial.handed_on,
        )

    def features(self, images: Tensor) -> Tensor:
        """φ of large images."""
        if self.feature_extractor is None:
            return images
        return as_float(self.feature_extractor(images, training=False))

    # Evaluation

    def test_step(self, data: Tensors) -> dict[str, Tensor]:
        real = self.real_examples(data)
        fake = self.fake_examples(real, self, training=False)
        of_discriminator = self.discriminator_loss(real, fake, training=False)
        adversarial = self.generator_loss(**of_discriminator.handed_on, training=False)
        of_generator = self.perceptual_loss(adversarial, images_of(real), fake)
        batch_size = ops.shape(fake)[0]
        self.record(of_discriminator, batch_size)
        self.record(of_generator.logging(**self.similarities(real, fake)), batch_size)
        self.update_sample_metrics(images_of(real), fake)
        return self.logs()

    def similarities(self, real: Examples, fake: Tensor) -> dict[str, Tensor]:
        """How like the real images those of the generator and of bicubic interpolation are."""
        high, low = real
        interpolated = ops.clip(bicubic_upsample(low, self.scale), -1.0, 1.0)
        high, made, interpolated = (
            as_compared(rounded_to_8_bits(images), luminance=True, border=self.scale)
            for images in (high, fake, interpolated)
        )
        window = min(11, *high.shape[1:3])
        return {
            "psnr": ops.mean(psnr(high, made)),
            "ssim": ops.mean(ssim(high, made, window)),
            "bicubic_psnr": ops.mean(psnr(high, interpolated)),
            "bicubic_ssim": ops.mean(ssim(high, interpolated, window)),
        }

    # Data

    @property
    def example_spec(self) -> Spec:
        """What a large image to train on is."""
        return Spec(self.discriminator.input_shape[1:])

    @property
    def batch_spec(self) -> BatchSpec:
        """Small images and their large ones, or large ones alone."""
        large = self.example_spec
        height, width, channels = self.discriminator.input_shape[1:]
        small = Spec((height // self.scale, width // self.scale, channels))
        call = "small_images, large_images"
        return BatchSpec(small, large, type(self).__name__, call=call, alone=large)

    # Serving

    def as_inputs(self, name: str, inputs: Any) -> Tensors:
        return _inputs.examples(name, inputs, Spec(self.generator.input_shape[1:]))

    def call(self, inputs: Tensors, training: bool = False) -> Tensor:
        """Enlarge images: what `model(images)` and `model.predict` do."""
        return as_float(self.in_use("generator", training)(inputs, training=training))

    def upscale(self, images: ArrayLike, batch_size: int = 16) -> np.ndarray:
        """Enlarge images.

        Args:
            images: Float array `(num, height, width, channels)` in [−1, 1], of any size that the
                generator takes.
            batch_size: Positive integer, images enlarged at once. Defaults to `16`.

        Returns:
            Float32 array `(num, scale · height, scale · width, channels)` in [−1, 1].

        Raises:
            ValueError, TypeError: If the images have other axes, are not floats or not scaled.
        """
        return self.serve("upscale", images, batch_size=batch_size)

    def served_verbs(self) -> list[serving.Verb]:
        """`upscale(images)`."""

        def upscale(images):
            return self.call(images)

        shapes = self.generator.input_shape, self.generator.output_shape
        sides: list[Any] = [serving.of("examples", Spec(shape[1:])) for shape in shapes]
        taken, made = sides
        return [serving.Verb("upscale", upscale, {"images": taken}, made)]


def mean_squared(made: Tensor, expected: Tensor) -> Tensor:
    """‖·‖² of the difference: the mean over all numbers."""
    return ops.mean(ops.square(made - expected))
