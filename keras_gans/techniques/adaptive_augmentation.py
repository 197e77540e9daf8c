"""Adaptive discriminator augmentation (Karras et al. 2020)."""

import math
from typing import Any

import keras
import tensorflow as tf
from keras import ops

from keras_gans import _checks, _replicas
from keras_gans._hyperparameters import SCHEDULE, Hyperparameter
from keras_gans._loss_result import LossResult
from keras_gans._precision import as_float
from keras_gans._typing import Examples, FloatOrSchedule, Tensor
from keras_gans.techniques import operations, warps
from keras_gans.techniques.augmentation import Augmentation
from keras_gans.techniques.draws import Draws

#: Objectives with no decision at a logit of zero.
WITHOUT_SIGNS = ("wasserstein", "least_squares", "least_squares_with_codes")


@keras.saving.register_keras_serializable(package="keras_gans")
class AdaptiveAugmentation(Augmentation):
    """Augment what the discriminator sees as often as keeps it from learning images by heart.

    Every operation below is applied to an image with probability p, each by itself. As long as p is
    well below 1, the generator cannot get away with augmented images: of the distribution after the
    augmentation, the one before it is the only possible origin. p starts at 0. The discriminator
    that overfits tells by r_t = E sign D(x), near 1 if all real images are called real: after every
    `interval` updates p changes by sign(r_t − target) · images seen in them / `adjustment_images`,
    and is cut to [0, 1].

    The groups of operations, in this order:

    - `blit`: mirror left to right (half of the time), turn by a multiple of 90°, move by up to an
      eighth of each side in whole pixels;
    - `geom`: scale by 2^N(0, 0.2²), turn by any angle, stretch one side as the other shrinks by
      2^N(0, 0.2²), turn again, move by N(0, 0.125²) of each side. Both rotations have probability
      1 − √(1 − p);
    - `color`: brightness + N(0, 0.2²), contrast · 2^N(0, 0.5²), light to dark (half of the time),
      hue by any angle, saturation · 2^N(0, 1);
    - `cutout`: a rectangle of half the sides, anywhere, to zero.

    The first two are one affine map and one interpolation: see `keras_gans.techniques.warps`. Hue
    turns three channels only; of one channel the saturation stays, too; with other channels, of
    which the authors' code takes none, light is their mean. The numbers are those of the authors'
    code, but p there is not cut to 1.

    Args:
        target: Float in (−1, 1), the r_t that p is adapted to, or `None`: p stays, or follows its
            schedule. Defaults to `0.6`.
        p: Float in [0, 1], the probability at the start, or a schedule for `target=None`. The
            attribute is the probability as it is now. Defaults to `0.0`.
        interval: Positive integer, updates of the discriminator from one change of p to the next.
            Defaults to `4`.
        adjustment_images: Positive integer, real images in which p goes from 0 to 1 at most.
            Defaults to `500_000`; with a few hundred thousand images of training in all, fewer.
        blit, geom, color, cutout: Floats in [0, 1], factors of p for a group; `0` leaves it out.
            Default to `1.0`, and `0.0` for `cutout`, the best of the paper.

    Raises:
        ValueError, TypeError: If a number is out of range or p has a schedule beside a target; by
            the model, if it does not learn from images, or if there is a target, and its objective
            has no decision at D(x) = 0 (Wasserstein, least-squares and relativistic ones).

    Logs: `r_t`, the mean of sign D(x), and `augment_p`, p.

    Example:

    >>> import numpy as np, keras_gans as kg
    >>> augmentation = kg.techniques.AdaptiveAugmentation(adjustment_images=10_000, interval=1)
    >>> gan = kg.models.GAN(
    ...     kg.networks.dcgan_generator((8, 8, 1), latent_dim=4, filters=4),
    ...     kg.networks.dcgan_discriminator((8, 8, 1), filters=4),
    ...     latent_dim=4,
    ...     techniques=[augmentation],
    ... )
    >>> gan.compile()
    >>> images = np.random.default_rng(0).uniform(-1, 1, (32, 8, 8, 1))
    >>> history = gan.fit(images, batch_size=8, verbose=0)
    >>> 0 <= augmentation.p <= 4 * 8 / 10_000
    True

    Reference:
        Karras et al. 2020, Training Generative Adversarial Networks with Limited Data, sections 2
        and 3 and appendix B.
    """

    loss_names = ("r_t", "augment_p")
    p = Hyperparameter(0.0, 1.0)

    def __init__(
        self,
        target: float | None = 0.6,
        p: FloatOrSchedule = 0.0,
        interval: int = 4,
        adjustment_images: int = 500_000,
        blit: float = 1.0,
        geom: float = 1.0,
        color: float = 1.0,
        cutout: float = 0.0,
        **kwargs,
    ) -> None:
        super().__init__(**kwargs)
        if target is not None:
            target = _checks.real_number("target", target, -1, 1, low_open=True, high_open=True)
            if isinstance(p, SCHEDULE):
                raise ValueError(
                    "`target` must be None beside a schedule, which says all about `p`. "
                    f"Received: target={target!r}"
                )
        self.target = target
        self.p = p
        self.interval = _checks.positive_int("interval", interval)
        self.adjustment_images = _checks.positive_int("adjustment_images", adjustment_images)
        self.blit = _checks.real_number("blit", blit, 0, 1)
        self.geom = _checks.real_number("geom", geom, 0, 1)
        self.color = _checks.real_number("color", color, 0, 1)
        self.cutout = _checks.real_number("cutout", cutout, 0, 1)

    def prepare(self, model: keras.Model) -> None:
        super().prepare(model)
        objective = model.objective
        if self.target is not None and (objective.relativistic or objective.name in WITHOUT_SIGNS):
            raise ValueError(
                "`techniques` must not hold AdaptiveAugmentation with a `target` here: it goes by "
                "the signs of logits, and the objective has no decision at zero. Give p, or a "
                f"schedule of it, and target=None. Received: objective {objective.name!r}"
            )
        self.updates = self.add_state("updates", dtype="int64")
        self.sum_of_signs = self.add_state("sum_of_signs")

    def augmented(self, model: keras.Model, images: Tensor) -> Tensor:
        groups = self.blit, self.geom, self.color, self.cutout
        draws = Draws.of(model, images, uniform=24, normal=7)
        return pipeline(images, draws, *(group and group * self.p for group in groups))

    # Adaptation

    def loss(
        self, model: keras.Model, network: str, loss: LossResult, real: Examples, fake: Examples
    ) -> LossResult:
        if network != "discriminator":
            return loss
        signs = ops.mean(ops.sign(loss.handed_on["real_logits"]))
        return loss.logging(r_t=signs, augment_p=ops.cast(self.p, signs.dtype))

    def update(self, model: keras.Model, network: str, outputs: dict[str, Any]) -> None:
        if network != "discriminator" or self.target is None:
            return
        logits = outputs["real_logits"]
        self.updates.assign_add(1)
        signs = _replicas.mean(ops.mean(ops.sign(logits)))
        self.sum_of_signs.assign_add(ops.cast(signs, self.sum_of_signs.dtype))
        r_t = as_float(self.sum_of_signs) / self.interval
        replicas = tf.distribute.get_strategy().num_replicas_in_sync
        batch_size = replicas * model.pack_size * ops.shape(logits)[0]
        images = self.interval * ops.cast(batch_size, r_t.dtype)
        is_due = ops.equal(self.updates % self.interval, 0)
        step = ops.sign(r_t - self.target) * images / self.adjustment_images
        self.p = ops.clip(self.p + ops.where(is_due, step, 0.0), 0.0, 1.0)
        self.sum_of_signs.assign(ops.where(is_due, 0.0, self.sum_of_signs))


