"""Runs that are killed: a training that loses its process again and again, to the last bit.

A training from the command line is made once without a stop. Then another one of the same
configuration is killed with SIGKILL at random moments, the writing of checkpoints included, and
started again each time, until it has been killed as often as asked; then it is left to end. Its
weights and its optimizers must be those of the first, bit for bit.

    python benchmarks/killed_runs.py

The result goes to benchmarks/results/killed_runs.json.
"""

import argparse
import pathlib
import random
import subprocess
import sys
import tempfile
import time

import keras
import numpy as np
import results

SMALL = ("--filters", "4", "--batch-size", "8", "--latent-dim", "4", "--steps-per-epoch", "20")


def start(options, folder):
    """Start, or go on with, a training in a process of its own."""
    command = [sys.executable, "-m", "keras_gans", "train", options.model, "--deterministic"]
    command += ["--epochs", str(options.epochs), "--output", str(folder), *SMALL]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def finish(options, folder):
    process = start(options, folder)
    out, _ = process.communicate(timeout=options.timeout)
    if process.returncode:
        raise RuntimeError(out)


def kill(options, folder, chance):
    """Let a training go on, and kill it at a random moment; say what was there.

    Three of four make at least one checkpoint first, so that the run gets on. Every second one is
    killed while it writes a checkpoint.
    """
    gets_on = chance.random() < 0.75
    before = checkpoint_time(folder)
    process = start(options, folder)
    deadline = time.monotonic() + options.timeout
    for line in process.stdout:
        if line.startswith("Epoch") or time.monotonic() > deadline:
            break
    while gets_on and checkpoint_time(folder) == before and process.poll() is None:
        time.sleep(0.01)
    end = time.monotonic() + chance.uniform(0, options.longest)
    while time.monotonic() < end and process.poll() is None:
        time.sleep(0.001)
    at_a_checkpoint = chance.random() < 0.5
    while at_a_checkpoint and process.poll() is None and not half_written(folder):
        pass
    ended = process.poll() is not None
    process.kill()
    process.communicate()
    return {
        "ended_before": ended,
        "steps": steps(folder),
        "half_written": half_written(folder),
    }


def checkpoint_time(folder):
    path = folder / "model.keras"
    return path.stat().st_mtime_ns if path.exists() else None


def half_written(folder):
    return sorted(path.name for path in folder.glob(".writing-*/new/*"))


def steps(folder):
    model = newest(folder)
    return 0 if model is None else int(model.g_optimizer.iterations)


def newest(folder):
    from keras_gans.runs import Run

    return Run(folder).resume()


def state(folder):
    """All weights and optimizers of a run, in a fixed order."""
    model = newest(folder)
    variables = [*model.variables, *model.g_optimizer.variables, *model.d_optimizer.variables]
    return [keras.ops.convert_to_numpy(variable) for variable in variables]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="wgan_gp")
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--epochs", type=int, default=200, help="of 20 steps each")
    parser.add_argument("--longest", type=float, default=4.0, help="seconds to a kill")
    parser.add_argument("--timeout", type=float, default=600.0, help="seconds for one process")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()

    chance = random.Random(options.seed)
    with tempfile.TemporaryDirectory() as folder:
        whole, killed = pathlib.Path(folder) / "whole", pathlib.Path(folder) / "killed"
        finish(options, whole)
        kills = [kill(options, killed, chance) for _ in range(options.kills)]
        finish(options, killed)
        equal = [np.array_equal(a, b) for a, b in zip(state(whole), state(killed), strict=True)]
        values = {
            "kills": kills,
            "kills_in_training": sum(not kill["ended_before"] for kill in kills),
            "kills_while_writing": sum(bool(kill["half_written"]) for kill in kills),
            "steps": [steps(whole), steps(killed)],
            "variables": len(equal),
            "variables_equal_bit_for_bit": sum(equal),
        }
    results.save("killed_runs", options, values)


if __name__ == "__main__":
    main()
