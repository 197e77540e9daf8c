"""Runs that are killed: trainings that lose their process again and again, to the last bit.

Every model, with averages and techniques where it takes them, is trained with `Checkpoint`, which
saves in the middle of epochs, too; and a WGAN-GP is trained from the command line. Each training is
made once without a stop. Then another one of the same kind is killed with SIGKILL, started again,
and killed again, until it has been killed as often as asked; then it is left to end. Its weights,
averages, optimizers and states of random numbers must be those of the first, bit for bit.

Every second kill is at a random moment, of the start of a process, of its steps or of a save. The
others are at points of a save: its beginning, and before each rename of a file, on a system that
exchanges two names at once and on one that does not (see tests/killing.py). Of two workers, one,
the chief or the other, is killed at every point of a save, and then both are started again.

    python benchmarks/guards/killed_runs.py

The result goes to benchmarks/results/killed_runs.json. The command fails if any number differs.
"""

import argparse
import collections
import dataclasses
import functools
import json
import multiprocessing
import pathlib
import random
import signal
import sys
import tempfile
import time
import zipfile

import keras
import numpy as np
import tensorflow as tf

sys.path.insert(0, str(pathlib.Path(__file__).parents[2]))

import keras_gans as kg
from benchmarks import results
from keras_gans import __main__ as command_line
from tests import forked, killing
from tests.distribution import killed_worker
from tests.models import every_model

COMMAND_LINE, WORKERS = "command line", "two workers"
TRAININGS = (*every_model.NAMES, COMMAND_LINE, WORKERS)

#: Steps of an epoch of a model, and those after which it saves in an epoch, too.
STEPS_PER_EPOCH, EVERY = 10, 7

SMALL = ("--filters", "4", "--batch-size", "8", "--latent-dim", "4", "--steps-per-epoch", "20")

#: Points of a save, and whether names are exchanged where it matters.
POINTS = [("save", True), ("rename 1", True), ("rename 2", True), ("rename 3", True)]
POINTS += [("rename 2", False), ("rename 3", False)]

#: Most saves, and most executions of steps, of a process until it is killed; most seconds then.
SAVES, EXECUTIONS, DELAY = 3, {True: 6, False: 12}, 0.2


@dataclasses.dataclass(frozen=True)
class Kill:
    """When to kill a process: at the n-th time that it comes to a point, or seconds later."""

    point: str
    n: int = 1
    delay: float | None = None
    exchanges: bool = True


def plan(num, is_command, chance):
    """Yield so many kills: a point of a save and a random moment in turn."""
    points = []
    for i in range(num):
        if i % 2 == 0:
            points = points or chance.sample(POINTS, len(POINTS))
            point, exchanges = points.pop()
            yield Kill(point, chance.randint(1, SAVES), exchanges=exchanges)
        elif i % 10 == 1:
            yield Kill("start", delay=chance.uniform(0, 10 * DELAY))
        elif i % 4 == 3:
            yield Kill("save", chance.randint(1, SAVES), delay=chance.uniform(0, DELAY))
        else:
            executions = chance.randint(1, EXECUTIONS[is_command])
            yield Kill("step", executions, delay=chance.uniform(0, DELAY))


