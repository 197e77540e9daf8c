"""The folder of a training run: what it has reached, and how to go on from there.

A run is killed at any moment and loses no more than the steps since its last checkpoint, which it
makes again as they were: the checkpoint holds all weights, optimizers and random states, and the
order of the data is a function of the step.
"""

import contextlib
import csv
import dataclasses
import json
import os
import signal
import uuid
import warnings
import zipfile
from typing import Any

import filelock
import keras

from keras_gans import _checks, _files, _replicas
from keras_gans._progress import Progress
from keras_gans._typing import Config, Logs, PathLike

#: Parts of a configuration that the first runs did not write.
_ADDED = ("channels", "class_names", "data")

#: The file inside a checkpoint that says what run it is of, and how far that had come.
_RECORD = "run.json"


class Run:
    """The folder of a training run.

    Attributes:
        folder: Its path.
        configuration: Path of the file that says what makes this run another one.
        checkpoint: Path of the newest checkpoint.
        previous: Path of the one before, which is used if the newest is damaged.
        log: Path of the table of losses, a row an epoch.
        report: Path of the page about the training.
        samples: Path of the folder of sample grids.
        time: Path of the file with the seconds of each epoch.
        saved_model: Path of the SavedModel.
    """

    def __init__(self, folder: PathLike) -> None:
        self.folder = _checks.path("folder", folder)
        self.configuration = self.folder / "config.json"
        self.checkpoint = self.folder / "model.keras"
        self.previous = self.folder / "model.previous.keras"
        self.log = self.folder / "log.csv"
        self.report = self.folder / "report.html"
        self.samples = self.folder / "samples"
        self.time = self.folder / "time.json"
        self.saved_model = self.folder / "saved_model"
        self._held = None

    # Whose the folder is

    def claim(self, wanted: Config) -> None:
        """Write the run's configuration, or refuse to go on under another one.

        The folder is this process's until it ends, however it ends. What a killed process left
        half-written is removed.

        Args:
            wanted: Dictionary of JSON values.

        Raises:
            ValueError: If another process is training there; or if the folder holds a run of
                another configuration, one that cannot be read, or a model of unknown origin.
        """
        self._lock()
        if self.configuration.exists():
            self._check_configuration(json.loads(json.dumps(wanted)))
            _files.sweep(self.folder)
            return
        for path in (self.checkpoint, self.previous):
            if path.exists():
                raise ValueError(
                    "`folder` must be a new folder, or hold a run. "
                    f"Received: {self.folder}, which holds {path.name} without a "
                    f"{self.configuration.name} that says what was trained"
                )
        with _files.replacing(self.configuration) as temporary:
            temporary.write_text(json.dumps({**wanted, "run": uuid.uuid4().hex}, indent=2) + "\n")

    def check_held(self) -> None:
        """Raise if the folder is no longer the one that was claimed.

        Raises:
            RuntimeError: If it was removed, or another one has taken its place.
        """
        if self._held is not None and self._held != _identity(self.lock.lock_file):
            raise RuntimeError(
                f"{self.folder} was removed or replaced while a run was training in it. The run "
                "ends here, and writes nothing there"
            )

    def _lock(self):
        _files.make_folder(self.folder)
        self.lock = filelock.FileLock(self.folder / ".lock", timeout=0, is_singleton=True)
        identity = getattr(self.lock, "identity", None)
        if self.lock.is_locked and identity != _identity(self.lock.lock_file):
            self.lock.release(force=True)  # of a folder that this process had here before
        try:
            with contextlib.suppress(NotImplementedError):  # a file system that has no locks
                self.lock.acquire()
        except filelock.Timeout:
            raise ValueError(
                "`folder` must be a folder of one process at a time. "
                f"Received: {self.folder}, where another one is training"
            ) from None
        self._held = self.lock.identity = _identity(self.lock.lock_file)  # type: ignore[attr-defined]

    def _check_configuration(self, wanted):
        found = self._read_configuration()
        added = {key: wanted.get(key) for key in _ADDED}
        differing = [k for k in wanted if {**added, **found}.get(k) != wanted[k]]
        if differing:
            changes = ", ".join(f"{k}={found.get(k)} (now {wanted[k]})" for k in differing)
            raise ValueError(
                "`folder` must be a new folder for a new configuration: "
                f"{self.folder} holds a run with {changes}"
            )

    def _read_configuration(self):
        try:
            return dict(json.loads(self.configuration.read_text()))
        except (ValueError, TypeError, RecursionError) as error:
            raise ValueError(
                f"`folder` must be a new folder, or hold a run: {self.configuration} cannot be "
                f"read: {error}"
            ) from None

    # Checkpoints

    def save(self, model: keras.Model, progress: Progress) -> None:
        """Write a checkpoint, and keep the one before it.

        Of several workers all must call this; the chief writes.

        Args:
            model: The model.
            progress: `Progress`, how far its training has come.

        Raises:
            RuntimeError: If the folder is no longer the one that was claimed.
        """
        self.check_held()
        record = {"run": self._id(), "progress": dataclasses.asdict(progress)}
        new = self.folder / "model.new.keras"
        model.save(new)
        if _replicas.is_chief(model.distribute_strategy):
            with zipfile.ZipFile(new, "a") as archive:
                archive.writestr(_RECORD, json.dumps(record))
            _files.rotate(new, self.checkpoint, self.previous)
        _replicas.wait_for_all(model.distribute_strategy)

    def restore(self, model: keras.Model, steps_per_epoch: int | None = None) -> Progress | None:
        """Put a model back to what it was at the newest checkpoint that can be read.

        A damaged one is put aside, so that it takes no good one's place. One that is whole and
        still refused, as that of another run, ends the run. Of several workers all must call this.

        Args:
            model: The model, compiled, as it was when its training began.
            steps_per_epoch: Integer, for checkpoints of earlier versions, which know no epochs.
                Defaults to `None`.

        Returns:
            `Progress`; `None` if there is no checkpoint.

        Raises:
            ValueError: If there are checkpoints and none can be read, or one is refused.
        """
        found = [path for path in (self.checkpoint, self.previous) if path.exists()]
        for i, path in enumerate(found):
            try:
                progress = self._restore(path, model, steps_per_epoch)
            except Exception as error:
                if _is_whole(path):
                    raise ValueError(f"{path} is whole, but cannot be loaded: {error}") from error
                instead = f" {found[i + 1]} is used instead." if i + 1 < len(found) else ""
                warnings.warn(f"{path} cannot be read: {error}.{instead}", stacklevel=2)
            else:
                if _replicas.is_chief(model.distribute_strategy):
                    for damaged in found[:i]:
                        _files.move(damaged, self.folder / "model.damaged.keras")
                return progress
        if found:
            raise ValueError(f"No checkpoint in {self.folder} can be read: see the warnings.")
        return None

    def _restore(self, path, model, steps_per_epoch):
        record, config = _read_checkpoint(path)
        if record.get("run") != self._id():
            raise ValueError("it is a checkpoint of another run")
        _check_is_of(model, config)
        model.load_weights(path)
        if record:
            return Progress(**record["progress"])
        steps = int(model.optimizer.iterations)
        epoch, step = divmod(steps, steps_per_epoch) if steps_per_epoch else (0, steps)
        return Progress(epoch=epoch, step=step, steps=steps)

    def _id(self):
        """What the run's checkpoints are known by; `None` for runs of earlier versions."""
        return self._read_configuration().get("run") if self.configuration.exists() else None

    # The log, which never stops a run

    def write_log(self, epoch: int, logs: dict[str, Any]) -> None:
        """Add a row to the table of losses."""
        with _files.side_file(self.log):
            names, is_new = ["epoch", *sorted(logs)], not self.log.exists()
            if not is_new:
                with open(self.log, newline="", encoding="utf-8") as file:
                    names = next(csv.reader(file))
            with open(self.log, "a", newline="", encoding="utf-8") as file:
                writer = csv.DictWriter(file, names, extrasaction="ignore")
                if is_new:
                    writer.writeheader()
                writer.writerow({"epoch": epoch, **logs})

    def cut_log(self, epoch: int) -> None:
        """Drop from the log what will be made again, from an epoch on, and what is no whole row.

        One that is no table is put aside.
        """
        with _files.side_file(self.log):
            if not self.log.exists():
                return
            try:
                names, rows = _read_log(self.log, epoch)
            except csv.Error as error:
                damaged = self.log.with_name("log.damaged.csv")
                os.replace(self.log, damaged)
                warnings.warn(
                    f"{self.log} is no table, and is {damaged} now: {error}", stacklevel=2
                )
                return
            if not rows:
                self.log.unlink()
                return
            with _files.replacing(self.log) as temporary:
                with open(temporary, "w", newline="", encoding="utf-8") as file:
                    writer = csv.DictWriter(file, names, extrasaction="ignore")
                    writer.writeheader()
                    writer.writerows(rows)


