"""Normalisation layers by the name that a network's `normalization` argument takes."""

import keras

from keras_gans import _checks


def batch(rank):
    return keras.layers.BatchNormalization(momentum=0.9, synchronized=True)


def layer(rank):
    if rank == 4:
        return keras.layers.GroupNormalization(groups=1)
    return keras.layers.LayerNormalization()


def instance(rank):
    if rank != 4:
        raise ValueError(
            "`normalization` must not be 'instance' for layers without spatial axes: one value a "
            "channel has no variance. Received: normalization='instance'"
        )
    return keras.layers.GroupNormalization(groups=-1)


NORMALIZATIONS = {"batch": batch, "layer": layer, "instance": instance}


def normalize(normalization, x):
    """Apply the normalisation called `normalization` to the symbolic tensor `x`.

    Args:
        normalization: `"batch"` (statistics over the whole global batch, synchronised between
            replicas), `"layer"` (over each sample's positions and channels), `"instance"` (over
            each sample's positions), or `None`.
        x: `KerasTensor` `(batch, features)` or `(batch, height, width, channels)`.
    """
    _checks.one_of("normalization", normalization, [*NORMALIZATIONS, None])
    if normalization is None:
        return x
    return NORMALIZATIONS[normalization](len(x.shape))(x)
