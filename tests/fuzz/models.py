"""Calls of every model and of what it serves, known from the model itself.

A constructor is called with what the tiny model was made with; the methods that all models have,
with its examples; a served verb, with what its description says. Other methods of a model are
called as `tiny_calls(model)` of its test file says, if it is there: a dictionary of bound methods,
each with a dictionary of its arguments.
"""

import functools
import pathlib
import tempfile

import numpy as np

import keras_gans as kg
from keras_gans._configured import MADE_WITH
from tests.fuzz.call import Call, model
from tests.models import every_model

BASES = {
    "models.GenerativeModel": Call(kg.models.GenerativeModel),
    "models.LatentModel": Call(kg.models.LatentModel, lambda: {"latent_dim": 2}),
    "models.LossResult": Call(
        kg.models.LossResult,
        lambda: {"minimized": {"loss": 1.0}, "logged": {}, "handed_on": {}},
        use=lambda result: result.logs,
    ),
}
#: Arguments that Keras handles.
KEPT = ("epochs", "verbose", "callbacks", "shuffle", "steps", "sample_weight", "return_dict")


@functools.cache
def saved(name):
    """What `keras_gans.load` gives of a model."""
    folder = pathlib.Path(tempfile.mkdtemp(), "saved_model")
    model(name).export(folder)
    return kg.load(folder)


def valid(spec, num=2):
    """What a verb may be given for an input."""
    if spec.meaning in ("count", "seed"):
        return num
    if getattr(spec, "parts", None) is not None:
        named = spec.parts.items() if isinstance(spec.parts, dict) else enumerate(spec.parts)
        found = {key: valid(part, num) for key, part in named}
        return found if isinstance(spec.parts, dict) else tuple(found.values())
    if spec.num_classes is not None:
        return [k % spec.num_classes for k in range(num)]
    shape = [num if axis is None else axis for axis in spec.shape]
    if spec.is_text:
        return np.full(shape, "to be").tolist()
    low, high = spec.value_range or (-1, 1)
    drawn = np.random.default_rng(0).uniform(low, high, shape).astype(spec.dtype)
    return drawn if shape else drawn.item()


def of_verb(verb, num=2):
    """Valid arguments of a verb, by name."""
    return {name: valid(spec, num) for name, spec in verb.taken.items()}


def use_verb(made):
    """Do what the model does for others first of all."""
    verb = made.served_verbs()[0]
    return getattr(made, verb.name)(**of_verb(verb))


def inputs(made):
    """What `predict` takes."""
    if not hasattr(made, "latent_dim"):
        return every_model.examples(made)[0][:4]
    latents = np.ones((4, made.latent_dim), "float32")
    return [latents, every_model.examples(made)[1][:4]] if made.conditional else latents


def calls_of_methods(name):
    """Calls of the methods that all models have."""
    kind = getattr(kg.models, name)

    def examples():
        x, y = every_model.examples(model(name))
        return {"x": x[4:16], "y": y if y is None else y[4:16]}

    def method(called, arguments, **options):
        return Call(
            getattr(kind, called),
            arguments,
            **{"of": functools.partial(model, name), "kept": KEPT, **options},
        )

    def batches():
        return {**examples(), "batch_size": 4, "verbose": 0}

    unbounded = {"nan": True, "infinite": True}
    written = {"errors": (OSError,)}
    return {
        "compile": method("compile", dict, of=functools.partial(every_model.make, name), cost=5),
        "fit": method("fit", batches, use=lambda found: found.history, **unbounded, cost=50),
        "evaluate": method("evaluate", batches, cost=20),
        "train_on_batch": method("train_on_batch", examples, **unbounded, cost=20),
        "test_on_batch": method("test_on_batch", examples, cost=20),
        "predict": method("predict", lambda: {"x": inputs(model(name)), "verbose": 0}, cost=5),
        "predict_on_batch": method("predict_on_batch", lambda: {"x": inputs(model(name))}),
        "save": method("save", lambda: {"filepath": "model.keras"}, **written, cost=20),
        "save_weights": method(
            "save_weights", lambda: {"filepath": "model.weights.h5"}, **written, cost=20
        ),
        "export": method("export", lambda: {"filepath": "saved_model"}, **written, cost=50),
    }


def calls_of_verbs(name):
    """Calls of the served verbs, of the model and of what is loaded, which have the same names."""
    kind, calls = getattr(kg.models, name), {}
    for verb in {verb.name: verb for verb in model(name).served_verbs()}.values():
        arguments = functools.partial(of_verb, verb)
        made = functools.partial(model, name)
        calls[f"models.{name}.{verb.name}"] = Call(getattr(kind, verb.name), arguments, of=made)

        def call(loaded, *args, method=verb.name, **kwargs):
            return getattr(loaded, method)(*args, **kwargs)

        call.__signature__ = verb.signature()
        loaded = functools.partial(saved, name)
        calls[f"load({name}).{verb.name}"] = Call(call, arguments, of=loaded)
    return calls


@functools.cache
def own_calls(name):
    """What `tiny_calls` of the model's test file says."""
    module = every_model.definitions(getattr(kg.models, name))
    return getattr(module, "tiny_calls", lambda made: {})(model(name))


def calls_of(name):
    """All calls of a model, by name."""
    kind, made = getattr(kg.models, name), functools.partial(model, name)
    return {
        f"models.{name}": Call(kind, lambda: vars(made())[MADE_WITH], use=use_verb, cost=5),
        **{f"models.{name}.{method}": c for method, c in calls_of_methods(name).items()},
        **calls_of_verbs(name),
        **{
            f"models.{name}.{method.__name__}": Call(
                method, functools.partial(dict, arguments), cost=2
            )
            for method, arguments in own_calls(name).items()
        },
    }


CALLS = {**BASES, **{key: c for name in every_model.NAMES for key, c in calls_of(name).items()}}
