"""Models that draw examples from latents."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from keras_gans import _checks, _inputs, latents, serving
from keras_gans._precision import as_float
from keras_gans._typing import ArrayLike, Tensor, Tensors
from keras_gans.data import specs
from keras_gans.models.generative_model import GenerativeModel


class LatentModel(GenerativeModel):
    """Base class: a generative model that draws examples from latents z ~ N(0, I).

    A subclass states what a `GenerativeModel` does, and

    - `samplers`, the networks that turn latents into examples;
    - `conditional`: whether the networks take a condition beside latents and examples, which
      `condition_spec` specifies, and of how many classes it is a label: `num_classes`.

    Args:
        latent_dim: Positive integer, size of the latent vectors.
        seed, **kwargs: See `GenerativeModel`.

    Example:

    >>> import keras, keras_gans as kg
    >>> class MomentMatcher(kg.models.LatentModel):
    ...     optimizer_networks = {"g_optimizer": ("generator",)}
    ...     loss_names = ("gap",)
    ...
    ...     def __init__(self, generator, latent_dim, **kwargs):
    ...         super().__init__(latent_dim, **kwargs)
    ...         self.generator = generator
    ...
    ...     def default_optimizers(self):
    ...         return {"g_optimizer": keras.optimizers.Adam(1e-2)}
    ...
    ...     def train_step(self, real):
    ...         latents = self.draw_latents(keras.ops.shape(real)[0])
    ...
    ...         def gap():
    ...             fake = self.generator(latents, training=True)
    ...             difference = keras.ops.mean(fake, axis=0) - keras.ops.mean(real, axis=0)
    ...             return kg.models.LossResult({"gap": keras.ops.sum(difference**2)})
    ...
    ...         self.record(self.minimize("g_optimizer", gap))
    ...         return self.logs()
    ...
    ...     @property
    ...     def samplers(self):
    ...         return [self.generator]
    >>> model = MomentMatcher(kg.networks.mlp_generator((2,), 3, (8,)), latent_dim=3)
    >>> model.compile()
    >>> history = model.fit(kg.data.swiss_roll().sample(512), epochs=5, verbose=0)
    >>> model.sample(4).shape
    (4, 2)
    """

    conditional = False
    num_classes: Any = None
    class_names: Any = None

    def __init__(self, latent_dim: int, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(seed, **kwargs)
        self.latent_dim = _checks.positive_int("latent_dim", latent_dim)

    def draw_latents(self, batch_size: int | Tensor, training: bool = True) -> Tensor:
        """Draw latents from N(0, I), float32 `(batch_size, latent_dim)`."""
        return self.draw(keras.random.normal, batch_size, (self.latent_dim,), training)

    @property
    def samplers(self) -> list[keras.layers.Layer]:
        """The networks that, one after the other, turn latents into examples."""
        raise NotImplementedError

    @property
    def example_shape(self) -> tuple[int, ...]:
        """Shape of one example."""
        return tuple(self.samplers[-1].output_shape[1:])

    @property
    def example_spec(self) -> specs.Spec:
        """What one example is: by default floats of `example_shape`, images in [−1, 1]."""
        return specs.Spec(self.example_shape)

    def as_examples(self, name: str, x: ArrayLike) -> np.ndarray:
        """Return examples as an array, or refuse what `fit` refuses, by the argument's name."""
        return ops.convert_to_numpy(_inputs.examples(name, x, self.example_spec))

    def as_inputs(self, name: str, inputs: Any) -> Tensors:
        if not self.conditional:
            return _inputs.latents(name, inputs, self.latent_dim)
        if not isinstance(inputs, (list, tuple)) or len(inputs) != 2:
            what = "condition" if self.num_classes is None else "labels"
            raise TypeError(
                f"`{name}` must be [latents, {what}], as the model is conditional. "
                f"Received: {name} of type {type(inputs).__name__}"
            )
        latents = _inputs.latents(name, inputs[0], self.latent_dim)
        return [latents, self.check_labels(inputs[1], latents.shape[0])]

    def call(self, inputs: Tensors, training: bool = False) -> Tensor:
        """Generate examples from latents: what `model(latents)` and `model.predict` do."""
        for network in self.samplers:
            inputs = network(inputs, training=training)
        return as_float(inputs)

    def sample(
        self, num: int, labels: Any = None, seed: int | None = None, batch_size: int = 256
    ) -> np.ndarray:
        """Generate examples.

        Args:
            num: Positive integer, how many.
            labels: Integers or class names `(num,)`, or one for all, for models that take labels;
                for others what `condition_spec` specifies, with an axis of examples or one for all.
                Defaults to `None`.
            seed: Integer or `None`. The same seed gives the same examples. Defaults to `None`, a
                new seed at every call; the random state of training is left alone.
            batch_size: Positive integer, examples generated at once. Defaults to `256`.

        Returns:
            Float32 array `(num, …)`; images are in [−1, 1].

        Raises:
            ValueError, TypeError: If an argument is out of range, or the examples could never fit
                in memory.
        """
        return self.serve("sample", num, labels, seed, batch_size=batch_size)

    def generate(self, latents: ArrayLike, labels: Any = None, batch_size: int = 256) -> np.ndarray:
        """Generate examples from latents.

        Args:
            latents: Float array `(num, latent_dim)`.
            labels: Integers or class names `(num,)`, or one for all, for models that take labels;
                for others what `condition_spec` specifies, with an axis of examples or one for all.
                Defaults to `None`.
            batch_size: Positive integer, examples generated at once. Defaults to `256`.

        Returns:
            Float32 array `(num, …)`; images are in [−1, 1].

        Raises:
            ValueError, TypeError: If the latents have another shape or are not finite, or labels
                are missing, not expected or out of range.
        """
        return self.serve("generate", latents, labels, batch_size=batch_size)

    def check_labels(self, labels: Any, num: int | None) -> Any:
        """Return labels, or another condition, one for each of `num` examples, or refuse them."""
        if self.condition_spec is not None:
            return _inputs.conditions("labels", labels, self.condition_spec, num)
        _inputs.no_labels("labels", labels, type(self).__name__)

    @property
    def served_examples(self) -> Any:
        """What the networks take and make as examples, described for `served_verbs`."""
        return serving.of("examples", self.example_spec)

    @property
    def served_labels(self) -> serving.ArraySpec | serving.Parts | None:
        """What verbs take beside latents or examples, or `None`."""
        if self.condition_spec is None:
            return None
        meaning = "labels" if specs.are_labels(self.condition_spec) else "condition"
        return serving.of(meaning, self.condition_spec)

    def served_verbs(self) -> list[serving.Verb]:
        """`generate(latents, labels)` and `sample(num, labels, seed)`."""
        z = serving.ArraySpec("latents", (None, self.latent_dim))
        labels, examples = self.served_labels, self.served_examples

        def generate(z, *labels):
            return self.call(with_labels(z, labels))

        def sample(num, *labels_and_seed):
            *labels, seed = labels_and_seed
            return generate(latents.draw(num, self.latent_dim, seed), *labels)

        drawn = {"num": serving.COUNT, "labels": labels, "seed": serving.SEED}
        return [
            serving.Verb("generate", generate, {"latents": z, "labels": labels}, examples),
            serving.Verb("sample", sample, drawn, examples, through="generate"),
        ]


def with_labels(x: Tensor, labels: Sequence[Tensors]) -> Tensors:
    """What a network takes: `x`, or `[x, labels]` if there are labels."""
    return [x, *labels] if labels else x
