"""`examples/serve.py`: requests share a batch, and each gets what it asked for."""

import asyncio
import concurrent.futures
import contextlib
import importlib.util
import io
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

import numpy as np
import pytest
from PIL import Image

import keras_gans as kg
from tests.models import every_model

pytest.importorskip("starlette", reason="Starlette cannot be installed")
pytest.importorskip("uvicorn", reason="uvicorn cannot be installed")

SCRIPT = pathlib.Path(__file__).parents[1] / "examples" / "serve.py"


@pytest.fixture
def serve():
    """The example as a module."""
    spec = importlib.util.spec_from_file_location("serve_example", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


class Doubling:
    """A function of batches that remembers them. Those with a negative number it refuses."""

    def __init__(self, seconds=0.0):
        self.seconds, self.batches = seconds, []

    def __call__(self, key, examples):
        time.sleep(self.seconds)
        self.batches.append(examples["x"].tolist())
        if (examples["x"] < 0).any():
            raise ValueError(f"negative: {examples['x'].tolist()}")
        return 2 * examples["x"]


def x(*values):
    return {"x": np.array(values, "float32")}


class TestBatcher:
    def outcomes(self, serve, function, calls, max_batch=64, max_wait=0.05):
        """What calls `(key, examples)` that come together get: arrays or errors."""

        async def all_of_them():
            batcher = serve.Batcher(function, max_batch, max_wait)
            calling = (batcher(key, examples) for key, examples in calls)
            return await asyncio.gather(*calling, return_exceptions=True)

        made = asyncio.run(asyncio.wait_for(all_of_them(), 30))
        return [found if isinstance(found, Exception) else found.tolist() for found in made]

    def test_calls_that_come_together_are_one(self, serve):
        function = Doubling()
        calls = [("a", x(1, 2)), ("a", x(3)), ("a", x(4, 5, 6))]
        assert self.outcomes(serve, function, calls) == [[2, 4], [6], [8, 10, 12]]
        assert function.batches == [[1, 2, 3, 4, 5, 6]]

    def test_a_batch_has_at_most_so_many_examples_unless_one_call_has_more(self, serve):
        function = Doubling()
        calls = [("a", x(1, 2)), ("a", x(3, 4)), ("a", x(5)), ("a", x(6, 7, 8, 9))]
        made = self.outcomes(serve, function, calls, max_batch=3)
        assert made == [[2, 4], [6, 8], [10], [12, 14, 16, 18]]
        assert function.batches == [[1, 2, 5], [3, 4], [6, 7, 8, 9]]

    def test_calls_of_other_keys_are_calls_of_their_own(self, serve):
        function = Doubling()
        calls = [("a", x(1)), ("b", x(2)), ("a", x(3))]
        assert self.outcomes(serve, function, calls) == [[2], [4], [6]]
        assert function.batches == [[1, 3], [2]]

    def test_an_error_is_that_of_its_own_call(self, serve):
        function = Doubling()
        calls = [("a", x(1)), ("a", x(-2)), ("a", x(3, 4))]
        first, error, last = self.outcomes(serve, function, calls)
        assert (first, last) == ([2], [6, 8])
        assert str(error) == "negative: [-2.0]"

    def test_arrays_that_cannot_be_joined_are_calls_of_their_own(self, serve):
        function = Doubling()
        calls = [("a", x(1)), ("a", {"x": np.ones((1, 2), "float32")})]
        assert self.outcomes(serve, function, calls) == [[2], [[2, 2]]]

    @pytest.mark.parametrize("seconds_before_it_leaves", [0.0, 0.1], ids=["before", "during"])
    def test_a_caller_that_goes_away_harms_nobody(self, serve, seconds_before_it_leaves):
        function = Doubling(seconds=0.2)

        async def leaving():
            batcher = serve.Batcher(function, 64, 0.02)
            tasks = [asyncio.create_task(batcher("a", x(i))) for i in (1, 2, 3)]
            await asyncio.sleep(seconds_before_it_leaves)
            tasks[0].cancel()
            made = await asyncio.gather(*tasks, return_exceptions=True)
            return made, await batcher("a", x(4))

        (left, *others), later = asyncio.run(asyncio.wait_for(leaving(), 30))
        assert isinstance(left, asyncio.CancelledError)
        assert [found.tolist() for found in others] == [[4], [6]]
        assert later.tolist() == [8]
        assert function.batches[0] == ([1, 2, 3] if seconds_before_it_leaves else [2, 3])

    def test_the_event_loop_goes_on_and_others_gather_while_a_batch_is_computed(self, serve):
        function = Doubling(seconds=0.3)

        async def late():
            batcher = serve.Batcher(function, 64, 0.01)
            first = asyncio.create_task(batcher("a", x(1)))
            ticks, others = 0, []
            while not first.done():
                await asyncio.sleep(0.02)
                ticks += 1
                if len(others) < 3:
                    others.append(asyncio.create_task(batcher("a", x(ticks))))
            return ticks, await asyncio.gather(*others)

        ticks, made = asyncio.run(asyncio.wait_for(late(), 30))
        assert ticks > 3
        assert [found.tolist() for found in made] == [[2], [4], [6]]
        assert [len(batch) for batch in function.batches] == [1, 3]


def test_what_is_missing_is_said(serve, monkeypatch):
    monkeypatch.setitem(sys.modules, "starlette.applications", None)
    with pytest.raises(ImportError, match=r"pip install \"keras_gans\[serve\]\""):
        serve.__spec__.loader.exec_module(serve)


# The whole server


@contextlib.contextmanager
def server(folder, *options):
    """Start the example in a process of its own, and yield its address."""
    command = [sys.executable, str(SCRIPT), str(folder), "--port", "0", *options]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(SCRIPT.parents[1]), *sys.path])}
    with tempfile.TemporaryDirectory() as folder, open(f"{folder}/log", "w") as log:
        with subprocess.Popen(command, env=env, stdout=log, stderr=log) as process:
            try:
                yield _address(process, pathlib.Path(log.name))
            finally:
                process.terminate()


