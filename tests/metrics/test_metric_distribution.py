"""Two replicas of a MirroredStrategy give what one device gives."""

import os
import pathlib
import subprocess
import sys

SCRIPT = pathlib.Path(__file__).with_name("metrics_on_two_replicas.py")


def test_two_replicas_equal_one_device():
    """In a process of its own: logical devices are set before TensorFlow starts."""
    root = SCRIPT.parents[2]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(root), *sys.path])}
    process = subprocess.run(
        [sys.executable, str(SCRIPT)], capture_output=True, text=True, env=environment, timeout=300
    )
    assert process.returncode == 0, process.stderr[-4000:]
    assert process.stdout.splitlines()[-1] == "8 metrics agree"
