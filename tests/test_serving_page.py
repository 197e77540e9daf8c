"""What `docs/serving.md` says holds: its code runs, and its signatures are those of SavedModels.

TensorFlow Serving is played by a gRPC server of its service, which takes and gives its messages.
"""

import concurrent.futures
import json
import pathlib
import re

import grpc
import numpy as np
import pytest
import tensorflow as tf
from tensorflow.core.framework import types_pb2
from tensorflow.core.protobuf import saved_model_pb2

import keras_gans as kg
from tests.fuzz.models import of_verb
from tests.models import every_model

REASON = "tensorflow-serving-api cannot be installed"
predict = pytest.importorskip("tensorflow_serving.apis.predict_pb2", reason=REASON)
metadata = pytest.importorskip("tensorflow_serving.apis.get_model_metadata_pb2", reason=REASON)
service = pytest.importorskip("tensorflow_serving.apis.prediction_service_pb2_grpc", reason=REASON)

pytestmark = pytest.mark.slow
PAGE = (pathlib.Path(__file__).parents[1] / "docs" / "serving.md").read_text(encoding="utf-8")


class ModelServer(service.PredictionServiceServicer):
    """What TensorFlow Serving does with the newest version of a model."""

    def __init__(self, folder):
        newest = max(folder.iterdir(), key=lambda version: int(version.name))
        self.name = folder.name
        self.signatures = signatures_of(newest)
        self.saved_model = tf.saved_model.load(str(newest))

    def Predict(self, request, context):
        name = request.model_spec.signature_name or "serving_default"
        inputs = self.signatures.signature_def[name].inputs
        assert request.model_spec.name == self.name
        assert request.inputs.keys() == inputs.keys()
        for key, tensor in request.inputs.items():
            assert tensor.dtype == inputs[key].dtype
            shape = tf.TensorShape(inputs[key].tensor_shape)
            assert shape.is_compatible_with(tf.TensorShape(tensor.tensor_shape))
        tensors = {
            key: tf.constant(tf.make_ndarray(x), x.dtype) for key, x in request.inputs.items()
        }
        response = predict.PredictResponse(model_spec=request.model_spec)
        for key, output in self.saved_model.signatures[name](**tensors).items():
            response.outputs[key].CopyFrom(tf.make_tensor_proto(output))
        return response

    def GetModelMetadata(self, request, context):
        assert list(request.metadata_field) == ["signature_def"]
        response = metadata.GetModelMetadataResponse(model_spec=request.model_spec)
        response.metadata["signature_def"].Pack(self.signatures)
        return response


def signatures_of(folder):
    """The `SignatureDefMap` with which TensorFlow Serving describes a SavedModel."""
    saved = saved_model_pb2.SavedModel.FromString((folder / "saved_model.pb").read_bytes())
    (graph,) = saved.meta_graphs
    assert list(graph.meta_info_def.tags) == ["serve"]
    found = metadata.SignatureDefMap()
    for name, signature in graph.signature_def.items():
        if name != "__saved_model_init_op":
            found.signature_def[name].CopyFrom(signature)
    return found


def of_tensors(tensors):
    """Types and shapes by name, as the page has them."""
    described = []
    for name, tensor in tensors.items():
        axes = [str(axis.size).replace("-", "−") for axis in tensor.tensor_shape.dim]
        shape = f"({axes[0]},)" if len(axes) == 1 else f"({', '.join(axes)})"
        described.append(f"`{name}` {types_pb2.DataType.Name(tensor.dtype)} {shape}")
    return sorted(described)


# The page


def code(word):
    """The one block of Python on the page that has a word in it."""
    (found,) = [block for block in re.findall(r"```python\n(.*?)```", PAGE, re.S) if word in block]
    return found


def run(code, **names):
    """Run code of the page with some names, and return all that it has then."""
    exec(compile(code, "docs/serving.md", "exec"), names)
    return names


@pytest.fixture(scope="module")
def digits(tmp_path_factory):
    """The model that the page's first block makes, and the folder with its SavedModel."""
    folder = tmp_path_factory.mktemp("serving")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        return run(code('export("digits/1")'))["gan"], folder / "digits"


@pytest.fixture
def model_server(digits):
    """The address of a server of it."""
    server = grpc.server(concurrent.futures.ThreadPoolExecutor(1))
    service.add_PredictionServiceServicer_to_server(ModelServer(digits[1]), server)
    port = server.add_insecure_port("localhost:0")
    server.start()
    yield f"localhost:{port}"
    server.stop(None).wait()


def test_signatures_are_those_of_the_page(digits):
    table = re.search(r"<!-- signatures: begin -->\n(.*)<!-- signatures: end -->", PAGE, re.S)[1]
    documented = {}
    for row in table.splitlines()[2:]:
        names, *tensors = (cell.strip() for cell in row.strip("|").split("|"))
        for name in re.findall(r"`(\w+)`", names):
            documented[name] = [sorted(re.split(r", (?=`)", cell)) for cell in tensors]
    found = signatures_of(digits[1] / "1").signature_def
    assert documented == {
        name: [of_tensors(signature.inputs), of_tensors(signature.outputs)]
        for name, signature in found.items()
    }


