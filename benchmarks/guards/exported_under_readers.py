"""SavedModels that are exported under readers, and by processes that are killed: always whole.

One process, and then two, export SavedModels to one path again and again, while eight others load
what is there. Every export has a number, in its graph as well as in its weights: a load must give
an export, and one alone. Two then do so with two renames each, as on systems that cannot exchange
two names at once.

Then processes that export are killed with SIGKILL: at every operation on files that Python tells of
(before each, in turn, until an export ends unharmed), and at random moments. Each time the path
must hold a whole SavedModel, and the next export must leave nothing else beside it. By two renames,
the path may be empty between them: then the next process that writes there must put the old one
back.

    python benchmarks/guards/exported_under_readers.py

The result goes to benchmarks/results/exported_under_readers.json. The exit status is 1 if a load
failed or gave a mixture, or a kill left something else.
"""

import argparse
import collections
import contextlib
import multiprocessing
import os
import pathlib
import random
import signal
import sys
import tempfile
import time
import traceback

import tensorflow as tf

sys.path.insert(0, str(pathlib.Path(__file__).parents[2]))

import keras_gans as kg
from benchmarks import results
from keras_gans import _files

#: Processes begin as copies of one that has imported TensorFlow, and has not used it.
PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["keras_gans", "results"])

#: What Python tells of, of the operations on files that an export makes.
OPERATIONS = ("open", "os.mkdir", "os.remove", "os.rename", "os.rmdir", "shutil.rmtree")


class Numbered(kg.models.GAN):
    """A model of which every sample, in the weights, and a verb, in the graph, is a number.

    The name of the verb, in the manifest and in the graph, is that number, too.
    """

    def served_verbs(self):
        _, sample, _ = super().served_verbs()
        number = kg.serving.ArraySpec("number", (), "int32")
        name = f"number_{self.number}"
        return [sample, kg.serving.Verb(name, lambda: tf.constant(self.number), {}, number)]


def model(number):
    gan = Numbered(
        kg.networks.mlp_generator((1,), 1, (4,), output_activation=None),
        kg.networks.mlp_discriminator((1,), (4,)),
        latent_dim=1,
    )
    *others, bias = gan.generator.get_weights()
    gan.generator.set_weights([*(0 * weights for weights in others), 0 * bias + number])
    gan.number = number
    return gan


def number_of(folder):
    """Load what is there, and return the number in its graph and that in its weights.

    A manifest of another number than the graph's is refused by `load`.
    """
    served = kg.load(folder)
    (sample,) = served.sample(1, seed=0).ravel()
    return int(getattr(served, served.endpoints[1])()), float(sample)


def with_two_renames():
    _files._exchange = lambda a, b: False


def prepare(options):
    """Set up a process of its own."""
    if options["two_renames"]:
        with_two_renames()


def export_again_and_again(folder, numbers, stop, counts, options):
    """Export models in turn until told to stop."""
    prepare(options)
    models = [model(number) for number in numbers]
    count = 0
    try:
        while not stop.is_set():
            models[count % len(models)].export(folder)
            count += 1
    except Exception:
        counts.put({"failures": [traceback.format_exc(limit=-2)]})
    counts.put({"exports": count})


def load_again_and_again(folder, numbers, loads, counts, options):
    """Load and look, and report what failed, what was mixed, and how often files were read."""
    prepare(options)
    found = collections.Counter()
    read_whole, failures, mixtures = _files.read_whole, [], []

    def counted(path, read):
        def read_and_count(path):
            found["attempts"] += 1
            return read(path)

        return read_whole(path, read_and_count)

    _files.read_whole = counted
    for _ in range(loads):
        try:
            in_graph, in_weights = number_of(folder)
        except Exception as error:
            failures.append(f"{type(error).__name__}: {error}"[:300])
            continue
        if in_graph != in_weights or in_graph not in numbers:
            mixtures.append([in_graph, in_weights])
        found["loads"] += 1
    counts.put({**found, "failures": failures, "mixtures": mixtures})


