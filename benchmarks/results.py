"""Results of benchmarks: kept with the command that made them, and what it ran on, and when."""

import datetime
import importlib.metadata
import json
import os
import pathlib
import platform
import sys

#: Where results are kept, unless the environment names another folder.
FOLDER = pathlib.Path(
    os.environ.get("BENCHMARK_RESULTS", pathlib.Path(__file__).parent / "results")
)


def processor():
    """The name of the CPU."""
    information = pathlib.Path("/proc/cpuinfo")
    lines = information.read_text().splitlines() if information.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


def gpus():
    """The names of the GPUs that TensorFlow finds; none if the script does without it."""
    if "tensorflow" not in sys.modules:
        return []
    import tensorflow as tf

    details = map(tf.config.experimental.get_device_details, tf.config.list_physical_devices("GPU"))
    return [detail.get("device_name", "GPU") for detail in details]


def machine():
    """What computes."""
    return {"processor": processor(), "gpus": gpus()}


def save(name, options, values):
    """Write `values` to `FOLDER`/`name`.json, and print them."""
    packages = ("keras", "tensorflow", "numpy", "scipy")
    script = pathlib.Path(sys.argv[0]).resolve()
    record = {
        "command": " ".join(
            ["python", f"benchmarks/{script.parent.name}/{script.name}", *sys.argv[1:]]
        ),
        "date": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        "options": vars(options),
        "versions": {
            "python": platform.python_version(),
            **{package: importlib.metadata.version(package) for package in packages},
        },
        "machine": machine(),
        "cpu_cores": os.cpu_count(),
        "results": values,
    }
    FOLDER.mkdir(parents=True, exist_ok=True)
    text = json.dumps(record, indent=2)
    (FOLDER / f"{name}.json").write_text(text + "\n")
    print(text)
