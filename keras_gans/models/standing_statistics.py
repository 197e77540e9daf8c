"""Statistics of batch normalization for sampling, measured anew."""

from collections.abc import Iterable

import keras
import numpy as np
from keras import ops

from keras_gans._typing import Tensors
from keras_gans.models.moving_average import MovingAverage


def measure(network: keras.Model | MovingAverage, batches: Iterable[Tensors]) -> None:
    """Let the moving statistics of a network be the means over batches of its batch statistics.

    Nothing else changes: no other weight, and no random state.

    Args:
        network: A built network, or the moving average of one, which then has the statistics.
            Before its first update the average is the network itself, as always.
        batches: What the network is called on, batch by batch: at least one.
    """
    average = network if isinstance(network, MovingAverage) else None
    called = average.network() if average else network
    values = average.averages if average and average.has_begun else called.weights
    of_weight = {id(weight): value for weight, value in zip(called.weights, values, strict=True)}
    layers = [
        layer
        for layer in called._flatten_layers()
        if isinstance(layer, keras.layers.BatchNormalization)
    ]
    statistics = [w for layer in layers for w in (layer.moving_mean, layer.moving_variance)]
    momenta = [layer.momentum for layer in layers]
    measured = []
    try:
        for layer in layers:
            layer.momentum = 0.0  # the moving statistics are then those of the batch
        for batch in batches:
            state = zip(called.weights, values, strict=True)
            with keras.StatelessScope(state_mapping=state) as scope:
                called(batch, training=True)
            found = [scope.get_current_value(weight) for weight in statistics]
            measured.append([ops.convert_to_numpy(value).astype("float64") for value in found])
    finally:
        for layer, momentum in zip(layers, momenta, strict=True):
            layer.momentum = momentum
    for weight, of_batches in zip(statistics, zip(*measured, strict=True), strict=True):
        of_weight[id(weight)].assign(np.mean(of_batches, axis=0).astype(weight.dtype))
