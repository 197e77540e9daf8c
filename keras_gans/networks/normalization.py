"""Normalization layers by the name that a network's `normalization` argument takes."""

import keras

from keras_gans import _checks
from keras_gans.layers import ConditionalBatchNormalization

#: Added to variances, as in the papers' code. Keras's 1e-3 is large beside the variances of what
#: weights from N(0, 0.02²) make of images.
EPSILON = 1e-5


def batch(x, labels):
    return keras.layers.BatchNormalization(momentum=0.9, epsilon=EPSILON, synchronized=True)(x)


def conditional_batch(x, labels):
    if labels is None or labels.num_classes is None:
        raise ValueError(
            "`normalization` must not be 'conditional_batch' for a network without labels: it is "
            "for generators with `num_classes`. Received: normalization='conditional_batch'"
        )
    return ConditionalBatchNormalization(labels.num_classes, epsilon=EPSILON)([x, labels.symbol])


def layer(x, labels):
    if len(x.shape) == 4:
        return keras.layers.GroupNormalization(groups=1, epsilon=EPSILON)(x)
    return keras.layers.LayerNormalization(epsilon=EPSILON)(x)


def instance(x, labels):
    if len(x.shape) != 4:
        raise ValueError(
            "`normalization` must not be 'instance' for layers without spatial axes: one value a "
            "channel has no variance. Received: normalization='instance'"
        )
    return keras.layers.GroupNormalization(groups=-1, epsilon=EPSILON)(x)


NORMALIZATIONS = {
    "batch": batch,
    "conditional_batch": conditional_batch,
    "layer": layer,
    "instance": instance,
}


def normalize(normalization, x, labels=None):
    """Apply the normalization called `normalization` to the symbolic tensor `x`.

    Args:
        normalization: `"batch"` (statistics over the whole global batch, synchronized between
            replicas), `"conditional_batch"` (the same, with scale and shift by class), `"layer"`
            (over each sample's positions and channels), `"instance"` (over each sample's
            positions), or `None`.
        x: `KerasTensor` `(batch, features)` or `(batch, height, width, channels)`.
        labels: `Labels` of the network, if it may have any. Defaults to `None`.
    """
    _checks.one_of("normalization", normalization, [*NORMALIZATIONS, None])
    if normalization is None:
        return x
    return NORMALIZATIONS[normalization](x, labels)
