"""Manifests: what the verbs of a SavedModel take and give, in a file of JSON beside it."""

import dataclasses
import inspect
import json
import os

import tensorflow as tf

from keras_gans import _server, serving
from keras_gans._version import __version__
from keras_gans.data import specs

#: The file, in the folder of the SavedModel.
NAME = "keras_gans.json"

#: Version of what is in it, and how.
FORMAT = 1

#: The inputs of SavedModels without a manifest, in their order: arguments and meanings.
BEFORE = {
    "num": ("num", "count"),
    "latents": ("latents", "latents"),
    "data": ("x", "examples"),
    "labels": ("labels", "labels"),
    "seed": ("seed", "seed"),
}


# Writing


def write(folder, model, verbs):
    """Write the manifest of a model's verbs into the folder of its SavedModel."""
    _server.check(verbs)
    content = {
        "format": FORMAT,
        "keras_gans": __version__,
        "model": type(model).__name__,
        "endpoints": {verb.endpoint: _of_verb(model, verb) for verb in verbs},
    }
    text = json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False)
    with tf.io.gfile.GFile(_path(folder), "w") as file:
        file.write(text + "\n")


def _of_verb(model, verb):
    doc = inspect.getdoc(getattr(type(model), verb.name, verb.function)) or ""
    return {
        "verb": verb.name,
        "summary": verb.summary or doc.split("\n")[0],
        "inputs": {name: spec and _of_spec(spec) for name, spec in verb.inputs.items()},
        "output": _of_spec(verb.output),
        "fixed": verb.fixed,
        "through": verb.through,
    }


def _of_spec(spec):
    if not isinstance(spec, serving.Parts):
        return {n: value for n, value in dataclasses.asdict(spec).items() if value is not None}
    if isinstance(spec.parts, dict):
        return {"parts": {key: _of_spec(part) for key, part in spec.parts.items()}}
    return {"parts": [_of_spec(part) for part in spec.parts]}


# Reading


def read(folder, artifact):
    """Return the `Verb`s of a SavedModel, by its manifest or, without one, by its signatures.

    Args:
        folder: Its path.
        artifact: What TensorFlow read there.

    Raises:
        ValueError: If the manifest is damaged, of another version or not that of the SavedModel.
    """
    path = _path(folder)
    if not tf.io.gfile.exists(path):
        return derived(artifact)
    try:
        with tf.io.gfile.GFile(path) as file:
            content = json.loads(file.read())
        return _verbs(content, artifact)
    except (ValueError, TypeError, OverflowError, RecursionError, tf.errors.OpError) as error:
        raise ValueError(f"The manifest {path!r} cannot be used: {error}") from error


def _path(folder):
    return os.path.join(str(folder), NAME)


def _verbs(content, artifact):
    format = _entry(content, "format", int)
    if format != FORMAT:
        newer = ", by a newer version of keras_gans" if format > FORMAT else ""
        raise ValueError(f"`format` must be {FORMAT}. Received: format={format}{newer}")
    endpoints = _entry(content, "endpoints", dict)
    if not endpoints:
        raise ValueError("`endpoints` must hold an endpoint. Received: none")
    verbs = [_verb(name, endpoints[name], artifact) for name in endpoints]
    _server.check(verbs)
    return verbs


def _verb(endpoint, entry, artifact):
    if endpoint not in artifact.signatures:
        raise ValueError(
            f"The endpoint {endpoint!r} must be in the SavedModel. "
            f"Received: {sorted(artifact.signatures)}"
        )
    inputs = {
        name: None if spec is None else _spec(name, spec)
        for name, spec in _entry(entry, "inputs", dict).items()
    }
    verb = serving.Verb(
        name=_entry(entry, "verb", str),
        function=_function(endpoint, serving.named(inputs), artifact),
        inputs=inputs,
        output=_spec("output", entry.get("output")),
        fixed=_entry(entry, "fixed", dict),
        through=_entry(entry, "through", (str, type(None))),
        summary=_entry(entry, "summary", str),
    )
    if verb.endpoint != endpoint:
        raise ValueError(f"The endpoint {endpoint!r} must be {verb.endpoint!r}, as its verb says.")
    _check_signature(verb, artifact.signatures[endpoint])
    return verb


def _spec(name, entry):
    _entry({name: entry}, name, dict)
    if "parts" in entry:
        return _parts(name, _entry(entry, "parts", (dict, list)))
    known = [field.name for field in dataclasses.fields(serving.ArraySpec)]
    fields = {field: entry[field] for field in known if field in entry}
    return serving.ArraySpec(**{"meaning": None, **fields})


def _parts(name, entries):
    parts: dict | tuple
    if isinstance(entries, dict):
        parts = {key: _spec(name, entry) for key, entry in entries.items()}
    else:
        parts = tuple(_spec(name, entry) for entry in entries)
    if not parts:
        raise ValueError(f"`parts` of {name!r} must hold a description. Received: none")
    return serving.Parts(parts)


