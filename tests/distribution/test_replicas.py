"""However many replicas share a batch, on one machine or on several, the weights are the same."""

import numpy as np
import pytest
import tensorflow as tf

from tests.distribution import processes
from tests.distribution.replica import cases, train_all

CORE = ["GAN", "WGAN", "WGANGP", "ConditionalWGANGP"]
COUPLED = ["BatchCoupled"]
#: Synchronised layers, and a gradient penalty: enough where processes of their own trace them.
SOME = ["BatchCoupled", "WGANGP"]
#: Only `benchmarks/replicas.py`, which trains all models on all replicas, has time for them.
OTHERS = [
    "ALAE",
    "AllTechniquesTogether",
    "ConvolutionalVAEWithLearnedVariance",
    "CycleGAN",
    "GANWithManyDiscriminatorSteps",
    "SemiSupervisedGAN",
    "StyleALAE",
    "TextGAN",
    "VAE",
]


def test_every_model_is_among_them():
    assert set(CORE + COUPLED + OTHERS) == set(cases())


@pytest.fixture(scope="module")
def alone():
    """What comes of training without a strategy."""
    return train_all(CORE + COUPLED, tf.distribute.get_strategy())


def train_in_processes(folder, replicas, names, workers=0):
    output = folder / "results.npz"
    processes.run("-m", "tests.distribution.replica", output, replicas, *names, workers=workers)
    return {name.replace("|", "/"): value for name, value in np.load(output).items()}


def assert_same(found, alone, names):
    assert {name.split()[0] for name in found} == set(names)
    for name, value in found.items():
        loose = " log " in name or " test " in name
        tolerances = {"rtol": 1e-4, "atol": 1e-5} if loose else {"rtol": 1e-5, "atol": 2e-6}
        np.testing.assert_allclose(value, alone[name], **tolerances, err_msg=name)


def test_one_replica_gives_the_weights_and_losses_of_none(alone):
    found = train_all(CORE, tf.distribute.OneDeviceStrategy("CPU:0"))
    assert_same(found, alone, CORE)


def test_two_replicas_give_the_weights_and_losses_of_one(alone, two_replicas):
    assert_same(train_all(CORE, two_replicas), alone, CORE)


def test_four_replicas_give_the_weights_and_losses_of_one(alone, tmp_path):
    assert_same(train_in_processes(tmp_path, 4, ["WGANGP"]), alone, ["WGANGP"])


def test_two_workers_of_two_replicas_give_the_weights_and_losses_of_one(alone, tmp_path):
    assert_same(train_in_processes(tmp_path, 2, SOME, workers=2), alone, SOME)
