"""Two workers on this machine."""

import pytest

from tests.distribution import processes
from tests.distribution.worker import CLAIMS

pytestmark = pytest.mark.slow


def test_what_workers_do_besides_training_steps(tmp_path):
    for output in processes.run("-m", "tests.distribution.worker", tmp_path, workers=2):
        held = [line for line in output.splitlines() if line.endswith(" holds")]
        assert held == [f"{claim.__name__} holds" for claim in CLAIMS]
