"""Model cards: what is known of a trained model, as a page in the format of Hugging Face.

The facts are JSON values in `preset.json`, beside the page that is made of them, `README.md`. Any
may be missing:

- `name`, `title`, `summary`: what it is, the first in one word;
- `model`, `parameters`: its class; the number of weights of each network;
- `paper`: `title`, `authors`, `year`, `url`; `differs`: what is not as in the paper;
- `task`, `tags`: what Hugging Face sorts by;
- `data`: `name`, `description`, `url`, `license`; `license`: that of the weights;
- `training`: `command`, and what else there is to say of it, by name;
- `quality`: `results`, numbers by name; `protocol`, how they were measured, by name;
  `check`, the name of the result that a test measures again, and `tolerance`, by how much it may
  differ, as a share;
- `pictures`: for each its `file` and a `caption`; `texts`: samples, of a model that writes;
- `limits`: a list of sentences;
- `usage`: lines of Python.
"""

import json
import pathlib
from typing import Any

import keras
import tensorflow as tf

from keras_gans._typing import Config
from keras_gans._version import __version__

#: The facts, and the page, in the folder of a trained model.
FACTS, PAGE = "preset.json", "README.md"


def of_model(model: Any) -> Config:
    """What a `keras_gans.models.GenerativeModel` knows of itself."""
    kind = type(model).__name__
    return {
        "title": kind,
        "model": kind,
        "parameters": {name: getattr(model, name).count_params() for name in model.network_names},
        "versions": {
            "keras_gans": __version__,
            "keras": keras.__version__,
            "tensorflow": tf.__version__,
        },
    }


def write(folder: pathlib.Path, facts: Config) -> None:
    """Write the facts, and the page that is made of them, into the folder of a trained model."""
    for name, text in _files_of(facts).items():
        (folder / name).write_text(text, encoding="utf-8")


def check(argument: str, facts: Config) -> None:
    """Refuse, by the name of an argument, facts of which no card can be made."""
    try:
        _files_of(facts)
    except (TypeError, ValueError, LookupError, AttributeError) as error:
        raise ValueError(
            f"`{argument}` must hold JSON values as keras_gans.cards describes them. Received: "
            f"{argument}={facts!r}, of which no card can be made: {error}"
        ) from error


def _files_of(facts):
    """The texts of a card's files, by their names."""
    text = json.dumps(facts, indent=1, ensure_ascii=False, allow_nan=False)
    return {FACTS: text + "\n", PAGE: page(json.loads(text))}


def read(folder: pathlib.Path) -> Config:
    """The facts of the trained model in a folder."""
    return json.loads((pathlib.Path(folder) / FACTS).read_text(encoding="utf-8"))


def page(facts: Config) -> str:
    """A card, made of facts."""
    sections = [
        _front_matter(facts),
        f"# {facts['title']}",
        *_pictures(facts, slice(0, 1)),
        facts.get("summary"),
        *_usage(facts),
        *_origin(facts),
        *_table("Training", _described(facts.get("training", {}), code=("command",))),
        *_quality(facts.get("quality")),
        *_pictures(facts, slice(1, None)),
        *_texts(facts.get("texts")),
        *_list("Limits", facts.get("limits")),
    ]
    return "\n\n".join(section for section in sections if section) + "\n"


def _front_matter(facts):
    """The metadata that Hugging Face reads: YAML, of which JSON is a part."""
    data = facts.get("data", {})
    entries = {
        "license": facts.get("license"),
        "library_name": "keras",
        "pipeline_tag": facts.get("task"),
        "tags": ["keras_gans", "tensorflow", "gan", *facts.get("tags", [])],
        "datasets": [data["name"]] if "name" in data else None,
        "model-index": _model_index(facts),
    }
    lines = [f"{key}: {_json(value)}" for key, value in entries.items() if value is not None]
    return "\n".join(["---", *lines, "---"])


def _model_index(facts):
    quality = facts.get("quality")
    if not quality:
        return None
    name, task = facts.get("data", {}).get("name", "unknown"), facts.get("task", "other")
    split = quality.get("protocol", {}).get("split", "unspecified")
    metrics = [
        {"type": name, "name": _words(name), "value": value}
        for name, value in quality["results"].items()
    ]
    result = {
        "task": {"type": task},
        "dataset": {"type": name, "name": name, "split": split},
        "metrics": metrics,
    }
    return [{"name": facts.get("name", facts["title"]), "results": [result]}]


def _pictures(facts, which):
    for picture in facts.get("pictures", [])[which]:
        yield f"![{picture['caption']}]({picture['file']})\n\n*{picture['caption']}*"


def _usage(facts):
    if "usage" in facts:
        yield "## Use\n\n```python\n" + "\n".join(facts["usage"]) + "\n```"


def _origin(facts):
    """What the model is, and what it is made from."""
    rows = {"model": f"`keras_gans.models.{facts['model']}`" if "model" in facts else None}
    for network, size in facts.get("parameters", {}).items():
        rows[f"weights of `{network}`"] = f"{size:,}"
    paper, data = facts.get("paper"), facts.get("data")
    if paper:
        link = f"[{paper['title']}]({paper['url']})"
        rows["paper"] = f"{paper['authors']} {paper['year']}, {link}"
    rows["what differs from the paper"] = facts.get("differs")
    if data:
        rows["data"] = f"[{data['description']}]({data['url']})"
        rows["license of the data"] = data["license"]
    rows["license of the weights"] = facts.get("license")
    rows["versions"] = _in_words(facts.get("versions"))
    yield from _table("Model", {name: value for name, value in rows.items() if value})


def _described(facts, code=()):
    return {
        name: f"`{value}`" if name in code else _in_words(value) for name, value in facts.items()
    }


def _quality(quality):
    if not quality:
        return
    results = {_words(name): _number(value) for name, value in quality["results"].items()}
    yield from _table("Quality", results)
    known = quality.get("protocol", {}).items()
    protocol = "; ".join(f"{_words(name)}: {_in_words(value)}" for name, value in known)
    check, tolerance = quality.get("check"), quality.get("tolerance")
    sentences = [f"How it was measured: {protocol}."] if protocol else []
    if check:
        sentences.append(
            f"The tests of the package measure “{_words(check)}” again from these files: it may "
            f"differ by {100 * tolerance:g} %."
        )
    yield " ".join(sentences)


def _texts(texts):
    if texts:
        yield "## Samples\n\n```text\n" + "\n".join(texts) + "\n```"


def _list(title, items):
    if items:
        yield f"## {title}\n\n" + "\n".join(f"- {item}" for item in items)


def _table(title, rows):
    if rows:
        lines = [f"| {name} | {value} |" for name, value in rows.items()]
        yield "\n".join([f"## {title}", "", "| | |", "|---|---|", *lines])


def _in_words(value: Any) -> Any:
    if isinstance(value, dict):
        known = {name: part for name, part in value.items() if part not in ({}, None)}
        return ", ".join(f"{name} {_in_words(part)}" for name, part in known.items())
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return _number(value) if isinstance(value, (int, float)) else value


def _number(value):
    """A number with four digits, or as many as an integer has."""
    return f"{value:,}" if isinstance(value, int) else f"{value:.4g}"


def _words(name):
    return name.replace("_", " ")


def _json(value):
    return value if isinstance(value, str) and value.isidentifier() else json.dumps(value)
