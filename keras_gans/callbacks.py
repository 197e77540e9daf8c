"""Callbacks: watch a model while it trains."""

import pathlib

import keras
import numpy as np

from keras_gans import _checks, _files
from keras_gans.data.images import image_grid, to_uint8


class SampleGrid(keras.callbacks.Callback):
    """Draw the same latents after every epoch: a PNG grid each, and an animation at the end.

    Args:
        directory: Folder for `epoch_0001.png`, … and `animation.gif`; made if missing. The
            animation shows every grid of the folder, those of earlier runs that were resumed
            included.
        num: Positive integer, images in the grid. Defaults to `64`.
        every: Positive integer, epochs between grids. Defaults to `1`.
        labels: Integer labels `(num,)` for models that take labels. Defaults to `None`: every class
            in turn.
        seed: Integer, of the latents. Defaults to `0`.
        scale: Positive integer, side in the grid of one pixel of an image. Defaults to `None`,
            as much as makes images at least 32 pixels high.
        animate: Boolean, whether to write the animation. Defaults to `True`.
        tensorboard: Folder for TensorBoard image summaries, or `None`. Defaults to `None`.

    Raises:
        ValueError, TypeError: If a number is out of range.

    Example:

    >>> import keras_gans as kg
    >>> callback = kg.callbacks.SampleGrid("samples/", num=16)
    """

    def __init__(
        self,
        directory,
        num=64,
        every=1,
        labels=None,
        seed=0,
        scale=None,
        animate=True,
        tensorboard=None,
    ):
        super().__init__()
        self.directory = pathlib.Path(directory)
        self.num = _checks.positive_int("num", num)
        self.every = _checks.positive_int("every", every)
        self.labels = labels
        self.seed = _checks.seed("seed", seed)
        self.scale = scale if scale is None else _checks.positive_int("scale", scale)
        self.animate = animate
        self.tensorboard = tensorboard
        self._writer = None

    def on_train_begin(self, logs=None):
        shape = self.model.example_shape
        if len(shape) != 3 or shape[-1] not in (1, 3):
            raise ValueError(
                "`SampleGrid` needs a model that makes images with 1 or 3 channels. Received: a "
                f"model that makes examples of shape {shape}"
            )

    def on_epoch_end(self, epoch, logs=None):
        if (epoch + 1) % self.every:
            return
        images = self.model.sample(self.num, labels=self._labels(), seed=self.seed)
        grid = image_grid(images, scale=self.scale)
        with _files.replacing(self.directory / f"epoch_{epoch + 1:04d}.png") as temporary:
            grid.save(temporary)
        if self.tensorboard is not None:
            self._summarise(images, epoch)

    def on_train_end(self, logs=None):
        if self.animate:
            write_animation(sorted(self.directory.glob("epoch_*.png")), self.directory)
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    def _labels(self):
        if self.labels is None and self.model.conditional:
            return np.arange(self.num) % self.model.num_classes
        return self.labels

    def _summarise(self, images, epoch):
        import tensorflow as tf

        if self._writer is None:
            self._writer = tf.summary.create_file_writer(str(self.tensorboard))
        with self._writer.as_default(step=epoch):
            tf.summary.image("samples", to_uint8(images), max_outputs=self.num)
        self._writer.flush()


class TerminateOnNaN(keras.callbacks.Callback):
    """Stop training when any loss is NaN or infinite.

    Keras's own looks at `loss` alone, which a game between networks does not have.

    Example:

    >>> import keras_gans as kg
    >>> callback = kg.callbacks.TerminateOnNaN()
    """

    def on_train_batch_end(self, batch, logs=None):
        bad = [name for name, loss in (logs or {}).items() if not np.isfinite(loss).all()]
        if bad:
            print(f"\nStep {batch}: {', '.join(bad)} is NaN or infinite, training stops.")
            self.model.stop_training = True


def write_animation(pictures, directory, milliseconds=200, longest=100):
    """Write `animation.gif` from picture files, at most `longest` of them, evenly.

    Pictures of another size than the last one are of another run, and are left out.
    """
    from PIL import Image

    if not pictures:
        return
    frames = []
    for path in pictures:
        with Image.open(path) as picture:
            frames.append(picture.copy())
    frames = [frame for frame in frames if frame.size == frames[-1].size]
    chosen = np.unique(np.linspace(0, len(frames) - 1, longest).round().astype(int))
    frames = [frames[i] for i in chosen]
    durations = [milliseconds] * (len(frames) - 1) + [2000]
    with _files.replacing(pathlib.Path(directory) / "animation.gif") as temporary:
        frames[0].save(
            temporary, save_all=True, append_images=frames[1:], duration=durations, loop=0
        )
