"""`train`."""

import argparse
import contextlib
import inspect
import json
import pathlib
import signal
import sys
import time
from collections.abc import Iterator
from typing import Any

import keras
import tensorflow as tf

from keras_gans import _checks, _files, callbacks, data, models, presets, runs, techniques
from keras_gans._typing import Config
from keras_gans.commands import evaluation, publishing
from keras_gans.commands.dataset import load
from keras_gans.data.sources import OWN_NAMES, DatasetInfo

#: Options that go to the model, if it takes them.
OF_MODELS = ("latent_dim", "filters", "ema_decay")

#: Options of how pictures are read.
OF_IMAGES = ("image_size", "channels", "on_error")

#: Options that have the preset's values where they are not given.
OF_PRESETS = ("dataset", "epochs", "steps_per_epoch", "batch_size")

#: Options that are part of a run's configuration where they are given: runs of earlier versions
#: know nothing of them.
IF_GIVEN = ("model", "preset", "set", "objective", "technique", "learning_rate", "precision")

#: Options of what is measured for the report, which change nothing of a run.
OF_METRICS = ("metrics", "metrics_every", "metrics_num", "extractor")

#: What the report does not show of the options, or shows elsewhere.
NOT_SHOWN = ("command", "arguments")


def train(options: argparse.Namespace) -> None:
    """Train a model, or go on if the output folder holds a run of the same configuration."""
    preset = preset_of(options)
    options = with_defaults(options, preset)
    run = runs.Run(options.output)
    check_folders(options.dataset, run)
    _files.check_folder(run.folder)
    if options.deterministic:
        tf.config.experimental.enable_op_determinism()
    keras.utils.set_random_seed(options.seed)
    learned, info = batches(options, preset)
    with precision(options.precision or preset.precision):
        model = build(preset, info, options)
    if options.preset is None:  # whether with labels, only the model tells
        learned, _ = batches(options, preset)
    checkpoint = callbacks.Checkpoint(run.folder, configuration=configuration(options, info))
    shown = preset.callbacks(run.samples)
    report = make_report(run, model, preset, options, info, draws=not shown)
    with runs.StopOnSignal() as stop:
        stopped_by = fit(model, preset, learned, options, checkpoint, stop, [*shown, report])
        checkpoint.run.check_held()
        if options.preset is None or stopped_by:
            model.export(run.saved_model, verbose=True)
        else:
            portable = build(preset, info, options)
            portable.set_weights(model.get_weights())
            publishing.publish(preset, portable, options, run, reading(options, preset))
    samples = f"Samples are in {run.samples}, the" if run.samples.exists() else "The"
    print(f"{samples} SavedModel is {run.saved_model}.")
    if run.report.exists():
        print(f"How training went is in {run.report}, for a browser.")
    if stopped_by:
        sys.exit(128 + stopped_by)


class ForImages(presets.ImagePreset):
    """Of a model that is made for any images by `for_images`, with the numbers of the options."""

    dataset = "digits"

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.model = trainable()[_checks.one_of("model", name, list(trainable()))]

    def build(self, info: DatasetInfo, filters: int | None = None, **changes: Any) -> Any:
        sizes = {} if filters is None else {"filters": filters}
        model = self.model.for_images(info, **sizes, **changes)
        self.labels = model.conditional
        return model


def trainable() -> dict[str, Any]:
    """The models that can be made for the images of a dataset, by the names of their files."""
    kinds = [kind for kind in vars(models).values() if getattr(kind, "for_images", None)]
    return dict(sorted((kind.__module__.rpartition(".")[2], kind) for kind in kinds))


def preset_of(options: argparse.Namespace) -> presets.Preset:
    """The preset that the options name, or that of the model that they name."""
    if options.preset is None:
        return ForImages(options.model)
    return presets.get(_checks.one_of("preset", options.preset, presets.list()))


def with_defaults(options: argparse.Namespace, preset: presets.Preset) -> argparse.Namespace:
    """The options, with the preset's where none are given, and those of models that it takes."""
    options = argparse.Namespace(**vars(options))
    for name in OF_PRESETS:
        if getattr(options, name) is None:
            setattr(options, name, getattr(preset, name))
    taken = dict(inspect.signature(getattr(preset.model, "for_images", preset.build)).parameters)
    for name in OF_MODELS:
        given = getattr(options, name)
        if name not in taken and given is not None:
            raise ValueError(
                f"`{name}` must be left out: {preset.name} has none. Received: {name}={given}"
            )
        if given is None and (name not in taken or options.preset is not None):
            delattr(options, name)
        elif given is None:
            setattr(options, name, taken[name].default)
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


def batches(
    options: argparse.Namespace, preset: presets.Preset
) -> tuple[tf.data.Dataset, data.DatasetInfo]:
    """The batches of a run, and what the dataset holds."""
    return load(
        options,
        preset,
        batch_size=options.batch_size,
        shuffle=True,
        seed=options.seed,
        repeat=True,
        **reading(options, preset),
    )


