"""A classifier, whose features judge what generators draw."""

from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from keras_gans import _feature_layer, _inputs, serving
from keras_gans._loss_result import LossResult
from keras_gans._precision import as_float
from keras_gans._typing import ArrayLike, Optimizer, Tensor, Tensors
from keras_gans.data.specs import Spec
from keras_gans.models import checks
from keras_gans.models.conditional_gan import check_class_names, condition_of
from keras_gans.models.generative_model import GenerativeModel


@keras.saving.register_keras_serializable(package="keras_gans")
class Classifier(GenerativeModel):
    """A classifier of examples, to judge by: what it makes of them on the way are features.

    With the logits l(x) it minimizes −E log p(y | x), p(y | x) = exp l_y(x) / Σₖ exp lₖ(x), over
    examples x with labels y. Distances such as `keras_gans.metrics.FrechetDistance` compare
    features: of data that no published network knows, those of a classifier of these data tell what
    makes the classes differ.

    Args:
        network: Built Sequential or functional `keras.Model` from examples to logits `(batch,
            num_classes)`, without softmax.
        feature_layer: Name or index (inputs do not count) of the layer whose output are the
            features. Defaults to `None`, what the last dense or convolutional layer takes, before
            dropout or noise.
        class_names: List of as many different strings as there are classes. Defaults to `None`, no
            names.
        seed, **kwargs: See `GenerativeModel`.

    Raises:
        ValueError, TypeError: If the network is not built, has fewer than two logits or ends in an
            activation, or there is no such layer. `fit` refuses labels that are none of a class.

    Logs: `loss`, the cross-entropy in nats, and `accuracy`, the share of examples whose class is
    right.

    Example:

    >>> import keras, keras_gans as kg
    >>> digits, info = kg.data.load("digits", labels=True)
    >>> model = kg.models.Classifier(
    ...     kg.networks.mlp_discriminator((8, 8, 1), (32,), num_logits=10),
    ...     class_names=info.class_names,
    ... )
    >>> model.compile()
    >>> history = model.fit(digits, epochs=1, verbose=0)
    >>> images, labels = next(iter(digits))
    >>> model.classify(images[:2]).shape, model.features(images[:2]).shape
    ((2, 10), (2, 32))

    Reference:
        Salimans et al. 2016, Improved Techniques for Training GANs, section 4, which judges by a
        classifier; Heusel et al. 2017, GANs Trained by a Two Time-Scale Update Rule, by its
        features.
    """

    optimizer_networks = {"optimizer": ("network",)}
    loss_names = ("loss", "accuracy")
    draws_samples = False

    def __init__(
        self,
        network: keras.Model,
        feature_layer: str | int | None = None,
        class_names: Sequence[str] | None = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(seed, **kwargs)
        checks.network("network", network)
        checks.one_input("network", network)
        checks.logits("network", network)
        self.network = network
        self.num_classes = checks.class_logits("network", network)
        self.class_names = check_class_names(class_names, self.num_classes)
        self.feature_layer = _feature_layer.check("feature_layer", feature_layer)
        features = _feature_layer.output_of("feature_layer", feature_layer, "network", network)
        self._features_shape = tuple(features.shape)
        to_features = keras.Model(network.inputs, features)
        # In a function, as an attribute would make the network a part of the model twice.
        self._to_features = lambda x: as_float(to_features(x, training=False))

    def default_optimizers(self) -> dict[str, keras.optimizers.Optimizer]:
        """Adam with learning rate 1e-3."""
        return {"optimizer": keras.optimizers.Adam(1e-3)}

    def compile(  # type: ignore[override]  # the optimizer comes first
        self, optimizer: Optimizer | None = None, **kwargs: Any
    ) -> None:
        """Give the model its optimizer.

        Args:
            optimizer: Keras optimizer of the network. Defaults to Adam with rate 1e-3.
            **kwargs: See `GenerativeModel.compile`, but for `metrics`, which look at samples.
        """
        super().compile(optimizer=optimizer, **kwargs)

    def train_step(self, data: Tensors) -> dict[str, Tensor]:
        x, labels = self.real_examples(data), condition_of(data)
        self.record(self.minimize("optimizer", lambda: self._cross_entropy(x, labels)))
        return self.logs()

    def test_step(self, data: Tensors) -> dict[str, Tensor]:
        x, labels = self.real_examples(data), condition_of(data)
        self.record(self._cross_entropy(x, labels, training=False), ops.shape(labels)[0])
        return self.logs()

    def _cross_entropy(self, x: Tensor, labels: Tensor, training: bool = True) -> LossResult:
        """−E log p(y | x), and the share that is right."""
        logits = self.call(x, training)
        losses = keras.losses.sparse_categorical_crossentropy(labels, logits, from_logits=True)
        is_right = ops.cast(ops.argmax(logits, axis=-1), labels.dtype) == labels
        return LossResult({"loss": ops.mean(losses)}, {"accuracy": ops.mean(as_float(is_right))})

    @property
    def example_spec(self) -> Spec:
        return Spec(self.network.input_shape[1:])

    @property
    def condition_spec(self) -> Spec:
        """What a label is."""
        return Spec(kind="integer", num_classes=self.num_classes, class_names=self.class_names)

    def as_inputs(self, name: str, inputs: Any) -> Tensors:
        return _inputs.examples(name, inputs, self.example_spec)

    def call(self, inputs: Tensors, training: bool = False) -> Tensor:
        """Return logits of examples: what `model(x)` and `model.predict` do."""
        return as_float(self.in_use("network", training)(inputs, training=training))

    def classify(self, x: ArrayLike, batch_size: int = 256) -> np.ndarray:
        """Return class probabilities of examples.

        Args:
            x: Float array of examples `(num, …)`.
            batch_size: Positive integer, examples classified at once. Defaults to `256`.

        Returns:
            Float32 array `(num, num_classes)`; rows add to one.

        Raises:
            ValueError, TypeError: As `fit`, if the examples have another shape, are not floats or
                not scaled.
        """
        return self.serve("classify", x, batch_size=batch_size)

    def features(self, x: ArrayLike, batch_size: int = 256) -> np.ndarray:
        """Return features of examples.

        Args:
            x: Float array of examples `(num, …)`.
            batch_size: Positive integer, examples at once. Defaults to `256`.

        Returns:
            Float32 array `(num, …)` of what the layer of the features makes.

        Raises:
            ValueError, TypeError: As `classify`.
        """
        return self.serve("features", x, batch_size=batch_size)

    def served_verbs(self) -> list[serving.Verb]:
        """`classify(x)` to probabilities, and `features(x)`."""

        def features(x):
            with self.weights_in_use("network"):
                return self._to_features(x)

        examples: Any = serving.of("examples", self.example_spec)
        described = serving.ArraySpec("features", self._features_shape)
        return [
            classify_verb(self.call, examples, self.num_classes, self.class_names),
            serving.Verb("features", features, {"x": examples}, described),
        ]


def classify_verb(
    logits: Callable[[Tensor], Tensor],
    examples: serving.ArraySpec,
    num_classes: int,
    class_names: tuple[str, ...] | None = None,
) -> serving.Verb:
    """`classify(x)`: probabilities, from a function of examples that gives class logits."""
    probabilities = serving.ArraySpec(
        "probabilities", (None, num_classes), num_classes=num_classes, class_names=class_names
    )
    return serving.Verb(
        "classify", lambda x: ops.softmax(logits(x)), {"x": examples}, probabilities
    )
