"""How much memory something takes, at most, beyond what a program of this package takes anyway."""

import os
import subprocess
import sys

MEASURED = """
import resource
import keras_gans as kg
{preparation}
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
{code}
print(1024 * (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before))
"""


def peak(code, preparation=""):
    """Bytes that a code takes at its peak, in a process of its own, after a preparation."""
    process = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", MEASURED.format(**locals())],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
        timeout=300,
        check=True,
    )
    return int(process.stdout)


def takes_at_most(limit, code, preparation="", tries=3):
    """Whether the peak of a code is at most `limit` bytes.

    What threads and allocators happen to do can only add to it, so the least of some tries counts.
    """
    return any(peak(code, preparation) <= limit for _ in range(tries))
