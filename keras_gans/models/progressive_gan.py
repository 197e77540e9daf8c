"""Progressive growing of GANs (Karras et al. 2018)."""

import bisect
import itertools
from collections.abc import Callable, Sequence
from typing import Any

import keras
import tensorflow as tf
from keras import ops

from keras_gans import _checks, networks
from keras_gans._examples import images_of
from keras_gans._hyperparameters import Hyperparameter
from keras_gans._loss_result import LossResult
from keras_gans._precision import as_float
from keras_gans._typing import Examples, FloatOrSchedule, Schedule, Tensor, Tensors
from keras_gans.data.sources import DatasetInfo
from keras_gans.models import optimizers
from keras_gans.models.wgan_gp import WGANGP
from keras_gans.networks.progressive import at_level, fades, in_blocks


@keras.saving.register_keras_serializable(package="keras_gans")
class ProgressiveGAN(WGANGP):
    """Progressive GAN: both networks grow together, from a grid of a few pixels to whole images.

    Training begins with the lowest level of the networks. When it has seen the images of a phase,
    the next level, of twice the sides, is faded in: with α going from 0 to 1, linearly in the
    images seen,

        image = (1 − α) · up(RGB(features below)) + α · RGB′(new features),
        features = (1 − α) · from_RGB(down(image)) + α · new layers(image),

    and real images alike, between their means over blocks of the level below and of the new one.
    Then follows a phase of as many images in which the networks stay as they are, then the next
    fade, until the last level is there, which stays. All in one `fit`: the step is compiled again
    when a phase begins, computes what the level needs, and leaves the weights of those above alone.

    Images have their full sides all along: those of lower levels consist of blocks. So samples,
    SavedModels and metrics keep their shape, and gradients, whose norm is penalized as in `WGANGP`,
    are by the pixels of whole images, as in the authors' code: the penalty does not jump when a
    level is added. The critic's loss has another term, drift_weight · E D(x)², which keeps its
    logits near zero.

    When a phase begins, the optimizers begin anew, as in the authors' code, and schedules of the
    learning rate and the like with them. With `steps_per_execution` above one, phases begin with
    the next execution. `batch_size` is that of `fit` at all levels; the authors' gets smaller.

    Args:
        generator: As `keras_gans.networks.progressive_generator` makes it, with a `FadeIn` for each
            level.
        discriminator: As `keras_gans.networks.progressive_discriminator` makes it, likewise.
        latent_dim, techniques, seed, **kwargs: See `GAN`.
        images_per_phase: Positive integer, real images that the discriminator sees in each phase,
            or a list of them: of the lowest level, of the fade to the next, of that, and so on to
            the last fade; the last level has no end. Defaults to `600_000`, that of the authors'
            code (paper: 800,000).
        n_critic: Positive integer, critic updates for each generator update. Defaults to `1`.
        gp_weight: Positive float, or a schedule, the paper's λ. Defaults to `10.0`.
        drift_weight: Float ≥ 0, or a schedule, the paper's ε. Defaults to `0.001`.
        ema_decay: See `GAN`. Defaults to `0.999`.

    Raises:
        ValueError, TypeError: As `WGANGP`, if the networks do not have the same levels, or if
            `images_per_phase` is not positive or has another length.

    Logs: those of `WGANGP`, and `drift`, E D(x)², before its weight. `evaluate` and the metrics
    given to `compile` compare with real images of the present level.

    Attributes:
        images_seen: Variable, real images that the discriminator has seen in training.
        level: Integer, the highest level in use; 0 is the lowest.
        alpha: Float, how far it is faded in.

    Example:

    >>> import keras_gans as kg
    >>> digits, info = kg.data.load("digits", batch_size=32)
    >>> gan = kg.models.ProgressiveGAN(
    ...     kg.networks.progressive_generator(info.image_shape, latent_dim=8, filters=4),
    ...     kg.networks.progressive_discriminator(info.image_shape, filters=4),
    ...     latent_dim=8,
    ...     images_per_phase=320,
    ... )
    >>> gan.compile()
    >>> history = gan.fit(digits.repeat(), epochs=3, steps_per_epoch=5, verbose=0)
    >>> gan.level, round(gan.alpha, 2)
    (1, 0.4)

    Reference:
        Karras et al. 2018, Progressive Growing of GANs for Improved Quality, Stability, and
        Variation, sections 2 and A.1.
    """

    loss_names = ("g_loss", "d_loss", "gradient_penalty", "wasserstein_estimate", "drift")
    drift_weight = Hyperparameter(low=0.0)
    _followed: int | None = None  # the phase of the parts in use

    def __init__(
        self,
        generator: keras.Model,
        discriminator: keras.Model,
        latent_dim: int,
        images_per_phase: int | Sequence[int] = 600_000,
        n_critic: int = 1,
        gp_weight: FloatOrSchedule = 10.0,
        drift_weight: FloatOrSchedule = 0.001,
        ema_decay: FloatOrSchedule | None = 0.999,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            generator,
            discriminator,
            latent_dim,
            n_critic=n_critic,
            gp_weight=gp_weight,
            ema_decay=ema_decay,
            **kwargs,
        )
        self.drift_weight = drift_weight
        self.images_per_phase = images_per_phase
        num_phases = 2 * _check_levels(generator, discriminator)
        self._ends = list(itertools.accumulate(_images(images_per_phase, num_phases)))
        self.images_seen = self._add_counter("images_seen")
        self.phase = self._add_counter("phase")
        self._set_alphas()
        self._follow_phase()

    @classmethod
    def for_images(  # type: ignore[override]  # with a schedule
        cls,
        info: DatasetInfo,
        latent_dim: int = 128,
        filters: int = 32,
        ema_decay: FloatOrSchedule | None = 0.999,
        images_per_phase: int | Sequence[int] = 20_000,
        **kwargs: Any,
    ) -> "ProgressiveGAN":
        """Return a model for the images of a dataset, with the networks of the paper's kind.

        Args:
            info: `keras_gans.data.DatasetInfo`, as `keras_gans.data.load` returns it.
            latent_dim: Positive integer, size of the latent vectors. Defaults to `128`.
            filters: Positive integer, channels of the layers next to the image. Defaults to `32`.
            ema_decay: See the constructor. Defaults to `0.999`.
            images_per_phase: See the constructor. Defaults to `20_000`, with which images of a
                side of 32 are whole before the command line's 128,000 have been seen.
            **kwargs: Other arguments of the constructor.

        Returns:
            An instance of this class, not compiled.

        Raises:
            ValueError, TypeError: As the constructor.

        Example:

        >>> import keras_gans as kg
        >>> digits, info = kg.data.load("digits")
        >>> kg.models.ProgressiveGAN.for_images(info, latent_dim=8, filters=4).sample(2).shape
        (2, 8, 8, 1)
        """
        kwargs["images_per_phase"] = images_per_phase
        return super().for_images(info, latent_dim, filters, ema_decay, **kwargs)

    @classmethod
    def networks_for_images(
        cls, info: DatasetInfo, latent_dim: int, filters: int, num_classes: int | None = None
    ) -> dict[str, Any]:
        return {
            "generator": networks.progressive_generator(info.image_shape, latent_dim, filters),
            "discriminator": networks.progressive_discriminator(info.image_shape, filters),
        }

    def default_optimizers(self) -> dict[str, keras.optimizers.Optimizer]:
        """Adam with the paper's learning rate 1e-3, β₁ 0, β₂ 0.99 and ε 1e-8."""
        paper = {"learning_rate": 1e-3, "beta_1": 0.0, "beta_2": 0.99, "epsilon": 1e-8}
        return {
            "g_optimizer": keras.optimizers.Adam(**paper, name="g_adam"),
            "d_optimizer": keras.optimizers.Adam(**paper, name="d_adam"),
        }

    def learning_rates(self, total_steps: int) -> dict[str, Schedule] | None:
        """None: the paper's are constant."""

    # The step

    def train_step(self, data: Tensors) -> dict[str, Tensor]:
        if self._is_fading:
            for fade in self._fades(self.level):
                fade.alpha.assign(self._alpha_at(self.level, self.images_seen))
        return super().train_step(data)

    def real_examples(self, data: Tensors) -> Examples:
        """Return real images as they are at the present level."""
        images = super().real_examples(data)
        above = self._top - self.level
        shown = in_blocks(images, above)
        if not self._is_fading:
            return shown
        alpha = ops.cast(self._fades(self.level)[0].alpha, shown.dtype)
        return (1 - alpha) * in_blocks(images, above + 1) + alpha * shown

    def train_discriminator(self, real: Examples) -> LossResult:
        result = super().train_discriminator(real)
        replicas = tf.distribute.get_strategy().num_replicas_in_sync
        seen = ops.shape(images_of(real))[0] * replicas
        self.images_seen.assign_add(ops.cast(seen, self.images_seen.dtype))
        return result

    def discriminator_loss(
        self, real: Examples, fake: Examples, training: bool = True
    ) -> LossResult:
        result = super().discriminator_loss(real, fake, training)
        drift = ops.mean(ops.square(result.handed_on["real_logits"]))
        return result.plus("drift", drift, self.drift_weight)

    # Phases: that of the lowest level, then for each other one that of its fade and its own

    @property
    def level(self) -> int:
        """The highest level in use; 0 is the lowest."""
        self._follow_phase()
        return (self._followed + 1) // 2

    @property
    def alpha(self) -> float:
        """How far the highest level in use is faded in."""
        if not self.level:
            return 1.0
        return float(ops.convert_to_numpy(self._fades(self.level)[0].alpha))

    @property
    def _is_fading(self):
        return self._followed % 2 == 1

    @property
    def _top(self):
        return len(fades(self.generator))

    def _fades(self, level):
        return [fades(network)[level - 1] for network in (self.generator, self.discriminator)]

    def _alpha_at(self, level, images):
        """α of a level after so many images."""
        start, end = self._ends[2 * level - 2], self._ends[2 * level - 1]
        return ops.clip(ops.cast(images - start, "float32") / (end - start), 0.0, 1.0)

    def begin_phase(self) -> None:
        """Begin the phase that the images seen say, if it has not begun."""
        phase = bisect.bisect_right(self._ends, int(ops.convert_to_numpy(self.images_seen)))
        if phase == int(ops.convert_to_numpy(self.phase)):
            return
        with self.distribute_strategy.scope():
            for name in self.optimizer_networks:
                optimizers.reset(getattr(self, name), self._trained_variables(name))
            self.phase.assign(phase)
            self._set_alphas()
        self._follow_phase()

    def make_train_function(self, force: bool = False) -> Callable[..., Any]:
        """As `keras.Model`, of steps that begin phases, in each of which they are compiled once."""
        if self.train_function is not None and not force:
            return self.train_function
        compiled = {}

        def train_function(batches):
            self.begin_phase()
            if self._followed not in compiled:
                compiled.clear()
                super(ProgressiveGAN, self).make_train_function(force=True)
                compiled[self._followed] = self.train_function
                self.train_function = train_function
            return compiled[self._followed](batches)

        self.catch_up()
        self.train_function = train_function
        return train_function

    def catch_up(self) -> None:
        super().catch_up()
        self._follow_phase()

    def in_use(self, name: str, training: bool = False) -> keras.layers.Layer:
        """As of any model; of the networks, the part that has grown."""
        self._follow_phase()
        network = super().in_use(name, training)
        return self._part(name) if network is getattr(self, name) else network

    def call(self, inputs: Tensors, training: bool = False) -> Tensor:
        """Generate whole images from latents, at the present level."""
        generator, part = self.in_use("generator"), self._part("generator")
        if generator is part:
            return as_float(part(inputs, training=training))
        return as_float(generator(inputs, training=training, part=part))

    def _follow_phase(self):
        """Use the parts of the networks that the phase says, which may have been loaded."""
        if not tf.executing_eagerly():
            return
        phase = int(ops.convert_to_numpy(self.phase))
        if phase != self._followed:
            self._followed = phase
            level = (phase + 1) // 2
            parts = {
                name: at_level(getattr(self, name), level, fading=self._is_fading)
                for name in ("generator", "discriminator")
            }
            # A method, as an attribute would make the parts layers of the model.
            self._part = parts.__getitem__
            self.test_function = self.predict_function = None

    def _set_alphas(self):
        """Let the fades be as they are at the beginning of a phase."""
        phase = int(ops.convert_to_numpy(self.phase))
        for network in (self.generator, self.discriminator):
            for fade in fades(network):
                fade.alpha.assign(float(phase >= 2 * fade.level))

    def _add_counter(self, name):
        return self.add_weight(
            name=name,
            dtype="int64",
            initializer="zeros",
            trainable=False,
            aggregation="only_first_replica",
        )


def _check_levels(generator, discriminator):
    """The number of fades of both networks, which must have the same."""
    levels = [[fade.level for fade in fades(network)] for network in (generator, discriminator)]
    if not levels[0] == levels[1] == list(range(1, len(levels[0]) + 1)):
        raise ValueError(
            "`generator` and `discriminator` must have a FadeIn for each level above the lowest, "
            "the same in both, as those of keras_gans.networks.progressive_generator and "
            f"progressive_discriminator have. Received: levels {levels[0]} and {levels[1]}"
        )
    return len(levels[0])


def _images(images_per_phase, num_phases):
    """Images of each phase but the last."""
    if not isinstance(images_per_phase, (list, tuple)):
        return [_checks.positive_int("images_per_phase", images_per_phase)] * num_phases
    if len(images_per_phase) != num_phases:
        raise ValueError(
            f"`images_per_phase` must be an integer or a list of {num_phases}, of each phase but "
            f"the last. Received: {len(images_per_phase)}"
        )
    return [_checks.positive_int("images_per_phase", images) for images in images_per_phase]
