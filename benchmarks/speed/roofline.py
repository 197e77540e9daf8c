"""A roofline on paper: what would limit a step on a GPU. It is computed, and not measured.

A step has to calculate, to move bytes to and from memory, and, without XLA, to launch a kernel for
each operation; each is given the time that it would take alone, at the GPU's peak. The longest is
the limit: a step cannot be shorter, and is longer where they do not overlap, or where kernels do
not reach the peak, as small ones do not.

Bytes have two bounds. The upper one is of the graph as it is, without fusion: each operation reads
its inputs from memory and writes its outputs there. The lower one is of weights, which are read
once, and of what matrix products and convolutions make, which is written once.
"""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Accelerator:
    """A GPU by its data sheet.

    Attributes:
        name: String.
        flops: Peak of matrix products a second, dense, by precision.
        bandwidth: Bytes of memory a second.
        launch: Seconds that a kernel's launch takes. No data sheet has it: about 5 µs is assumed.
    """

    name: str
    flops: dict
    bandwidth: float
    launch: float = 5e-6


#: NVIDIA's data sheet has the peaks with sparsity, which are twice as high.
H100 = Accelerator("H100 SXM", {"tf32": 495e12, "bfloat16": 989e12}, 3.35e12)


def times(work, weight_bytes, accelerator=H100, precision="tf32"):
    """Seconds of each part of a step, if it were all: `work` is what `counting` counts."""
    return {
        "arithmetic": work.flops / accelerator.flops[precision],
        "memory": work.bytes_unfused / accelerator.bandwidth,
        "memory_at_least": (weight_bytes + work.bytes_made) / accelerator.bandwidth,
        "launches": work.operations * accelerator.launch,
    }


def limit(found):
    """Which of the parts takes longest, without fusion."""
    return max(("arithmetic", "memory", "launches"), key=found.__getitem__)


def of_step(work, weight_bytes, accelerator=H100):
    """Times and limits of a step: in TF32, and of calculating in bfloat16.

    With fusion, that is with memory's lower bound and without launches, the limit may be another.
    """
    found = times(work, weight_bytes, accelerator)
    fused = {"memory": found["memory_at_least"], "launches": 0, "arithmetic": found["arithmetic"]}
    return {
        "accelerator": accelerator.name,
        "seconds": found,
        "seconds_of_arithmetic_in_bfloat16": work.flops / accelerator.flops["bfloat16"],
        "limit": limit(found),
        "limit_if_all_is_fused": limit(fused),
    }
