"""Processes of a cluster on this machine, none of which outlives its time."""

import contextlib
import json
import os
import socket
import subprocess
import sys


def run(module, *arguments, workers=0, timeout=420):
    """Run `python -m module`, as so many workers that know of each other, and return the outputs.

    A worker waits for the others for ever: one that fails, or is late, ends all.
    """
    cluster = {"worker": [f"127.0.0.1:{port}" for port in free_ports(workers)]}
    environments = [
        {"TF_CONFIG": json.dumps({"cluster": cluster, "task": {"type": "worker", "index": index}})}
        for index in range(workers)
    ]
    with contextlib.ExitStack() as stack:
        started = [
            stack.enter_context(start(module, arguments, environment))
            for environment in environments or [{}]
        ]
        outputs = []
        for process in started:
            out, _ = process.communicate(timeout=timeout)
            assert process.returncode == 0, out[-5000:]
            outputs.append(out)
        return outputs


@contextlib.contextmanager
def start(module, arguments, environment):
    path = os.pathsep.join(sys.path)
    with subprocess.Popen(
        [sys.executable, "-m", module, *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": path, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def free_ports(num):
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(num)]
        for s in sockets:
            s.bind(("127.0.0.1", 0))
        return [s.getsockname()[1] for s in sockets]
