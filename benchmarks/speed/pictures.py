"""A folder of small pictures, read in batches, against Keras's utility."""

import functools
import pathlib
import tempfile

import keras
import numpy as np

import keras_gans as kg
from benchmarks.speed.rows import Row

NUM, SIDE, NUM_CLASSES, BATCH_SIZE = 10_000, 28, 10, 64


@functools.cache
def folder_of_pictures(seed):
    """Pictures of smooth noise, in ten sub-folders, for as long as the process lives."""
    from PIL import Image

    folder = tempfile.TemporaryDirectory()
    rng = np.random.default_rng(seed)
    for number in range(NUM):
        path = pathlib.Path(folder.name) / str(number % NUM_CLASSES) / f"{number}.png"
        path.parent.mkdir(exist_ok=True)
        coarse = Image.fromarray(rng.integers(0, 256, (7, 7), dtype=np.uint8))
        coarse.resize((SIDE, SIDE), Image.Resampling.BICUBIC).save(path)
    return folder


def ours(seed):
    path = folder_of_pictures(seed).name
    sizes = {"batch_size": BATCH_SIZE, "image_size": SIDE, "channels": 1}
    return kg.data.load(path, labels=True, seed=seed, **sizes)[0]


def keras_utility(seed):
    images = keras.utils.image_dataset_from_directory(
        folder_of_pictures(seed).name,
        image_size=(SIDE, SIDE),
        color_mode="grayscale",
        batch_size=BATCH_SIZE,
        seed=seed,
        verbose=False,
    )
    return images.map(lambda x, y: (x / 127.5 - 1, y))


def epoch(dataset):
    for _ in dataset:
        pass


def first_epoch(seed):
    """From the path to the last batch."""
    return {
        "keras_gans": lambda: epoch(ours(seed)),
        "image_dataset_from_directory": lambda: epoch(keras_utility(seed)),
    }


def later_epochs(seed):
    datasets = {"keras_gans": ours(seed), "image_dataset_from_directory": keras_utility(seed)}
    return {name: functools.partial(epoch, dataset) for name, dataset in datasets.items()}


ROWS = {"folder": Row(first_epoch, 1), "folder_later": Row(later_epochs, 1)}
