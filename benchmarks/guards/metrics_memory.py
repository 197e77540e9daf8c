"""Peak memory and time of streaming a million samples of 64 features through the metrics.

    python benchmarks/guards/metrics_memory.py

Each metric runs in a process of its own, so that a peak is its own; the peak contains TensorFlow.
Writes benchmarks/results/metrics_memory.json. The command fails if a peak is over the limit.
"""

import argparse
import json
import pathlib
import platform
import resource
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).parents[2]))

from benchmarks.results import FOLDER

LIMIT_GIB = 2.0
NAMES = ("InceptionScore", "FrechetDistance", "KernelDistance")


def measure(name, samples, features, batch_size, seed):
    """Stream normal samples (real and shifted) through one metric in this process."""
    import keras
    import tensorflow as tf

    from keras_gans import metrics

    def peak():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20  # KiB on Linux

    metric = getattr(metrics, name)()
    before, start = peak(), time.perf_counter()
    progress = keras.utils.Progbar(samples, unit_name="sample")
    for batch in range(samples // batch_size):
        noise = tf.random.stateless_normal((2, batch_size, features), seed=(batch, seed))
        if name == "InceptionScore":
            metric.update_state(noise[0])
        else:
            metric.update_state(noise[0], noise[1] + 0.1)
        progress.add(batch_size)
    result = float(metric.result())
    return {
        "metric": name,
        "result": result,
        "peak_gib": round(peak(), 3),
        "peak_before_gib": round(before, 3),
        "seconds": round(time.perf_counter() - start, 1),
        "versions": {
            "python": platform.python_version(),
            "keras": keras.__version__,
            "tensorflow": tf.__version__,
        },
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--samples", type=int, default=1_000_000)
    parser.add_argument("--features", type=int, default=64)
    parser.add_argument("--batch-size", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--metric", choices=NAMES, help="measure in this process and print JSON")
    arguments = parser.parse_args()
    size = (arguments.samples, arguments.features, arguments.batch_size)
    if arguments.metric:
        print("\n" + json.dumps(measure(arguments.metric, *size, arguments.seed)))
        return 0

    options = [
        f"--samples={arguments.samples}",
        f"--features={arguments.features}",
        f"--batch-size={arguments.batch_size}",
        f"--seed={arguments.seed}",
    ]
    reports = []
    for name in NAMES:
        print(name, flush=True)
        child = subprocess.Popen(
            [sys.executable, __file__, f"--metric={name}", *options],
            stdout=subprocess.PIPE,
            text=True,
        )
        output = child.communicate()[0]
        if child.returncode:
            raise SystemExit(f"{name} failed with exit status {child.returncode}")
        reports.append(json.loads(output.splitlines()[-1]))
        print(json.dumps(reports[-1]), flush=True)
    versions = reports[0]["versions"]
    for report in reports:
        del report["versions"]
    results = {
        "command": " ".join(["python benchmarks/guards/metrics_memory.py", *options]),
        "limit_gib": LIMIT_GIB,
        "within_limit": all(report["peak_gib"] <= LIMIT_GIB for report in reports),
        "measurements": reports,
        "versions": versions,
    }
    FOLDER.mkdir(parents=True, exist_ok=True)
    text = json.dumps(results, indent=2)
    (FOLDER / "metrics_memory.json").write_text(text + "\n")
    print(text)
    return 0 if results["within_limit"] else 1


if __name__ == "__main__":
    sys.exit(main())
