"""A moving average of a network."""

import keras

from keras_gans import _checks


class MovingAverage(keras.layers.Layer):
    """A copy of a network whose weights are a moving average of the network's.

    After each update a ← decay · a + (1 − decay) · w for every trainable weight. Statistics such as
    those of batch normalisation are averages already, and are copied.

    Args:
        network: Built Sequential or functional `keras.Model`.
        decay: Float in [0, 1).

    Raises:
        ValueError: If `decay` is out of range.
    """

    def __init__(self, network, decay, **kwargs):
        super().__init__(trainable=False, **kwargs)
        self.decay = _checks.real_number("ema_decay", decay, 0.0, 1.0, high_open=True)
        self.network = keras.models.clone_model(network)
        self.network.set_weights(network.get_weights())
        self.network.trainable = False
        self.built = True

    def update(self, network):
        """Move one step towards `network`."""
        averaged = {id(weight) for weight in network.trainable_weights}
        for average, weight in zip(self.network.weights, network.weights, strict=True):
            value = weight.value
            if id(weight) in averaged:
                value = self.decay * average + (1 - self.decay) * value
            average.assign(value)
