"""Character-level language model (Gulrajani et al. 2017)."""

import dataclasses
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from keras_gans import _checks, _inputs, _memory, serving
from keras_gans._absent import Absent
from keras_gans._typing import ArrayLike, Schedule, Tensor, Tensors
from keras_gans.data import mini_batches
from keras_gans.data.specs import Spec, check_values
from keras_gans.data.text import UNKNOWN, vocabulary_size
from keras_gans.models.wgan_gp import WGANGP


@keras.saving.register_keras_serializable(package="keras_gans")
class TextGAN(WGANGP):
    """Wasserstein GAN with gradient penalty that writes: strings in, strings out.

    Real texts are one-hot characters, cut or padded to the generator's length. The generator gives
    the probabilities of each character at each position, which go to the critic as they are: there
    is nothing to sample from, and the losses are those of `WGANGP`, differentiable. A text is
    decoded by taking the most likely character at each position.

    A character is known by its place in the vocabulary, after two tokens: 0 is padding, after the
    end of a text, and is decoded to nothing; 1 stands for all characters outside the vocabulary,
    and is decoded to "\\ufffd". So the networks have `len(vocabulary) + 2` channels, which is what
    `keras_gans.data.vocabulary_size` and the `info` of `keras_gans.data.load_text` tell.

    Args:
        generator: Built Sequential or functional `keras.Model` from latents `(batch, latent_dim)`
            to probabilities `(batch, length, len(vocabulary) + 2)`, as `text_generator`.
        discriminator: Likewise, from those to logits `(batch, …)`, as `text_discriminator`.
        latent_dim: Positive integer, size of the latent vectors.
        vocabulary: String, or sequence of single characters, all different.
        n_critic: Positive integer, critic updates for each generator update. Defaults to `10`.
        gp_weight, one_sided, techniques, ema_decay, seed, **kwargs: See `WGANGP`.

    `fit` and `evaluate` take strings `(num,)`, as a list, an array, a `tf.data.Dataset` or a
    `keras.utils.PyDataset` of batches. They are turned into tokens before they reach the device.
    The metrics given to `compile`, such as `keras_gans.metrics.NGramJSDivergence`, compare strings.

    Raises:
        ValueError, TypeError: As `WGANGP`, and if the vocabulary does not fit the generator. `fit`
            refuses what does not hold strings.

    Logs: As `WGANGP`.

    Example:

    >>> import keras_gans as kg
    >>> train, info = kg.data.load_text("to be, or not to be: " * 40, length=8)
    >>> gan = kg.models.TextGAN(
    ...     kg.networks.text_generator(8, info.vocabulary_size, 4, filters=8, num_blocks=1),
    ...     kg.networks.text_discriminator(8, info.vocabulary_size, filters=8, num_blocks=1),
    ...     latent_dim=4,
    ...     vocabulary=info.vocabulary,
    ...     n_critic=2,
    ... )
    >>> gan.compile()
    >>> history = gan.fit(train, verbose=0)
    >>> texts = gan.sample(2, seed=0)
    >>> texts.dtype.kind, texts.shape
    ('U', (2,))

    Reference:
        Gulrajani et al. 2017, Improved Training of Wasserstein GANs, section 5.4, with the defaults
        of the authors' code, `gan_language.py`.
    """

    for_images: Any = Absent("it learns from texts")

    def __init__(
        self,
        generator: keras.Model,
        discriminator: keras.Model,
        latent_dim: int,
        vocabulary: str | Sequence[str],
        n_critic: int = 10,
        **kwargs: Any,
    ) -> None:
        super().__init__(generator, discriminator, latent_dim, n_critic, **kwargs)
        self.vocabulary = _check_vocabulary(vocabulary, generator)
        lookup = {"vocabulary": self.vocabulary, "mask_token": "", "oov_token": UNKNOWN}
        self.to_tokens = keras.layers.StringLookup(**lookup)
        self.to_characters = keras.layers.StringLookup(**lookup, invert=True)
        for layer in (self.to_tokens, self.to_characters):
            layer.build((None, self.generator.output_shape[1]))
            layer.supports_jit = True  # strings stay outside of the step that XLA compiles

    def default_optimizers(self) -> dict[str, keras.optimizers.Optimizer]:
        """Adam with learning rate 1e-4, β₁ 0.5, β₂ 0.9, as the authors' code."""
        return {
            "g_optimizer": keras.optimizers.Adam(1e-4, beta_1=0.5, beta_2=0.9, name="g_adam"),
            "d_optimizer": keras.optimizers.Adam(1e-4, beta_1=0.5, beta_2=0.9, name="d_adam"),
        }

    def learning_rates(self, total_steps: int) -> dict[str, Schedule] | None:
        """Constant ones, as in the authors' code."""

    # Strings and tokens

    def encode(self, texts: ArrayLike) -> Tensor:
        """Turn texts into tokens, cut or padded to the generator's length.

        Args:
            texts: Strings `(num,)`: tensor, array or list. Integers `(num, length)`, which are
                tokens already, stay as they are.

        Returns:
            Integer tensor `(num, length)`.

        Raises:
            ValueError: If they are neither strings nor tokens.
        """
        if _is_of_integers(texts):
            return self._tokens(texts)
        texts = tf.convert_to_tensor(_inputs.examples("texts", texts, self.example_spec), tf.string)
        characters = tf.strings.unicode_split(texts, "UTF-8")
        shape = (None, self.generator.output_shape[1])
        return self.to_tokens(characters.to_tensor(default_value="", shape=shape))

    def _tokens(self, tokens):
        """Return tokens as a tensor, or refuse what cannot be any."""
        tokens = tf.convert_to_tensor(tokens)
        length, size = self.generator.output_shape[1:]
        if not tokens.shape.is_compatible_with((None, length)):
            raise ValueError(
                f"`texts` must be strings (num,) or tokens (num, {length}). "
                f"Received: integers of shape {tuple(tokens.shape)}"
            )
        if not _inputs.is_symbolic(tokens):
            spec = Spec((length,), "integer", value_range=(0, size - 1))
            check_values("texts", spec, tokens.numpy())
        return tokens

    def decode(self, probabilities: Any) -> Tensor:
        """Read the most likely character at each position.

        Args:
            probabilities: Tensor or array `(num, length, len(vocabulary) + 2)`, as the generator
                makes it.

        Returns:
            String tensor `(num,)`, UTF-8.

        Raises:
            ValueError, TypeError: If they are not numbers of that shape.
        """
        shape = self.generator.output_shape[1:]
        if not _inputs.is_symbolic(probabilities):
            probabilities = _checks.finite("probabilities", probabilities)
        if not tf.TensorShape(probabilities.shape).is_compatible_with((None, *shape)):
            raise ValueError(
                f"`probabilities` must have shape (num, {', '.join(map(str, shape))}). "
                f"Received: shape {tuple(probabilities.shape)}"
            )
        tokens = tf.argmax(probabilities, axis=-1)
        return tf.strings.reduce_join(self.to_characters(tokens), axis=-1)

    def one_hot(self, texts: ArrayLike) -> Tensor:
        """Turn texts into what the critic takes, floats `(num, length, len(vocabulary) + 2)`."""
        return ops.one_hot(self.encode(texts), vocabulary_size(self.vocabulary))

    # Training steps

    def real_examples(self, data: Tensors) -> Tensor:
        texts, _, _ = keras.utils.unpack_x_y_sample_weight(data)
        return self.one_hot(texts)

    def update_sample_metrics(self, real: Tensor, generated: Tensor) -> None:
        if self.sample_metrics:
            super().update_sample_metrics(self.decode(real), self.decode(generated))

    # Data

    @property
    def example_shape(self) -> tuple[int, ...]:
        return ()

    @property
    def example_spec(self) -> Spec:
        """What one example is: a string."""
        return Spec(kind="string")

    def training_batches(
        self, x: Any, y: Any, batch_size: int | None, shuffle_seed: int | None
    ) -> Any:
        batches = super().training_batches(_as_array(x), y, batch_size, shuffle_seed)
        return mini_batches.mapped(self.encode, batches)

    def as_batch(self, x: Any, y: Any) -> tuple[Any, Any]:
        x, y = super().as_batch(x, y)
        return self.encode(x), y

    def evaluation_batches(self, x: Any, y: Any) -> tuple[Any, Any]:
        x, y = super().evaluation_batches(_as_array(x), y)
        return mini_batches.mapped(self.encode, x), y

    # Sampling and serving

    def sample(
        self, num: int, labels: None = None, seed: int | None = None, batch_size: int = 256
    ) -> np.ndarray:
        """Write texts: see `generate`.

        Args:
            num, seed, batch_size: See `LatentModel.sample`.
            labels: Must be `None`.

        Returns:
            As `generate`.

        Raises:
            ValueError, TypeError: As `LatentModel.sample`.
        """
        characters = (self.generator.output_shape[1],)
        _memory.check("num", _checks.positive_int("num", num), [(self.latent_dim,), characters])
        return super().sample(num, labels, seed, batch_size)

    def generate(
        self, latents: ArrayLike, labels: None = None, batch_size: int = 256
    ) -> np.ndarray:
        """Write the texts of latents: what `sample` does with random ones.

        Args:
            latents, batch_size: See `LatentModel.generate`.
            labels: Must be `None`.

        Returns:
            Array `(num,)` of Python strings, of up to `length` characters.

        Raises:
            ValueError, TypeError: As `LatentModel.generate`.
        """
        return super().generate(latents, labels, batch_size)

    @property
    def served_examples(self) -> serving.ArraySpec:
        return serving.ArraySpec("probabilities", self.generator.output_shape)

    def served_verbs(self) -> list[serving.Verb]:
        """Those of `WGANGP`: `generate` and `sample` give strings, `score` takes them."""
        texts = serving.ArraySpec("texts", (None,), "string", vocabulary=self.vocabulary)

        def writing(verb):
            def function(*inputs):
                return self.decode(verb.function(*inputs))

            return dataclasses.replace(verb, function=function, output=texts)

        def reading(verb):
            def function(x):
                return verb.function(self.one_hot(x))

            return dataclasses.replace(verb, function=function, inputs={**verb.inputs, "x": texts})

        return [
            reading(verb) if "x" in verb.inputs else writing(verb)
            for verb in super().served_verbs()
        ]

    def tensor_verbs(self) -> list[serving.Verb]:
        """Those of `WGANGP`: `generate` gives the probabilities that `decode` reads, `score` takes
        what `one_hot` makes of texts."""
        return [verb for verb in super().served_verbs() if verb.is_of_numbers]


