"""A worker that is killed costs no more than the steps since the last checkpoint."""

import functools
import os
import signal

import numpy as np
import pytest

from tests import forked
from tests.distribution import killed_worker

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs processes that fork")

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The numbers of a training without a stop, on shuffled examples and on those in order."""
    folder = tmp_path_factory.mktemp("whole")
    paths = [folder / "shuffled.npz", folder / "in_order.npz"]
    finish(folder, killed_worker.without_a_stop, *paths)
    return [dict(np.load(path)) for path in paths]


def finish(folder, function, *arguments):
    codes = forked.workers(function, *arguments, folder=folder)
    assert codes == [0, 0], (folder / "worker_0.txt").read_text()[-4000:]


def lose(worker, folder, function, *arguments):
    """Train until the worker is killed, which ends the other one, too."""
    codes = forked.workers(function, *arguments, worker, folder=folder)
    assert codes[worker] == -signal.SIGKILL
    assert codes[1 - worker] != 0


def assert_equal(path, expected):
    found = np.load(path)
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        np.testing.assert_array_equal(found[name], value)


def test_a_run_goes_on_exactly(whole, tmp_path):
    """After its other worker died before a save, its chief between the renames of a later one, and
    the newest checkpoint was damaged."""
    run, numbers = tmp_path / "run", tmp_path / "numbers.npz"
    train = functools.partial(killed_worker.with_checkpoints, run, numbers)
    lose(1, tmp_path, functools.partial(train, point="save", n=2))
    assert not (run / "model.previous.keras").exists()
    lose(0, tmp_path, functools.partial(train, point="rename 3", exchanges=False))
    assert not (run / "model.keras").exists()
    (run / "model.keras").write_bytes(b"PK")
    finish(tmp_path, train)
    assert (run / "model.damaged.keras").exists()
    assert_equal(numbers, whole[0])


def test_a_backup_of_keras_is_replaced_by_all_or_none(whole, tmp_path):
    """Workers write weights, and then the epoch that they are of."""
    backup, numbers = tmp_path / "backup", tmp_path / "numbers.npz"
    backup.mkdir()
    train = functools.partial(killed_worker.with_backups, backup, numbers)
    lose(1, tmp_path, train)
    finish(tmp_path, train)
    assert_equal(numbers, whole[1])
