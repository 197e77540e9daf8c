"""Whether what a network makes of an example depends on the other examples of its batch.

Of those that it does not depend on, several batches may go through a network in one call.
"""

import keras

from keras_gans._origin import is_from

#: Layers of Keras that mix the examples of a batch on purpose.
MIXING_AUGMENTATION = (keras.layers.CutMix, keras.layers.MixUp)

_MIXING = (
    *MIXING_AUGMENTATION,
    keras.layers.BatchNormalization,
    keras.layers.Lambda,
    keras.layers.SpectralNormalization,  # moves its vector in every call
)


def mixes_examples(network: keras.layers.Layer) -> bool:
    """Whether examples of a batch meet in a network, in training, as far as is known.

    Layers of Keras and of this package are known. One from elsewhere is thought to mix them, unless
    it has an attribute `mixes_examples` that says no. A layer that is punished for its outputs, by
    means over a batch, counts as one that does.
    """
    return any(map(_mixes, _parts(network)))


def _parts(network):
    """Layers of a network, and functions of `keras.ops` between them, which may do anything."""
    layers = network._flatten_layers()
    return {part for layer in layers for part in (layer, *getattr(layer, "operations", ()))}


def _mixes(part):
    stated = getattr(part, "mixes_examples", None)
    if stated is not None:
        return stated
    if not isinstance(part, keras.layers.Layer) or part.activity_regularizer is not None:
        return True
    if isinstance(part, _MIXING) or getattr(part, "stateful", False):
        return True
    activation = getattr(part, "activation", None)
    return not (is_from(type(part).call) and (activation is None or is_from(activation)))