def reading(options: argparse.Namespace, preset: presets.Preset) -> Config:
    """How pictures are read, as the options say it, by name."""
    given = {name: getattr(options, name) for name in OF_IMAGES}
    given = {name: value for name, value in given.items() if value not in (None, "raise")}
    for name in given:
        if not isinstance(preset, presets.ImagePreset):
            raise ValueError(
                f"`{name}` must be left out: {preset.name} does not learn from images alone. "
                f"Received: {name}={given[name]}"
            )
    return given


@contextlib.contextmanager
def precision(policy: str) -> Iterator[None]:
    """A block in which networks are made that compute in this precision."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def build(
    preset: presets.Preset, info: DatasetInfo, options: argparse.Namespace
) -> models.GenerativeModel:
    """Return a compiled model of the preset for the dataset's images."""
    changes = {name: value for name, value in vars(options).items() if name in OF_MODELS}
    changes |= dict(options.set or ())
    if options.objective is not None:
        changes["objective"] = options.objective
    if options.technique:
        changes["techniques"] = [technique(*given) for given in options.technique]
    model = preset.build(info, **changes, seed=options.seed)
    preset.compile(
        model, options.steps_per_epoch, options.epochs, rates(model, options.learning_rate or ())
    )
    return model


def technique(name: str, arguments: list[Any], named: dict[str, Any]) -> techniques.Technique:
    """The technique of a name, with its arguments."""
    return getattr(techniques, _checks.one_of("technique", name, techniques.__all__))(
        *arguments, **named
    )


def rates(model: models.GenerativeModel, given: Any) -> dict[str, float]:
    """Learning rates by optimizer, of pairs of an optimizer, or `None` for all, and a rate."""
    found = {}
    for name, value in given:
        names = list(model.optimizer_networks)
        for optimizer in names if name is None else [_checks.one_of("learning_rate", name, names)]:
            found[optimizer] = value
    return found


def fit(
    model: models.GenerativeModel,
    preset: presets.Preset,
    learned: Any,
    options: argparse.Namespace,
    checkpoint: callbacks.Checkpoint,
    stop: runs.StopOnSignal,
    watching: list[keras.callbacks.Callback],
) -> signal.Signals | None:
    """Train to the end of the last epoch. Returns the signal that stopped it before, or `None`."""
    run = checkpoint.run
    nan = callbacks.TerminateOnNaN(run.checkpoint)
    print(f"Training {preset.name} in {run.folder}, {options.epochs} epochs.")
    clock = Clock(run.time)
    if not run.checkpoint.exists():
        preset.prepare(model, learned, [stop])
    if stop.received is not None:
        print(f"{stop.received.name}: stopped before the first step. Run again to begin anew.")
        return stop.received
    x, y = learned if isinstance(learned, tuple) else (learned, None)
    history = model.fit(
        x,
        y,
        epochs=options.epochs,
        steps_per_epoch=options.steps_per_epoch,
        callbacks=[
            nan,
            stop,
            clock,
            *watching,
            checkpoint,
        ],
    )
    if nan.message:
        sys.exit(f"Error: {nan.message}")
    if not history.epoch:
        print(f"{run.folder} has been trained for {options.epochs} epochs already.")
    if stop.received is None or checkpoint.steps >= options.epochs * options.steps_per_epoch:
        return None
    print(f"{stop.received.name}: stopped after step {checkpoint.steps}. Run again to go on.")
    return stop.received


class Clock(keras.callbacks.Callback):
    """Keeps in a file how many seconds each epoch took, of the clock and of all processors.

    What comes before the first one, from when this is made, belongs to that.
    """

    def __init__(self, path: pathlib.Path) -> None:
        super().__init__()
        self.path = path
        self.begun = time.time(), time.process_time()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        now = time.time(), time.process_time()
        seconds = now[0] - self.begun[0], now[1] - self.begun[1]
        self.begun = now
        with _files.side_file(self.path):
            kept = json.loads(self.path.read_text()) if self.path.exists() else []
            with _files.replacing(self.path) as temporary:
                temporary.write_text(json.dumps([*kept[:epoch], seconds]))


def make_report(
    run: runs.Run,
    model: models.LatentModel,
    preset: presets.Preset,
    options: argparse.Namespace,
    info: DatasetInfo,
    draws: bool,
) -> callbacks.Report:
    """The report of a run, with the metrics that are asked for.

    It `draws` samples itself where no other callback does.
    """
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
        samples=None if draws else run.samples,
        log=run.log,
        metrics=measure,
        dataset=info,
        configuration={k: v for k, v in vars(options).items() if k not in NOT_SHOWN},
        title=f"{preset.name}, {info.name}",
    )


def configuration(options: argparse.Namespace, info: DatasetInfo) -> Config:
    """What makes one run another run: options, and what images there are."""
    others = ("command", "epochs", "output", "on_error", "arguments", *OF_METRICS)
    chosen = {k: v for k, v in vars(options).items() if k not in others}
    chosen = {k: v for k, v in chosen.items() if k not in IF_GIVEN or v is not None}
    names = getattr(info, "class_names", None)
    names = names and list(names)
    return {**chosen, "num_examples": info.num_examples, "class_names": names}
