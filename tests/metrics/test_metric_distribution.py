"""Two replicas, of one process or of two, give what one device gives."""

import pathlib

import pytest

from tests.distribution import processes

SCRIPT = pathlib.Path(__file__).with_name("metrics_on_two_replicas.py")


@pytest.mark.parametrize("workers", [0, 2])
def test_two_replicas_equal_one_device(workers):
    for output in processes.run(SCRIPT, workers=workers):
        assert output.splitlines()[-1] == "8 metrics agree"
