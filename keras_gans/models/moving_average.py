"""A moving average of a network."""

import contextlib
from collections.abc import Iterator
from typing import Any

import keras
import tensorflow as tf
from keras import ops

from keras_gans._hyperparameters import Hyperparameter, Tunable
from keras_gans._typing import FloatOrSchedule, Tensor, Tensors


class MovingAverage(Tunable, keras.layers.Layer):
    """A network as it is with a moving average of its weights, for use outside training.

    After update t = 0, 1, … of the network every weight w moves its average by

        a ← a + (1 − d) (w − a),   d = min(decay, (1 + t) / (10 + t)).

    Early averages are short, so that they forget the random start. The statistics of batch
    normalization are averaged like any other weight, as they belong to the weights that they were
    measured with. Weights that are not floats, and those that are set and not learned
    (`aggregation="only_first_replica"`), are copied. Before the first update the average is
    the network itself, whatever was loaded into it.

    The layer is called as the network is. It holds weights alone, and works for every network:
    `copy` needs one that Keras can clone.

    Args:
        network: Built `keras.Model`.
        decay: Float in [0, 1), or a schedule. The attribute of this name may be set in training.

    Raises:
        ValueError, TypeError: If `decay` is out of range or not a number.

    Example:

    >>> import keras, numpy as np
    >>> from keras_gans.models.moving_average import MovingAverage
    >>> network = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, use_bias=False)])
    >>> network.set_weights([np.array([[1.0]])])
    >>> average = MovingAverage(network, decay=0.05)
    >>> network.set_weights([np.array([[2.0]])])
    >>> average.update()
    >>> round(float(average(keras.ops.ones((1, 1)))[0, 0]), 4)
    1.95

    References:
        - Polyak and Juditsky 1992, Acceleration of Stochastic Approximation by Averaging.
        - Yazıcı et al. 2019, The Unusual Effectiveness of Averaging in GAN Training.
    """

    decay = Hyperparameter(0.0, 1.0, high_open=True, argument="ema_decay")

    def __init__(self, network: keras.Model, decay: FloatOrSchedule, **kwargs: Any) -> None:
        super().__init__(trainable=False, dtype="float32", autocast=False, **kwargs)
        self.decay = decay
        # In a function, as an attribute would make the network a part of this layer.
        self.network = lambda: network
        self.updates = self.add_weight(
            name="updates",
            dtype="int32",
            initializer="zeros",
            trainable=False,
            aggregation="only_first_replica",
        )
        self.averages = [
            self.add_weight(
                name=f"average_{i}",
                shape=weight.shape,
                dtype=weight.dtype,
                initializer="zeros",
                trainable=False,
                aggregation=weight.aggregation,
            )
            for i, weight in enumerate(network.weights)
        ]
        self.built = True
        self.catch_up()

    def catch_up(self) -> None:
        """Before the first update, be what the network is now. To be called eagerly."""
        if not self.has_begun:
            for average, weight in zip(self.averages, self.network().weights, strict=True):
                average.assign(weight)

    def assign_to_network(self) -> None:
        """Let the network be what the average is, for training to go on from there."""
        self.catch_up()
        for weight, average in zip(self.network().weights, self.averages, strict=True):
            weight.assign(average)

    @property
    def has_begun(self) -> bool:
        """Whether there was an update, before which the average is the network itself."""
        return bool(int(ops.convert_to_numpy(self.updates)))

    def update(self) -> None:
        """Move one step towards the network."""
        t = ops.cast(self.updates, "float32")
        kept = ops.minimum(ops.cast(self.decay, "float32"), (1 + t) / (10 + t))
        for average, weight in zip(self.averages, self.network().weights, strict=True):
            if _is_averaged(weight):
                average.assign_add(ops.cast(1 - kept, weight.dtype) * (weight - average))
            else:
                average.assign(weight)
        self.updates.assign_add(1)

    def call(self, inputs: Tensors, training: bool = False) -> Tensor:
        """What the network makes of `inputs` with the averages."""
        with self.as_weights():
            return self.network()(inputs, training=training)

    @contextlib.contextmanager
    def as_weights(self) -> Iterator[None]:
        """A context in which the averages are the weights of the network, and of its parts."""
        if tf.executing_eagerly():
            self.catch_up()
        values = zip(self.network().weights, self.averages, strict=True)
        with keras.StatelessScope(state_mapping=values):
            yield

    def copy(self) -> keras.Model:
        """Return a plain network with the averaged weights, to save, or to build on.

        Raises:
            TypeError, ValueError: By Keras, if the network has layers that it cannot clone.
        """
        self.catch_up()
        network = keras.models.clone_model(self.network())
        network.set_weights(self.averages)
        return network

    @property
    def input_shape(self) -> Any:
        return self.network().input_shape

    @property
    def output_shape(self) -> Any:
        return self.network().output_shape


def _is_averaged(weight):
    is_set = weight.aggregation == "only_first_replica"
    return keras.backend.is_float_dtype(weight.dtype) and not is_set