def _identity(path):
    """What tells a file from any other that has or had its name; `None` if there is none."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _is_whole(path):
    """Whether all of a checkpoint is there as it was written, by its checksums."""
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.testzip() is None
    except Exception:
        return False


def _read_checkpoint(path):
    """The record of a checkpoint, empty in those of earlier versions, and the model's config."""
    with zipfile.ZipFile(path) as archive:
        record = archive.read(_RECORD) if _RECORD in archive.namelist() else "{}"
        return json.loads(record), json.loads(archive.read("config.json"))


def _check_is_of(model, config):
    """Refuse the checkpoint of another model."""
    kind = type(model).__name__
    if config["class_name"] != kind:
        raise ValueError(f"it is a checkpoint of a {config['class_name']}, not of a {kind}")
    found, wanted = _numbers(config["config"]), _numbers(model.get_config())
    differing = [name for name in wanted if found.get(name) != wanted[name]]
    if differing:
        changes = ", ".join(f"{k}={found.get(k)} (now {wanted[k]})" for k in differing)
        raise ValueError(f"it is a checkpoint of a {kind} with {changes}")


def _numbers(config):
    """The arguments of a model that are plain values, without its name."""
    plain = (int, float, str, bool, type(None))
    return {k: v for k, v in config.items() if isinstance(v, plain) and k != "name"}


