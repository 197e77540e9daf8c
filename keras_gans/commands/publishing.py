"""What a training with a preset ends in: the trained model, and a card that says what it is."""

import argparse
import json
import os
import pathlib
import platform
import shlex
import tempfile
from typing import Any

from keras_gans import presets, runs, saved_model
from keras_gans._typing import Config


def publish(
    preset: presets.Preset,
    model: Any,
    options: argparse.Namespace,
    run: runs.Run,
    reading: Config,
) -> None:
    """Write the SavedModel of a run, with all that others need, and a card of what it draws.

    Args:
        preset: The preset.
        model: The trained model, whose networks compute in float32.
        options: Those of the command.
        run: The run, whose `saved_model` is written.
        reading: How its data were read, by name.
    """
    with tempfile.TemporaryDirectory() as folder:
        draft = pathlib.Path(folder) / "saved_model"
        model.export(draft, half_precision=True)
        generator = saved_model.load(draft)
        drawn = preset.pictures(generator, options.dataset, **reading)
        is_own = options.dataset == preset.dataset
        facts = {
            **(of_preset(preset) if is_own else of_recipe(preset, options.dataset)),
            "training": of_training(preset, options, run),
            "pictures": [{"file": name, "caption": text} for name, (_, text) in drawn.items()],
        }
        if texts := preset.texts(generator):
            facts["texts"] = texts
        if is_own:
            print("Measuring what it draws …")
            facts["quality"] = of_quality(preset, generator)
    pictures = {name: picture for name, (picture, _) in drawn.items()}
    model.save_to_preset(run.saved_model, facts, pictures)


def of_preset(preset: presets.Preset) -> Config:
    """What a card says of the preset, trained on its own data."""
    return {
        "name": preset.name,
        "title": preset.title,
        "summary": preset.summary,
        "paper": preset.paper,
        "differs": preset.differs,
        "license": preset.license,
        "task": preset.task,
        "tags": preset.tags,
        "usage": preset.usage,
        "data": preset.data,
        "limits": preset.limits,
    }


def of_recipe(preset: presets.Preset, dataset: str) -> Config:
    """What a card says of the preset's recipe on other data, of which the preset knows nothing."""
    name = os.path.basename(os.path.normpath(dataset))
    title = f"{preset.model.__name__}, {name}, by the recipe of {preset.name}"
    return {"title": title, "paper": preset.paper, "task": preset.task}


def of_training(preset: presets.Preset, options: argparse.Namespace, run: runs.Run) -> Config:
    """How the model was trained, and how long that took."""
    facts = {
        "command": shlex.join(["python", "-m", "keras_gans", *options.arguments]),
        "dataset": options.dataset,
        "steps": options.epochs * options.steps_per_epoch,
        "batch size": options.batch_size,
        "precision": options.precision or preset.precision,
        "seed": options.seed,
        "machine": f"{os.cpu_count()} CPU cores, {platform.machine()}",
    }
    if run.time.exists():  # which a full disk may have prevented
        epochs = json.loads(run.time.read_text())
        clock, processors = (round(sum(seconds) / 60, 1) for seconds in zip(*epochs, strict=True))
        facts |= {"minutes": clock, "minutes of processors": processors}
    return facts


def of_quality(preset: presets.Preset, generator: Any) -> Config:
    """How good what is drawn is, and what of that tests measure again."""
    report = preset.measure(generator)
    results = {name: round(value, 4) for name, value in report["results"].items()}
    return {
        "results": results,
        "protocol": report["protocol"],
        "check": preset.check,
        "tolerance": preset.tolerance,
    }
