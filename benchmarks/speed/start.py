"""What a new process needs: to import the package, to take its first step, and in memory."""

import functools
import pathlib
import subprocess
import sys

from benchmarks.speed.rows import Row, seconds, stated

ROOT = pathlib.Path(__file__).parents[2]


def run(code):
    """What a new process prints last."""
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout.splitlines()[-1] if done.stdout else None


def imports(seed):
    return {
        "keras_gans": functools.partial(run, "import keras_gans"),
        "keras": functools.partial(run, "import keras"),
    }


def in_new_processes(template, seed):
    def number(name):
        return float(run(template.format(seed=seed, name=name)))

    return {name: functools.partial(number, name) for name in ("keras_gans", "tutorial")}


#: Tracing and compiling, with the step itself.
FIRST_STEP = """
import time
from benchmarks.speed import devices
devices.use_chosen()
from benchmarks.speed.wgan_gp import steps_of_images
take = steps_of_images("{name}", {seed}, steps=1)
start = time.perf_counter()
take()
print(time.perf_counter() - start)
"""

#: Megabytes at most, after some steps, above those after the imports.
MEMORY = """
import resource
from benchmarks.speed import devices
devices.use_chosen()
from benchmarks.speed.wgan_gp import steps_of_images
def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
before = peak()
steps_of_images("{name}", {seed}, steps=4)()
print(peak() - before)
"""

ROWS = {
    "start": Row(imports, 1 / 1.15, measure=seconds),
    "first_step": Row(functools.partial(in_new_processes, FIRST_STEP), 1 / 1.5, measure=stated),
    "memory": Row(functools.partial(in_new_processes, MEMORY), 1, measure=stated),
}
