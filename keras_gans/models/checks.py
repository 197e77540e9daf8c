"""Checks of the networks that a model is given."""

import keras

from keras_gans import _checks


def network(name, network, num_outputs=(1,)):
    """Refuse what is not a built Sequential or functional model with as many outputs."""
    if not isinstance(network, keras.Model):
        raise TypeError(
            f"`{name}` must be a keras.Model. Received: {name} of type {_checks.type_name(network)}"
        )
    if not network.built:
        raise ValueError(
            f"`{name}` must be built: give its first layer an input shape, or call it once on "
            f"data. Received: an unbuilt {type(network).__name__}"
        )
    is_graph = hasattr(network, "input_shape")
    if not is_graph or len(network.outputs) not in num_outputs:
        outputs = " or ".join({1: "one output", 2: "two outputs"}[n] for n in num_outputs)
        received = f" with {len(network.outputs)} outputs" if is_graph else ""
        raise TypeError(
            f"`{name}` must be a Sequential or functional keras.Model with {outputs}. "
            f"Received: {name} of type {type(network).__name__}{received}"
        )


def inputs(name, network, what, *shapes):
    """Refuse a network that does not take `what`, tensors of these shapes."""
    received = [tuple(tensor.shape) for tensor in network.inputs]
    if received != list(shapes):
        expected = shapes[0] if len(shapes) == 1 else list(shapes)
        raise ValueError(
            f"`{name}` must take {what}, of shape {expected}. "
            f"Received: {name} that takes {', '.join(map(str, received))}"
        )


def outputs(name, network, what, shape):
    """Refuse a network that does not make `what`, a tensor of this shape."""
    if tuple(network.output_shape) != shape:
        raise ValueError(
            f"`{name}` must make {what}, of shape {shape}. "
            f"Received: {name} that makes {tuple(network.output_shape)}"
        )


def no_batch_normalization(name, network):
    """Refuse a network, under a gradient penalty, that normalises batches."""
    for layer in network._flatten_layers():
        if isinstance(layer, keras.layers.BatchNormalization):
            raise ValueError(
                f"`{name}` must not use batch normalization: the gradient penalty is about each "
                "sample's own gradient, and batch normalization makes it depend on the other "
                "samples. Use normalization='layer', 'instance' or None. "
                f"Received: the layer {layer.name!r}"
            )
