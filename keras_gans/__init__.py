"""keras_gans: generative adversarial networks as ordinary Keras 3 models.

Every model is one `keras.Model` that you `compile()`, `fit()`, `evaluate()`, `save()`, `export()`
and scale with `tf.distribute`. The rooms of the house, from the ground up:

- `divergences`: distances between distributions;
- `layers`, `constraints`, `losses`, `penalties`: the parts of networks and of games;
- `data`: datasets in, batches out;
- `networks`: generators and discriminators built from layers;
- `techniques`: stabilisers that plug into any two-player model;
- `metrics`: sample quality;
- `models`: the zoo;
- `callbacks`: watch a model while it trains;
- `load`: a SavedModel from disk, for inference.
"""

import importlib

from keras_gans import _quiet

__version__ = "0.1.0"

_NEEDS_TENSORFLOW = (
    "keras_gans needs Keras with the TensorFlow backend. Set the environment variable "
    "KERAS_BACKEND=tensorflow before Keras is imported. Received: "
)

try:
    with _quiet.tensorflow_start():
        import keras
except ImportError as error:
    raise ImportError(f"{_NEEDS_TENSORFLOW}{error}") from error

if keras.backend.backend() != "tensorflow":
    raise ImportError(f"{_NEEDS_TENSORFLOW}the backend {keras.backend.backend()!r}")

from keras_gans import (
    callbacks,
    constraints,
    data,
    latents,
    layers,
    likelihoods,
    losses,
    models,
    networks,
    penalties,
    techniques,
)
from keras_gans.saved_model import load

_ROOMS = ("divergences", "metrics")


def __getattr__(name):
    if name in _ROOMS:
        return importlib.import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__():
    return sorted([*globals(), *_ROOMS])
