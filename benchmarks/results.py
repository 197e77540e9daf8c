"""Results of benchmarks: kept with the command that made them and the versions it ran on."""

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


def save(name, options, values):
    """Write `values` to `FOLDER`/`name`.json, and print them."""
    packages = ("keras", "tensorflow", "numpy", "scipy")
    script = pathlib.Path(sys.argv[0]).resolve()
    record = {
        "command": " ".join(
            ["python", f"benchmarks/{script.parent.name}/{script.name}", *sys.argv[1:]]
        ),
        "options": vars(options),
        "versions": {
            "python": platform.python_version(),
            **{package: importlib.metadata.version(package) for package in packages},
        },
        "cpu_cores": os.cpu_count(),
        "results": values,
    }
    FOLDER.mkdir(parents=True, exist_ok=True)
    text = json.dumps(record, indent=2)
    (FOLDER / f"{name}.json").write_text(text + "\n")
    print(text)
