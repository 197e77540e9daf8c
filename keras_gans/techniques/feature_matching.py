"""Feature matching (Salimans et al. 2016)."""

import keras
from keras import ops

from keras_gans import _checks, _feature_layer, _replicas, losses
from keras_gans._hyperparameters import Hyperparameter
from keras_gans._loss_result import LossResult
from keras_gans._precision import as_float
from keras_gans._read_only import read_only
from keras_gans._typing import Examples, FloatOrSchedule, Tensor
from keras_gans.techniques.technique import Technique


@keras.saving.register_keras_serializable(package="keras_gans")
class FeatureMatching(Technique):
    """Let the generator match the mean of the discriminator's features.

    f are F numbers, the activations of an intermediate layer of the discriminator. The term is

        (1/F) Σᵢ (E fᵢ(x) − E fᵢ(G(z)))²

    as in the authors' code. The paper writes ‖E f(x) − E f(G(z))‖², which is `weight=F`. The means
    are over the global mini-batch, the real one being the last that the discriminator learned from
    (`SemiSupervisedGAN` takes another). Small mini-batches make the means noisy.

    Args:
        layer: Name or index (inputs do not count) of the discriminator's layer whose output is f,
            of any shape `(batch, …)`. Defaults to `None`, what the last dense or convolutional
            layer takes, before the noise or dropout that is put on it: that would be noise of the
            means.
        weight: Float ≥ 0, or a schedule, weight of the term. Defaults to `1.0`.
        alone: Boolean. If true, the term takes the place of the generator's adversarial loss, as in
            the paper; if false, it is added. Defaults to `False`.

    Raises:
        ValueError, TypeError: If `weight` is out of range; by the model, if its discriminator has
            no such layer.

    Logs: `feature_matching`, before the weight.

    Example:

    >>> import keras_gans as kg
    >>> matching = kg.techniques.FeatureMatching(layer=-2, weight=10.0)

    Reference:
        Salimans et al. 2016, Improved Techniques for Training GANs, section 3.1.
    """

    loss_names = ("feature_matching",)
    weight = Hyperparameter(low=0.0)

    def __init__(
        self,
        layer: str | int | None = None,
        weight: FloatOrSchedule = 1.0,
        alone: bool = False,
        **kwargs,
    ) -> None:
        super().__init__(**kwargs)
        self.layer = _feature_layer.check("layer", layer)
        self.weight = weight
        self.alone = _checks.boolean("alone", alone)

    def prepare(self, model: keras.Model) -> None:
        discriminator = model.discriminator
        features = _feature_layer.output_of("layer", self.layer, "discriminator", discriminator)
        outputs = [features, discriminator.outputs[0]]
        features_and_logits = keras.Model(discriminator.inputs, outputs)
        # In a function, as an attribute would make the discriminator a part of this layer.
        self.features_and_logits = lambda *args: read_only(features_and_logits, *args)

    def features(self, model: keras.Model, examples: Examples) -> Tensor:
        """What the discriminator makes of examples on the way to its logits."""
        found = []

        def call(discriminator, inputs, training):
            features, logits = self.features_and_logits(inputs, training)
            found.append(as_float(features))
            return logits

        model.discriminate(examples, training=True, call=call)
        return found[0]

    def objective(self, objective: losses.Objective) -> losses.Objective:
        """Without the generator's part, if the features are matched instead."""
        if not self.alone:
            return objective
        return losses.Objective(objective.discriminator, nothing, objective.name)

    def loss(
        self, model: keras.Model, network: str, loss: LossResult, real: Examples, fake: Examples
    ) -> LossResult:
        if network != "generator":
            return loss
        real, fake = (mean_of_batch(self.features(model, examples)) for examples in (real, fake))
        return loss.plus("feature_matching", ops.mean(ops.square(real - fake)), self.weight)


@keras.saving.register_keras_serializable(package="keras_gans")
def nothing(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """The adversarial loss of a generator that is not trained against the logits."""
    return ops.zeros((), dtype=fake_logits.dtype)


def mean_of_batch(features):
    """The mean over the global batch."""
    return _replicas.mean(ops.mean(features, axis=0))
