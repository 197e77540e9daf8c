"""Layers of Keras in a network that several replicas train: what one device would make of a batch.

The layers of this package know of replicas. Those of Keras draw noise for the examples of one
replica, the same on each, and measure the statistics of these alone.
"""

import functools
import inspect
import warnings

import keras
import tensorflow as tf

from keras_gans import _replicas
from keras_gans._hyperparameters import Tunable
from keras_gans._mixing import MIXING_AUGMENTATION
from keras_gans._origin import is_from


def prepare(model: keras.Model) -> None:
    """Let the layers of a model's networks see, and draw noise for, what all replicas share.

    Their calls change, of these objects alone and only where replicas share a batch: nothing that
    is saved, exported or made of their configs does. What a layer from elsewhere does is not known:
    a warning names those that draw noise or keep statistics of their own.
    """
    found = dict.fromkeys(model._flatten_layers(include_self=False))
    layers = [layer for layer in found if not isinstance(layer, Tunable)]
    loops = [layer for layer in layers if isinstance(layer, keras.layers.RNN)]
    cells = {id(cell) for loop in loops for cell in loop._flatten_layers(include_self=False)}
    unknown = []
    for layer in layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            _share(layer, functools.partial(_normalized, layer, layer.synchronized))
        elif isinstance(layer, MIXING_AUGMENTATION):
            _share(layer, _replicas.call_on_all)
        elif isinstance(layer, keras.layers.RNN):
            if any(map(_draws, layer._flatten_layers(include_self=False))):
                _share(layer, _replicas.call_in_place)
        elif is_from(type(layer).call, "keras.") and _draws(layer) and id(layer) not in cells:
            _share(layer, _replicas.call_in_place)
        elif not is_from(type(layer).call) and _has_state_of_its_own(layer):
            unknown.append(layer)
    if unknown:
        named = [f"{layer.name} ({type(layer).__name__})" for layer in unknown]
        warnings.warn(
            f"Layers of {type(model).__name__} draw noise or keep statistics of their own: {named}."
            " Each replica does so for its part of a batch, so that the weights may depend on the "
            "number of replicas. Let them do it by layers of Keras inside, such as "
            "`GaussianNoise`, `Dropout` and `BatchNormalization`, which see the whole batch here.",
            stacklevel=4,
        )


def _draws(layer):
    """Whether a layer draws noise in training; cells have a random state whether they do or not."""
    rates = [vars(layer)[name] for name in ("dropout", "recurrent_dropout") if name in vars(layer)]
    return bool(layer._seed_generators) and (not rates or any(rates))


def _has_state_of_its_own(layer):
    """Whether a layer has a random state, or weights that it may change in training."""
    changes = layer._call_has_training_arg and layer._non_trainable_variables
    return bool(layer._seed_generators or changes)


def _normalized(layer, synchronized, call, tensors):
    """What batch normalization makes of the whole batch.

    Keras adds up sums of replicas, which tell no example of padding apart, nor one that is masked.
    """
    if len(tensors) > 1 or _replicas.parts_may_differ():
        return _replicas.call_on_all(call, tensors)
    layer.synchronized = True  # is read before another replica's thread goes on
    try:
        return call(tensors)
    finally:
        layer.synchronized = synchronized


def _share(layer, call_on_replicas):
    """Let a layer's calls in training go through `call_on_replicas(call, tensors)`."""
    call = layer.call
    if hasattr(call, "on_replicas"):
        return
    signature = inspect.signature(call)

    @functools.wraps(call)
    def shared_call(*args, **kwargs):
        arguments = signature.bind(*args, **kwargs)
        arguments.apply_defaults()
        training = arguments.arguments.get("training", True)
        if _replicas.context() is None or training is None or training is False:
            return call(*args, **kwargs)
        values = tf.nest.flatten((args, kwargs))
        tensors = [value for value in values if tf.is_tensor(value)]

        def call_on(tensors):
            replaced = iter(tensors)
            given = [next(replaced) if tf.is_tensor(value) else value for value in values]
            args_given, kwargs_given = tf.nest.pack_sequence_as((args, kwargs), given)
            return call(*args_given, **kwargs_given)

        return call_on_replicas(call_on, tensors)

    layer.call = shared_call
    layer.call.on_replicas = call_on_replicas