def _check_vocabulary(vocabulary, generator):
    """Return the characters as a list, or say why they are none, or not the generator's."""
    if not isinstance(vocabulary, (str, list, tuple)):
        raise TypeError(
            "`vocabulary` must be a string or a list of characters. "
            f"Received: vocabulary of type {type(vocabulary).__name__}"
        )
    vocabulary = list(vocabulary)
    single = all(isinstance(character, str) and len(character) == 1 for character in vocabulary)
    if not single or len(set(vocabulary)) < len(vocabulary) or UNKNOWN in vocabulary:
        raise ValueError(
            f"`vocabulary` must hold single characters, all different, without {UNKNOWN!r}, which "
            f"stands for those that are unknown. Received: vocabulary={vocabulary!r}"
        )
    size = vocabulary_size(vocabulary)
    if len(generator.output_shape) != 3 or generator.output_shape[-1] != size:
        raise ValueError(
            f"`generator` must make probabilities (batch, length, {size}): of {len(vocabulary)} "
            "characters, of padding and of unknown characters. "
            f"Received: generator.output_shape={generator.output_shape}"
        )
    return vocabulary


def _is_of_integers(texts):
    if tf.is_tensor(texts):
        return texts.dtype.is_integer
    return _checks.as_array(texts).dtype.kind in "iu"


def _as_array(x):
    """A list of strings as an array, and everything else as it is."""
    return np.asarray(x, object) if isinstance(x, (list, tuple)) else x
