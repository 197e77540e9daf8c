"""Peak memory and time of streaming a million samples of 64 features through the metrics.

    python benchmarks/metrics_memory.py

Each metric runs in a process of its own, so that a peak is its own; the peak contains TensorFlow.
Writes benchmarks/results/metrics_memory.json.
"""

import argparse
import json
import pathlib
import platform
import resource
import subprocess
import sys
import time

RESULTS = pathlib.Path(__file__).parent / "results" / "metrics_memory.json"
NAMES = ("InceptionScore", "FrechetDistance", "KernelDistance")


def measure(name, samples, features, batch_size):
    """Stream normal samples (real and shifted) through one metric in this process."""
    import keras
    import tensorflow as tf

    from keras_gans import metrics

    def peak():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20  # KiB on Linux

    metric = getattr(metrics, name)()
    before, start = peak(), time.perf_counter()
    progress = keras.utils.Progbar(samples, unit_name="sample")
    for seed in range(samples // batch_size):
        noise = tf.random.stateless_normal((2, batch_size, features), seed=(seed, 0))
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
    parser.add_argument("--metric", choices=NAMES, help="measure in this process and print JSON")
    arguments = parser.parse_args()
    size = (arguments.samples, arguments.features, arguments.batch_size)
    if arguments.metric:
        print("\n" + json.dumps(measure(arguments.metric, *size)))
        return

    options = [
        f"--samples={arguments.samples}",
        f"--features={arguments.features}",
        f"--batch-size={arguments.batch_size}",
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
        "command": " ".join(["python benchmarks/metrics_memory.py", *options]),
        "limit_gib": 2.0,
        "within_limit": all(report["peak_gib"] <= 2.0 for report in reports),
        "measurements": reports,
        "versions": versions,
    }
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(results, indent=2) + "\n")
    print(json.dumps(results, indent=2))


if __name__ == "__main__":
    main()
