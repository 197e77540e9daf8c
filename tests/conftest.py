"""Fixtures for all tests: two logical CPUs, deterministic operations, fresh seeds."""

import pathlib

import keras
import pytest
import tensorflow as tf

tf.config.set_logical_device_configuration(
    tf.config.list_physical_devices("CPU")[0], [tf.config.LogicalDeviceConfiguration()] * 2
)
tf.config.experimental.enable_op_determinism()


@pytest.fixture(autouse=True)
def fresh_keras():
    """Every test starts from the same seeds and leaves no policy or graph behind."""
    keras.utils.set_random_seed(0)
    yield
    keras.config.set_dtype_policy("float32")
    keras.utils.clear_session()


@pytest.fixture
def repository():
    """The root of the checkout."""
    return pathlib.Path(__file__).parent.parent


@pytest.fixture
def two_replicas():
    """A strategy with two replicas on one CPU."""
    return tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
