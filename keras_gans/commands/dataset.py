"""The dataset of a command's options."""

import argparse
from typing import Any

import tensorflow as tf

from keras_gans import data, runs
from keras_gans.data.sources import OWN_NAMES


def load(
    options: argparse.Namespace, source: Any = data, split: str = "train", **kwargs: Any
) -> tuple[tf.data.Dataset, data.DatasetInfo]:
    """As `load` of `source`, a preset or `keras_gans.data`, but not of the folder of a run.

    Such a folder may have the name of a dataset.
    """
    is_folder = options.dataset not in OWN_NAMES
    if is_folder and runs.Run(options.dataset).configuration.exists():
        raise ValueError(
            "`source` must not be the folder of a run, which a dataset of that name cannot be told "
            f"from. Received: {options.dataset!r}"
        )
    return source.load(options.dataset, split, **kwargs)