def pipeline(
    images: Tensor,
    draws: Draws,
    blit: Tensor | float,
    geom: Tensor | float,
    color: Tensor | float,
    cutout: Tensor | float,
) -> Tensor:
    """The operations with the probabilities of their groups; a Python zero leaves a group out."""
    moves = [
        *(blits(draws, blit, images.shape[1:3]) if _is_used(blit) else []),
        *(maps(draws, geom, images.shape[1:3]) if _is_used(geom) else []),
    ]
    if moves:
        images = warps.warp(images, warps.product(*moves))
    if _is_used(color):
        images = recolored(images, draws, color)
    if _is_used(cutout):
        images = with_cutout(images, draws, cutout)
    return images


def _is_used(p):
    return not (isinstance(p, float) and p == 0)


def blits(draws: Draws, p: Tensor | float, sides: tuple[int, int]) -> list[Tensor]:
    """Inverse maps that take whole pixels to whole pixels."""
    height, width = sides
    (is_mirrored,) = draws.sometimes(p, draws.below(2))
    (quarters,) = draws.sometimes(p, draws.below(4))
    right, down = draws.sometimes(p, draws.uniform(-0.125, 0.125), draws.uniform(-0.125, 0.125))
    return [
        warps.scaling(1 - 2 * is_mirrored, ops.ones_like(is_mirrored)),
        warps.rotation(math.pi / 2 * quarters),
        warps.translation(-ops.round(right * width), -ops.round(down * height)),
    ]


def maps(draws: Draws, p: Tensor | float, sides: tuple[int, int]) -> list[Tensor]:
    """Inverse maps of all kinds."""
    height, width = sides
    p_of_each_turn = 1 - (1 - p) ** 0.5
    (scale,) = draws.sometimes(p, 2 ** draws.normal(0.2), otherwise=1.0)
    (before,) = draws.sometimes(p_of_each_turn, draws.uniform(-math.pi, math.pi))
    (stretch,) = draws.sometimes(p, 2 ** draws.normal(0.2), otherwise=1.0)
    (after,) = draws.sometimes(p_of_each_turn, draws.uniform(-math.pi, math.pi))
    right, down = draws.sometimes(p, draws.normal(0.125), draws.normal(0.125))
    return [
        warps.scaling(1 / scale, 1 / scale),
        warps.rotation(before),
        warps.scaling(1 / stretch, stretch),
        warps.rotation(after),
        warps.translation(-right * width, -down * height),
    ]


def recolored(images: Tensor, draws: Draws, p: Tensor | float) -> Tensor:
    """The operations on colors."""
    (offset,) = draws.sometimes(p, draws.normal(0.2))
    (factor,) = draws.sometimes(p, 2 ** draws.normal(0.5), otherwise=1.0)
    (is_flipped,) = draws.sometimes(p, draws.below(2))
    images = operations.contrast(operations.brightness(images, offset), factor)
    images = operations.luma_flip(images, is_flipped)
    if images.shape[-1] == 3:
        (angle,) = draws.sometimes(p, draws.uniform(-math.pi, math.pi))
        images = operations.hue(images, angle)
    if images.shape[-1] > 1:
        (factor,) = draws.sometimes(p, 2 ** draws.normal(), otherwise=1.0)
        images = operations.saturation(images, factor)
    return images


def with_cutout(images: Tensor, draws: Draws, p: Tensor | float) -> Tensor:
    """A rectangle of half the sides."""
    sides = images.shape[1:3]
    centers = [draws.uniform(high=side) for side in sides]
    sizes = draws.sometimes(p, *(ops.full_like(centers[0], side / 2) for side in sides))
    starts = [center - size / 2 for center, size in zip(centers, sizes, strict=True)]
    return operations.cutout(images, *starts, *sizes)
