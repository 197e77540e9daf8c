"""The report of a training, one page that is written while the model trains."""

import base64
import contextlib
import csv
import datetime
import io
import os
import time
import warnings
from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from keras_gans import _checks, _files
from keras_gans._typing import ArrayLike, Config, Logs, PathLike
from keras_gans.callbacks import pictures
from keras_gans.data import DatasetInfo, TextInfo
from keras_gans.data.images import check_grid_size, image_grid
from keras_gans.reports import facts, page
from keras_gans.reports.page import History, Sample

#: How many samples over time a page shows, and how wide their pictures may be.
MOST_SAMPLES, MOST_PIXELS = 9, 720


class Report(keras.callbacks.Callback):
    """Write a page about the training after every epoch: one HTML file, for any browser.

    It shows the curves of all that is logged, of training and of held-out examples; samples of the
    same latents over time; the time an epoch takes, and learning rates that change; the model, its
    networks and optimizers; the versions, the machine and the command. It loads nothing from
    elsewhere. A training that goes on with the page at its path continues it: what the page holds
    of the epochs before stays. A page that cannot be written stops no training. Among several
    workers, the chief writes.

    Put it behind the callbacks whose files or logs it shows, and before a `Checkpoint`.

    Args:
        filepath: Path of the page, which must end in `.html`. Folders are made if missing.
        num: Positive integer, samples at a time. Defaults to `64`.
        every: Positive integer, epochs between samples that are drawn for the page, and between
            measurements. Defaults to `1`. The last epoch is always among them.
        labels: Integer labels or class names `(num,)`, or one for all, or another condition, for
            models that take one. Defaults to `None`: every class in turn.
        seed: Integer, of the latents. Defaults to `0`.
        samples: Folder of a `SampleGrid`, whose pictures are shown, so that none are drawn for the
            page. Defaults to `None`: samples are drawn of models that make images with 1 or 3
            channels, or texts, from latents.
        log: Path of a table of losses, as `Checkpoint` (`log.csv` in its folder) and
            `keras.callbacks.CSVLogger` write it, with epochs that the page may not have. Defaults
            to `None`.
        metrics: Function of the model that returns numbers by name, such as the results of
            `keras_gans.metrics.evaluate`. Defaults to `None`. What `fit` measures on
            `validation_data` is shown anyway.
        dataset: `keras_gans.data.DatasetInfo` or `TextInfo` of what is learned. Defaults to `None`.
        configuration: Dictionary of JSON values to show, such as the options of a script. Defaults
            to `None`.
        title: String. Defaults to `None`, the class of the model.

    Raises:
        ValueError, TypeError: If an argument is of another kind or out of range; at the beginning
            of training, if the model does not take such labels, or the samples would be a picture
            of more than 10⁸ pixels; after an epoch, if `metrics` returns something else.
        OSError: At the beginning of training, if nothing can be written to the folder.

    Example:

    >>> import pathlib, keras_gans as kg
    >>> gan = kg.models.GAN(
    ...     kg.networks.mlp_generator((2,), latent_dim=2, hidden_units=(8,)),
    ...     kg.networks.mlp_discriminator((2,), hidden_units=(8,)),
    ...     latent_dim=2,
    ... )
    >>> gan.compile()
    >>> x = kg.data.ring_of_gaussians().sample(64, seed=0)
    >>> report = kg.callbacks.Report("report.html", title="A ring of Gaussians")
    >>> history = gan.fit(x, epochs=2, verbose=0, callbacks=[report])
    >>> "Finished after epoch 2 of 2" in pathlib.Path("report.html").read_text(encoding="utf-8")
    True
    """

    def __init__(
        self,
        filepath: PathLike,
        num: int = 64,
        every: int = 1,
        labels: ArrayLike | None = None,
        seed: int = 0,
        samples: PathLike | None = None,
        log: PathLike | None = None,
        metrics: Callable[[Any], dict[str, float]] | None = None,
        dataset: DatasetInfo | TextInfo | None = None,
        configuration: Config | None = None,
        title: str | None = None,
    ) -> None:
        super().__init__()
        self.filepath = _checks.path("filepath", filepath)
        if self.filepath.suffix.lower() != ".html":
            raise ValueError(f"`filepath` must end in '.html'. Received: filepath={filepath!r}")
        self.num = _checks.positive_int("num", num)
        self.every = _checks.positive_int("every", every)
        self.labels = labels
        self.seed = 0 if seed is None else _checks.seed("seed", seed)
        self.samples: Any = None if samples is None else _checks.path("samples", samples)
        self.log = None if log is None else _checks.path("log", log)
        self.metrics = None if metrics is None else _checks.function("metrics", metrics)
        if dataset is not None and not isinstance(dataset, (DatasetInfo, TextInfo)):
            raise TypeError(
                "`dataset` must be a DatasetInfo or a TextInfo, as `keras_gans.data.load` returns "
                f"it. Received: dataset of type {type(dataset).__name__}"
            )
        self.dataset = dataset
        self.configuration = _checks.json_values("configuration", configuration or {})
        self.title = None if title is None else _checks.string("title", title)
        self._history: Any = None

    # What Keras calls

    def on_train_begin(self, logs: Logs = None) -> None:
        self._epoch: Any = None
        self._draws = self.samples is None and _draws_samples(self.model, self.labels)
        if self._draws:
            self._check_samples()
        elif self.labels is not None:
            raise ValueError(
                "`labels` must be None where no samples are drawn for the report. "
                f"Received: labels for a {type(self.model).__name__}"
            )
        if self._writes():
            _files.check_folder(self.filepath.parent)

    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
        if not self._writes():
            return
        if self._epoch is None:
            self._begin(epoch)
        self._epoch, self._clock = epoch, time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        if not self._writes():
            return
        seconds = time.perf_counter() - self._clock
        history, rates = self._history, facts.learning_rates(self.model)
        history.losses.add(epoch, {k: v for k, v in (logs or {}).items() if k != "learning_rate"})
        history.course.add(epoch, {"seconds per epoch": seconds, **rates})
        history.seconds += seconds
        if self.samples is not None:
            with _files.side_file(self.samples):
                self._add_grid(history, epoch)
        self._looked = (epoch + 1) % self.every == 0
        if self._looked:
            self._look(epoch)
        self._write(f"After epoch {epoch + 1} of {self._epochs()}{self._left()}")

    def on_train_end(self, logs: Logs = None) -> None:
        if not self._writes() or self._epoch is None:
            return
        if not self._looked:
            self._look(self._epoch)
        done = self._epoch + 1
        word = "Finished" if done >= self._epochs() else "Stopped"
        self._write(f"{word} after epoch {done} of {self._epochs()}")

    def _writes(self):
        return pictures.writes_files(self.model)

    def _epochs(self):
        return (self.params or {}).get("epochs", self._epoch + 1)

    # The page

    def _begin(self, epoch):
        is_new = self._history is None
        history = self._history = self._found() if is_new else self._history
        history.cut(epoch)
        if is_new or not history.starts:
            history.starts.append((_now(), epoch))
        self._looked = True
        self._tables = [
            *facts.of_model(self.model),
            facts.of_data(self.dataset),
            facts.of_configuration(self.configuration),
            facts.of_environment(self.model),
        ]
        self._epoch = epoch
        self._write(f"Begun with epoch {epoch + 1} of {self._epochs()}")

    def _found(self):
        """What there is of earlier epochs: in the page, in the log, in the folder of samples."""
        history = History()
        if self.filepath.is_file():
            with _files.side_file(self.filepath):
                try:
                    history = page.read(self.filepath)
                except ValueError as error:
                    self._put_aside(error)
        if self.log is not None:
            with _files.side_file(self.log):
                _add_log(history, self.log)
        if self.samples is not None and not history.samples:
            with _files.side_file(self.samples):
                for epoch in _epochs_of_grids(self.samples):
                    self._add_grid(history, epoch)
        return history

    def _put_aside(self, error):
        other = self.filepath.with_name(f"{self.filepath.stem}.other.html")
        os.replace(self.filepath, other)
        warnings.warn(f"{self.filepath} is {other} now: {error}", stacklevel=2)

    def _write(self, status):
        history = self._history
        (date, _), *resumed = history.starts
        status = [f"{status}.", f"Started on {date}."]
        if resumed:
            again, epoch = resumed[-1]
            times = f", the last of {len(resumed)} times" if len(resumed) > 1 else ""
            status.append(f"Went on with epoch {epoch + 1} on {again}{times}.")
        status.append(f"{_duration(history.seconds)} of training. Written on {_now()}.")
        with _files.side_file(self.filepath), _files.replacing(self.filepath) as temporary:
            page.write(
                temporary,
                self.title or type(self.model).__name__,
                " ".join(status),
                history,
                self._tables,
                (self.params or {}).get("steps"),
            )

    def _left(self):
        """About how long the rest takes, by the median of the last epochs."""
        left = self._epochs() - self._epoch - 1
        seconds = list(self._history.course.by_name["seconds per epoch"].values())
        return (
            f", about {_duration(float(np.median(seconds[-5:])) * left)} left" if left > 0 else ""
        )

    # Samples and metrics

    def _check_samples(self):
        if self.model.example_spec.kind != "string":
            columns = pictures.columns_of_classes(self.num, self.model.num_classes or self.num + 1)
            check_grid_size("num", self.num, self.model.example_shape, columns)
        pictures.check_labels_to_draw(self)

    def _look(self, epoch):
        """Draw samples, and measure."""
        if self.metrics is not None:
            self._history.metrics.add(epoch, _checked_metrics(self.metrics(self.model)))
        if self._draws:
            self._history.add_sample(self._drawn(epoch), MOST_SAMPLES)

    def _drawn(self, epoch):
        labels = pictures.labels_to_draw(self)
        samples = self.model.sample(self.num, labels=labels, seed=self.seed)
        if samples.dtype.kind == "U":
            return Sample(epoch, texts=tuple(samples.tolist()))
        in_turn = self.labels is None and pictures.has_classes(self.model)
        columns = pictures.columns_of_classes(self.num, self.model.num_classes) if in_turn else None
        return Sample(epoch, _embedded(image_grid(samples, columns)))

    def _add_grid(self, history, epoch):
        from PIL import Image

        grid = self.samples / f"epoch_{epoch + 1:04d}.png"
        unreadable = (FileNotFoundError, Image.UnidentifiedImageError, Image.DecompressionBombError)
        with contextlib.suppress(*unreadable), Image.open(grid) as picture:
            history.add_sample(Sample(epoch, _embedded(picture)), MOST_SAMPLES)


