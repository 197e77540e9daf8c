"""Layers with orthogonal kernels at the start and spectral normalization: BigGAN's."""

import dataclasses

import keras
from keras import layers

from keras_gans import _checks
from keras_gans.layers import (
    LabelProjection,
    LeakyReLU,
    ModulatedBatchNormalization,
    SelfAttention2D,
    SpectralNormalization,
    UpsampleConv2D,
)
from keras_gans.networks.halving import cropped

#: Added to the variances of batch normalization, as the paper says.
EPSILON = 1e-4

#: A name, so that every layer has an initializer of its own, which draws other kernels.
ORTHOGONAL = "orthogonal"


@dataclasses.dataclass(frozen=True)
class SpectrallyNormalized:
    """Applies layers to symbolic tensors, each with kernels of its own.

    Args:
        power_iterations: That of `SpectralNormalization`.
        attention: Smaller side of the images that self-attention is applied to, or `None`.
    """

    power_iterations: int | None = 1
    attention: int | None = None

    def __post_init__(self):
        _checks.optional_positive_int("power_iterations", self.power_iterations)
        _checks.optional_positive_int("attention", self.attention)

    def dense(self, x, units, **kwargs):
        return self._normalized(layers.Dense(units, kernel_initializer=ORTHOGONAL, **kwargs))(x)

    def convolution(self, x, filters, kernel_size=3):
        layer = layers.Conv2D(filters, kernel_size, padding="same", kernel_initializer=ORTHOGONAL)
        return self._normalized(layer)(x)

    def upsampled(self, x, side, filters):
        """Nearest-neighbor upsampling to exactly `side`, and a 3×3 convolution."""
        layer = UpsampleConv2D(filters, kernel_initializer=ORTHOGONAL)
        return cropped(self._normalized(layer)(x), side)

    def modulated(self, x, code):
        """A rectifier after batch normalization that is modulated by a code of each example."""
        normalize = ModulatedBatchNormalization(
            epsilon=EPSILON,
            spectral_normalization=True,
            power_iterations=self.power_iterations,
            kernel_initializer=ORTHOGONAL,
        )
        return layers.ReLU()(normalize([x, code]))

    def attended(self, x):
        """Self-attention, if images have this side."""
        if min(x.shape[1:3]) != self.attention:
            return x
        return SelfAttention2D(
            pool=True,
            spectral_normalization=True,
            power_iterations=self.power_iterations,
            kernel_initializer=ORTHOGONAL,
        )(x)

    def image(self, x, channels):
        """The end of a generator: images in [−1, 1]."""
        x = layers.BatchNormalization(momentum=0.9, epsilon=EPSILON, synchronized=True)(x)
        x = self.convolution(layers.ReLU()(x), channels)
        return layers.Activation("tanh", dtype="float32")(x)

    def logit(self, x, labels):
        """The end of a projection discriminator: a logit, from features summed over positions."""
        height, width = x.shape[1:3]
        mean = layers.GlobalAveragePooling2D(dtype="float32")(rectified(x))
        features = layers.Rescaling(height * width, dtype="float32")(mean)
        project = LabelProjection(labels.num_classes, ORTHOGONAL, dtype="float32")
        projection = self._normalized(project)([features, labels.symbol])
        logits = self.dense(features, 1, dtype="float32")
        return layers.Add(dtype="float32")([logits, projection])

    def _normalized(self, layer):
        return SpectralNormalization(layer, power_iterations=self.power_iterations)


def rectified(x):
    """ReLU whose second derivative is known to be zero, for a gradient penalty."""
    return LeakyReLU(0.0)(x)


def halved(x):
    return layers.AveragePooling2D(2, padding="same")(x)


def embedded(labels, size):
    """Learned vectors of the classes, which all layers of a generator share."""
    size = _checks.positive_int("embedding_dim", size)
    embed = keras.layers.Embedding(
        labels.num_classes, size, embeddings_initializer=ORTHOGONAL, name="shared_embedding"
    )
    return embed(labels.symbol)
