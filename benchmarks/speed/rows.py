"""Ways to do the same, in turns, and how many times as fast the package's is."""

import dataclasses
import importlib.util
import statistics
import time
from collections.abc import Callable


def seconds(way):
    """What a way takes, and what it returns."""
    start = time.perf_counter()
    result = way()
    return time.perf_counter() - start, result


def stated(way):
    """What a way says that it takes."""
    return way(), None


@dataclasses.dataclass(frozen=True)
class LeftOut:
    """In the place of a way that does not run here: why."""

    reason: str


@dataclasses.dataclass(frozen=True)
class Row:
    """A comparison.

    Attributes:
        make: Function of a seed, to functions without arguments by name: first the package's way,
            then that which it is compared with, then others. Instead of one of these there may be a
            `LeftOut`.
        to_reach: How many times as much the other way should take.
        least: How many times it must take. Defaults to 0.
        measure: Function of a way, to what it takes and its result. Defaults to seconds.
        difference: Function of the seed, or of the results of both ways, in `of_results`: how much
            they differ, relative to themselves. Defaults to `None`, which asks nothing.
        of_results: Boolean, whether `difference` takes results. Defaults to `False`.
        bound: What that must stay below.
        needs: Name of a package that the row needs beside those of the tests, or `None`.
    """

    make: Callable
    to_reach: float
    least: float = 0
    measure: Callable = seconds
    difference: Callable | None = None
    of_results: bool = False
    bound: float = 1e-9
    needs: str | None = None

    def lacks(self):
        """Whether the package that the row needs is not installed."""
        return self.needs is not None and importlib.util.find_spec(self.needs) is None

    def measured(self, rounds, seed):
        """Let the ways take turns, once before it counts, and return what was found."""
        found = {}
        if self.difference and not self.of_results:
            found["relative_difference"] = self.difference(seed)
        ways = self.make(seed)
        left_out = {name: way.reason for name, way in ways.items() if isinstance(way, LeftOut)}
        if left_out:
            found["left_out"] = left_out
        ways = {name: way for name, way in ways.items() if name not in left_out}
        results = {name: self.measure(way)[1] for name, way in ways.items()}
        if self.difference and self.of_results:
            found["relative_difference"] = self.difference(*list(results.values())[:2])
        costs = {name: [] for name in ways}
        for _ in range(rounds):
            for name, way in ways.items():
                costs[name].append(self.measure(way)[0])
        ours, other = list(costs.values())[:2]
        ratios = [o / k for k, o in zip(ours, other, strict=True)]
        return {
            "ratio": statistics.median(other) / statistics.median(ours),
            "smallest_and_largest_of_a_round": [min(ratios), max(ratios)],
            "to_reach": self.to_reach,
            "medians": {name: statistics.median(values) for name, values in costs.items()},
            **found,
        }

    def holds(self, found):
        """Whether both ways come to the same, and the package's is fast enough."""
        differences = found.get("relative_difference", 0)
        differences = differences.values() if isinstance(differences, dict) else [differences]
        return all(d < self.bound for d in differences) and found["ratio"] >= self.least
