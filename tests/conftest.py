import keras
import pytest


@pytest.fixture(autouse=True)
def fresh_keras():
    """Every test starts from the same seeds and leaves no policy or graph behind."""
    keras.utils.set_random_seed(0)
    yield
    keras.config.set_dtype_policy("float32")
    keras.utils.clear_session()
