"""Instance noise (Arjovsky and Bottou 2017; Sønderby et al. 2017)."""

import keras
import tensorflow as tf
from keras import ops

from keras_gans import _checks
from keras_gans.techniques.technique import Technique


@keras.saving.register_keras_serializable(package="keras_gans")
class InstanceNoise(Technique):
    """Add Gaussian noise to all that the discriminator sees, less and less of it.

    Data and samples lie on thin sets that hardly meet, and a perfect discriminator between them
    teaches nothing. Noise spreads both, so that they overlap, and leaves them equal exactly when
    the distributions are. After t updates of the generator its standard deviation is
    stddev · decayᵗ. Labels, if any, are left alone.

    Args:
        stddev: Float ≥ 0, standard deviation at the start, in units of the examples. Defaults to
            `0.1`.
        decay: Float in (0, 1], factor of the deviation for each update of the generator. Defaults
            to `0.999`: a half after 693 updates. `1.0` keeps it.

    Raises:
        ValueError, TypeError: If a number is out of range.

    Example:

    >>> import keras_gans as kg
    >>> noise = kg.techniques.InstanceNoise(stddev=0.2, decay=0.9995)

    References:
        - Arjovsky and Bottou 2017, Towards Principled Methods for Training Generative Adversarial
          Networks, section 3.
        - Sønderby et al. 2017, Amortised MAP Inference for Image Super-resolution, section 3.3.1.
    """

    def __init__(self, stddev=0.1, decay=0.999, **kwargs):
        super().__init__(**kwargs)
        self.stddev = _checks.real_number("stddev", stddev, low=0.0)
        self.decay = _checks.real_number("decay", decay, 0.0, 1.0, low_open=True)

    def prepare(self, game):
        self.present_stddev = self.add_state(
            "present_stddev", initializer=keras.initializers.Constant(self.stddev)
        )

    def view(self, game, examples):
        def add_noise(x):
            if not x.dtype.is_floating:
                return x
            noise = game.draw(keras.random.normal, ops.shape(x)[0], tuple(x.shape[1:]))
            return x + self.present_stddev * noise

        return tf.nest.map_structure(add_noise, examples)

    def update(self, game, player):
        if player == "generator":
            self.present_stddev.assign(self.present_stddev * self.decay)

    def get_config(self):
        return {**super().get_config(), "stddev": self.stddev, "decay": self.decay}