def under_readers(folder, exporters, options, two_renames):
    """Count what happens to loads while there are some processes that export."""
    own = {"two_renames": two_renames}
    target = folder / "saved_model"
    model(0).export(target)
    numbers = [[2 * i, 2 * i + 1] for i in range(exporters)]
    known = [number for pair in numbers for number in pair]
    stop, counts = PROCESSES.Event(), PROCESSES.Queue()
    writers = [
        PROCESSES.Process(target=export_again_and_again, args=(target, pair, stop, counts, own))
        for pair in numbers
    ]
    each = -(-options.loads // options.readers)
    readers = [
        PROCESSES.Process(target=load_again_and_again, args=(target, known, each, counts, own))
        for _ in range(options.readers)
    ]
    start = time.monotonic()
    for process in writers + readers:
        process.start()
    reports = [counts.get(timeout=options.timeout) for _ in readers]
    stop.set()
    for process in writers + readers:
        process.join(options.timeout)
    while not counts.empty():
        reports.append(counts.get())
    sums = {key: sum(r.get(key, 0) for r in reports) for key in ("loads", "attempts", "exports")}
    lists = {key: [x for r in reports for x in r.get(key, [])] for key in ("failures", "mixtures")}
    return {
        "exporters": exporters,
        "two_renames": two_renames,
        **sums,
        **lists,
        "left_over": beside(target),
        "seconds": round(time.monotonic() - start, 1),
    }


def beside(target):
    return sorted(path.name for path in target.parent.iterdir() if path != target)


def export_and_die(target, number, at, ready, options):
    """Export a model, and die before the operation `at` on files, or by the hand of others."""
    prepare(options)
    gan, counter = model(number), iter(range(sys.maxsize))
    exchange = _files._exchange

    def count():
        if next(counter) == at:
            os.kill(os.getpid(), signal.SIGKILL)

    def exchange_and_count(a, b):
        count()
        exchanged = exchange(a, b)
        count()
        return exchanged

    def listen(event, arguments):
        # What is opened elsewhere are Python's modules.
        if event in OPERATIONS and str(target.parent) in str(arguments[0]):
            count()

    _files._exchange = exchange_and_count
    sys.addaudithook(listen)
    ready.set()
    gan.export(target)


def killed(target, number, options, at=None, delay=None):
    """Let a process export and die; return whether it did, and whether a whole one was there."""
    ready = PROCESSES.Event()
    process = PROCESSES.Process(target=export_and_die, args=(target, number, at, ready, options))
    process.start()
    if delay is not None:
        ready.wait(60)
        time.sleep(delay)
        process.kill()
    process.join(120)
    return process.exitcode == -signal.SIGKILL


def kills(folder, options, two_renames):
    """Kill exports at every operation and at random moments, and count what was there."""
    target, chance = folder / "saved_model", random.Random(options.seed)
    gan = model(0)
    own = {"two_renames": two_renames}
    start = time.monotonic()
    gan.export(target)
    longest = time.monotonic() - start
    moments = [{"delay": chance.uniform(0, longest)} for _ in range(options.kills)]
    found = collections.Counter()
    at = 0
    while moments:
        moment = {"at": at} if at is not None else moments.pop()
        died = killed(target, 1, own, **moment)
        kind = "at_operations" if at is not None else "at_random"
        found[kind] += died
        found["empty_until_the_next"] += not target.exists()
        with contextlib.suppress(RuntimeError), _files.replacing(folder / "another.txt"):
            raise RuntimeError  # nothing is written, but what is left over is cleared away
        found["not_whole"] += not is_whole(target)
        found["left_over"] += bool(beside(target))
        gan.export(target)
        if at is not None:
            at = at + 1 if died else None
    return {"two_renames": two_renames, **found}


def is_whole(target):
    try:
        in_graph, in_weights = number_of(target)
    except (ValueError, OSError):
        return False
    return in_graph == in_weights


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--readers", type=int, default=8)
    parser.add_argument("--loads", type=int, default=1000, help="of all readers together")
    parser.add_argument("--kills", type=int, default=10, help="at random moments")
    parser.add_argument("--timeout", type=float, default=1200.0, help="seconds for all loads")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()

    values = {"under_readers": [], "killed": []}
    for two_renames in (False, True):
        if two_renames:
            with_two_renames()
        for exporters in (1, 2)[two_renames:]:
            with tempfile.TemporaryDirectory() as folder:
                found = under_readers(pathlib.Path(folder), exporters, options, two_renames)
                values["under_readers"].append(found)
        with tempfile.TemporaryDirectory() as folder:
            values["killed"].append(kills(pathlib.Path(folder), options, two_renames))
    results.save("exported_under_readers", options, values)
    bad = [found[key] for found in values["under_readers"] for key in ("failures", "mixtures")]
    bad += [found[key] for found in values["killed"] for key in ("not_whole", "left_over")]
    bad += [found["left_over"] for found in values["under_readers"]]
    bad += [found["empty_until_the_next"] for found in values["killed"][:1]]
    sys.exit(any(bad))


if __name__ == "__main__":
    main()
