"""Two replicas, of one process or of two, give what one device gives."""

import pytest

from tests.distribution import processes
from tests.metrics.metric_cases import CASES
from tests.metrics.metrics_on_two_replicas import check

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("name", CASES)
def test_two_replicas_equal_one_device(name, two_replicas):
    check(name, two_replicas)


def test_two_workers_equal_one_device():
    for output in processes.run("-m", "tests.metrics.metrics_on_two_replicas", workers=2):
        found = [line for line in output.splitlines() if line.endswith(" agrees")]
        assert found == [f"{name} agrees" for name in CASES]
