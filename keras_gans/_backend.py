"""Keras with the TensorFlow backend, started without TensorFlow's messages about the machine."""

from keras_gans import _quiet

_NEEDS_TENSORFLOW = (
    "keras_gans needs Keras with the TensorFlow backend. Set the environment variable "
    "KERAS_BACKEND=tensorflow before Keras is imported. Received: "
)

try:
    with _quiet.tensorflow_start():
        import keras
except ImportError as error:
    raise ImportError(f"{_NEEDS_TENSORFLOW}{error}") from error

if keras.backend.backend() != "tensorflow":
    raise ImportError(f"{_NEEDS_TENSORFLOW}the backend {keras.backend.backend()!r}")