def _draws_samples(model, labels):
    """Whether samples of a model can be shown: images or texts, of which it needs no more."""
    if not hasattr(model, "latent_dim") or not hasattr(model, "sample"):
        return False
    if model.conditional and labels is None and not pictures.has_classes(model):
        return False
    shape = model.example_shape
    return model.example_spec.kind == "string" or (len(shape) == 3 and shape[-1] in (1, 3))


def _checked_metrics(found):
    if not isinstance(found, dict) or not all(np.ndim(value) == 0 for value in found.values()):
        raise TypeError(
            "`metrics` must return a dictionary of numbers by name. "
            f"Received: {found!r} of type {type(found).__name__}"
        )
    return {str(name): value for name, value in found.items()}


def _add_log(history, log):
    """Add the epochs of a table that a page does not have."""
    if not log.exists():
        return
    found = {}
    with open(log, newline="", encoding="utf-8", errors="replace") as file:
        with contextlib.suppress(csv.Error):  # what was read before is good
            for row in csv.DictReader(file):
                epoch = row.pop("epoch", None) or ""
                if epoch.isdecimal() and None not in row and None not in row.values():
                    found[int(epoch)] = row
    before = {name: dict(points) for name, points in history.losses.by_name.items()}
    history.losses.by_name = {}
    known = {epoch for points in before.values() for epoch in points}
    for epoch in sorted(known | set(found)):
        kept = {name: points[epoch] for name, points in before.items() if epoch in points}
        history.losses.add(epoch, {**found.get(epoch, {}), **kept})


