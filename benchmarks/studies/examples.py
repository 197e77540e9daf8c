"""An example, run as anyone runs it: what it says, how long it takes, and the pictures it ends in.

    python benchmarks/studies/examples.py stackgan
    python benchmarks/studies/examples.py lapgan mnist

The result goes to benchmarks/results/example_stackgan.json (or example_lapgan_mnist.json), and the
pictures that the example says to look at beside it.
"""

import argparse
import os
import pathlib
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).parents[2]))

from benchmarks import results

ROOT = pathlib.Path(__file__).parents[2]
#: Lines of Keras about each epoch.
PROGRESS = re.compile(r"Epoch \d+/\d+$|\d+/\d+ - \d+m?s - ")
PICTURE = re.compile(r"output/\S+\.png")


def run(name, arguments, folder):
    """Run an example in a folder: the lines that it prints, and minutes by the clock and of CPU."""
    command = [sys.executable, str(ROOT / "examples" / f"{name}.py"), *arguments]
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    start, before = time.time(), cpu_seconds()
    ended = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": path},
        stdout=subprocess.PIPE,
        text=True,
    )
    ended.check_returncode()
    lines = [line for line in ended.stdout.splitlines() if not PROGRESS.match(line)]
    minutes = {"clock": time.time() - start, "cpu": cpu_seconds() - before}
    return lines, {kind: round(seconds / 60, 1) for kind, seconds in minutes.items()}


def cpu_seconds():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("name", choices=sorted(path.stem for path in ROOT.glob("examples/*.py")))
    parser.add_argument("arguments", nargs="*", help="what the example takes, such as mnist")
    options = parser.parse_args()

    record = "_".join(["example", options.name, *options.arguments])
    with tempfile.TemporaryDirectory() as folder:
        said, minutes = run(options.name, options.arguments, folder)
        pictures = []
        for path in PICTURE.findall("\n".join(said)):
            picture = results.FOLDER / f"{record}_{pathlib.Path(path).name}"
            picture.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(pathlib.Path(folder, path), picture)
            pictures.append(picture.name)
    results.save(record, options, {"said": said, "minutes": minutes, "pictures": pictures})


if __name__ == "__main__":
    main()
