"""The dataset of a command's options."""

import argparse
from typing import Any

import tensorflow as tf

from keras_gans import data, runs
from keras_gans.data.sources import OWN_NAMES


def load(
    options: argparse.Namespace, split: str = "train", **kwargs: Any
) -> tuple[tf.data.Dataset, data.DatasetInfo]:
    """As `data.load`, but not of the folder of a run that has the name of a dataset."""
    is_folder = options.dataset not in OWN_NAMES
    if is_folder and runs.Run(options.dataset).configuration.exists():
        raise ValueError(
            "`source` must not be the folder of a run, which a dataset of that name cannot be told "
            f"from. Received: {options.dataset!r}"
        )
    return data.load(options.dataset, split, on_error=options.on_error, **kwargs)