def epochs(num, is_command):
    """Epochs of which kills leave some: a save is at the end of each, or sooner."""
    return 5 + num * (SAVES if is_command else -(-EXECUTIONS[False] // STEPS_PER_EPOCH))


# Trainings


def train_model(name, epochs, folder):
    tf.config.experimental.enable_op_determinism()
    keras.utils.set_random_seed(0)
    arguments = {}
    if hasattr(getattr(kg.models, name), "ema_decay"):
        arguments["ema_decay"] = 0.9
    from tests.models import test_every_technique  # makes models, which workers must not have

    arguments |= test_every_technique.allowed(name)
    model = every_model.make(name, **arguments)
    model.compile()
    checkpoint = kg.callbacks.Checkpoint(folder, every=EVERY)
    steps = {"epochs": epochs, "steps_per_epoch": STEPS_PER_EPOCH}
    every_model.fit(model, **steps, shuffle=True, callbacks=[checkpoint])
    return model


def train_by_command(epochs, folder):
    command = ["train", "wgan_gp", "--deterministic", "--epochs", str(epochs)]
    command_line.main([*command, "--output", str(folder), *SMALL])
    return keras.models.load_model(folder / "model.keras")


def train(training, folder, kill=None, pipe=None):
    """Train in this process, and write all numbers at the end."""
    if kill is not None:
        killer = killing.At(kill.point, kill.n) if kill.delay is None else None

        def tell(point):
            pipe.send(point)
            if killer is not None:
                killer(point)

        killing.watch(tell, kill.exchanges)
        tell("start")
    model = training(folder)
    np.savez(folder / "numbers.npz", *map(keras.ops.convert_to_numpy, killing.numbers(model)))


# Processes


def finish(training, folder, timeout):
    """Train to the end in another process."""
    output = folder.with_suffix(".txt")
    process = forked.start(train, training, folder, output=output)
    process.join(timeout)
    process.kill()
    process.join()
    check_ended(process, output, 0)


def lose(training, folder, kill, timeout):
    """Train until the process is killed, and return all points that it came to.

    Returns:
        List of strings; `None` if it ended before.
    """
    receiver, sender = multiprocessing.Pipe(duplex=False)
    output = folder.with_suffix(".txt")
    process = forked.start(train, training, folder, kill, sender, output=output)
    sender.close()
    points = []
    while receiver.poll(timeout):
        try:
            points.append(receiver.recv())
        except EOFError:
            break
        is_there = points[-1] == kill.point and points.count(kill.point) == kill.n
        if is_there and kill.delay is not None:
            time.sleep(kill.delay)
            process.kill()
    process.join(timeout)
    check_ended(process, output, 0, -signal.SIGKILL)
    return points if process.exitcode else None


def check_ended(process, output, *codes):
    if process.exitcode not in codes:
        raise RuntimeError(f"exit code {process.exitcode}: {output.read_text()[-4000:]}")


# Measurements


def measure(name, options, folder):
    """Kill a training, and compare it with one that was not."""
    chance, is_command = random.Random(f"{options.seed} {name}"), name == COMMAND_LINE
    kills, length = list(plan(options.kills, is_command, chance)), epochs(options.kills, is_command)
    if is_command:
        training = functools.partial(train_by_command, length)
    else:
        training = functools.partial(train_model, name, length)
    whole, killed = folder / "whole", folder / "killed"
    finish(training, whole, options.timeout)
    points = [lose(training, killed, kill, options.timeout) for kill in kills]
    finish(training, killed, options.timeout)
    places = [
        place(each[-1], kill) for kill, each in zip(kills, points, strict=True) if each is not None
    ]
    return {
        "kills": len(places),
        "kills_in_a_save": sum(is_of_a_save(p) for p in places),
        "kills_after": dict(sorted(collections.Counter(places).items())),
        "steps": [steps(whole), steps(killed)],
        **compare(whole / "numbers.npz", killed / "numbers.npz"),
    }


def place(point, kill):
    """What was the last point before a kill."""
    return point if kill.exchanges else f"{point} without exchange"


def is_of_a_save(place):
    return place.startswith(("save ", "meeting", "rename")) or place == "save"


def steps(folder):
    """How many a run has made, by its checkpoint."""
    with zipfile.ZipFile(folder / "model.keras") as archive:
        return json.loads(archive.read("run.json"))["progress"]["steps"]


def compare(expected, found):
    expected, found = (dict(np.load(path, allow_pickle=False)) for path in (expected, found))
    equal = [np.array_equal(found.get(name), value) for name, value in expected.items()]
    return {
        "arrays": max(len(expected), len(found)),
        "arrays_equal_bit_for_bit": sum(equal),
    }


def measure_workers(options, folder):
    """Kill one of two workers at every point, and compare their training with one without kills."""
    kills = [(0, point, True) for point in killed_worker.CHIEF]
    kills += [(0, point, False) for point in killed_worker.WITHOUT_EXCHANGE]
    kills += [(1, point, True) for point in killed_worker.OTHER]
    random.Random(options.seed).shuffle(kills)
    train, length = killed_worker.with_checkpoints, 1 + len(kills) // 2
    whole, killed = folder / "whole", folder / "killed"
    expected, numbers = folder / "whole.npz", folder / "killed.npz"
    resumed = functools.partial(train, killed, numbers, epochs=length)
    workers = functools.partial(forked.workers, folder=folder, timeout=options.timeout)
    codes = workers(functools.partial(train, whole, expected, epochs=length))
    assert codes == [0, 0], (codes, (folder / "worker_0.txt").read_text()[-2000:])
    found = {}
    for worker, point, exchanges in kills:
        codes = workers(functools.partial(resumed, exchanges=exchanges), worker, point)
        name = f"{('chief', 'other')[worker]}, {place(point, Kill(point, exchanges=exchanges))}"
        found[name] = {"killed": codes[worker] == -signal.SIGKILL, "exit_codes": codes}
    assert workers(resumed) == [0, 0]
    return {
        "kills": sum(kill["killed"] for kill in found.values()),
        "kills_in_a_save": sum(
            kill["killed"] and is_of_a_save(name.split(", ")[1]) for name, kill in found.items()
        ),
        "kills_after": found,
        "steps": [steps(whole), steps(killed)],
        **compare(expected, numbers),
    }


def holds(name, found, options):
    """Whether a training was killed as often as asked, and is the one without a stop."""
    asked = len(found["kills_after"]) if name == WORKERS else options.kills
    whole, killed = found["steps"]
    return (
        found["kills"] == asked
        and whole == killed
        and found["arrays_equal_bit_for_bit"] == found["arrays"]
    )


def row(name, found):
    """A row of the table."""
    renames = collections.Counter()
    for place, num in found["kills_after"].items():
        if "rename" in place:
            renames[place.split(", ")[-1]] += num if isinstance(num, int) else num["killed"]
    at_renames = ", ".join(f"{num} × {place}" for place, num in sorted(renames.items()))
    equal = f"{found['arrays_equal_bit_for_bit']} of {found['arrays']}"
    return (
        f"{name}: {found['kills']} kills, {found['kills_in_a_save']} in a save ({at_renames}); "
        f"{found['steps'][1]} steps of {found['steps'][0]}; {equal} arrays equal"
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trainings", nargs="+", choices=TRAININGS, default=list(TRAININGS))
    parser.add_argument("--kills", type=int, default=20, help="of each, but of workers")
    parser.add_argument("--timeout", type=float, default=600.0, help="seconds for one process")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    values = {}
    for name in options.trainings:
        with tempfile.TemporaryDirectory() as folder:
            measured = measure_workers if name == WORKERS else functools.partial(measure, name)
            values[name] = measured(options, pathlib.Path(folder))
        print(row(name, values[name]), flush=True)
    results.save("killed_runs", options, values)
    return 0 if all(holds(name, found, options) for name, found in values.items()) else 1


if __name__ == "__main__":
    sys.exit(main())
