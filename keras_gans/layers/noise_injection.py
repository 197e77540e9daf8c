"""Noise in the layers of a generator: details that no latent needs to say."""

import keras
from keras import ops

from keras_gans import _checks, _replicas
from keras_gans._typing import Config, Shape, Tensor


@keras.saving.register_keras_serializable(package="keras_gans")
class NoiseInjection(keras.layers.Layer):
    """Adds noise of one channel to all channels, as strongly as is learned: x + strength · noise.

    In training every pixel of every example has noise of its own from N(0, 1), drawn for the whole
    batch, so that it does not depend on the number of replicas. Otherwise all examples have the
    same, which is drawn once and saved with the layer, so that the same latents give the same
    image.

    Args:
        seed: Integer or `None`, seed of the noise. Defaults to `None`, one from Python's `random`
            (see `keras.utils.set_random_seed`).
        **kwargs: Those of `keras.layers.Layer`.

    Raises:
        ValueError, TypeError: If `seed` is out of range.

    Input shape: `(batch, height, width, channels)`.
    Output shape: the same. The strength, one number, starts at zero.

    Example:

    >>> import keras, keras_gans as kg
    >>> layer, x = kg.layers.NoiseInjection(seed=0), keras.ops.zeros((2, 8, 8, 3))
    >>> bool(keras.ops.all(layer(x, training=True) == x))
    True

    References:
        - Karras et al. 2019, A Style-Based Generator Architecture for Generative Adversarial
          Networks, section 2.
        - Karras et al. 2020, Analyzing and Improving the Image Quality of StyleGAN, section 2.2:
          one strength for all channels.
    """

    def __init__(self, seed: int | None = None, **kwargs) -> None:
        super().__init__(**kwargs)
        self.seed = _checks.seed("seed", seed)
        self.seeds = keras.random.SeedGenerator(_checks.seed_or_new("seed", seed))
        self.input_spec = keras.layers.InputSpec(ndim=4)

    def build(self, input_shape: Shape) -> None:
        _, *sides, _ = input_shape
        self.strength = self.add_weight(name="strength", shape=(), initializer="zeros")
        self.noise = self.add_weight(
            name="noise",
            shape=(*sides, 1),
            initializer=keras.initializers.RandomNormal(stddev=1.0, seed=self.seed),
            trainable=False,
        )

    def call(self, inputs: Tensor, training: bool = False) -> Tensor:
        noise = ops.convert_to_tensor(self.noise)
        if training:
            noise = _replicas.own_rows(self._drawn, ops.shape(inputs)[0], is_equal=True)
        return inputs + ops.convert_to_tensor(self.strength) * ops.cast(noise, inputs.dtype)

    def _drawn(self, num):
        shape = (num, *self.noise.shape)
        return keras.random.normal(shape, dtype=self.variable_dtype, seed=self.seeds)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return input_shape

    def get_config(self) -> Config:
        return {**super().get_config(), "seed": self.seed}
