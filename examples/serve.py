"""
Title: A model behind HTTP
Author: The keras_gans authors
Description: A SavedModel draws for whoever asks, and those who ask together share a batch.
Accelerator: None
"""

"""
## Introduction

`export` writes a model for others to use, and `keras_gans.load` reads it without training code.
This script puts one behind HTTP, with [Starlette](https://www.starlette.io) and
[uvicorn](https://www.uvicorn.org): `pip install "keras_gans[serve]"`. It takes the folder of a
SavedModel or of a run, or the name of a trained model:

    python examples/serve.py wgan_gp_digits --port 8000
    curl localhost:8000
    curl "localhost:8000/sample.png?num=16&seed=0" --output grid.png
    curl localhost:8000/sample --json '{"num": 2}'

What it offers is what the SavedModel says of itself: `/generate` takes latents, and labels if there
are any, `/encode` takes images, `/translate` also the direction. Whoever accepts `image/png` gets a
picture, and everybody else JSON.

## Setup
"""

import argparse
import asyncio
import contextlib
import dataclasses
import io
import json
import pathlib
from typing import Any

import numpy as np
import tensorflow as tf

import keras_gans as kg

try:
    import uvicorn
    from starlette.applications import Starlette
    from starlette.exceptions import HTTPException
    from starlette.responses import JSONResponse, Response
    from starlette.routing import Route
except ImportError as error:
    needed = 'serve.py needs Starlette and uvicorn: pip install "keras_gans[serve]"'
    raise ImportError(needed) from error

MAX_BODY = 2**24  # bytes of a request

"""
## Requests that share a batch

Eight images take a network hardly longer than one. So the first request waits some milliseconds for
others, and all go through the network in one call; while that runs, the next ones gather. Each gets
the rows that belong to it. If a call of several fails, each is made alone, so that an error is that
of its own request. Whoever went away meanwhile is left out.
"""


@dataclasses.dataclass(eq=False)
class Call:
    key: Any
    examples: dict
    made: asyncio.Future

    def __len__(self):
        return len(tf.nest.flatten(self.examples)[0])


class Batcher:
    """Calls of `function(key, examples)`, joined if their keys are equal.

    Args:
        function: Function of a key and a dictionary of arrays to an array, both with a row for each
            example. It runs in a thread.
        max_batch: Integer, examples of a joined call.
        max_wait: Float, seconds that a call waits for others, if none is being made.
    """

    def __init__(self, function, max_batch, max_wait):
        self.function, self.max_batch, self.max_wait = function, max_batch, max_wait
        self.waiting, self.worker = [], None

    async def __call__(self, key, examples):
        """Return what the function makes of the examples."""
        loop = asyncio.get_running_loop()
        call = Call(key, examples, loop.create_future())
        self.waiting.append(call)
        if self.worker is None or self.worker.done():
            self.worker = loop.create_task(self.work())
        return await call.made

    async def work(self):
        await asyncio.sleep(self.max_wait)
        while self.waiting:
            await self.answer(self.taken())

    def taken(self):
        """The first call that waits, and those that may be joined with it."""
        self.waiting = [call for call in self.waiting if not call.made.done()]
        calls, num = [], 0
        for call in self.waiting:
            if not calls or (call.key == calls[0].key and num + len(call) <= self.max_batch):
                calls.append(call)
                num += len(call)
        self.waiting = [call for call in self.waiting if call not in calls]
        return calls

    async def answer(self, calls):
        if not calls:
            return
        try:
            examples = tf.nest.map_structure(
                lambda *parts: np.concatenate(parts), *(call.examples for call in calls)
            )
            made = await asyncio.to_thread(self.function, calls[0].key, examples)
        except Exception as error:
            if len(calls) > 1:
                for call in calls:
                    await self.answer([call])
            elif not calls[0].made.done():
                calls[0].made.set_exception(error)
            return
        ends = np.cumsum([len(call) for call in calls])
        for call, rows in zip(calls, np.split(made, ends[:-1]), strict=True):
            if not call.made.done():
                call.made.set_result(rows)


"""
## What is asked for

`prepare` checks the arguments of a request before they meet those of others, and draws the latents
of those who ask for samples. What it says of malformed ones is the answer, with the status 400.
"""


@contextlib.contextmanager
def bad_requests():
    try:
        yield
    except (ValueError, TypeError, RecursionError) as error:
        raise HTTPException(400, str(error)) from error


