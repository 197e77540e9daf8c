"""Malformed arguments, by the thousand, for every public constructor and function.

Of a valid call one argument or two are exchanged for what they should not be: by Hypothesis, from
the values of tests/fuzz/malformed.py. What may come of it is a documented error or a result whose
numbers are finite; anything else is a defect, and ends the command with an error.

    python benchmarks/guards/fuzz.py [NAME ...]
    python benchmarks/guards/fuzz.py --missing

The result goes to benchmarks/results/fuzz.json: what came of the calls of each, and whose checks
refused them. With names only their lines are renewed; with --missing those are added that are not
there, as after an interruption.
"""

import argparse
import collections
import concurrent.futures
import functools
import json
import multiprocessing
import os
import pathlib
import sys

import keras

sys.path.insert(0, str(pathlib.Path(__file__).parents[2]))

from benchmarks import results
from tests.fuzz.calls import CALLS
from tests.fuzz.search import search


def search_alone(name, options):
    """Search in a process of its own: a crash counts as a defect, and the others go on."""
    with concurrent.futures.ProcessPoolExecutor(
        1,
        multiprocessing.get_context("spawn"),
        initializer=keras.utils.set_random_seed,
        initargs=(options.seed,),
    ) as process:
        try:
            return process.submit(search, name, options.number, options.seed).result()
        except concurrent.futures.process.BrokenProcessPool as error:
            return collections.Counter(defect=1), {"crashes": str(error)}
        except Exception as error:  # in the search itself
            return collections.Counter(defect=1), {"the search fails": repr(error)[:1000]}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "names", nargs="*", help="only these, whose lines in the result are renewed"
    )
    parser.add_argument("--missing", action="store_true", help="only those without a line")
    parser.add_argument("--number", type=int, default=1000, help="calls of each")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    options = parser.parse_args()
    by_callable = known() if options.names or options.missing else {}
    names = options.names or [n for n in CALLS if not (options.missing and n in by_callable)]
    try:
        search_all(names, options, by_callable)
    finally:  # what there is, also after an interruption
        if by_callable:
            results.save("fuzz", options, summary(by_callable))
    return 1 if any(found["defects"] for found in by_callable.values()) else 0


def search_all(names, options, by_callable):
    """Add the line of each name."""
    with concurrent.futures.ThreadPoolExecutor(options.processes) as threads:
        searches = threads.map(functools.partial(search_alone, options=options), names)
        for name, (outcomes, defects) in zip(names, searches, strict=True):
            by_callable[name] = {"outcomes": dict(sorted(outcomes.items())), "defects": defects}
            print(f"{name}: {by_callable[name]}", flush=True)


def known():
    """What the result holds of each callable that there still is."""
    path = results.FOLDER / "fuzz.json"
    found = json.loads(path.read_text())["results"]["by_callable"] if path.exists() else {}
    return {name: line for name, line in found.items() if name in CALLS}


def summary(by_callable):
    total = collections.Counter()
    for found in by_callable.values():
        total.update(found["outcomes"])
    calls = [sum(found["outcomes"].values()) for found in by_callable.values()]
    return {
        "callables": len(by_callable),
        "calls": sum(calls),
        "fewest_calls_of_one": min(calls),
        "outcomes": dict(sorted(total.items())),
        "by_callable": by_callable,
    }


if __name__ == "__main__":
    sys.exit(main())
