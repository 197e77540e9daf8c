"""Checks of the networks that a model is given."""

import re
from collections.abc import Sequence

import keras
import tensorflow as tf

from keras_gans import _checks
from keras_gans._typing import Shape
from keras_gans.layers.pyramids import pyramid_sides


def network(name: str, network: keras.Model, num_outputs: Sequence[int] = (1,)) -> None:
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


def one_input(name: str, network: keras.Model) -> None:
    """Refuse a network that takes several inputs."""
    if len(network.inputs) > 1:
        raise ValueError(
            f"`{name}` must take one input. Received: {name} that takes {len(network.inputs)}"
        )


def inputs(name: str, network: keras.Model, what: str, *shapes: Shape) -> None:
    """Refuse a network that does not take `what`, tensors of these shapes."""
    received = [tuple(tensor.shape) for tensor in network.inputs]
    if received != list(shapes):
        expected = shapes[0] if len(shapes) == 1 else list(shapes)
        raise ValueError(
            f"`{name}` must take {what}, of shape {expected}. "
            f"Received: {name} that takes {', '.join(map(str, received))}"
        )


def outputs(name: str, network: keras.Model, what: str, shape: Shape) -> None:
    """Refuse a network that does not make `what`, a tensor of this shape."""
    if tuple(network.output_shape) != shape:
        raise ValueError(
            f"`{name}` must make {what}, of shape {shape}. "
            f"Received: {name} that makes {tuple(network.output_shape)}"
        )


def takes(name: str, network: keras.Model, what: str, shape: Shape) -> None:
    """Refuse a network that cannot be called on `what`, a tensor of this shape."""
    if not tf.TensorShape(network.input_shape).is_compatible_with(shape):
        raise ValueError(
            f"`{name}` must take {what}, of shape {tuple(shape)}. "
            f"Received: {name} that takes {network.input_shape}"
        )


def takes_strings(name: str, network: keras.Model) -> None:
    """Refuse a network that does not take strings, one an example."""
    received = [(tuple(tensor.shape), tensor.dtype) for tensor in network.inputs]
    if received != [((None,), "string")]:
        described = ", ".join(f"{dtype} {shape}" for shape, dtype in received)
        raise ValueError(
            f"`{name}` must take strings (batch,). Received: {name} that takes {described}"
        )


def scale(generator: keras.Model, discriminator: keras.Model) -> int:
    """How many times as high and wide the images are that a generator makes.

    Raises:
        ValueError: If it is no such generator, or the discriminator does not take what it makes.
    """
    taken, large = generator.input_shape, discriminator.input_shape
    if len(taken) != 4 or len(generator.inputs) > 1:
        raise ValueError(
            "`generator` must take images (batch, height, width, channels). Received: generator "
            f"that takes {taken}"
        )
    sides = [side or 16 for side in taken[1:3]]
    made = tuple(generator.compute_output_shape((1, *sides, taken[3])))
    factor = made[1] // sides[0] if len(made) == 4 else 0
    if factor < 2 or made != (1, *(factor * side for side in sides), taken[3]):
        raise ValueError(
            "`generator` must make images a whole number of times as high as wide, of as many "
            f"channels. Received: generator that makes {made} of {(1, *sides, taken[3])}"
        )
    fits = tf.TensorShape(generator.output_shape).is_compatible_with(large)
    if not fits or None in large[1:] or any(n % factor or n <= 2 * factor for n in large[1:3]):
        raise ValueError(
            "`discriminator` must take images of one size as `generator` makes them, with sides "
            f"that are multiples of {factor} and more than {2 * factor}. Received: discriminator "
            f"that takes {large} beside a generator that makes {tuple(generator.output_shape)}"
        )
    return factor


#: Activations that make probabilities or their like, whose values are bounded as no logits are.
BOUNDED = {
    "sigmoid",
    "hard_sigmoid",
    "log_sigmoid",
    "tanh",
    "hard_tanh",
    "softsign",
    "softmax",
    "log_softmax",
    "sparsemax",
}
#: Layers and operations that pass on what they take, in another shape or type, or its mean.
PASSING_ON = {
    "Activation",
    "ActivityRegularization",
    "AveragePooling1D",
    "AveragePooling2D",
    "Cast",
    "Dropout",
    "ExpandDims",
    "Flatten",
    "GetItem",
    "GlobalAveragePooling1D",
    "GlobalAveragePooling2D",
    "Identity",
    "Mean",
    "Permute",
    "Reshape",
    "Squeeze",
    "Transpose",
}


