"""`train`."""

import argparse
import inspect
import math
import pathlib
import signal
import sys
from typing import Any

import keras
import tensorflow as tf

from keras_gans import _checks, _files, callbacks, data, models, runs
from keras_gans._typing import Config
from keras_gans.commands import evaluation
from keras_gans.commands.dataset import load
from keras_gans.data.sources import OWN_NAMES, DatasetInfo

#: Options that go to the model, if it takes them.
OF_MODELS = ("latent_dim", "filters", "ema_decay")

#: Options of what is measured for the report, which change nothing of a run.
OF_METRICS = ("metrics", "metrics_every", "metrics_num", "extractor")


def train(options: argparse.Namespace) -> None:
    """Train a model, or go on if the output folder holds a run of the same configuration."""
    kind = trainable()[_checks.one_of("model", options.model, list(trainable()))]
    options = with_defaults(options, kind)
    run = runs.Run(options.output)
    check_folders(options.dataset, run)
    _files.check_folder(run.folder)
    if options.deterministic:
        tf.config.experimental.enable_op_determinism()
    keras.utils.set_random_seed(options.seed)
    _, info = batches(options, labels=False)
    model = build(kind, info, options)
    checkpoint = callbacks.Checkpoint(run.folder, configuration=configuration(options, info))
    report = make_report(run, model, options, info)
    with runs.StopOnSignal() as stop:
        stopped_by = fit(model, options, checkpoint, stop, report)
        checkpoint.run.check_held()
        model.export(run.saved_model, verbose=True)
    print(f"Samples are in {run.samples}, the SavedModel is {run.saved_model}.")
    if run.report.exists():
        print(f"How training went is in {run.report}, for a browser.")
    if stopped_by:
        sys.exit(128 + stopped_by)


def trainable() -> dict[str, Any]:
    """The models that can be made for the images of a dataset, by the names of their files."""
    kinds = [kind for kind in vars(models).values() if getattr(kind, "for_images", None)]
    return dict(sorted((kind.__module__.rpartition(".")[2], kind) for kind in kinds))


def with_defaults(options: argparse.Namespace, kind: Any) -> argparse.Namespace:
    """The options, and in them what the model takes: by default what `for_images` says."""
    options = argparse.Namespace(**vars(options))
    taken = inspect.signature(kind.for_images).parameters
    for name in OF_MODELS:
        given = getattr(options, name)
        if name in taken:
            setattr(options, name, taken[name].default if given is None else given)
        elif given is None:
            delattr(options, name)
        else:
            raise ValueError(
                f"`{name}` must be left out: {options.model} has none. Received: {name}={given}"
            )
    return options


def check_folders(dataset: str, run: runs.Run) -> None:
    """Refuse a run among the pictures that it is trained on, some of which its grids would be."""
    pictures, output = pathlib.Path(dataset).resolve(), run.folder.resolve()
    overlap = output.is_relative_to(pictures) or pictures.is_relative_to(run.samples.resolve())
    if overlap and dataset not in OWN_NAMES:
        raise ValueError(
            f"`output` must be outside of {dataset!r}, which `source` names: it would be read as a "
            f"folder of pictures. Received: {str(run.folder)!r}"
        )


def batches(options: argparse.Namespace, labels: bool) -> tuple[tf.data.Dataset, data.DatasetInfo]:
    """The batches of a run, and what the dataset holds."""
    return load(
        options,
        batch_size=options.batch_size,
        image_size=options.image_size,
        channels=options.channels,
        labels=labels,
        shuffle=True,
        seed=options.seed,
        repeat=True,
    )


def build(kind: Any, info: DatasetInfo, options: argparse.Namespace) -> models.LatentModel:
    """Return a compiled model of that kind for the dataset's images."""
    chosen = {name: value for name, value in vars(options).items() if name in OF_MODELS}
    model = kind.for_images(info, **chosen, seed=options.seed)
    model.compile(steps_per_execution=math.gcd(10, options.steps_per_epoch))
    return model


def fit(
    model: models.LatentModel,
    options: argparse.Namespace,
    checkpoint: callbacks.Checkpoint,
    stop: runs.StopOnSignal,
    report: callbacks.Report,
) -> signal.Signals | None:
    """Train to the end of the last epoch. Returns the signal that stopped it before, or `None`."""
    run = checkpoint.run
    nan = callbacks.TerminateOnNaN(run.checkpoint)
    print(f"Training {options.model} in {run.folder}, {options.epochs} epochs.")
    history = model.fit(
        batches(options, labels=model.conditional)[0],
        epochs=options.epochs,
        steps_per_epoch=options.steps_per_epoch,
        callbacks=[nan, stop, callbacks.SampleGrid(run.samples), report, checkpoint],
    )
    if nan.message:
        sys.exit(f"Error: {nan.message}")
    if not history.epoch:
        print(f"{run.folder} has been trained for {options.epochs} epochs already.")
    if stop.received is None or checkpoint.steps >= options.epochs * options.steps_per_epoch:
        return None
    print(f"{stop.received.name}: stopped after step {checkpoint.steps}. Run again to go on.")
    return stop.received


def make_report(
    run: runs.Run, model: models.LatentModel, options: argparse.Namespace, info: DatasetInfo
) -> callbacks.Report:
    """The report of a run, with the metrics that are asked for."""
    measure = None
    if options.metrics:
        asked = {"num": options.metrics_num, "split": None}
        compare = evaluation.measurement(model, argparse.Namespace(**vars(options), **asked))

        def measure(model):
            print()  # behind the progress bar of the epoch
            return compare()["results"]

    return callbacks.Report(
        run.report,
        every=options.metrics_every,
        samples=run.samples,
        log=run.log,
        metrics=measure,
        dataset=info,
        configuration={k: v for k, v in vars(options).items() if k != "command"},
        title=f"{options.model}, {info.name}",
    )


def configuration(options: argparse.Namespace, info: DatasetInfo) -> Config:
    """What makes one run another run: options, and what images there are."""
    others = ("command", "epochs", "output", "on_error", *OF_METRICS)
    chosen = {k: v for k, v in vars(options).items() if k not in others}
    names = info.class_names and list(info.class_names)
    return {**chosen, "num_examples": info.num_examples, "class_names": names}
