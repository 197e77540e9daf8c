"""Speed: the package against the usual way to the same result, in turns in one run.

    python benchmarks/guards/speed.py
    python benchmarks/guards/speed.py wgan_gp frechet_10000 --rounds 3
    python benchmarks/guards/speed.py wgan_gp --device GPU:0

measures all rows, or those that are named, each in a process of its own: how many times as long the
other way takes, as a ratio of medians. Where both should come to the same, it is checked first. A
row is a comparison in `benchmarks/speed`:

- `wgan_gp`: training steps of `WGANGP` on the networks of the Keras tutorial (batches of 64, 3
  critic updates), against the tutorial's; `wgan_gp_bfloat16`: in `mixed_bfloat16`, against the
  tutorial in float32;
- `toy_64_tutorial`: `fit` of 5,000 steps on points of the plane with its defaults, three hidden
  layers of 64 units, batches of 64, 5 critic updates, likewise; `toy_64_short`: of 200 steps, which
  XLA does not compile; `toy_128_tutorial`: of 200 steps, 128 units, batches of 256;
- `toy_64_pytorch`, `toy_128_pytorch`: the same `fit`, against plain eager PyTorch, which must be
  installed (`pip install torch`); the larger one beside `torch.compile`, too;
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

Everything runs on the device that TensorFlow chooses, or on that of `--device`: `CPU:0`, `GPU:0`
and so on, on a GPU compiled with XLA. The result says which it was.

    python benchmarks/guards/speed.py models

is a table of all models at the sizes of their examples: examples a second, FLOPs, the share of what
the machine can do, memory, the first step, how many times as long the plainest loop takes on the
same networks, and what would limit the step on an H100, on paper (`benchmarks/speed/roofline.py`).

    python benchmarks/guards/speed.py growth

measures how the time of a step grows with the batch, critic updates, the image's side and replicas,
and draws it to benchmarks/results/speed_growth.png. Exponents are slopes of lines fitted to
logarithms.

    python benchmarks/guards/speed.py --against COMMIT

measures the package's ways of a few rows with the package as it is here and as it was in a commit,
by default that of benchmarks/speed/baseline.txt, in turns, and fails if one is slower by more than
10 %, twice. Name rows before the option to measure these alone.
"""

import argparse
import os
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parents[2]))

from benchmarks import results
from benchmarks.speed import (
    against,
    devices,
    distances,
    growth,
    models,
    pictures,
    pytorch,
    serving,
    start,
    wgan_gp,
)

ROWS = {
    **wgan_gp.ROWS,
    **pytorch.ROWS,
    **distances.ROWS,
    **serving.ROWS,
    **pictures.ROWS,
    **start.ROWS,
}


def in_processes(names, options):
    """Measure each row or table in a process of its own; return whether all hold."""
    arguments = [f"--rounds={options.rounds}", f"--seed={options.seed}"]
    if options.device:
        arguments.append(f"--device={options.device}")
    command = [sys.executable, os.path.abspath(__file__)]
    return all([subprocess.run([*command, n, *arguments]).returncode == 0 for n in names])


def measurable():
    """All rows, but for those that need a package that is not installed."""
    for name, row in ROWS.items():
        if row.lacks():
            print(f"{name} is left out: it needs the package {row.needs}")
        else:
            yield name


def measure_row(name, options):
    """Measure a row, and return whether it holds."""
    row = ROWS[name]
    found = row.measured(options.rounds, options.seed)
    results.save(f"speed_{name}", options, {**found, "device": devices.described()})
    print(f"{name}: {found['ratio']:.2f}")
    return row.holds(found)


def measure_models(options):
    """Measure the table of all models, and return whether all could be measured."""
    found = models.of_all(options.seed)
    ratio = models.ratio(found)
    values = {"ratio": ratio, "models": found, "device": devices.described()}
    results.save("speed_models", options, values)
    print(models.table(found))
    print(f"models: {ratio:.2f}")
    return not any("failed" in of_model for of_model in found.values())


def measure_growth(options):
    """Measure and draw how steps grow."""
    found = growth.measured()
    values = {**found, "exponents_are": "slopes of log(time) over log(x), by least squares"}
    results.save("speed_growth", options, {**values, "device": devices.described()})
    growth.draw(found, results.FOLDER / "speed_growth.png")
    exponents = (f"{name} {of_axis['exponent']:.2f}" for name, of_axis in found.items())
    print(f"growth: {', '.join(exponents)}")
    return True


TABLES = {"models": measure_models, "growth": measure_growth}


def measure_against(options, parser):
    """Compare with a commit, and return whether no row is slower."""
    name = options.against or against.baseline()
    commit = against.commit_of(name)
    if commit is None:
        parser.error(f"no commit {name} in this clone")
    rows = options.rows or list(against.WAYS)
    found = against.compare(commit, rows, options.rounds, options.seed)
    values = {"commit": commit, "rows": found, "device": devices.described()}
    results.save("speed_against", options, values)
    print(against.told(found))
    return not any(map(against.is_slower, found.values()))


def parsed():
    """The options, of which rows and the device are checked, and their parser."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    everything = [*ROWS, *TABLES]
    parser.add_argument("rows", nargs="*", metavar="ROW", help=f"of {', '.join(everything)}")
    parser.add_argument("--rounds", type=int, help="timed runs of each way, in turns; default 7")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--device", help="such as CPU:0 or GPU:0; by default TensorFlow's choice")
    parser.add_argument(
        "--against",
        nargs="?",
        const="",
        metavar="COMMIT",
        help=f"compare with the package of a commit: rows are {', '.join(against.WAYS)}",
    )
    options = parser.parse_args()
    if options.rounds is None:
        options.rounds = 7 if options.against is None else against.LEAST_ROUNDS
    known = everything if options.against is None else list(against.WAYS)
    unknown = set(options.rows) - set(known)
    if unknown:
        parser.error(f"no rows: {', '.join(sorted(unknown))}. There are {', '.join(known)}")
    if options.device:
        try:
            devices.use(options.device)
        except ValueError as error:
            parser.error(f"argument --device: {error}")
    return options, parser


def main():
    options, parser = parsed()
    if options.against is not None:
        holds = measure_against(options, parser)
    elif len(options.rows) != 1:
        holds = in_processes(options.rows or list(measurable()), options)
    elif options.rows[0] in TABLES:
        holds = TABLES[options.rows[0]](options)
    else:
        holds = measure_row(*options.rows, options)
    return 0 if holds else 1


if __name__ == "__main__":
    sys.exit(main())
