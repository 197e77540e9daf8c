"""Speed: the package against the usual way to the same result, in turns in one run.

    python benchmarks/guards/speed.py
    python benchmarks/guards/speed.py wgan_gp frechet_10000 --rounds 3

measures all rows, or those that are named, each in a process of its own: how many times as long the
other way takes, as a ratio of medians. Where both should come to the same, it is checked first. A
row is a comparison in `benchmarks/speed`:

- `wgan_gp`: training steps of `WGANGP` on the networks of the Keras tutorial (batches of 64, 3
  critic updates), against the tutorial's; `wgan_gp_bfloat16`: in `mixed_bfloat16`, against the
  tutorial in float32;
- `toy_64_tutorial`, `toy_128_tutorial`: `fit` on points of the plane with its defaults, three
  hidden layers of 64 or 128 units, batches of 64 or 256, 5 critic updates, likewise;
- `frechet_10000`, `frechet_1000`: Fréchet distance of as many samples of 2,048 features, against
  the formula with `scipy.linalg.sqrtm`;
- `transport_5000`: Wasserstein distance of 5,000 points, against `linear_sum_assignment`;
- `prdc_10000`: precision, recall, density and coverage of 10,000 samples of 2,048 features, against
  the package `prdc`, which must be installed;
- `inference_1`, `inference_64`, `inference_512`: a SavedModel's `generate`, against `predict`;
- `folder`, `folder_later`: the first epoch and later ones of 10,000 pictures, against
  `keras.utils.image_dataset_from_directory`;
- `start`: `import keras_gans`, against `import keras`; `first_step`: a first step with what is
  compiled for it, and `memory`: the most that steps take, both against the tutorial's.

Results go to benchmarks/results/speed_<row>.json; the last line is `ROW: ratio`. The command fails
if both ways do not come to the same, or if a ratio is below the least that its row allows.
"""

import argparse
import os
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parents[2]))

from benchmarks import results
from benchmarks.speed import ROWS


def in_processes(names, options):
    """Measure each row in a process of its own; return whether all hold."""
    arguments = [f"--rounds={options.rounds}", f"--seed={options.seed}"]
    command = [sys.executable, os.path.abspath(__file__)]
    return all([subprocess.run([*command, n, *arguments]).returncode == 0 for n in names])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("rows", nargs="*", metavar="ROW", help=f"of {', '.join(ROWS)}")
    parser.add_argument("--rounds", type=int, default=7, help="timed runs of each way, in turns")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    unknown = set(options.rows) - set(ROWS)
    if unknown:
        parser.error(f"no rows: {', '.join(sorted(unknown))}. There are {', '.join(ROWS)}")
    if len(options.rows) != 1:
        return 0 if in_processes(options.rows or ROWS, options) else 1
    (name,) = options.rows
    row = ROWS[name]
    found = row.measured(options.rounds, options.seed)
    results.save(f"speed_{name}", options, found)
    print(f"{name}: {found['ratio']:.2f}")
    return 0 if row.holds(found) else 1


if __name__ == "__main__":
    sys.exit(main())
