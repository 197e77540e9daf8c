"""Numbers by name and epoch, as many as a chart can show."""

import math
from typing import Any

import numpy as np

#: Points of a curve up to which all are kept.
MOST_POINTS = 600


class Curves:
    """Numbers by name and epoch. Of a long training those are kept that a chart would show.

    Attributes:
        by_name: Dictionary of dictionaries: of each name the numbers by epoch, in order.
    """

    def __init__(self) -> None:
        self.by_name: dict[str, dict[int, float]] = {}

    def add(self, epoch: int, values: dict[str, Any]) -> None:
        """Add the numbers of an epoch, which is later than all others. What is none is left out."""
        for name, value in values.items():
            number = _number(value)
            if number is None:
                continue
            points = self.by_name.setdefault(name, {})
            points[epoch] = number
            if len(points) > 2 * MOST_POINTS:
                self.by_name[name] = thinned(points)

    def cut(self, epoch: int) -> None:
        """Drop what is of an epoch, and of those after it."""
        kept = {
            name: {e: value for e, value in points.items() if e < epoch}
            for name, points in self.by_name.items()
        }
        self.by_name = {name: points for name, points in kept.items() if points}

    def last(self, name: str) -> float:
        """The newest number of a name."""
        *_, value = self.by_name[name].values()
        return value

    def is_constant(self, name: str) -> bool:
        return len(set(self.by_name[name].values())) == 1

    def to_json(self) -> dict[str, list]:
        """The numbers, thinned and rounded, as values of JSON."""
        found = {}
        for name, points in self.by_name.items():
            points = thinned(points)
            found[name] = [list(points), [_to_json(value) for value in points.values()]]
        return found

    @classmethod
    def from_json(cls, found: dict[str, list]) -> "Curves":
        """The reverse of `to_json`.

        Raises:
            ValueError, TypeError, AttributeError: If it is something else.
        """
        curves = cls()
        for name, (epochs, values) in found.items():
            points = zip(map(int, epochs), map(float, values), strict=True)
            curves.by_name[str(name)] = dict(sorted(points))
        return curves


def thinned(points: dict[int, float], most: int = MOST_POINTS) -> dict[int, float]:
    """Return so many points that their chart looks the same: extremes of spans of epochs.

    The first and the last are kept, and of each span the least, the greatest and the first that is
    not finite.

    Args:
        points: Numbers by epoch, in order.
        most: Positive integer, points up to which all are kept.
    """
    if len(points) <= most:
        return points
    epochs, values = np.array(list(points)), np.array(list(points.values()))
    num = most // 3
    spans = (epochs - epochs[0]) * num // (epochs[-1] - epochs[0] + 1)
    is_finite = np.isfinite(values)
    kept = {0, len(epochs) - 1}
    for span in np.split(np.arange(len(epochs)), np.flatnonzero(np.diff(spans)) + 1):
        finite, others = span[is_finite[span]], span[~is_finite[span]]
        kept.update(others[:1].tolist())
        if len(finite):
            kept |= {int(finite[values[finite].argmin()]), int(finite[values[finite].argmax()])}
    return {int(epochs[i]): float(values[i]) for i in sorted(kept)}


def _number(value):
    """A float, `None` of what is none."""
    try:
        return float(value) if np.ndim(value) == 0 else None
    except (TypeError, ValueError, OverflowError):
        return None


def _to_json(value):
    """A number of six digits; a string of what JSON has no number for."""
    return float(f"{value:.6g}") if math.isfinite(value) else str(value)
