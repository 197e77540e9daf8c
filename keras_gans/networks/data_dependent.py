"""Scales and biases of weight normalization and minibatch discrimination, from data."""

import keras

from keras_gans import _checks
from keras_gans._typing import ArrayLike
from keras_gans.layers import MinibatchDiscrimination, WeightNormalization


def data_dependent_initialization(network: keras.Model, examples: ArrayLike) -> None:
    """Give layers the scales and biases that normalize their outputs on some examples.

    Every `WeightNormalization` begins with outputs of mean 0 and standard deviation 1, and every
    `MinibatchDiscrimination` with sums of mean 0 and nearest neighbors at distance 2: one after
    the other, from the inputs on, given what the layers before it now make. Noise layers are
    active.

    Args:
        network: Built Sequential or functional `keras.Model` with such layers. Its weights are
            changed.
        examples: Array `(num, …)`, or a list of arrays, of what the network takes: the authors take
            500 real examples. All go through the network at once.

    Raises:
        TypeError: If `network` is not a built Sequential or functional model.
        ValueError: If it has no such layer, one is called more than once, or the
            examples do not fit its inputs.

    Example:

    >>> import keras, numpy as np, keras_gans as kg
    >>> dense = kg.layers.WeightNormalization(keras.layers.Dense(3, use_bias=False))
    >>> network = keras.Sequential([keras.Input((2,)), dense])
    >>> examples = kg.data.swiss_roll().sample(500)
    >>> kg.networks.data_dependent_initialization(network, examples)
    >>> bool(np.allclose(network.predict(examples, verbose=0).std(axis=0), 1, atol=1e-5))
    True

    References:
        - Salimans and Kingma 2016, Weight Normalization: A Simple Reparameterization to Accelerate
          Training of Deep Neural Networks, section 3.
        - Salimans et al. 2016, Improved Techniques for Training GANs, and its code.
    """
    if not isinstance(network, keras.Model) or not hasattr(network, "input_shape"):
        raise TypeError(
            "`network` must be a built Sequential or functional keras.Model. Received: network of "
            f"type {type(network).__name__}"
        )
    kinds = (WeightNormalization, MinibatchDiscrimination)
    chosen = [layer for layer in network.layers if isinstance(layer, kinds)]
    if not chosen:
        raise ValueError(
            "`network` must have a WeightNormalization or MinibatchDiscrimination to initialize. "
            f"Received: {network.name!r}, which has none"
        )
    examples = _examples_of(network, examples)
    inputs = network.inputs if len(network.inputs) > 1 else network.inputs[0]
    for layer in chosen:
        before = keras.Model(inputs, layer.input)
        layer.initialize(before(examples, training=True))


def _examples_of(network, examples):
    """The examples as arrays, checked to fit the inputs of the network."""
    arrays = [_checks.array("examples", x) for x in keras.tree.flatten(examples)]
    shapes = [x.shape for x in network.inputs]
    if len(arrays) != len(shapes) or not all(map(_fits, arrays, shapes)):
        raise ValueError(
            f"`examples` must be inputs of `network`, which have the shapes {shapes}. "
            f"Received: examples of the shapes {[x.shape for x in arrays]}"
        )
    typed = [
        _checks.finite("examples", x, dtype=tensor.dtype)
        for x, tensor in zip(arrays, network.inputs, strict=True)
    ]
    return typed if len(typed) > 1 else typed[0]


def _fits(array, shape):
    return (
        array.ndim == len(shape)
        and len(array) > 0
        and all(side in (None, size) for side, size in zip(shape[1:], array.shape[1:], strict=True))
    )
