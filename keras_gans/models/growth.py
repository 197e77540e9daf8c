"""When the levels of a network that grows are faded in."""

import bisect
import itertools
from collections.abc import Sequence

from keras import ops

from keras_gans import _checks
from keras_gans._typing import Tensor


class Growth:
    """Phases of images: that of the lowest level, then for each other its fade, and its own.

    Phase 0 is that of level 0, phase 1 the fade to level 1, phase 2 that of level 1, and so on. The
    last has no end.

    Args:
        images_per_phase: Positive integer, or a list of them, one for each phase but the last.
        num_levels: Positive integer.

    Raises:
        ValueError, TypeError: If a number is not a positive integer, or there are too many or few.

    Example:

    >>> from keras_gans.models.growth import Growth
    >>> growth = Growth([100, 50], num_levels=2)
    >>> [growth.phase(images) for images in (0, 99, 100, 150)]
    [0, 0, 1, 2]
    >>> [round(float(growth.alpha(1, images)), 1) for images in (0, 100, 110, 150, 160)]
    [0.0, 0.0, 0.2, 1.0, 1.0]
    """

    def __init__(self, images_per_phase: int | Sequence[int], num_levels: int) -> None:
        num = 2 * (num_levels - 1)
        if not isinstance(images_per_phase, (list, tuple)):
            images_per_phase = [_checks.positive_int("images_per_phase", images_per_phase)] * num
        if len(images_per_phase) != num:
            raise ValueError(
                f"`images_per_phase` must be an integer or a list of {num}, one for each phase but "
                f"the last. Received: {len(images_per_phase)} integers"
            )
        checked = [_checks.positive_int("images_per_phase", images) for images in images_per_phase]
        self.ends = list(itertools.accumulate(checked))

    def phase(self, images: int) -> int:
        """The phase after so many images."""
        return bisect.bisect_right(self.ends, images)

    def alpha(self, level: int, images: Tensor) -> Tensor:
        """How far a level above the lowest is faded in after so many images, float32."""
        start, end = self.ends[2 * level - 2 : 2 * level]
        return ops.clip(ops.cast(images - start, "float32") / (end - start), 0.0, 1.0)


def level_in(phase: int) -> int:
    """The highest level in use in a phase."""
    return (phase + 1) // 2


def is_fade(phase: int) -> bool:
    """Whether a phase fades its level in."""
    return phase % 2 == 1
