"""What can never fit in memory is refused before anything is computed."""

import math
import os


def check(name, num, shapes):
    """Refuse more examples than this machine's memory could hold.

    Args:
        name: Name of the argument that says how many.
        num: Integer, how many examples.
        shapes: Shapes of the float32 arrays that there are of each example.

    Raises:
        ValueError: If they would take more than all memory of the machine.
    """
    most = capacity(shapes)
    if num > most:
        raise ValueError(
            f"`{name}` must be at most {most:,} for examples that all fit in the memory of "
            f"this machine at once. Received: {name}={num}"
        )


def check_features(num, largest, owner):
    """Refuse samples of so many features that what a metric keeps of them could never fit.

    Args:
        num: Integer, features of a sample.
        largest: Integer or infinity, the most features with which it could.
        owner: Name of the metric.

    Raises:
        ValueError: If there are more.
    """
    if num > largest:
        raise ValueError(
            f"`feature_extractor` must make at most {largest:,} features of a sample, for what "
            f"{owner} keeps to fit in the memory of this machine. Received: {num:,}"
        )


def capacity(shapes):
    """How many examples fit in memory, of each of which there are float32 arrays of `shapes`."""
    bytes_each = 4 * sum(map(math.prod, shapes))
    memory = physical_memory()
    return math.inf if memory == math.inf or bytes_each == 0 else memory // bytes_each


def physical_memory():
    """Bytes of memory that this machine has, or infinity where it does not say."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return math.inf
