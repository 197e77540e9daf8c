"""Feature matching (Salimans et al. 2016)."""

import keras
from keras import ops

from keras_gans import _checks, _replicas
from keras_gans._precision import at_least_float32
from keras_gans._read_only import read_only
from keras_gans.techniques.technique import Technique


@keras.saving.register_keras_serializable(package="keras_gans")
class FeatureMatching(Technique):
    """Let the generator match the mean of the discriminator's features: ‖E f(x) − E f(G(z))‖².

    f are the activations of an intermediate layer of the discriminator; the means are over the
    global mini-batch, the real one being the last that the discriminator learned from. Small
    mini-batches make the means noisy.

    Args:
        layer: Name or index of the discriminator's layer whose output is f, of any shape
            `(batch, …)`. Defaults to `None`, what the last dense or convolutional layer takes.
        weight: Float ≥ 0, weight of the term. Defaults to `1.0`.
        alone: Boolean. If true, the term takes the place of the generator's adversarial loss, as in
            the paper; if false, it is added. Defaults to `False`.

    Raises:
        ValueError, TypeError: If `weight` is out of range; by the model, if its discriminator has
            no such layer.

    Example:

    >>> import keras_gans as kg
    >>> matching = kg.techniques.FeatureMatching(layer=-2, weight=10.0)

    Reference:
        Salimans et al. 2016, Improved Techniques for Training GANs, section 3.1.
    """

    def __init__(self, layer=None, weight=1.0, alone=False, **kwargs):
        super().__init__(**kwargs)
        if isinstance(layer, bool) or not isinstance(layer, (str, int, type(None))):
            raise TypeError(f"`layer` must be a name, an index or None. Received: layer={layer!r}")
        self.layer = layer
        self.weight = _checks.real_number("weight", weight, low=0.0)
        self.alone = bool(alone)

    def prepare(self, game):
        network = keras.Model(game.discriminator.inputs, self._features_of(game.discriminator))
        # In a function, as an attribute would make the discriminator a part of this layer.
        self.features = lambda examples: at_least_float32(read_only(network, examples))

    def _features_of(self, discriminator):
        if self.layer is None:
            return [layer for layer in discriminator.layers if _has_kernel(layer)][-1].input
        try:
            if isinstance(self.layer, str):
                return discriminator.get_layer(self.layer).output
            return discriminator.layers[self.layer].output
        except (ValueError, IndexError):
            names = [layer.name for layer in discriminator.layers]
            raise ValueError(
                f"`layer` must be a layer of the discriminator: one of {names}. "
                f"Received: layer={self.layer!r}"
            ) from None

    def loss(self, game, player, loss, real, fake):
        if player != "generator":
            return loss
        gap = mean_of_batch(self.features(real)) - mean_of_batch(self.features(fake))
        matching = self.weight * ops.sum(ops.square(gap))
        return matching if self.alone else loss + matching

    def get_config(self):
        own = {"layer": self.layer, "weight": self.weight, "alone": self.alone}
        return {**super().get_config(), **own}


def _has_kernel(layer):
    return hasattr(getattr(layer, "layer", layer), "kernel")


def mean_of_batch(features):
    """The mean over the global batch."""
    return _replicas.mean(ops.mean(features, axis=0))
