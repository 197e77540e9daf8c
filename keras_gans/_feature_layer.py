"""Features of a network: what a layer makes of examples on the way to its outputs."""

from typing import Any

import keras

#: Layers that change their inputs in training alone.
_NOISE = (
    keras.layers.AlphaDropout,
    keras.layers.Dropout,
    keras.layers.GaussianDropout,
    keras.layers.GaussianNoise,
)


def output_of(argument: str, layer: str | int | None, name: str, network: keras.Model) -> Any:
    """Return the symbolic output of a layer of a Sequential or functional model.

    Args:
        argument: Name of the argument that says which layer.
        layer: Its name or index (inputs do not count); or `None` for what the last dense or
            convolutional layer takes, before the noise or dropout that is put on it.
        name: Name of the network.
        network: The network.

    Raises:
        ValueError: If there is no such layer.
    """
    layers = [x for x in network.layers if not isinstance(x, keras.layers.InputLayer)]
    names = [layer.name for layer in layers]
    if layer is None and any(map(_has_kernel, layers)):
        return _without_noise(list(filter(_has_kernel, layers))[-1].input)
    if isinstance(layer, int) and -len(layers) <= layer < len(layers):
        return layers[layer].output
    if layer in names:
        return network.get_layer(layer).output
    raise ValueError(
        f"`{argument}` must name a layer of the {name}, or be its index, where there is no dense "
        f"or convolutional layer to be found. The layers are {names}. "
        f"Received: {argument}={layer!r}"
    )


def check(argument: str, layer: Any) -> Any:
    """Return what says which layer, if it is a name, an index or `None`."""
    if isinstance(layer, bool) or not isinstance(layer, (str, int, type(None))):
        raise TypeError(
            f"`{argument}` must be a name, an index or None. Received: {argument}={layer!r}"
        )
    return layer


def _without_noise(tensor):
    """The tensor of a network that noise layers made this one of."""
    operation, node, _ = tensor._keras_history
    if not isinstance(operation, _NOISE):
        return tensor
    return _without_noise(operation._inbound_nodes[node].input_tensors[0])


def _has_kernel(layer):
    return hasattr(getattr(layer, "layer", layer), "kernel")