def _address(process, log):
    while not (found := re.search(r"running on (http://[\d.]+:\d+)", log.read_text())):
        assert process.poll() is None, log.read_text()
        time.sleep(0.1)
    return found[1]


def get(address, accept="*/*", data=None):
    """The status, the kind and the body of an answer."""
    request = urllib.request.Request(address, data, {"Accept": accept})
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, answer.headers["Content-Type"], answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.headers["Content-Type"], error.read()


def post(address, accept="*/*", **arguments):
    return get(address, accept, json.dumps(arguments).encode())


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A SavedModel that draws images of classes."""
    gan = every_model.make_convolutional(
        "ConditionalGAN", num_classes=3, class_names=["cat", "dog", "owl"]
    )
    folder = tmp_path_factory.mktemp("serve") / "saved_model"
    gan.export(folder)
    return folder


@pytest.fixture(scope="module")
def served(folder):
    return kg.load(folder)


@pytest.fixture(scope="module")
def address(folder):
    with server(folder, "--max-wait-ms", "30", "--max-num", "20") as found:
        yield found


@pytest.mark.slow
class TestServer:
    def test_it_says_what_there_is(self, address, served):
        status, kind, body = get(address)
        assert (status, kind) == (200, "application/json")
        found = json.loads(body)
        assert list(found) == served.endpoints == ["generate", "sample", "score"]
        inputs, output = found["generate"]["inputs"], found["generate"]["output"]
        assert inputs["latents"]["shape"] == [None, served.latent_dim]
        assert inputs["labels"]["class_names"] == ["cat", "dog", "owl"]
        assert output["shape"] == [None, *served.example_shape]
        assert output["value_range"] == [-1, 1]

    @pytest.mark.parametrize(
        ("query", "num", "labels"),
        [("num=5&labels=1", 5, 1), ("labels=owl", 16, 2), ("num=3&labels=[0,2,1]", 3, [0, 2, 1])],
    )
    def test_it_draws_what_sample_draws(self, address, served, query, num, labels):
        status, kind, body = get(f"{address}/sample.png?seed=7&{query}")
        assert (status, kind) == (200, "image/png")
        expected = np.asarray(kg.data.image_grid(served.sample(num, labels, seed=7)), "int16")
        found = np.asarray(Image.open(io.BytesIO(body)), "int16")
        assert found.shape == expected.shape
        assert np.abs(found - expected).max() <= 1

    def test_parallel_requests_get_what_each_would_get_alone(self, address, served):
        random = np.random.default_rng(0)
        asked = [
            {
                "latents": random.normal(size=(num, served.latent_dim)).astype("float32").tolist(),
                "labels": random.integers(0, 3, num).tolist(),
            }
            for num in random.integers(1, 9, 24)
        ]
        with concurrent.futures.ThreadPoolExecutor(12) as pool:
            answers = list(pool.map(lambda one: post(f"{address}/generate", **one), asked))
        for one, (status, kind, body) in zip(asked, answers, strict=True):
            assert (status, kind) == (200, "application/json")
            found = np.array(json.loads(body)["outputs"])
            np.testing.assert_allclose(found, served.generate(**one), atol=1e-5)

    def test_whoever_accepts_pictures_gets_one(self, address, served):
        latents = np.ones((4, served.latent_dim)).tolist()
        status, kind, body = post(
            f"{address}/generate", "image/png", latents=latents, labels=["cat"] * 4
        )
        assert (status, kind) == (200, "image/png")
        with Image.open(io.BytesIO(body)) as picture:
            assert picture.size == kg.data.image_grid(served.generate(latents, 0)).size

    def test_other_verbs_answer_too(self, address, served):
        images = served.sample(2, 0, seed=0)
        status, _, body = post(f"{address}/score", x=images.tolist(), labels=[0, 1])
        assert status == 200
        expected = served.score(images, [0, 1])
        np.testing.assert_allclose(json.loads(body)["outputs"], expected, atol=1e-5)

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ({"latents": [[1.0]], "labels": 0}, "`latents` must have shape"),
            ({"latents": [[1.0] * 3] * 2, "labels": [0] * 3}, "`labels` must be one integer or"),
            ({"latents": [[1.0] * 3], "labels": "lion"}, "`labels` must be among the class names"),
            ({"latents": [[1.0] * 3], "labels": 3}, "`labels` must be in"),
            ({"latents": [[1.0] * 3]}, "`labels` must be one integer"),
            ({"latents": [[1.0], []], "labels": 0}, "`latents` must be an array of numbers"),
            ({"latents": [[1e999] * 3], "labels": 0}, "`latents` must hold finite numbers"),
            ({"latents": [[1.0] * 3] * 21, "labels": 0}, "generate must be of at most 20 examples"),
            ({"latents": {"a": 1}, "labels": 0}, "`latents` must be an array of numbers"),
            ({"labels": 0}, "missing a required argument: 'latents'"),
            ({"latent": 0}, "generate"),
            ({"self": 0}, "generate"),
        ],
    )
    def test_malformed_arguments_get_the_words_of_the_library(self, address, arguments, message):
        status, _, body = post(f"{address}/generate", **arguments)
        assert status == 400
        assert message in body.decode()

    @pytest.mark.parametrize(
        ("query", "message"),
        [
            ("num=0&labels=0", "`num` must be a positive integer"),
            ("num=21&labels=0", "`num` must be at most 20"),
            ("num=many&labels=0", "`num` must be a positive integer"),
            ("num=2&labels=0&seed=-1", "`seed` must be in"),
            ("num=2", "`labels` must be one integer"),
            ("num=2&labels=lion", "`labels` must be among the class names"),
            ("num=2&labels=0&size=3", "unexpected keyword argument"),
            ("num=2&labels=" + "[" * 20_000, ""),
        ],
    )
    def test_so_do_malformed_urls(self, address, query, message):
        status, _, body = get(f"{address}/sample.png?{query}")
        assert status == 400
        assert message in body.decode()

    @pytest.mark.parametrize("body", [b"", b"{", b"[1]", b"null", b"\xff", b"[" * 100_000])
    def test_what_is_no_json_object_is_refused(self, address, body):
        assert get(f"{address}/generate", data=body)[0] == 400

    def test_other_refusals(self, address):
        status, _, body = post(f"{address}/encode", x=0)
        assert status == 404
        assert "this model has ['generate', 'sample', 'score']" in body.decode()
        assert get(f"{address}/generate")[0] == 405
        assert get(f"{address}/generate", data=b" " * (2**24 + 1))[0] == 413
        images = {"x": np.zeros((1, 8, 8, 1)).tolist(), "labels": 0}
        status, _, body = post(f"{address}/score", "image/png", **images)
        assert status == 400
        assert "`images` must have shape" in body.decode()


@pytest.mark.slow
def test_translations_of_images_have_a_direction(tmp_path):
    made = every_model.make_convolutional("CycleGAN")
    made.export(tmp_path / "saved_model")
    images = np.zeros((2, *made.example_spec.shape), "float32")
    with server(tmp_path) as address:  # the folder of a run
        assert list(json.loads(get(address)[2])) == ["translate_ab", "translate_ba"]
        for direction in ("ab", "ba"):
            arguments = {"images": images.tolist(), "direction": direction}
            status, _, body = post(f"{address}/translate", **arguments)
            assert status == 200
            expected = made.translate(images, direction)
            np.testing.assert_allclose(json.loads(body)["outputs"], expected, atol=1e-5)
        assert post(f"{address}/translate", images=images.tolist(), direction="aa")[0] == 400
        assert get(f"{address}/sample.png")[0] == 404
