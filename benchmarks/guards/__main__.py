"""Run all guards, what must not break, in turn, each in a process of its own.

    python -m benchmarks.guards [NAME ...] [--quick] [--seed SEED]

A guard is a script of this folder. It takes a `--seed`, which its result records, writes that
result, and ends with an error if what it guards does not hold. All are given a new seed, unless one
is named. What they print goes to output/guards. The command ends with an error if any guard fails.

All of them together take hours on two cores; `--quick` takes minutes, and leaves its results beside
the output instead of in benchmarks/results.
"""

import argparse
import datetime
import os
import pathlib
import random
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).parents[2]
FOLDER = pathlib.Path(__file__).parent

#: Arguments of each guard, and more for a quick run.
GUARDS = {
    "exported_under_readers": ((), ("--readers=2", "--loads=40", "--kills=2")),
    "fuzz": (
        (),
        ("--number=100", "losses.get", "latents.interpolate", "divergences.kl_divergence"),
    ),
    "killed_runs": ((), ("--kills=2", "--trainings", "WGANGP", "VAE", "two workers")),
    "metrics_memory": ((), ("--samples=20000",)),
    "replicas": ((), ("--models", "GAN", "WGANGP", "VAE")),
    "soak": (("--plug",), ("--steps=1000", "--steps-per-epoch=25", "--n-critic=1")),
    "speed": ((), ("wgan_gp", "toy_64_tutorial", "frechet_1000", "--rounds=3")),
}


def run(name, seed, quick, output):
    """Run a guard, and return its exit status and the seconds that it took."""
    always, more = GUARDS[name]
    command = [sys.executable, FOLDER / f"{name}.py", f"--seed={seed}", *always]
    environment = dict(os.environ)
    if quick:
        command += more
        environment["BENCHMARK_RESULTS"] = str(output / "results")
    start = time.monotonic()
    with (output / f"{name}.txt").open("w") as file:
        status = subprocess.run(
            command, cwd=ROOT, env=environment, stdout=file, stderr=subprocess.STDOUT
        ).returncode
    return status, time.monotonic() - start


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(GUARDS)}")
    parser.add_argument("--quick", action="store_true", help="minutes instead of hours")
    parser.add_argument("--seed", type=int, default=random.randrange(2**31))
    parser.add_argument("--output", type=pathlib.Path, default=ROOT / "output" / "guards")
    options = parser.parse_args()
    unknown = set(options.names) - set(GUARDS)
    if unknown:
        parser.error(f"no guards: {', '.join(sorted(unknown))}. There are {', '.join(GUARDS)}")

    names, output = options.names or list(GUARDS), options.output.resolve()
    output.mkdir(parents=True, exist_ok=True)
    width = max(map(len, names))
    print(f"seed {options.seed}, output in {output}", flush=True)
    failed = 0
    for name in names:
        print(f"{name:{width}}  ", end="", flush=True)
        status, seconds = run(name, options.seed, options.quick, output)
        failed += status != 0
        verdict = f"fails ({status})" if status else "holds"
        print(f"{verdict:10}  {datetime.timedelta(seconds=round(seconds))}", flush=True)
    print(f"{len(names) - failed} of {len(names)} hold")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
