"""GANs whose generator is a mapping from latents to codes, and a synthesis from codes of styles."""

import math
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import ops

from keras_gans import _checks, latents, serving
from keras_gans._hyperparameters import Hyperparameter
from keras_gans._precision import as_float
from keras_gans._server import in_batches
from keras_gans._typing import ArrayLike, Examples, FloatOrSchedule, Tensor, Tensors
from keras_gans.models import projection
from keras_gans.models.conditional_gan import OptionallyConditional
from keras_gans.models.latent_model import with_labels
from keras_gans.networks.style import MEAN, mapping, mix_styles, mixed_codes, synthesis


class StyleBasedGAN(OptionallyConditional):
    """Base class: a GAN of codes, whatever its objective.

    In training styles are mixed; outside it, codes are truncated, mixed, and sought for images.

    Args:
        generator, discriminator, *args, **kwargs: See `ConditionalGAN`. The generator is a
            `keras.Model` with parts called `"mapping"`, which has a
            `keras_gans.layers.MovingMean` called `"mean"`, and `"synthesis"`.
        style_mixing: See `StyleGAN2`.

    Raises:
        ValueError, TypeError: As `GAN`, if the generator lacks a part, or if `style_mixing` is out
            of range.
    """

    style_mixing = Hyperparameter(0.0, 1.0)

    def __init__(
        self,
        generator: keras.Model,
        *args: Any,
        style_mixing: FloatOrSchedule = 0.9,
        **kwargs: Any,
    ) -> None:
        super().__init__(generator, *args, **kwargs)
        self.style_mixing = style_mixing
        codes = mixed_codes(generator)
        mixing = keras.Model(codes.input, synthesis(generator)(codes.output), name="mixing")
        # In functions, as attributes would make them parts of the model beside the generator.
        self._mixed_codes, self._mixing = lambda: codes, lambda: mixing

    # Training

    def in_use(self, name: str, training: bool = False) -> keras.layers.Layer:
        """As of any model; of the generator in training, the one that mixes styles."""
        is_mixing = training and name == "generator"
        return self._mixing() if is_mixing else super().in_use(name, training)

    def fake_examples(
        self, real: Examples, generator: Callable[..., Tensor], training: bool = True
    ) -> Examples:
        """As of a `GAN`; in training `generator` takes two latents, and which style has which."""

        def of_two(inputs):
            z, *labels = inputs if self.conditional else [inputs]
            return generator(with_labels([z, *self._others(z)], labels))

        return super().fake_examples(real, of_two if training else generator, training)

    def _others(self, latents):
        """Other latents, and for each style whether it has theirs: from a random one on."""
        num, styles = ops.shape(latents)[0], self._styles_shape[0]
        chance, place = ops.unstack(self.draw(keras.random.uniform, num, (2,)), 2, axis=1)
        first = 1 + ops.floor(place * (styles - 1))
        first = ops.where(chance < ops.cast(self.style_mixing, chance.dtype), first, styles)
        is_other = ops.arange(styles, dtype=first.dtype) >= first[:, None]
        return self.draw_latents(num), is_other

    def codes_of(self, inputs: Tensors) -> Tensor:
        return self._mixed_codes()(inputs, training=True)

    def examples_of(self, codes: Tensors) -> Tensor:
        return as_float(synthesis(self.generator)(codes, training=True))

    # Sampling

    @property
    def _styles_shape(self):
        """The number of styles, and the size of a code."""
        return synthesis(self.generator).input_shape[1:]

    def call(self, inputs: Tensors, training: bool = False) -> Tensor:
        """Generate images from latents, cut to [−1, 1], which the generator does not know of."""
        return ops.clip(super().call(inputs, training), -1.0, 1.0)

    def sample(  # type: ignore[override]  # `batch_size` comes last
        self,
        num: int,
        labels: Any = None,
        seed: int | None = None,
        truncation: float = 0.7,
        batch_size: int = 256,
    ) -> np.ndarray:
        """Generate examples.

        Args:
            num: Positive integer, how many.
            labels: Integers or class names `(num,)`, or one for all, for models that take labels.
                Defaults to `None`.
            seed: Integer or `None`. The same seed gives the same examples. Defaults to `None`, a
                new seed at every call; the random state of training is left alone.
            truncation: Float, ψ: how far codes keep from their mean. `1.0` is the distribution
                that was learned, which metrics should see; `0.0` the mean image. Defaults to `0.7`.
            batch_size: Positive integer, examples generated at once. Defaults to `256`.

        Returns:
            Float32 array `(num, …)` in [−1, 1].

        Raises:
            ValueError, TypeError: If an argument is out of range, or the examples could never fit
                in memory.
        """
        return self.serve("sample", num, labels, seed, truncation, batch_size=batch_size)

    def generate(  # type: ignore[override]  # `batch_size` comes last
        self,
        latents: ArrayLike,
        labels: Any = None,
        truncation: float = 1.0,
        batch_size: int = 256,
    ) -> np.ndarray:
        """Generate examples from latents.

        Args:
            latents: Float array `(num, latent_dim)`.
            labels, batch_size: See `sample`.
            truncation: Float, ψ, as of `sample`. Defaults to `1.0`, none.

        Returns:
            Float32 array `(num, …)` in [−1, 1].

        Raises:
            ValueError, TypeError: As `LatentModel.generate`.
        """
        return self.serve("generate", latents, labels, truncation, batch_size=batch_size)

    def map(
        self, latents: ArrayLike, labels: Any = None, truncation: float = 1.0, batch_size: int = 256
    ) -> np.ndarray:
        """Return the codes of latents, the same for each style.

        Args:
            latents, labels, truncation, batch_size: See `generate`.

        Returns:
            Float32 array `(num, styles, code_dim)`.

        Raises:
            ValueError, TypeError: As `generate`.
        """
        return self.serve("map", latents, labels, truncation, batch_size=batch_size)

    def synthesize(self, codes: ArrayLike, batch_size: int = 256) -> np.ndarray:
        """Generate examples from codes.

        Args:
            codes: Float array `(num, styles, code_dim)`, as `map` and `project` return it.
            batch_size: Positive integer, examples generated at once. Defaults to `256`.

        Returns:
            Float32 array `(num, …)` in [−1, 1].

        Raises:
            ValueError, TypeError: If the codes have another shape or are not finite.
        """
        return self.serve("synthesize", codes, batch_size=batch_size)

    def mix(
        self, rows: ArrayLike, columns: ArrayLike, layer: int | None = None, batch_size: int = 256
    ) -> np.ndarray:
        """Mix the styles of codes, each of some with each of others: a table of images.

        Args:
            rows: Float array of codes `(num_rows, styles, code_dim)`, as `map` and `project` return
                it: those of the first styles, which shape what is large.
            columns: Likewise `(num_columns, styles, code_dim)`, those of the other styles.
            layer: Integer in [0, styles]: the styles before it are those of `rows`. Defaults to
                `None`, half of them.
            batch_size: Positive integer, examples generated at once. Defaults to `256`.

        Returns:
            Float32 array `(num_rows, num_columns, …)`.

        Raises:
            ValueError, TypeError: As `synthesize`, or if `layer` is out of range.
        """
        rows, columns = (self._checked_codes(*x) for x in (("rows", rows), ("columns", columns)))
        layer = self._styles_shape[0] // 2 if layer is None else layer
        mixed = mix_styles(rows[:, None], columns[None], layer)
        images = self.synthesize(mixed.reshape(-1, *self._styles_shape), batch_size)
        return images.reshape(len(rows), len(columns), *self.example_shape)

    def project(
        self,
        images: ArrayLike,
        space: str = "w",
        features: Callable[[Tensor], Any] | None = None,
        steps: int = 500,
        learning_rate: float = 0.1,
        batch_size: int = 32,
        verbose: int = 1,
    ) -> np.ndarray:
        """Find codes whose images are nearest to given ones, by optimization from the mean code.

        Args:
            images: Float array of examples `(num, …)`.
            space: `"w"`, one code for all styles, which is near the images that the generator
                makes; or `"w+"`, one for each, which comes nearer to any image. Defaults to `"w"`.
            features: Function, such as a `keras.Model`, from images `(batch, …)` to a tensor or a
                nest of them. The distance is that of pixels, their mean squared difference, and of
                these features, relative to their mean square. Defaults to `None`, pixels alone.
            steps: Positive integer, updates by Adam. Defaults to `500`.
            learning_rate: Positive float, Adam's at first. It goes to zero as half a cosine.
                Defaults to `0.1`.
            batch_size: Positive integer, images projected at once. Defaults to `32`.
            verbose: 1 shows a progress bar, 0 does not. Defaults to `1`.

        Returns:
            Float32 array of codes `(num, styles, code_dim)`, for `synthesize` and `mix`. The
            authors' code varies the noise images and adds noise to codes, too; here all stays as it
            is in `synthesize`, and the same images have the same codes.

        Raises:
            ValueError, TypeError: As `fit`, if the examples have another shape, are not floats or
                not scaled; if an argument is out of range.
        """
        images = self.as_examples("images", images)
        projection.check(space, features, steps, learning_rate)
        batch_size = _checks.positive_int("batch_size", batch_size)
        total = steps * math.ceil(len(images) / batch_size)
        progress = keras.utils.Progbar(total, verbose=verbose, unit_name="step")

        def nearest(some):
            return projection.project(
                self._drawn, some, start, space, features, steps, learning_rate, progress
            )

        with self.weights_in_use("generator"):
            mean = ops.convert_to_numpy(self._mean_code())
        start = np.tile(mean, (self._styles_shape[0], 1)).astype("float32")
        return in_batches(nearest, images, batch_size)

    def _checked_codes(self, name, codes):
        return serving.ArraySpec("codes", (None, *self._styles_shape)).check(name, codes)

    def _mean_code(self):
        return mapping(self.generator).get_layer(MEAN).mean

    def _drawn(self, codes):
        """Images of codes, which know no bounds."""
        with self.weights_in_use("generator"):
            return as_float(synthesis(self.generator)(codes, training=False))

    def _synthesized(self, codes):
        return ops.clip(self._drawn(codes), -1.0, 1.0)

    def served_verbs(self) -> list[serving.Verb]:
        """Those of `GAN`, with a truncation; `map(latents, labels, truncation)`: codes; and
        `synthesize(codes)`."""
        *_, score = super().served_verbs()

        def map(z, *labels_and_truncation):
            *labels, truncation = labels_and_truncation
            with self.weights_in_use("generator"):
                code = as_float(mapping(self.generator)(with_labels(z, labels), training=False))
                mean = as_float(self._mean_code())
            code = mean + truncation * (code - mean)
            return ops.repeat(code[:, None], self._styles_shape[0], axis=1)

        def generate(*inputs):
            return self._synthesized(map(*inputs))

        def sample(num, *labels_seed_truncation):
            *labels, seed, truncation = labels_seed_truncation
            return generate(latents.draw(num, self.latent_dim, seed), *labels, truncation)

        z = serving.ArraySpec("latents", (None, self.latent_dim))
        codes = serving.ArraySpec("codes", (None, *self._styles_shape))
        labels, made = {"labels": self.served_labels}, self.served_examples
        of_latents = {"latents": z, **labels, "truncation": _truncation(1.0)}
        drawn = {"num": serving.COUNT, **labels, "seed": serving.SEED}
        drawn["truncation"] = _truncation(0.7)
        return [
            serving.Verb("generate", generate, of_latents, made),
            serving.Verb("sample", sample, drawn, made, through="generate"),
            score,
            serving.Verb("map", map, of_latents, codes),
            serving.Verb("synthesize", self._synthesized, {"codes": codes}, made),
        ]


def _truncation(default):
    return serving.ArraySpec("ψ, how far codes keep from their mean", default=default)
