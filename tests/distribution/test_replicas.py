"""However many replicas share a batch, on one machine or on several, the weights are the same."""

import numpy as np
import pytest

from tests.distribution import processes

pytestmark = pytest.mark.slow

#: Cases that differ in their updates, and in what their layers look at: a choice, as time is short.
#: `benchmarks/guards/replicas.py` trains all cases, on any number of replicas, and
#: `tests/models/test_every_technique.py` every model on two.
CORE = ["GAN", "WGAN", "WGANGP", "ConditionalWGANGP"]
COUPLED = ["BatchCoupled", "LayersOfKeras"]


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    """What comes of training without a strategy."""
    return trained(tmp_path_factory.mktemp("alone"), 0, CORE + COUPLED)


def trained(folder, replicas, names, workers=0):
    output = folder / "results.npz"
    processes.run("-m", "tests.distribution.replica", output, replicas, *names, workers=workers)
    return dict(np.load(output))


@pytest.mark.parametrize(
    ("replicas", "workers", "names"),
    [
        pytest.param(1, 0, CORE, id="1 replica"),
        pytest.param(2, 0, CORE, id="2 replicas"),
        pytest.param(4, 0, CORE, id="4 replicas"),
        pytest.param(2, 2, CORE + COUPLED, id="2 x 2 replicas"),
    ],
)
def test_weights_and_losses_are_those_of_one(alone, tmp_path, replicas, workers, names):
    found = trained(tmp_path, replicas, names, workers)
    assert {name.split()[0] for name in found} == set(names)
    for name, value in found.items():
        loose = " log " in name or " test " in name
        tolerances = {"rtol": 1e-4, "atol": 1e-5} if loose else {"rtol": 1e-5, "atol": 2e-6}
        np.testing.assert_allclose(value, alone[name], **tolerances, err_msg=name)