def _epochs_of_grids(folder):
    """Epochs of which a folder holds grids: as many as are shown, evenly spaced."""
    numbers = [path.stem.removeprefix("epoch_") for path in folder.glob("epoch_*.png")]
    epochs = sorted(int(num) - 1 for num in numbers if num.isdecimal() and int(num))
    chosen = np.unique(np.linspace(0, len(epochs) - 1, MOST_SAMPLES).round().astype(int))
    return [epochs[i] for i in chosen] if epochs else []


def _embedded(picture):
    """A picture as a `data:` URI: made as small as it is shown, in the format that is shorter."""
    from PIL import Image

    picture = picture.convert("L" if picture.mode in ("L", "1") else "RGB")
    if max(picture.size) > MOST_PIXELS:
        picture.thumbnail((MOST_PIXELS, MOST_PIXELS), Image.Resampling.LANCZOS)
    found = []
    for kind, options in (("PNG", {}), ("JPEG", {"quality": 90})):
        file = io.BytesIO()
        picture.save(file, kind, **options)
        found.append((f"data:image/{kind.lower()};base64,", file.getvalue()))
    head, content = min(found, key=lambda each: len(each[1]))
    return head + base64.b64encode(content).decode("ascii")


def _now():
    return f"{datetime.datetime.now().astimezone():%Y-%m-%d %H:%M %Z}"


def _duration(seconds):
    minutes, hours = round(seconds / 60), seconds / 3600
    if seconds < 100:
        return f"{seconds:.0f} s"
    if minutes < 100:
        return f"{minutes} minutes"
    return f"{hours:.1f} hours" if hours < 48 else f"{hours / 24:.1f} days"
