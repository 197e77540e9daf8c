"""One verb of a model as an ONNX or LiteRT file, converted by Keras."""

import contextlib
import importlib.util
from collections.abc import Callable, Iterator
from typing import Any

import keras
import tensorflow as tf

from keras_gans._typing import PathLike, Tensor
from keras_gans.serving import Verb

#: By format, what converts to it.
CONVERTERS = {"onnx": "tf2onnx", "litert": "tensorflow"}


class Endpoint(keras.Model):
    """A function of tensors as a model of its own, which Keras can export."""

    def __init__(self, function: Callable[..., Tensor]) -> None:
        super().__init__()
        self.function = function
        self.built = True

    def call(self, *inputs: Tensor, training: bool | None = None) -> Tensor:
        return self.function(*inputs)


def check(model: keras.Model, filepath: PathLike, format: str) -> None:
    """Refuse what is known not to work before anything is converted."""
    converter = CONVERTERS[format]
    if importlib.util.find_spec(converter) is None:
        raise ImportError(f"`format={format!r}` needs {converter}: pip install {converter}")
    if format == "litert" and not str(filepath).endswith(".tflite"):
        raise ValueError(f"`filepath` must end in '.tflite'. Received: filepath={str(filepath)!r}")
    dtypes = {layer.compute_dtype for layer in model._flatten_layers()}
    others = sorted(dtypes & {"float16", "bfloat16", "float64"})
    if others:
        raise ValueError(
            f"`format` must be 'tf_saved_model' for networks that compute in {others[0]}. For "
            "others, build the model with networks that compute in float32 and give it the weights "
            f"of this one. Received: format={format!r}"
        )


def convert(verb: Verb, filepath: PathLike, format: str, verbose: bool, **kwargs: Any) -> None:
    """Write a verb, or raise a `ValueError` if the format lacks an operation of it.

    Args:
        verb: `keras_gans.serving.Verb`, of numbers.
        filepath: Path of the file to write.
        format: `"onnx"` or `"litert"`.
        verbose: Boolean, whether to print where the file is.
        **kwargs: Those of Keras's exporter.
    """
    write = to_onnx if format == "onnx" else to_litert
    kwargs = {"input_signature": verb.input_signature, "verbose": verbose, **kwargs}
    try:
        write(Endpoint(verb.function), filepath, **kwargs)
    except Exception as error:
        raise ValueError(f"The model cannot be converted to {format!r}: {error}") from error


def to_onnx(endpoint: Endpoint, filepath: PathLike, **kwargs: Any) -> None:
    import onnx

    with sound_optimizers():
        endpoint.export(filepath, format="onnx", **kwargs)
    onnx.checker.check_model(str(filepath))  # tf2onnx copies operations that ONNX does not know


def to_litert(endpoint: Endpoint, filepath: PathLike, **kwargs: Any) -> None:
    # Other operations than these need an interpreter with TensorFlow inside.
    kwargs.setdefault("target_spec", {"supported_ops": [tf.lite.OpsSet.TFLITE_BUILTINS]})
    endpoint.export(filepath, format="litert", **kwargs)


@contextlib.contextmanager
def sound_optimizers() -> Iterator[None]:
    """Keep tf2onnx from making computed shapes of `Reshape` constant.

    In one of about fifty conversions of images of one channel and of any size, that optimizer puts
    an axis before the batch of the last operation, and the operation that takes it away after it
    is no output and is dropped.
    """
    from tf2onnx import optimizer

    optimizers = dict(optimizer._optimizers)
    optimizer._optimizers.pop("reshape_optimizer", None)
    try:
        yield
    finally:
        optimizer._optimizers.clear()
        optimizer._optimizers.update(optimizers)
