"""Pictures of what a model makes while it trains."""

import contextlib
import math
import pathlib
from typing import Any

import keras
import numpy as np

from keras_gans import _checks, _files, _replicas, latents
from keras_gans._typing import ArrayLike, Logs, PathLike
from keras_gans.data import specs
from keras_gans.data.images import (
    check_grid_size,
    image_grid,
    save_animation,
    save_paths,
    to_uint8,
)


class SampleGrid(keras.callbacks.Callback):
    """Draw the same examples after every epoch: a PNG grid each, and an animation at the end.

    Models that draw from latents draw the same latents. Of a conditional model every column of the
    grid is of one class. Models that translate, such as `CycleGAN`, translate the same images: the
    grid has four rows, images of A over their translations to B, and images of B over their
    translations to A. Among several workers, the chief draws.

    Args:
        directory: Folder for `epoch_0001.png`, … and `animation.gif`; made if missing. The
            animation shows every grid of the folder, those of earlier runs that were resumed
            included.
        num: Positive integer, images in the grid. Defaults to `64`.
        every: Positive integer, epochs between grids. Defaults to `1`.
        labels: Integer labels or class names `(num,)`, or one for all, for models that take labels.
            Defaults to `None`: every class in turn.
        seed: Integer, of the latents. Defaults to `0`.
        scale: Positive integer, side in the grid of one pixel of an image. Defaults to `None`,
            as much as makes images at least 32 pixels high.
        animate: Boolean, whether to write the animation. Defaults to `True`.
        tensorboard: Folder for TensorBoard image summaries, or `None`. Defaults to `None`.
        images: For models that translate, a pair of float arrays `(num_a, height, width, channels)`
            and `(num_b, height, width, channels)` in [−1, 1], held-out images of A and of B: the
            first of each that `num` has place for are shown. Defaults to `None`.
        columns: Positive integer, images in a row. Defaults to `None`: the grid nearest to a
            square, or if every class is shown in turn a multiple of their number.

    Raises:
        ValueError, TypeError: If an argument is of another kind or out of range; at the beginning
            of training, if the model makes no images, or does not take such labels or images, or
            if the grid would have more than 10⁸ pixels.
        OSError: At the beginning of training, if nothing can be written to a folder.

    Example:

    >>> import keras_gans as kg
    >>> callback = kg.callbacks.SampleGrid("samples/", num=16)
    """

    def __init__(
        self,
        directory: PathLike,
        num: int = 64,
        every: int = 1,
        labels: ArrayLike | None = None,
        seed: int = 0,
        scale: int | None = None,
        animate: bool = True,
        tensorboard: PathLike | None = None,
        images: tuple[ArrayLike, ArrayLike] | None = None,
        columns: int | None = None,
    ) -> None:
        super().__init__()
        self.directory = _checks.path("directory", directory)
        self.num = _checks.positive_int("num", num)
        self.every = _checks.positive_int("every", every)
        self.labels = labels
        self.seed = 0 if seed is None else _checks.seed("seed", seed)
        self.scale = scale if scale is None else _checks.positive_int("scale", scale)
        self.animate = _checks.boolean("animate", animate)
        self.tensorboard = None if tensorboard is None else _checks.path("tensorboard", tensorboard)
        self.images: Any = images if images is None else _pair_of_images(images)
        self.columns = columns if columns is None else _checks.positive_int("columns", columns)
        self._writer: Any = None

    def on_train_begin(self, logs: Logs = None) -> None:
        if translates(self.model):
            self._check_images()
        else:
            check_draws_images("SampleGrid", self.model)
            shape = self.model.example_shape
            check_grid_size("num", self.num, shape, self._columns(), self.scale)
            check_labels_to_draw(self)
            if self.images is not None:
                raise ValueError(
                    "`images` must be None for a model that draws from latents. "
                    f"Received: {len(self.images)} arrays of images"
                )
        if writes_files(self.model):
            for folder in filter(None, [self.directory, self.tensorboard]):
                _files.check_folder(folder)

    def _check_images(self):
        if self.images is None:
            raise ValueError(
                "`images` must be given for a model that translates: a pair of arrays, held-out "
                "images of A and of B. Received: images=None"
            )
        domains = self.model.batch_spec.x, self.model.batch_spec.y
        for images, spec in zip(self.images, domains, strict=True):
            specs.check("images", spec, images)
            check_channels("SampleGrid", spec.shape)

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        if (epoch + 1) % self.every or not writes_files(self.model):
            return
        draw = self._translations if translates(self.model) else self._samples
        grid, summary = draw()
        save_of_epoch(grid, self.directory, epoch)
        if self.tensorboard is not None:
            self._summarize(summary, epoch)

    def _samples(self):
        """A grid of samples, and what TensorBoard shows, which are the samples."""
        samples = self.model.sample(self.num, labels=labels_to_draw(self), seed=self.seed)
        return image_grid(samples, self._columns(), scale=self.scale), to_uint8(samples)

    def _columns(self):
        if self.columns is None and self.labels is None and has_classes(self.model):
            return columns_of_classes(self.num, self.model.num_classes)
        return self.columns

    def _translations(self):
        """Rows of images over their translations, and what TensorBoard shows, which is the same."""
        rows = []
        for images, direction in zip(self.images, ("ab", "ba"), strict=True):
            images = images[: self.columns or max(1, self.num // 4)]
            rows += [images, self.model.translate(images, direction)]
        pictures = [image_grid(row, len(row), scale=self.scale) for row in rows]
        grid = stacked(pictures)
        return grid, np.asarray(grid.convert("RGB"))[None]

    def on_train_end(self, logs: Logs = None) -> None:
        if self.animate and writes_files(self.model):
            with _files.side_file(self.directory / "animation.gif"):
                write_animation(sorted(self.directory.glob("epoch_*.png")), self.directory)
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    def _summarize(self, images, epoch):
        import tensorflow as tf

        if self._writer is None:
            self._writer = tf.summary.create_file_writer(str(self.tensorboard))
        with self._writer.as_default(step=epoch):
            tf.summary.image("samples", images, max_outputs=len(images))
        self._writer.flush()


def save_of_epoch(picture, directory, epoch):
    """Write the picture of an epoch. One that cannot be written stops no training."""
    path = directory / f"epoch_{epoch + 1:04d}.png"
    with _files.side_file(path), _files.replacing(path) as temporary:
        picture.save(temporary)


def _pair_of_images(images):
    if not isinstance(images, (tuple, list)) or len(images) != 2:
        raise ValueError(
            "`images` must be a pair of arrays, images of A and of B. "
            f"Received: images of type {type(images).__name__}"
        )
    images = tuple(_checks.array("images", part) for part in images)
    if not all(part.ndim == 4 and len(part) for part in images):
        raise ValueError(
            "`images` must be two arrays (num, height, width, channels) of an image or more. "
            f"Received: shapes {images[0].shape} and {images[1].shape}"
        )
    return images


def translates(model):
    """Whether a model translates images between two domains."""
    return hasattr(model, "translate")


def columns_of_classes(num, num_classes):
    """Columns of a grid that shows `num_classes` in turn, so that each column is of one class.

    The multiple of `num_classes` nearest to a square grid; `None` if not all classes are shown.
    """
    if num < num_classes:
        return None
    return num_classes * max(1, round(math.sqrt(num) / num_classes))


def stacked(pictures):
    """Pictures one below the other, as one picture."""
    from PIL import Image

    width = max(picture.width for picture in pictures)
    mode = "L" if all(picture.mode == "L" for picture in pictures) else "RGB"
    whole = Image.new(mode, (width, sum(picture.height for picture in pictures)), "white")
    top = 0
    for picture in pictures:
        whole.paste(picture, (0, top))
        top += picture.height
    return whole


class LatentInterpolation(keras.callbacks.Callback):
    """Draw the same paths between latents after every epoch: a PNG and a GIF each.

    A model that has understood its data goes from one example to another through examples; one that
    has memorized them jumps or blurs. Among several workers, the chief draws.

    Args:
        directory: Folder for `epoch_0001.png`, with a row for each path, `epoch_0001.gif`, which
            goes along the paths and back, …; made if missing.
        num: Positive integer, paths. Defaults to `8`.
        steps: Integer of at least 2, images on each path. Defaults to `12`.
        kind: `"spherical"` or `"linear"`, between two random latents, or `"walk"`, a random walk:
            see `keras_gans.latents`. Defaults to `"spherical"`.
        every: Positive integer, epochs between pictures. Defaults to `1`.
        labels: Integer labels or class names `(num,)`, one a path, or one for all, for models that
            take labels. Defaults to `None`: every class in turn.
        seed: Integer, of the paths. Defaults to `0`.
        scale: Positive integer, side in the picture of one pixel of an image. Defaults to `None`,
            as much as makes images at least 32 pixels high.

    Raises:
        ValueError, TypeError: If an argument is of another kind or out of range; at the beginning
            of training, if the model does not draw images from latents, or takes no such labels,
            or if the picture would have more than 10⁸ pixels.
        OSError: At the beginning of training, if nothing can be written to the folder.

    Example:

    >>> import keras_gans as kg
    >>> callback = kg.callbacks.LatentInterpolation("interpolations/", kind="linear", every=5)
    """

    def __init__(
        self,
        directory: PathLike,
        num: int = 8,
        steps: int = 12,
        kind: str = "spherical",
        every: int = 1,
        labels: ArrayLike | None = None,
        seed: int = 0,
        scale: int | None = None,
    ) -> None:
        super().__init__()
        self.directory = _checks.path("directory", directory)
        self.num = _checks.positive_int("num", num)
        self.steps = _checks.positive_int("steps", steps, minimum=2)
        self.kind = _checks.one_of("kind", kind, [*latents.PATHS, "walk"])
        self.every = _checks.positive_int("every", every)
        self.labels = labels
        self.seed = 0 if seed is None else _checks.seed("seed", seed)
        self.scale = scale if scale is None else _checks.positive_int("scale", scale)

    def on_train_begin(self, logs: Logs = None) -> None:
        check_draws_images("LatentInterpolation", self.model)
        shape = self.model.example_shape
        check_grid_size("num", self.num * self.steps, shape, self.steps, self.scale)
        check_labels_to_draw(self)
        if writes_files(self.model):
            _files.check_folder(self.directory)

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        if (epoch + 1) % self.every or not writes_files(self.model):
            return
        images = along_paths(
            self.model, self.num, self.steps, self.kind, labels_to_draw(self), self.seed
        )
        picture = self.directory / f"epoch_{epoch + 1:04d}.png"
        with _files.side_file(picture):
            save_paths(images, picture, self.scale)


def along_paths(model, num, steps, kind, labels, seed):
    """Generate examples along paths, `(num, steps, …)`, of one label a path if there are labels.

    `model` is a `LatentModel` or what `keras_gans.load` returns.
    """
    paths = latents.paths(num, model.latent_dim, steps, kind, seed)
    if labels is not None:
        labels = along_path(labels, num, steps)
    examples = model.generate(paths.reshape(num * steps, -1), labels)
    return examples.reshape(num, steps, *examples.shape[1:])


def along_path(labels, num, steps):
    """Labels, or other conditions, of paths as those of their examples; one for all stays one."""
    if isinstance(labels, dict):
        return {name: along_path(part, num, steps) for name, part in labels.items()}
    if isinstance(labels, tuple):
        return tuple(along_path(part, num, steps) for part in labels)
    labels = np.asarray(labels)
    return np.repeat(labels, steps, axis=0) if labels.shape[:1] == (num,) else labels


def has_classes(model):
    """Whether a model is conditional on the class."""
    return model.conditional and model.num_classes is not None


def writes_files(model):
    """Whether this process is the one that writes: among several workers, the chief."""
    return _replicas.is_chief(model.distribute_strategy)


def labels_to_draw(callback):
    """The labels that a callback was given, or every class in turn if the model has classes."""
    if callback.labels is None and has_classes(callback.model):
        return np.arange(callback.num) % callback.model.num_classes
    return callback.labels


def check_labels_to_draw(callback):
    """Refuse labels that the model does not take, or none if it needs some."""
    if callback.labels is not None or callback.model.conditional:
        callback.model.check_labels(labels_to_draw(callback), callback.num)


def check_draws_images(name, model):
    """Refuse a model that does not draw images from latents."""
    if not hasattr(model, "latent_dim"):
        raise ValueError(
            f"`{name}` needs a model that draws images from latents. "
            f"Received: {type(model).__name__}, which does not"
        )
    check_channels(name, model.example_shape)


def check_channels(name, shape):
    """Refuse examples that are no images to be shown."""
    if len(shape) != 3 or shape[-1] not in (1, 3):
        raise ValueError(
            f"`{name}` needs a model that makes images with 1 or 3 channels. "
            f"Received: a model that makes examples of shape {shape}"
        )


def write_animation(pictures, directory, milliseconds=200, longest=100):
    """Write `animation.gif` from picture files, at most `longest` of them, evenly.

    Pictures of another size than the last one are of another run, and are left out, as are those
    that are damaged.
    """
    from PIL import Image

    unreadable = (OSError, Image.DecompressionBombError)
    sizes, frames = {}, []
    for picture in pictures:
        with contextlib.suppress(*unreadable), Image.open(picture) as frame:
            sizes[picture] = frame.size
    if not sizes:
        return
    *_, last = sizes.values()
    pictures = [picture for picture, size in sizes.items() if size == last]
    for i in np.unique(np.linspace(0, len(pictures) - 1, longest).round().astype(int)):
        with contextlib.suppress(*unreadable), Image.open(pictures[i]) as frame:
            frames.append(frame.copy())
    if frames:
        save_animation(frames, pathlib.Path(directory) / "animation.gif", milliseconds, last=2000)
