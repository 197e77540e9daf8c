"""Calling a network, with or without changing it."""

import keras

#: How Keras names the variable of a seed generator.
SEED_STATE = "seed_generator_state"


def call_network(network, inputs, training=False):
    """Call a network, which keeps moving statistics in training."""
    return network(inputs, training=training)


def read_only(network, inputs, training=True):
    """Call a network in a phase that trains another one: its moving statistics stay as they are.

    Random seeds do advance, so that dropout masks are fresh.
    """
    with keras.StatelessScope() as scope:
        outputs = network(inputs, training=training)
    for variable in network.non_trainable_variables:
        if variable.path.endswith(SEED_STATE):
            value = scope.get_current_value(variable)
            if value is not None:
                variable.assign(value)
    return outputs
