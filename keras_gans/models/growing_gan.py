"""GANs whose networks grow while they train."""

from collections.abc import Callable, Sequence
from typing import Any

import keras
import tensorflow as tf
from keras import ops

from keras_gans._examples import images_of, with_images
from keras_gans._loss_result import LossResult
from keras_gans._precision import as_float
from keras_gans._typing import Examples, Tensor, Tensors
from keras_gans.models import optimizers
from keras_gans.models.gan import GAN
from keras_gans.models.growth import Growth, is_fade, level_in
from keras_gans.networks.progressive import at_level, fades, in_blocks


class GrowingGAN(GAN):
    """Base class: a GAN of networks whose levels are faded in, by the images that they have seen.

    Whatever the objective, with conditions or without: a subclass of this class and of another GAN
    is that GAN, and grows. Each phase has a compiled step of its own, of the parts of the networks
    that are in use; optimizers begin anew in each. What has been seen, the phase and α are weights,
    so that a file, or a checkpoint, holds them.

    Args:
        generator, discriminator, latent_dim, **kwargs: See `GAN`. The networks have a
            `keras_gans.layers.FadeIn` for each level above the lowest.
        images_per_phase: See `ProgressiveGAN`.

    Raises:
        ValueError, TypeError: As `GAN`, if the networks do not have the same levels, or if
            `images_per_phase` is not positive or has another length.
    """

    changes_between_steps = True

    _followed = -1  # the phase of the parts in use

    def __init__(
        self,
        generator: keras.Model,
        discriminator: keras.Model,
        latent_dim: int,
        images_per_phase: int | Sequence[int],
        **kwargs: Any,
    ) -> None:
        super().__init__(generator, discriminator, latent_dim, **kwargs)
        self.images_per_phase = images_per_phase
        self.growth = Growth(images_per_phase, _num_levels(generator, discriminator))
        self.images_seen = self.add_counter("images_seen")
        self.phase = self.add_counter("phase")
        self._set_alphas()
        self._follow_phase()

    # The step

    def train_step(self, data: Tensors) -> dict[str, Tensor]:
        if self._is_fading:
            alpha = self.growth.alpha(self.level, self.images_seen)
            for fade in self._fades():
                fade.alpha.assign(alpha)
        return super().train_step(data)

    def real_examples(self, data: Tensors) -> Examples:
        """Return real images as they are at the present level, beside their conditions if any."""
        examples = super().real_examples(data)
        images = images_of(examples)
        above = len(fades(self.generator)) - self.level
        shown = in_blocks(images, above)
        if self._is_fading:
            alpha = ops.cast(self._fades()[0].alpha, shown.dtype)
            shown = (1 - alpha) * in_blocks(images, above + 1) + alpha * shown
        return with_images(examples, shown)

    def train_discriminator(self, real: Examples, fake: Examples | None = None) -> LossResult:
        result = super().train_discriminator(real, fake)
        replicas = tf.distribute.get_strategy().num_replicas_in_sync
        seen = ops.shape(images_of(real))[0] * replicas
        self.images_seen.assign_add(ops.cast(seen, self.images_seen.dtype))
        return result

    # Phases

    @property
    def level(self) -> int:
        """The highest level in use; 0 is the lowest."""
        self._follow_phase()
        return level_in(self._followed)

    @property
    def alpha(self) -> float:
        """How far the highest level in use is faded in."""
        if not self.level:
            return 1.0
        return float(ops.convert_to_numpy(self._fades()[0].alpha))

    @property
    def _is_fading(self):
        return is_fade(self._followed)

    def _fades(self):
        """Those of the present level, in both networks."""
        return [fades(network)[self.level - 1] for network in (self.generator, self.discriminator)]

    def begin_phase(self) -> None:
        """Begin the phase that the images seen say, if it has not begun."""
        phase = self.growth.phase(int(ops.convert_to_numpy(self.images_seen)))
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
        compiled: dict[int, Callable[..., Any]] = {}

        def train_function(batches):
            self.begin_phase()
            if self._followed not in compiled:
                compiled.clear()
                super(GrowingGAN, self).make_train_function(force=True)
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
        part = self.in_use("generator", training=True)
        with self.weights_in_use("generator"):
            return as_float(part(inputs, training=training))

    def _follow_phase(self):
        """Use the parts of the networks that the phase says, which may have been loaded."""
        if not tf.executing_eagerly():
            return
        phase = int(ops.convert_to_numpy(self.phase))
        if phase != self._followed:
            self._followed = phase
            parts = {
                name: at_level(getattr(self, name), level_in(phase), is_fade(phase))
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


def _num_levels(generator, discriminator):
    """The number of levels of both networks, which must fade in the same."""
    levels = [[fade.level for fade in fades(network)] for network in (generator, discriminator)]
    if not levels[0] == levels[1] == list(range(1, len(levels[0]) + 1)):
        raise ValueError(
            "`generator` and `discriminator` must have a FadeIn for each level above the lowest, "
            "the same in both, as those of keras_gans.networks.progressive_generator and "
            f"progressive_discriminator have. Received: levels {levels[0]} and {levels[1]}"
        )
    return 1 + len(levels[0])
