"""Any network with batch normalization, as one with virtual batch normalization."""

import keras

from keras_gans import _checks
from keras_gans._typing import ArrayLike
from keras_gans.layers import DropReference, PrependReference, VirtualBatchNormalization


def virtual_batch_normalization(network: keras.Model, reference_batch: ArrayLike) -> keras.Model:
    """Replace batch normalization by virtual batch normalization everywhere in a network.

    The new network puts the reference batch in front of its inputs, sends both through every layer
    and removes the reference's outputs at the end. So an output depends on its own input and the
    reference batch alone, at the price of computing the reference batch's with every batch.

    The new network is a copy: it has the weights of `network`, and leaves it as it is. Layers that
    mix examples in other ways, such as `MinibatchDiscrimination`, see the reference examples, too.

    Args:
        network: Built Sequential or functional `keras.Model` with one input and batches of any
            size. Its `BatchNormalization` layers act on the last axis and have no regularizer, no
            constraint and no `renorm`.
        reference_batch: Array `(num_reference, …)` of inputs: latents of a generator, real examples
            of a discriminator. It is saved with the new network.

    Returns:
        Functional `keras.Model` with the name and the input and output shapes of `network`.

    Raises:
        TypeError: If `network` is not a built Sequential or functional model.
        ValueError: If it has several inputs or a fixed batch size, has no
            `BatchNormalization` or one that cannot be replaced, or if `reference_batch` does not
            fit its input.

    Example:

    >>> import numpy as np, keras_gans as kg
    >>> generator = kg.networks.dcgan_generator((8, 8, 1), latent_dim=4, filters=8)
    >>> latents = np.random.default_rng(0).normal(size=(16, 4))
    >>> generator = kg.networks.virtual_batch_normalization(generator, latents)
    >>> generator.output_shape
    (None, 8, 8, 1)

    Reference:
        Salimans et al. 2016, Improved Techniques for Training GANs, section 3.4.
    """
    _check_network(network)
    reference_batch = _checks.array("reference_batch", reference_batch)
    _check_fits(reference_batch, network.input_shape)
    body = _copy_with_virtual(network, len(reference_batch))

    (x,) = network.inputs
    inputs = keras.Input(x.shape[1:], dtype=x.dtype, name=x.name)
    both = body(PrependReference(reference_batch, dtype=x.dtype)(inputs))
    outputs = keras.tree.map_structure(
        lambda y: DropReference(len(reference_batch), dtype=y.dtype)(y), both
    )
    return keras.Model(inputs, outputs, name=network.name)


def _copy_with_virtual(network, num_reference):
    copies = []

    def copy(layer):
        if isinstance(layer, keras.layers.BatchNormalization):
            new = _virtual(layer, num_reference)
        else:
            new = type(layer).from_config(layer.get_config())
        copies.append((layer, new))
        return new

    body = keras.models.clone_model(network, clone_function=copy, recursive=True)
    for layer, new in copies:
        if isinstance(new, VirtualBatchNormalization):
            new.set_weights([w for w in (layer.gamma, layer.beta) if w is not None])
        elif isinstance(new, keras.layers.Layer):
            new.set_weights(layer.get_weights())
            _refuse_hidden(new)
    if not any(isinstance(new, VirtualBatchNormalization) for _, new in copies):
        raise ValueError(
            "`network` must have a BatchNormalization to replace. Received: "
            f"{network.name!r}, which has none"
        )
    return body


def _virtual(layer, num_reference):
    """The virtual batch normalization in the place of a `BatchNormalization`."""
    config = layer.get_config()
    kept = ("beta_regularizer", "gamma_regularizer", "beta_constraint", "gamma_constraint")
    lost = [name for name in (*kept, "renorm") if config[name]]
    if lost or layer.axis not in (-1, layer.input_spec.ndim - 1):
        raise ValueError(
            "`network` must have BatchNormalization layers on the last axis without regularizer, "
            f"constraint or `renorm`. Received: {layer.name!r} with axis={layer.axis}"
            + "".join(f", {name}={config[name]!r}" for name in lost)
        )
    shared = ("name", "trainable", "dtype", "epsilon", "center", "scale")
    initializers = ("beta_initializer", "gamma_initializer")
    arguments = {name: config[name] for name in (*shared, *initializers)}
    return VirtualBatchNormalization.from_config({"reference_batch": num_reference, **arguments})


def _refuse_hidden(layer):
    """A layer that wraps a BatchNormalization keeps it out of sight of `clone_model`."""
    for inner in layer._flatten_layers(include_self=False):
        if isinstance(inner, keras.layers.BatchNormalization):
            raise ValueError(
                "`network` must have its BatchNormalization layers outside of other layers. "
                f"Received: {inner.name!r} inside of {layer.name!r}"
            )


def _check_network(network):
    if not isinstance(network, keras.Model) or not hasattr(network, "input_shape"):
        raise TypeError(
            "`network` must be a built Sequential or functional keras.Model. Received: network of "
            f"type {_checks.type_name(network)}"
        )
    if len(network.inputs) != 1 or network.inputs[0].shape[0] is not None:
        raise ValueError(
            "`network` must have one input and take batches of any size. Received: inputs of "
            f"shapes {[x.shape for x in network.inputs]}"
        )


def _check_fits(reference_batch, input_shape):
    shape = reference_batch.shape
    if len(shape) != len(input_shape) or any(
        side not in (None, size) for side, size in zip(input_shape, shape, strict=True)
    ):
        raise ValueError(
            "`reference_batch` must hold inputs of `network`, which have shape "
            f"{input_shape}. Received: reference_batch of shape {shape}"
        )
