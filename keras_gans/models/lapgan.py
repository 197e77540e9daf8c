"""Generative adversarial networks on a Laplacian pyramid (Denton et al. 2015)."""

import functools
import itertools
import math
from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from keras_gans import _inputs, losses, networks
from keras_gans._loss_result import LossResult
from keras_gans._precision import as_float
from keras_gans._read_only import read_only
from keras_gans._server import in_batches
from keras_gans._typing import ArrayLike, FloatOrSchedule, Optimizer, Tensor, Tensors
from keras_gans.data.sources import DatasetInfo
from keras_gans.data.specs import Spec
from keras_gans.layers.pyramids import expand, laplacian_pyramid
from keras_gans.models import checks
from keras_gans.models.averages import DecayOfAverages
from keras_gans.models.conditional_gan import (
    check_class_names,
    check_num_classes,
    condition_of,
)
from keras_gans.models.latent_model import LatentModel, with_labels
from keras_gans.models.levels import Level, Levels, sum_of_levels
from keras_gans.models.side_by_side import SideBySide
from keras_gans.networks.halving import halvings
from keras_gans.techniques import technique


@keras.saving.register_keras_serializable(package="keras_gans")
class LAPGAN(LatentModel):
    """Laplacian pyramid of GANs: a coarse image is drawn, and refined level by level.

    With h_0 the coarse image and h_k the band-pass images of the pyramid of an image
    (`keras_gans.layers.laplacian_pyramid`), and l_k the next coarser image brought to the sides of
    level k, `expand(I_k−1)`, each level is a GAN of its own, conditional on l_k:

        D_k tells (h_k, l_k) from (G_k(z_k, l_k), l_k),    the coarsest h_0 from G_0(z_0).

    One training step updates the discriminators of all levels, then their generators, each on the
    pyramids of real images: levels share nothing, and the losses are sums over them. Sampling goes
    down the pyramid, each image cut to [−1, 1]:

        I_0 = G_0(z_0),    I_k = l_k + G_k(z_k, l_k)  with  l_k = expand(I_k−1).

    The latents of `generate` are z_0 and all noise maps z_k, coarse to fine, in one vector of
    `gan.latent_dim` numbers. They come from N(0, I), as those of every model; the paper's come from
    U(−1, 1).

    To train levels in turn, as the paper does, freeze the networks of the others as Keras freezes
    any, `gan.generators[k].trainable = False`, before `compile`.

    Each level has techniques of its own, copies of those that are given: `gan.techniques` are those
    of all levels, coarse to fine. To them the image of a level is h_k; those that move images leave
    l_k where it is, so that a discriminator which needs both in one place had better do without.

    Args:
        generators: List of built Sequential or functional `keras.Model`s, coarse to fine, as
            `keras_gans.networks.lapgan_generators` returns it: from latents `(batch, size)` to
            coarse images; then from `[noise maps, low-pass images]` to band-pass images. With
            labels they take these last.
        discriminators: Likewise, from coarse images, then from `[band-pass images, low-pass
            images]`, to logits `(batch, …)`, without sigmoid.
        latent_dim: Positive integer, size of the latent vectors z_0 of the coarse images. The
            attribute of this name is the size of all latents, noise maps included.
        num_classes: Positive integer, of how many classes the labels are that the networks take.
            Defaults to `None`, the number that their layers have, or no labels.
        class_names: See `ConditionalGAN`.
        objective, techniques: See `GAN`. The objective defaults to `"non_saturating"`, the paper's.
        ema_decay: Float in [0, 1), or a schedule, or `None`. If given, all but training uses moving
            averages of the generators with this decay. Defaults to `None`.
        seed: Integer or `None`, seed of the noise drawn in training. Defaults to `None`.
        **kwargs: `name`, `dtype`, `trainable` of `keras.Model`.

    Raises:
        ValueError, TypeError: If a network is not built, the networks are not those of a pyramid,
            or do not agree on labels, or a discriminator ends in a sigmoid or the like.

    Logs: `d_loss_0`, `d_loss_1`, …, `g_loss_0`, `g_loss_1`, …, those of each level, coarse to fine;
    `d_loss` and `g_loss`, their sums; what techniques add, level by level, such as `r1_0`.
    `evaluate` gives the losses for held-out images; metrics given to `compile` look at samples.

    Example:

    >>> import keras_gans as kg, numpy as np
    >>> images = np.random.default_rng(0).uniform(-1, 1, (16, 8, 8, 1))
    >>> small = {"image_shape": (8, 8, 1), "levels": 2, "filters": 4, "hidden_units": (8,)}
    >>> gan = kg.models.LAPGAN(
    ...     kg.networks.lapgan_generators(latent_dim=10, **small),
    ...     kg.networks.lapgan_discriminators(**small),
    ...     latent_dim=10,
    ... )
    >>> gan.compile()
    >>> history = gan.fit(images, batch_size=8, verbose=0)
    >>> gan.latent_dim == 10 + 8 * 8
    True
    >>> latents = np.random.default_rng(0).normal(size=(2, gan.latent_dim))
    >>> [level.shape for level in gan.generate_levels(latents)]
    [(2, 4, 4, 1), (2, 8, 8, 1)]

    Reference:
        Denton et al. 2015, Deep Generative Image Models using a Laplacian Pyramid of Adversarial
        Networks, section 3. The filter is Burt and Adelson's, which the paper builds on; the
        authors' code scales bilinearly.
    """

    optimizer_networks = {"g_optimizer": ("generator",), "d_optimizer": ("discriminator",)}
    loss_names = ("g_loss", "d_loss")
    ema_decay = DecayOfAverages("generator")

    def __init__(
        self,
        generators: Sequence[keras.Model],
        discriminators: Sequence[keras.Model],
        latent_dim: int,
        num_classes: int | None = None,
        class_names: Sequence[str] | None = None,
        objective: str | losses.Objective = "non_saturating",
        techniques: Sequence[technique.Technique] = (),
        ema_decay: FloatOrSchedule | None = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        takes_labels = checks.pyramid(generators, discriminators, latent_dim, num_classes)
        noise_shapes = [tuple(network.inputs[0].shape[1:]) for network in generators]
        super().__init__(sum(map(math.prod, noise_shapes)), seed, **kwargs)
        self.noise_shapes = noise_shapes
        self.generators = tuple(generators)
        self.discriminators = tuple(discriminators)
        self.generator = SideBySide(self.generators)
        self.discriminator = SideBySide(self.discriminators)
        self.conditional = takes_labels
        if takes_labels:
            num_classes = check_num_classes(num_classes, *generators, *discriminators)
        self.num_classes = num_classes
        self.class_names = check_class_names(class_names, num_classes)
        self.ema_decay = ema_decay
        given = technique.check(techniques)
        copies = [[t.made_again() for t in given] for _ in noise_shapes]
        self.levels = tuple(Level(self, k, objective, own) for k, own in enumerate(copies))
        self.objective = losses.get(objective)
        self.techniques = tuple(itertools.chain(*copies))
        names = [f"{x}_loss_{k}" for x in "gd" for k in range(len(copies))]
        self.log_also(*names, in_evaluation=True)
        for k, level in enumerate(self.levels):
            self.log_also(*(f"{name}_{k}" for name in level.combination.loss_names))

    @classmethod
    def for_images(
        cls,
        info: DatasetInfo,
        latent_dim: int = 64,
        filters: int = 64,
        ema_decay: FloatOrSchedule | None = 0.998,
        levels: int | None = None,
        num_classes: int | None = None,
        **kwargs: Any,
    ) -> "LAPGAN":
        """Return a model for the images of a dataset, with networks as in the authors' code.

        Args:
            info: `keras_gans.data.DatasetInfo`, as `keras_gans.data.load` returns it.
            latent_dim: Positive integer, size of the latent vectors of the coarse images. Defaults
                to `64`.
            filters: Positive integer, channels of the hidden convolutions. Defaults to `64`.
            ema_decay: See the constructor. Defaults to `0.998`.
            levels: Positive integer, images in the pyramid. Defaults to `None`: sides are halved
                once, and until the smaller is at most 8.
            num_classes: `info.num_classes`, for networks that take labels, or `None` for others.
                Defaults to `None`.
            **kwargs: Other arguments of the constructor.

        Returns:
            An instance of this class, not compiled.

        Raises:
            ValueError, TypeError: As the constructor.

        Example:

        >>> import keras_gans as kg
        >>> digits, info = kg.data.load("digits")
        >>> kg.models.LAPGAN.for_images(info, latent_dim=8, filters=4).sample(2).shape
        (2, 8, 8, 1)
        """
        if levels is None:
            levels = len(halvings(info.image_shape[:2], largest=8))
        sizes: dict[str, Any] = {"levels": levels, "filters": filters, "num_classes": num_classes}
        made = {
            "generators": networks.lapgan_generators(info.image_shape, latent_dim, **sizes),
            "discriminators": networks.lapgan_discriminators(info.image_shape, **sizes),
            "class_names": None if num_classes is None else info.class_names,
        }
        return cls(latent_dim=latent_dim, ema_decay=ema_decay, **{**made, **kwargs})

    def default_optimizers(self) -> dict[str, keras.optimizers.Optimizer]:
        """Adam with the DCGAN paper's learning rate 2e-4 and β₁ 0.5.

        The paper has SGD, of learning rate 0.02 and momentum 0.5 that grows to 0.8.
        """
        return {
            name: keras.optimizers.Adam(2e-4, beta_1=0.5, name=f"{name[0]}_adam")
            for name in self.optimizer_networks
        }

    def compile(  # type: ignore[override]  # the optimizers come first
        self,
        g_optimizer: Optimizer | None = None,
        d_optimizer: Optimizer | None = None,
        **kwargs: Any,
    ) -> None:
        """Give the networks their optimizers.

        Args:
            g_optimizer: Keras optimizer of all generators. Defaults to Adam: see
                `default_optimizers`.
            d_optimizer: Keras optimizer of all discriminators. Defaults to Adam, too.
            **kwargs: `metrics`, `run_eagerly`, `steps_per_execution`, `jit_compile`,
                `auto_scale_loss`, `total_steps`; see `GenerativeModel.compile`.
        """
        super().compile(g_optimizer=g_optimizer, d_optimizer=d_optimizer, **kwargs)

    # Training steps

    def train_step(self, data: Tensors) -> dict[str, Tensor]:
        real = self.real_levels(data)
        self.record(self.train_discriminator(real))
        self.record(self.train_generator(real))
        return self.logs()

    def train_discriminator(self, real: Levels) -> LossResult:
        """Update the discriminators on the pyramids of real images, and as many fakes."""
        fake = self.fake_levels(real, lambda inputs: read_only(self.generator, inputs))
        fake = [
            level.combination.replay(level, x) for level, x in zip(self.levels, fake, strict=True)
        ]

        return self.minimize_levels(
            "discriminator", lambda: self.discriminators_training_loss(real, fake)
        )

    def train_generator(self, real: Levels) -> LossResult:
        """Update the generators on fresh noise."""

        def loss():
            fake = self.fake_levels(real, lambda inputs: self.generator(inputs, training=True))
            return sum_of_levels(map(Level.generator_training_loss, self.levels, real, fake, real))

        return self.minimize_levels("generator", loss)

    def discriminators_training_loss(self, real: Levels, fake: Levels) -> LossResult:
        """What the discriminators minimize: the sum, as they do not meet."""
        return sum_of_levels(map(Level.discriminator_training_loss, self.levels, real, fake))

    def minimize_levels(self, network: str, loss_fn: Callable[[], LossResult]) -> LossResult:
        """Update the generators or the discriminators, and let the techniques know."""
        result = self.minimize(f"{network[0]}_optimizer", loss_fn)
        for level, outputs in zip(self.levels, result.handed_on["levels"], strict=True):
            level.combination.update(level, network, outputs)
        return result

    def real_levels(self, data: Tensors) -> Levels:
        """Return pyramids of what `fit` is given: `[h_0]`, `[h_1, l_1]`, …, with labels last."""
        coarse, *bands = laplacian_pyramid(self.real_examples(data), len(self.generators))
        labels = [condition_of(data)] if self.conditional else []
        levels, image = [[coarse, *labels]], coarse
        for band in bands:
            low = expand(image, band.shape[1:3])
            levels.append([band, low, *labels])
            image = low + band
        return levels

    def fake_levels(
        self, real: Levels, generator: Callable[..., list[Tensor]], training: bool = True
    ) -> Levels:
        """Return as many levels as the real ones, with fakes on the same conditions."""
        noise = self.noise_maps(self.draw_latents(ops.shape(real[0][0])[0], training))
        conditions = [condition for _, *condition in real]
        made = generator([with_labels(z, c) for z, c in zip(noise, conditions, strict=True)])
        return [[as_float(h), *c] for h, c in zip(made, conditions, strict=True)]

    def noise_maps(self, z: Tensor) -> list[Tensor]:
        """Cut latents into what the generators take: those of the coarse images, and maps."""
        ends = itertools.accumulate(map(math.prod, self.noise_shapes), initial=0)
        parts = [z[:, start:end] for start, end in itertools.pairwise(ends)]
        return [
            ops.reshape(part, (-1, *shape))
            for part, shape in zip(parts, self.noise_shapes, strict=True)
        ]

    def test_step(self, data: Tensors) -> dict[str, Tensor]:
        real = self.real_levels(data)
        images, batch_size = self.real_examples(data), ops.shape(real[0][0])[0]
        fake = self.fake_levels(real, self.in_use("generator"), training=False)
        with self.weights_in_use("discriminator"):
            of_discriminators = [
                level.discriminator_loss(x, y, training=False)
                for level, x, y in zip(self.levels, real, fake, strict=True)
            ]
        of_generators = [
            level.generator_loss(**of_discriminator.handed_on, training=False)
            for level, of_discriminator in zip(self.levels, of_discriminators, strict=True)
        ]
        self.record(sum_of_levels(of_discriminators), batch_size)
        self.record(sum_of_levels(of_generators), batch_size)
        _, *labels = real[0]
        drawn = self.draw_latents(batch_size, training=False)
        self.update_sample_metrics(images, self(with_labels(drawn, labels)))
        return self.logs()

    # Sampling

    @property
    def example_shape(self) -> tuple[int, ...]:
        return tuple(self.generators[-1].output_shape[1:])

    @property
    def condition_spec(self) -> Spec | None:
        """What a label is, or `None`."""
        if not self.conditional:
            return None
        return Spec(kind="integer", num_classes=self.num_classes, class_names=self.class_names)

    def call(self, inputs: Tensors, training: bool = False) -> Tensor:
        z, *labels = inputs if self.conditional else [inputs]
        return self.down_the_pyramid(z, labels, training)[-1]

    def down_the_pyramid(
        self, z: Tensor, labels: Sequence[Tensor] = (), training: bool = False
    ) -> list[Tensor]:
        """Draw the images of every level, coarse to fine, each from the one before."""
        images = list[Tensor]()
        with self.weights_in_use("generator"):
            for generator, noise in zip(self.generators, self.noise_maps(z), strict=True):
                low = [expand(images[-1], noise.shape[1:3])] if images else []
                made = as_float(generator(with_labels(noise, [*low, *labels]), training=training))
                images.append(ops.clip(sum(low, made), -1.0, 1.0))
        return images

    def generate_levels(
        self, latents: ArrayLike, labels: Any = None, batch_size: int = 256
    ) -> list[np.ndarray]:
        """Generate examples from latents as `generate` does, and give the images of every level.

        Args:
            latents, labels, batch_size: See `generate`.

        Returns:
            List of float32 arrays `(num, height, width, channels)` in [−1, 1], coarse to fine: the
            last is what `generate` returns.

        Raises:
            ValueError, TypeError: As `generate`.
        """
        latents = _inputs.latents("latents", latents, self.latent_dim)
        labels = self.check_labels(labels, len(latents))
        inputs = [latents] if labels is None else [latents, labels]

        def level(part, k):
            z, *labels = map(ops.convert_to_tensor, part)
            return self.down_the_pyramid(z, labels)[k]

        levels = [functools.partial(level, k=k) for k in range(len(self.generators))]
        return [in_batches(function, inputs, batch_size) for function in levels]