def _read_log(path, epoch):
    """The whole rows of a log before an epoch, and the names of the columns that hold something."""
    with open(path, newline="", encoding="utf-8", errors="replace") as file:
        reader = csv.DictReader(file)
        rows = [row for row in reader if _is_before(row, epoch)]
        names = reader.fieldnames or ()
    return [name for name in names if any(row[name] for row in rows)], rows


def _is_before(row, epoch):
    is_whole = None not in row and None not in row.values()
    return is_whole and row.get("epoch", "").isdecimal() and int(row["epoch"]) < epoch


class StopOnSignal(keras.callbacks.Callback):
    """End training at the next step when the process is asked to stop, by SIGINT or SIGTERM.

    It is a context manager around training and around what follows, such as an export, which a
    signal does not interrupt. The epoch ends at that step, with its callbacks. A second signal is
    obeyed at once. Signals that the process ignores, as a job in the background does SIGINT, are
    ignored here, too.

    Attributes:
        received: The `signal.Signals` that came, or `None`.
    """

    SIGNALS = (signal.SIGINT, signal.SIGTERM)

    def __init__(self) -> None:
        super().__init__()
        self.received: signal.Signals | None = None
        self._before: dict[int, Any] = {}

    def __enter__(self) -> "StopOnSignal":
        heeded = [n for n in self.SIGNALS if signal.getsignal(n) is not signal.SIG_IGN]
        self._before = {number: signal.signal(number, self._stop) for number in heeded}
        return self

    def __exit__(self, *exception: object) -> None:
        while self._before:
            signal.signal(*self._before.popitem())

    def on_train_batch_end(self, batch: int, logs: Logs = None) -> None:
        if self.received is not None:
            self.model.stop_training = True

    def _stop(self, number, frame):
        self.received = signal.Signals(number)
        self.__exit__()