def prepared(served, name, arguments, max_num):
    """Return the key of a call, and its examples."""
    if not isinstance(arguments, dict):
        raise TypeError(f"The arguments must be a JSON object. Received: {arguments!r:.100}")
    num = arguments.get("num")
    if isinstance(num, int) and num > max_num:
        raise ValueError(f"`num` must be at most {max_num}. Received: num={num}")
    verb, values = served.prepare(name, **arguments)
    examples = {key: values[key] for key, spec in verb.taken.items() if spec.is_batched}
    others = {key: np.asarray(x).tolist() for key, x in values.items() if key not in examples}
    arrays = tf.nest.flatten(examples)
    if len(arrays[0]) > max_num:
        raise ValueError(
            f"{name} must be of at most {max_num} examples. Received: {len(arrays[0])}"
        )
    return (verb.endpoint, others, tuple(x.shape[1:] for x in arrays)), examples


def in_url(text):
    """Return a value of a URL: JSON, or a string without its quotes."""
    try:
        return json.loads(text)
    except ValueError:
        return text


async def body_of(request):
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY:
            raise HTTPException(413, f"A request must have at most {MAX_BODY} bytes.")
    return bytes(body)


"""
## What is answered

Checks, numbers and pictures take their time, too: they are made in threads, so that the event loop
goes on to listen.
"""


def is_of_examples(verb, names):
    """Whether a verb makes something of every example, or of as many latents as it is to draw."""
    draws = any(spec.meaning in ("count", "seed") for spec in verb.taken.values())
    takes = any(spec.is_batched for spec in verb.taken.values())
    return verb.output.is_batched and (verb.through in names if draws else takes)


def described(verb):
    def known(spec):
        return {key: value for key, value in dataclasses.asdict(spec).items() if value is not None}

    return {
        "verb": verb.name,
        "inputs": {name: known(spec) for name, spec in verb.named_inputs.items()} | verb.fixed,
        "output": known(verb.output),
        "summary": verb.summary,
    }


def rendered(made, accepted):
    if "image/png" not in accepted:
        return JSONResponse({"outputs": made.tolist()})
    with bad_requests():
        grid = kg.data.image_grid(made)
    file = io.BytesIO()
    grid.save(file, "png")
    return Response(file.getvalue(), media_type="image/png")


def make_app(served, max_batch=64, max_wait=0.005, max_num=256):
    """Return what serves a model that `keras_gans.load` has read, as an ASGI application."""
    names = {verb.name for verb in served.verbs}
    verbs = {verb.endpoint: verb for verb in served.verbs if is_of_examples(verb, names)}

    def call(key, examples):
        endpoint, others, _ = key
        verb = verbs[endpoint]
        return getattr(served, verb.name)(**examples, **others, **verb.fixed)

    batcher = Batcher(call, max_batch, max_wait)

    async def answer(name, arguments, accepted):
        if name not in (offered := list(dict.fromkeys(verb.name for verb in verbs.values()))):
            raise HTTPException(404, f"There is no {name!r}: this model has {offered}.")
        with bad_requests():
            key, examples = await asyncio.to_thread(
                lambda: prepared(served, name, arguments(), max_num)
            )
        return await asyncio.to_thread(rendered, await batcher(key, examples), accepted)

    async def index(request):
        return JSONResponse({endpoint: described(verb) for endpoint, verb in verbs.items()})

    async def picture(request):
        def given():
            return {"num": 16} | {name: in_url(x) for name, x in request.query_params.items()}

        return await answer("sample", given, "image/png")

    async def post(request):
        body, accepted = await body_of(request), request.headers.get("accept", "")
        return await answer(request.path_params["verb"], lambda: json.loads(body), accepted)

    return Starlette(
        routes=[
            Route("/", index),
            Route("/sample.png", picture),
            Route("/{verb}", post, methods=["POST"]),
        ]
    )


"""
## The command
"""


def folder_of(model):
    """The SavedModel of a run, if it is one; `keras_gans.load` knows paths and names."""
    of_run = pathlib.Path(model, "saved_model")
    return of_run if (of_run / "saved_model.pb").exists() else model


def main():
    parser = argparse.ArgumentParser(description="Serve a SavedModel of keras_gans over HTTP.")
    parser.add_argument("model", help="folder of a SavedModel or of a run, or a name")
    parser.add_argument("--host", default="127.0.0.1", help="0.0.0.0 lets other machines in")
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--max-batch", type=int, default=64, help="examples of a joined call")
    parser.add_argument("--max-wait-ms", type=float, default=5, help="how long to wait for others")
    parser.add_argument("--max-num", type=int, default=256, help="examples of a request")
    options = parser.parse_args()
    served = kg.load(folder_of(options.model))
    app = make_app(served, options.max_batch, options.max_wait_ms / 1000, options.max_num)
    uvicorn.run(app, host=options.host, port=options.port)


if __name__ == "__main__":
    main()
