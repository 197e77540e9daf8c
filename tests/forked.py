"""Processes that begin with TensorFlow imported: forked from one that did nothing but that."""

import functools
import multiprocessing
import multiprocessing.forkserver
import os
import sys
import time
from unittest import mock

from tests.distribution import processes

#: What the processes begin with, none of which starts TensorFlow's threads.
PRELOADED = ["keras_gans", "tests.models.every_model"]


@functools.cache
def _context():
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOADED)
    with mock.patch.dict(os.environ, PYTHONPATH=os.pathsep.join(sys.path)):
        multiprocessing.forkserver.ensure_running()
    return context


def start(function, *arguments, output, environment=()):
    """Start a process that calls a function of a module and adds what it prints to a file."""
    call = (function, arguments, str(output), dict(environment))
    process = _context().Process(target=_call, args=call, daemon=True)
    process.start()
    return process


def _call(function, arguments, output, environment):
    with open(output, "ab") as file:
        for descriptor in (1, 2):
            os.dup2(file.fileno(), descriptor)
    os.environ.update(environment)
    function(*arguments)


def workers(function, *arguments, folder, num=2, timeout=300, grace=5):
    """Call a function in workers that know of each other, and return their exit codes.

    Those that wait for one that has failed are ended, some seconds later, and have the code `None`.
    What they print is added to `folder`/worker_….txt.
    """
    started = [
        start(function, *arguments, output=folder / f"worker_{i}.txt", environment=environment)
        for i, environment in enumerate(processes.environments(num))
    ]
    deadline = time.monotonic() + timeout
    try:
        while any(process.is_alive() for process in started) and time.monotonic() < deadline:
            if any(process.exitcode for process in started):
                deadline = min(deadline, time.monotonic() + grace)
            time.sleep(0.05)
        return [process.exitcode for process in started]
    finally:
        for process in started:
            process.kill()
            process.join()
