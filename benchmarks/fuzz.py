"""Malformed arguments, by the thousand, for every public constructor and function.

Of a valid call one argument or two are exchanged for what they should not be: by Hypothesis, from
the values of tests/fuzz/malformed.py. What may come of it is a documented error or a result whose
numbers are finite; anything else is a defect, and ends the command with an error.

    python benchmarks/fuzz.py

The result goes to benchmarks/results/fuzz.json: what came of the calls of each, and whose checks
refused them.
"""

import argparse
import collections
import concurrent.futures
import functools
import multiprocessing
import os
import pathlib
import sys
import time

import keras
import results

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))

from tests.fuzz.calls import CALLS
from tests.fuzz.search import search


def search_alone(name, options):
    """Search in a process of its own: a crash is a defect of what was called, and no end of all."""
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


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--number", type=int, default=1000, help="calls of each")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    options = parser.parse_args()
    start, total, by_call, found = time.time(), collections.Counter(), {}, {}
    with concurrent.futures.ThreadPoolExecutor(options.processes) as threads:
        searches = threads.map(functools.partial(search_alone, options=options), CALLS)
        for name, (outcomes, defects) in zip(CALLS, searches, strict=True):
            total.update(outcomes)
            by_call[name] = dict(sorted(outcomes.items()))
            print(f"{name}: {by_call[name]}", flush=True)
            if defects:
                found[name] = defects
                print(f"  {defects}", flush=True)
    results.save(
        "fuzz",
        options,
        {
            "callables": len(by_call),
            "calls": total.total(),
            "callables_with_the_full_number": sum(
                sum(outcomes.values()) >= options.number for outcomes in by_call.values()
            ),
            "seconds": round(time.time() - start),
            "outcomes": dict(sorted(total.items())),
            "defects": found,
            "by_callable": by_call,
        },
    )
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
