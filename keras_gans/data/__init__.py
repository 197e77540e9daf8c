"""Data: datasets in, batches out."""

from keras_gans.data.densities import (
    ToyDensity,
    grid_of_gaussians,
    ring_of_gaussians,
    swiss_roll,
)
from keras_gans.data.images import image_grid, save_animation, save_grid, save_paths, to_uint8
from keras_gans.data.loading import load
from keras_gans.data.sample_images import photographs
from keras_gans.data.semi_supervised import semi_supervised_batches
from keras_gans.data.shapes import drawn_shapes
from keras_gans.data.sources import DatasetInfo
from keras_gans.data.specs import Spec
from keras_gans.data.text import TextInfo, load_text, vocabulary_size

__all__ = [
    "DatasetInfo",
    "Spec",
    "TextInfo",
    "ToyDensity",
    "drawn_shapes",
    "grid_of_gaussians",
    "image_grid",
    "load",
    "load_text",
    "photographs",
    "ring_of_gaussians",
    "save_animation",
    "save_grid",
    "save_paths",
    "semi_supervised_batches",
    "swiss_roll",
    "to_uint8",
    "vocabulary_size",
]
