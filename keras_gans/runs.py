"""The folder of a training run: what it has reached, and how to go on from there.

A run is killed at any moment and loses no more than the steps since its last checkpoint, which it
makes again as they were: the checkpoint holds all weights, optimizers and random states, and the
order of the data is a function of the step.
"""

import contextlib
import csv
import json
import os
import pathlib
import signal
import warnings
import zipfile

import filelock
import keras

from keras_gans import _files
from keras_gans.callbacks import diverged_networks

#: Parts of a configuration that the first runs did not write.
_ADDED = ("channels", "class_names")


class Run:
    """The folder of a training run.

    Attributes:
        folder: Its path.
        checkpoint: Path of the newest checkpoint.
        previous: Path of the one before, which is used if the newest is damaged.
        log: Path of the table of losses, a row an epoch.
        samples: Path of the folder of sample grids.
        saved_model: Path of the SavedModel.
    """

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.configuration = self.folder / "config.json"
        self.checkpoint = self.folder / "model.keras"
        self.previous = self.folder / "model.previous.keras"
        self.log = self.folder / "log.csv"
        self.samples = self.folder / "samples"
        self.saved_model = self.folder / "saved_model"

    def claim(self, wanted):
        """Write the run's configuration, or refuse to go on under another one.

        The folder is this process's until it ends, however it ends. What a killed process left
        half-written is removed.

        Raises:
            ValueError: If another process is training there; or if the folder holds a run of
                another configuration, one that cannot be read, or a model of unknown origin.
        """
        self._lock()
        if self.configuration.exists():
            self._check_configuration(wanted)
            _files.sweep(self.folder)
            return
        for path in (self.checkpoint, self.previous):
            if path.exists():
                raise ValueError(
                    "`--output` must be a new folder, or hold a run. "
                    f"Received: {self.folder}, which holds {path.name} without a "
                    f"{self.configuration.name} that says what was trained"
                )
        with _files.replacing(self.configuration) as temporary:
            temporary.write_text(json.dumps(wanted, indent=2) + "\n")

    def _lock(self):
        self.folder.mkdir(parents=True, exist_ok=True)
        self.lock = filelock.FileLock(self.folder / ".lock", timeout=0, is_singleton=True)
        try:
            with contextlib.suppress(NotImplementedError):  # a file system that has no locks
                self.lock.acquire()
        except filelock.Timeout:
            raise ValueError(
                "`--output` must be a folder of one process at a time. "
                f"Received: {self.folder}, where another one is training"
            ) from None

    def _check_configuration(self, wanted):
        try:
            found = json.loads(self.configuration.read_text())
            added = {key: wanted.get(key) for key in _ADDED}
            differing = [k for k in wanted if {**added, **found}.get(k) != wanted[k]]
        except (ValueError, TypeError) as error:
            raise ValueError(
                f"`--output` must be a new folder, or hold a run: {self.configuration} cannot be "
                f"read: {error}"
            ) from None
        if differing:
            changes = ", ".join(f"{k}={found.get(k)} (now {wanted[k]})" for k in differing)
            raise ValueError(
                "`--output` must be a new folder for a new configuration: "
                f"{self.folder} holds a run with {changes}"
            )

    def save(self, model):
        """Write a checkpoint, and keep the one before it."""
        new = self.folder / "model.new.keras"
        model.save(new)
        if self.checkpoint.exists():
            os.replace(self.checkpoint, self.previous)
        os.replace(new, self.checkpoint)

    def resume(self):
        """Return the model of the newest checkpoint that can be read, or `None` if there is none.

        A damaged one is put aside, so that it takes no good one's place. One that is whole and
        still refused, as Keras refuses what would run code of the file's, ends the run.

        Raises:
            ValueError: If there are checkpoints and none can be read, or one is refused.
        """
        found = [path for path in (self.checkpoint, self.previous) if path.exists()]
        for i, path in enumerate(found):
            try:
                model = keras.models.load_model(path)
            except Exception as error:
                if _is_whole(path):
                    raise ValueError(f"{path} is whole, but cannot be loaded: {error}") from error
                instead = f" {found[i + 1]} is used instead." if i + 1 < len(found) else ""
                warnings.warn(f"{path} cannot be read: {error}.{instead}", stacklevel=2)
            else:
                for damaged in found[:i]:
                    os.replace(damaged, self.folder / "model.damaged.keras")
                return model
        if found:
            raise ValueError(f"No checkpoint in {self.folder} can be read: see the warnings.")
        return None

    def cut_log(self, epoch):
        """Drop from the log what will be made again, from an epoch on, and what is no whole row."""
        if not self.log.exists():
            return
        with open(self.log, newline="") as file:
            reader = csv.DictReader(file)
            rows = [row for row in reader if _is_before(row, epoch)]
        if not rows:
            self.log.unlink()
            return
        filled = [name for name in reader.fieldnames if any(row[name] for row in rows)]
        with _files.replacing(self.log) as temporary, open(temporary, "w", newline="") as file:
            writer = csv.DictWriter(file, filled, extrasaction="ignore")
            writer.writeheader()
            writer.writerows(rows)


def _is_whole(path):
    """Whether all of a checkpoint is there as it was written, by its checksums."""
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.testzip() is None
    except Exception:
        return False


def _is_before(row, epoch):
    is_whole = None not in row and None not in row.values()
    return is_whole and row.get("epoch", "").isdecimal() and int(row["epoch"]) < epoch


class Log(keras.callbacks.CSVLogger):
    """Keras's table of losses, appended to, without its columns for a validation that never is.

    Args:
        filename: Path of the table.
    """

    def __init__(self, filename):
        super().__init__(filename, append=True)

    def on_epoch_end(self, epoch, logs=None):
        self.keys = self.keys or sorted(logs or {})
        super().on_epoch_end(epoch, logs)


class Checkpoints(keras.callbacks.Callback):
    """Save a checkpoint of a run after every epoch, whole or cut short.

    Weights that are not finite are not saved: the last checkpoint is always a good one.

    Args:
        run: `Run`.
    """

    def __init__(self, run):
        super().__init__()
        self.run = run

    def on_epoch_end(self, epoch, logs=None):
        if not diverged_networks(self.model):
            self.run.save(self.model)


class StopOnSignal(keras.callbacks.Callback):
    """End training at the next step when the process is asked to stop, by SIGINT or SIGTERM.

    The epoch ends there, with its callbacks. A second signal is obeyed at once. What the process
    ignores, as a job in the background does SIGINT, goes on being ignored.

    Attributes:
        received: The `signal.Signals` that came, or `None`.
    """

    SIGNALS = (signal.SIGINT, signal.SIGTERM)

    def __init__(self):
        super().__init__()
        self.received = None

    def on_train_begin(self, logs=None):
        heeded = [n for n in self.SIGNALS if signal.getsignal(n) is not signal.SIG_IGN]
        self._handlers = {number: signal.signal(number, self._stop) for number in heeded}

    def on_train_end(self, logs=None):
        for number, handler in self._handlers.items():
            signal.signal(number, handler)

    def on_train_batch_end(self, batch, logs=None):
        if self.received is not None:
            self.model.stop_training = True

    def _stop(self, number, frame):
        self.received = signal.Signals(number)
        self.on_train_end()