def _entry(entries, name, kind):
    """Return what is under a name, or say that it is missing, or no such thing."""
    kinds = kind if isinstance(kind, tuple) else (kind,)
    if not isinstance(entries, dict) or not isinstance(entries.get(name), kinds):
        expected = " or ".join(kind.__name__ for kind in kinds)
        found = entries.get(name) if isinstance(entries, dict) else entries
        raise ValueError(f"`{name}` must be of type {expected}. Received: {str(found)[:100]}")
    return entries[name]


def _check_signature(verb, signature):
    """Refuse a description of other arrays than the function's."""
    specs = signature.structured_input_signature[1]
    inputs = {name: (tuple(s.shape), s.dtype.name) for name, s in specs.items()}
    described = {name: (s.shape, s.dtype) for name, s in verb.named_inputs.items()}
    if inputs != described:
        raise ValueError(
            f"`inputs` of the verb {verb.name!r} must be those of its function, {inputs}. "
            f"Received: {described}"
        )
    (output,) = signature.structured_outputs.values()
    verb.check_output(output)


def _function(endpoint, names, artifact):
    """An endpoint as a function of its inputs, which have these names."""
    signature = artifact.signatures[endpoint]
    specs = signature.structured_input_signature[1]

    def function(*inputs):
        named = zip(names, tf.nest.flatten(inputs), strict=True)
        (output,) = signature(**{n: tf.cast(x, specs[n].dtype) for n, x in named}).values()
        return output

    return function


# SavedModels without a manifest


def derived(artifact):
    """Return the `Verb`s of a SavedModel that was written when there were no manifests."""
    facts = {
        name: getattr(artifact, name)().numpy()
        for name in ("num_classes", "class_names", "value_range")
        if hasattr(artifact, name)
    }
    names = [name for name in artifact.signatures if _is_verb(name, artifact)]
    verbs = [_verb_before(name, artifact.signatures[name], artifact, facts) for name in names]
    return sorted(verbs, key=_makers_first)


def _is_verb(name, artifact):
    """Whether a signature is one that `export` wrote, which are methods, too."""
    inputs = artifact.signatures[name].structured_input_signature[1]
    return hasattr(artifact, name) and inputs and set(inputs) <= set(BEFORE)


def _makers_first(verb):
    """The order of old: what makes examples, of latents and of a count; and what takes them."""
    meanings = [spec.meaning for spec in verb.taken.values()]
    return [kind not in meanings for kind in ("latents", "count")], verb.endpoint


def _verb_before(name, signature, artifact, facts):
    specs = signature.structured_input_signature[1]
    specs = {before: specs[before] for before in BEFORE if before in specs}
    inputs = {BEFORE[before][0]: _spec_before(before, specs[before], facts) for before in specs}
    if "data" not in specs or name == "score":
        order = [argument for argument, _ in BEFORE.values() if argument in {*inputs, "labels"}]
        inputs = {argument: inputs.get(argument) for argument in order}
    (output,) = signature.structured_outputs.values()
    made = _output_before(name, output, facts)
    through = "generate" if "num" in specs else None
    function = _function(name, list(specs), artifact)
    if name.startswith("translate_"):
        verb, direction = name.split("_")
        inputs = {"images": inputs["x"]}
        return serving.Verb(verb, function, inputs, made, {"direction": direction})
    return serving.Verb(name, function, inputs, made, through=through)


def _spec_before(name, spec, facts):
    shape, dtype, meaning = tuple(spec.shape), spec.dtype.name, BEFORE[name][1]
    if meaning == "labels":
        names = facts.get("class_names")
        names = None if names is None else tuple(name.decode() for name in names.tolist())
        num_classes = int(facts["num_classes"])
        return serving.ArraySpec(meaning, shape, dtype, None, num_classes, names)
    if meaning == "examples":
        return _examples_before(shape, dtype, facts)
    return serving.ArraySpec(meaning, shape, dtype)


def _output_before(name, output, facts):
    shape, dtype = tuple(output.shape), output.dtype.name
    meanings = {"score": "logits", "classify": "probabilities", "encode": "codes"}
    if name in meanings:
        return serving.ArraySpec(meanings[name], shape, dtype)
    return _examples_before(shape, dtype, facts)


def _examples_before(shape, dtype, facts):
    if dtype == "string":
        return serving.ArraySpec("texts", shape, dtype)
    value_range = facts.get("value_range")
    value_range = None if value_range is None else value_range.tolist()
    spec = specs.Spec(shape[1:], value_range="auto" if value_range is None else value_range)
    return dataclasses.replace(serving.of("examples", spec), dtype=dtype)