def test_code_for_python(digits, monkeypatch):
    gan, folder = digits
    monkeypatch.chdir(folder.parent)
    images = run(code('kg.load("digits/1")'), kg=kg)["images"]
    np.testing.assert_allclose(images, gan.sample(16, labels=3, seed=0), atol=1e-5)


def test_code_for_grpc(digits, model_server):
    block = code("PredictRequest")
    assert "localhost:8500" in block
    found = run(block.replace("localhost:8500", model_server))
    assert type(found["request"]) is predict.PredictRequest
    expected = kg.load(digits[1] / "1").generate(found["latents"], found["labels"])
    np.testing.assert_allclose(found["images"], expected, atol=1e-5)


def test_metadata_over_grpc(digits, model_server):
    request = metadata.GetModelMetadataRequest(metadata_field=["signature_def"])
    request.model_spec.name = "digits"
    with grpc.insecure_channel(model_server) as channel:
        response = service.PredictionServiceStub(channel).GetModelMetadata(request, timeout=60)
    found = metadata.SignatureDefMap()
    assert response.metadata["signature_def"].Unpack(found)
    assert found == signatures_of(digits[1] / "1")


def test_the_request_in_json(digits):
    """TensorFlow Serving reads numbers as what the signature has under their names."""
    body = json.loads(re.search(r":predict \\\n +-d '(.*?)'", PAGE)[1])
    request = predict.PredictRequest()
    request.model_spec.name = "digits"
    request.model_spec.signature_name = body["signature_name"]
    server = ModelServer(digits[1])
    inputs = server.signatures.signature_def[body["signature_name"]].inputs
    assert body["inputs"].keys() == inputs.keys()
    for name, value in body["inputs"].items():
        tensor = tf.make_tensor_proto(value, tf.as_dtype(inputs[name].dtype))
        request.inputs[name].CopyFrom(tensor)
    images = tf.make_ndarray(server.Predict(request, None).outputs["output_0"])
    given = body["inputs"]
    expected = kg.load(digits[1] / "1").sample(given["num"], given["labels"], given["seed"])
    np.testing.assert_allclose(images, expected, atol=1e-5)


@pytest.mark.parametrize("format", ["onnx", "tflite"])
def test_code_for_files(digits, monkeypatch, tmp_path, format):
    for name in {"onnx": ("tf2onnx", "onnxruntime"), "tflite": ("ai_edge_litert",)}[format]:
        pytest.importorskip(name, reason=f"{name} cannot be installed")
    monkeypatch.chdir(tmp_path)
    gan, _ = digits
    latents = np.random.default_rng(0).normal(size=(4, 64)).astype("float32")
    labels = np.array([0, 1, 2, 3], "int32")
    found = run(code(f'export("digits.{format}"'), gan=gan, latents=latents, labels=labels)
    np.testing.assert_allclose(found["images"], gan.generate(latents, labels), atol=1e-4)


# Every model


def predict_request(verb, values):
    """A request as the page has it: each input of the signature by its name."""
    request = predict.PredictRequest()
    request.model_spec.name = "model"
    request.model_spec.signature_name = verb.endpoint
    tensors = tf.nest.flatten([spec.as_tensor(values[name]) for name, spec in verb.taken.items()])
    for name, tensor in zip(verb.named_inputs, tensors, strict=True):
        request.inputs[name].CopyFrom(tf.make_tensor_proto(tensor))
    return request.SerializeToString()


#: With and without latents, labels, sentences, truncation; of images of any size, and of texts.
KINDS = ["ALAE", "BigGAN", "CycleGAN", "SRGAN", "StackGAN", "TextGAN"]


@pytest.mark.parametrize("name", KINDS)
def test_requests_get_what_load_gives(name, tmp_path):
    made = every_model.make(name)
    made.export(tmp_path / "model" / "1")
    served, server = kg.load(tmp_path / "model" / "1"), ModelServer(tmp_path / "model")
    signatures = server.signatures.signature_def
    assert sorted(signatures) == sorted([*served.endpoints, "serving_default"])
    first = signatures[served.endpoints[0]]
    assert [of_tensors(first.inputs), of_tensors(first.outputs)] == [
        of_tensors(signatures["serving_default"].inputs),
        of_tensors(signatures["serving_default"].outputs),
    ]
    for verb in served.verbs:
        assert list(signatures[verb.endpoint].outputs) == ["output_0"]
        arguments = of_verb(verb, 3)
        request = predict.PredictRequest.FromString(
            predict_request(verb, {k: s.check(k, arguments[k], 3) for k, s in verb.taken.items()})
        )
        found = tf.make_ndarray(server.Predict(request, None).outputs["output_0"])
        expected = getattr(served, verb.name)(**arguments, **verb.fixed)
        if expected.dtype.kind == "U":
            np.testing.assert_array_equal(np.char.decode(found.astype(bytes), "utf-8"), expected)
        else:
            np.testing.assert_allclose(found, expected, atol=1e-5)