def logits(name: str, network: keras.Model) -> None:
    """Refuse a network that ends in an activation: losses compute the sigmoid themselves.

    Looks through wrappers, nested networks, and layers that reshape, cast or average. What a
    `Lambda` or another layer with code of its own computes remains unknown.
    """
    for output in network.outputs:
        activation, layer = _last_activation(output)
        if activation in BOUNDED:
            raise ValueError(
                f"`{name}` must end in logits, any real numbers, as the losses compute what it "
                f"takes to make probabilities of them: end it without activation. Received: "
                f"{name} whose layer {layer!r} ends in {activation!r}"
            )


def class_logits(name: str, network: keras.Model) -> int:
    """How many classes a network tells apart, by a logit for each; or refuse it."""
    shape = network.output_shape
    if len(shape) != 2 or (shape[-1] or 0) < 2:
        raise ValueError(
            f"`{name}` must have one logit for each of at least two classes, (batch, num_classes). "
            f"Received: {name}.output_shape={shape}"
        )
    return shape[-1]


def pyramid(
    generators: Sequence[keras.Model],
    discriminators: Sequence[keras.Model],
    latent_dim: int,
    num_classes: int | None,
) -> bool:
    """Refuse networks that are not those of a pyramid's levels; say if they take labels."""
    for name, found in (("generators", generators), ("discriminators", discriminators)):
        if not isinstance(found, (list, tuple)) or not found:
            raise TypeError(
                f"`{name}` must be a list of keras.Models, coarse to fine. "
                f"Received: {name} of type {_checks.type_name(found)}"
            )
        for k, one in enumerate(found):
            network(f"{name}[{k}]", one)
    latent_dim = _checks.positive_int("latent_dim", latent_dim)
    nums = len(generators), len(discriminators)
    if nums[0] != nums[1]:
        raise ValueError(
            "`generators` and `discriminators` must hold one network for each level. "
            f"Received: {nums[0]} and {nums[1]}"
        )
    *largest, channels = _checks.image_shape("generators", generators[-1].output_shape[1:])
    takes_labels = num_classes is not None or len(generators[0].inputs) > 1
    labels, beside = ([(None,)], " and integer labels") if takes_labels else ([], "")
    for k, side in enumerate(pyramid_sides(largest, len(generators))):
        generator, discriminator = generators[k], discriminators[k]
        images = (None, *side, channels)
        noise = (None, *side, generator.inputs[0].shape[-1])
        taken = [noise, images] if k else [(None, latent_dim)]
        what = ("noise maps and low-pass images" if k else "latents") + beside
        inputs(f"generators[{k}]", generator, what, *taken, *labels)
        outputs(f"generators[{k}]", generator, "images of its level", images)
        taken = [images, images] if k else [images]
        what = ("band-pass and low-pass images" if k else "images") + beside
        inputs(f"discriminators[{k}]", discriminator, what, *taken, *labels)
        logits(f"discriminators[{k}]", discriminator)
    return takes_labels


def _last_activation(tensor):
    """The activation that a tensor of a network comes from, and its layer: names, or `None`."""
    operation, node, index = tensor._keras_history
    if isinstance(operation, keras.Model) and hasattr(operation, "outputs"):
        return _last_activation(operation.outputs[index])
    inner = operation
    while isinstance(inner, keras.layers.Wrapper):
        inner = inner.layer
        if isinstance(inner, keras.Model) and getattr(inner, "outputs", None):
            return _last_activation(inner.outputs[0])
    kind = type(inner).__name__
    activation = getattr(inner, "activation", None)
    of_layer = getattr(activation, "__name__", None) or type(activation).__name__
    of_operation = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", kind).lower()
    for found in (of_layer, of_operation):
        if found.lower() in BOUNDED:
            return found.lower(), inner.name
    if kind in PASSING_ON and operation._inbound_nodes:
        return _last_activation(operation._inbound_nodes[node].input_tensors[0])
    return None, inner.name
