"""keras_gans: generative adversarial networks as ordinary Keras 3 models.

Every model is one `keras.Model` that you `compile()`, `fit()`, `evaluate()`, `save()`, `export()`
and scale with `tf.distribute`. The modules, each of which uses only those above it:

- `divergences`: distances between distributions;
- `layers`, `constraints`, `losses`, `penalties`: the parts of networks and of objectives;
- `data`: datasets in, batches out;
- `likelihoods`, `latents`: what decoders say about examples; paths through latent space;
- `networks`: generators and discriminators built from layers;
- `techniques`: penalties, augmentation and other help in training;
- `metrics`: sample quality;
- `serving`: what a model does for others, described once;
- `models`: the models;
- `callbacks`: watch a model while it trains;
- `presets`: all that it takes to train a model again;
- `load`: a SavedModel from disk, for inference.
"""

import sys

from keras_gans._version import __version__ as __version__

__all__ = [
    "callbacks",
    "constraints",
    "data",
    "divergences",
    "latents",
    "layers",
    "likelihoods",
    "load",
    "losses",
    "metrics",
    "models",
    "networks",
    "penalties",
    "presets",
    "serving",
    "techniques",
]

#: While Python looks for the `__main__` of `python -m keras_gans`, it imports this package. The
#: command line reads its options before it imports the rest, which takes seconds.
_IS_COMMAND = (
    sys.argv[:1] == ["-m"] and sys.orig_argv[-len(sys.argv)].removeprefix("-m") == __name__
)

if not _IS_COMMAND:
    from keras_gans import (
        _backend,
        callbacks,
        constraints,
        data,
        divergences,
        latents,
        layers,
        likelihoods,
        losses,
        metrics,
        models,
        networks,
        penalties,
        presets,
        serving,
        techniques,
    )
    from keras_gans.saved_model import load


def __dir__():
    return [*__all__, *(name for name in globals() if name.startswith("__"))]
