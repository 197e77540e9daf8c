"""Models that draw examples from latents."""

import keras
import tensorflow as tf
from keras import ops

from keras_gans import _checks, _inputs, _memory, latents
from keras_gans._precision import as_float
from keras_gans.data import specs
from keras_gans.models.generative_model import GenerativeModel, in_batches


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
    ...             return {"gap": keras.ops.sum(difference**2)}
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
    num_classes = None
    class_names = None

    def __init__(self, latent_dim, seed=None, **kwargs):
        super().__init__(seed, **kwargs)
        self.latent_dim = _checks.positive_int("latent_dim", latent_dim)

    def draw_latents(self, batch_size, training=True):
        """Draw latents from N(0, I), float32 `(batch_size, latent_dim)`."""
        return self.draw(keras.random.normal, batch_size, (self.latent_dim,), training)

    @property
    def samplers(self):
        """The networks that, one after the other, turn latents into examples."""
        raise NotImplementedError

    @property
    def example_shape(self):
        """Shape of one example."""
        return tuple(self.samplers[-1].output_shape[1:])

    @property
    def example_spec(self):
        """What one example is: by default floats of `example_shape`, images in [−1, 1]."""
        return specs.Spec(self.example_shape)

    @property
    def sampled_shape(self):
        """Shape of what `sample` returns of each example."""
        return self.example_shape

    def real_examples(self, data):
        """Return real examples, out of what `fit` is given, as the networks take them."""
        examples, _, _ = keras.utils.unpack_x_y_sample_weight(data)
        return as_float(examples)

    def as_examples(self, name, x):
        """Return examples as an array, or refuse what `fit` refuses, by the argument's name."""
        return ops.convert_to_numpy(_inputs.examples(name, x, self.example_spec))

    def as_inputs(self, name, inputs):
        return _inputs.latents(name, inputs, self.latent_dim)

    def call(self, inputs, training=False):
        """Generate examples from latents: what `model(latents)` and `model.predict` do."""
        for network in self.samplers:
            inputs = network(inputs, training=training)
        return as_float(inputs)

    def sample(self, num, labels=None, seed=None, batch_size=256):
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
        num = _checks.positive_int("num", num)
        _memory.check("num", num, [(self.latent_dim,), self.sampled_shape])
        points = latents.draw(num, self.latent_dim, _checks.seed_or_new(seed))
        return self.generate(points, labels, batch_size)

    def generate(self, points, labels=None, batch_size=256):
        """Generate examples from latents.

        Args:
            points: Float array `(num, latent_dim)`, the latents.
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
        points = ops.convert_to_numpy(_inputs.latents("points", points, self.latent_dim))
        labels = self.check_labels(labels, len(points))
        inputs = with_labels(points, [] if labels is None else [labels])
        return in_batches(self, inputs, batch_size)

    def check_labels(self, labels, num):
        """Return labels, or another condition, one for each of `num` examples, or refuse them."""
        if self.condition_spec is not None:
            return _inputs.conditions("labels", labels, self.condition_spec, num)
        _inputs.no_labels(labels, type(self).__name__)

    def serving_endpoints(self):
        """`generate(latents[, labels])` and `sample(num[, labels], seed)`."""
        latent_dim = self.latent_dim

        def generate(points, *labels):
            return self.call(with_labels(points, labels))

        def sample(num, *labels_and_seed):
            *labels, seed = labels_and_seed
            return generate(latents.draw(num, latent_dim, seed), *labels)

        points = tf.TensorSpec((None, latent_dim), name="latents")
        num, seed = (tf.TensorSpec((), tf.int32, name) for name in ("num", "seed"))
        return self.samplers, {
            "generate": (generate, [points, *self.condition_signature]),
            "sample": (sample, [num, *self.condition_signature, seed]),
        }

    @property
    def condition_signature(self):
        """What endpoints take beside latents or examples, as a list."""
        if self.condition_spec is None:
            return []
        return [specs.tensor_specs(self.condition_spec, "labels")]


def with_labels(x, labels):
    """What a network takes: `x`, or `[x, labels]` if there are labels."""
    return [x, *labels] if labels else x
