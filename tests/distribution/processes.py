"""Processes of a cluster on this machine, none of which outlives its time."""

import contextlib
import json
import os
import socket
import subprocess
import sys
import tempfile
import time


def run(*command, workers=0, timeout=420):
    """Run `python …`, as so many workers that know of each other, and return their outputs.

    Workers wait for each other without end: one that fails, or is late, ends all.
    """
    deadline = time.monotonic() + timeout
    with contextlib.ExitStack() as stack:
        started = [
            stack.enter_context(start(command, environment))
            for environment in environments(workers) or [{}]
        ]
        while any(process.poll() is None for process, _ in started):
            failed = [output for process, output in started if process.poll()]
            assert not failed, text_of(failed[0])
            assert time.monotonic() < deadline, text_of(started[0][1])
            time.sleep(0.1)
        for process, output in started:
            assert process.returncode == 0, text_of(output)
        return [text_of(output) for _, output in started]


def environments(workers):
    """Variables by which so many workers, in order, know of each other."""
    cluster = {"worker": [f"127.0.0.1:{port}" for port in free_ports(workers)]}
    return [
        {"TF_CONFIG": json.dumps({"cluster": cluster, "task": {"type": "worker", "index": index}})}
        for index in range(workers)
    ]


@contextlib.contextmanager
def start(command, environment):
    path = os.pathsep.join(sys.path)
    with (
        tempfile.TemporaryFile() as output,
        subprocess.Popen(
            [sys.executable, *map(str, command)],
            env={**os.environ, "PYTHONPATH": path, **environment},
            stdout=output,
            stderr=subprocess.STDOUT,
        ) as process,
    ):
        try:
            yield process, output
        finally:
            process.kill()


def text_of(output):
    output.seek(0)
    return output.read().decode()[-8000:]


def free_ports(num):
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(num)]
        for s in sockets:
            s.bind(("127.0.0.1", 0))
        return [s.getsockname()[1] for s in sockets]
