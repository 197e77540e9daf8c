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
    bytes_each = 4 * sum(map(math.prod, shapes))
    if num * bytes_each > physical_memory():
        most = physical_memory() // bytes_each
        raise ValueError(
            f"`{name}` must be at most {most:,} for examples that all fit in the memory of "
            f"this machine at once. Received: {name}={num}"
        )


def physical_memory():
    """Bytes of memory that this machine has, or infinity where it does not say."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return math.inf
