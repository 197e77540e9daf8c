"""Every model on 1, 2, 4 and 2 × 2 replicas: how far are the weights from those of one device?

The models of the tests train two epochs on the same shuffled batches with the same noise and SGD,
without a strategy and then under `MirroredStrategy` and, as two processes,
`MultiWorkerMirroredStrategy`. Then they are stopped in the first epoch, and go on from their
checkpoints on another number of replicas.

    python benchmarks/guards/replicas.py

The result goes to benchmarks/results/replicas.json: for each model the largest difference of any
weight, and of any logged loss, relative to its size plus 0.1: of numbers that are zero but for
rounding, such as a bias before batch normalization, the rounding is not the measure of the rest.
Generated examples in memories are counted apart, relative to their size plus 1: they are what a
network makes of the weights, in [-1, 1], and gray is no more exact than black and white.
The command fails if any is over 1e-5.
"""

import argparse
import pathlib
import sys
import tempfile

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).parents[2]))

from benchmarks import results
from tests.distribution import processes
from tests.distribution.replica import cases

#: What is added to the size of a number, and how much it may differ relative to that.
FLOORS, BOUND = {"weights": 0.1, "losses": 0.1, "memories": 1.0}, 1e-5

#: Replicas of a process, and processes that are workers.
ARRANGEMENTS = {"1": (1, 0), "2": (2, 0), "4": (4, 0), "2 x 2": (2, 2)}

#: Replicas until a training is stopped after a step, and those that it goes on with.
CHANGES, STOP = {"2, then 1": (2, 1), "1, then 2": (1, 2)}, 1


def trained(replicas, workers, options, *runs):
    """Weights and losses, by name."""
    with tempfile.TemporaryDirectory() as folder:
        output = pathlib.Path(folder) / "results.npz"
        command = ("-m", "tests.distribution.replica", output, replicas, *options.models)
        seed = ("--seed", options.seed)
        processes.run(*command, *seed, *runs, workers=workers, timeout=1800)
        return dict(np.load(output, allow_pickle=False))


def resumed(before, after, options):
    """The same of a training that is stopped, and goes on with other replicas."""
    with tempfile.TemporaryDirectory() as runs:
        trained(before, 0, options, "--runs", runs, "--stop", STOP)
        return trained(after, 0, options, "--runs", runs)


def differences(found, expected, model):
    """The largest relative differences of each kind of numbers of a model."""
    worst = {}
    for name, value in found.items():
        owner, key = name.split(maxsplit=1)
        if owner == model:
            kind = kind_of(key)
            value, reference = value.astype("float64"), expected[name].astype("float64")
            if key.startswith("log "):
                reference = reference[-len(value) :]
            difference = np.abs(value - reference) / (np.abs(reference) + FLOORS[kind])
            worst[kind] = max(worst.get(kind, 0.0), float(difference.max()))
    return worst


def kind_of(key):
    if key.startswith(("log ", "test ")):
        return "losses"
    return "memories" if "|memory_" in key else "weights"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", nargs="+", default=sorted(cases()), help="those of the tests")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    expected = trained(0, 0, options)
    values = {}
    trainings = {
        **{name: (trained, numbers) for name, numbers in ARRANGEMENTS.items()},
        **{name: (resumed, numbers) for name, numbers in CHANGES.items()},
    }
    for arrangement, (train, numbers) in trainings.items():
        found = train(*numbers, options)
        values[arrangement] = {m: differences(found, expected, m) for m in options.models}
        print(arrangement, values[arrangement], flush=True)
    results.save("replicas", options, values)
    largest = max(
        d for models in values.values() for worst in models.values() for d in worst.values()
    )
    return 1 if largest > BOUND else 0


if __name__ == "__main__":
    sys.exit(main())
