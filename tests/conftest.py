"""Fixtures for all tests: two logical CPUs, deterministic operations, fresh seeds."""

import gc
import pathlib

import keras
import pytest
import tensorflow as tf

#: What takes long, whatever a test does with it: the second tier, but for tests marked `quick`.
SLOW_FIXTURES = {"two_replicas", "xla", "run_example", "run_example_alone", "site"}

# Building graphs makes many objects, few of them garbage.
gc.set_threshold(100_000, 20, 50)

tf.config.set_logical_device_configuration(
    tf.config.list_physical_devices("CPU")[0], [tf.config.LogicalDeviceConfiguration()] * 2
)
tf.config.experimental.enable_op_determinism()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """Mark as slow what uses slow fixtures, and cases after the first of modules that say so."""
    seen = set()
    for item in items:
        function = item.nodeid.partition("[")[0]
        is_later = item.get_closest_marker("first_cases") and function in seen
        seen.add(function)
        uses_slow = SLOW_FIXTURES & set(item.fixturenames)
        if (uses_slow or is_later) and not item.get_closest_marker("quick"):
            item.add_marker(pytest.mark.slow)


@pytest.fixture(autouse=True)
def fresh_keras(request):
    """Every test starts from the same seeds and leaves no policy or graph behind."""
    keras.utils.set_random_seed(0)
    yield
    keras.config.set_dtype_policy("float32")
    keras.utils.clear_session(free_memory=False)
    if request.node.get_closest_marker("slow"):
        gc.collect()  # models and compiled programs of gigabytes, over all slow tests
    gc.freeze()  # TensorFlow keeps every graph: to look through them again takes minutes


@pytest.fixture
def repository():
    """The root of the checkout."""
    return pathlib.Path(__file__).parent.parent


@pytest.fixture(scope="session")
def two_replicas():
    """A strategy with two replicas on one CPU: one for all tests, as TensorFlow numbers the
    collective operations of every strategy alike and confuses those of two strategies."""
    return tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])


@pytest.fixture
def xla():
    """Lift determinism, under which Keras leaves XLA off."""
    from tensorflow.python.framework import config

    config.disable_op_determinism()
    yield
    tf.config.experimental.enable_op_determinism()
