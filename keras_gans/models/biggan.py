"""BigGAN (Brock et al. 2018)."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from keras_gans import _checks, latents, networks, penalties, serving
from keras_gans._hyperparameters import Hyperparameter
from keras_gans._loss_result import LossResult
from keras_gans._typing import FloatOrSchedule, Tensor
from keras_gans.data.sources import DatasetInfo
from keras_gans.layers.kernels import as_matrix
from keras_gans.models import standing_statistics
from keras_gans.models.conditional_gan import ClassConditional


@keras.saving.register_keras_serializable(package="keras_gans")
class BigGAN(ClassConditional):
    """GAN of classes, at scale: the hinge loss, orthogonal regularization, truncated latents.

    The discriminator minimizes E max(0, 1 − D(x, y)) + E max(0, 1 + D(G(z, y), y)), and the
    generator, with β = `orthogonal_weight` and the kernels W of its layers, a column a filter,

        −E D(G(z, y), y) + β Σ ‖WᵀW ⊙ (1 − I)‖²_F.

    So filters become orthogonal, and the generator smooth enough for latents that it was not
    trained on: `sample` takes them from N(0, I) truncated to [−t, t], the paper's truncation trick,
    which trades variety for fidelity.

    Defaults are the paper's. Of its authors' code differ: the regularization, which there is off
    by default and adds half of the gradient (give half the weight for the same); the moving
    average, which there is the generator itself for the first 20,000 updates, while here its decay
    grows from 0.1, as `MovingAverage` says; and the classes of fakes, which there are drawn
    uniformly, while here they are those of the real examples, as in every `ConditionalGAN`. Their
    scripts for 128×128 images take `n_critic=1` with learning rates twice as high.

    Args:
        generator, discriminator, latent_dim, num_classes, class_names: See `ConditionalGAN`. The
            networks of the paper are `keras_gans.networks.biggan_generator` and
            `biggan_discriminator`, and `biggan_deep_generator` and `biggan_deep_discriminator`.
        n_critic: Positive integer, discriminator updates for each generator update. Defaults to
            `2`.
        orthogonal_weight: Float ≥ 0, or a schedule, the paper's β. Defaults to `1e-4`.
        objective: `keras_gans.losses.Objective` or its name. Defaults to `"hinge"`.
        ema_decay: See `GAN`. Defaults to `0.9999`.
        techniques, seed, generator_batch_multiple, **kwargs: See `GAN`.

    Raises:
        ValueError, TypeError: As `ConditionalGAN`, and if `orthogonal_weight` is negative.

    Logs: As `GAN`; `orthogonal_penalty`, the sum over the kernels of the generator: everything that
        has a `kernel`, which the embedding of classes has not. It is a part of `g_loss`. In
        `evaluate` both are of the average of the generator, if there is one.

    Example:

    >>> import numpy as np, keras_gans as kg
    >>> gan = kg.models.BigGAN(
    ...     kg.networks.biggan_generator((8, 8, 1), latent_dim=4, num_classes=3, filters=2),
    ...     kg.networks.biggan_discriminator((8, 8, 1), num_classes=3, filters=2),
    ...     latent_dim=4,
    ... )
    >>> gan.compile()
    >>> images = np.random.default_rng(0).uniform(-1, 1, (32, 8, 8, 1))
    >>> history = gan.fit(images, np.arange(32) % 3, batch_size=8, verbose=0)
    >>> gan.measure_standing_statistics(num_batches=2, batch_size=8, truncation=0.5)
    >>> gan.sample(4, labels=1, seed=0, truncation=0.5).shape
    (4, 8, 8, 1)

    Reference:
        Brock et al. 2019, Large Scale GAN Training for High Fidelity Natural Image Synthesis.
    """

    loss_names = ("g_loss", "d_loss", "orthogonal_penalty")
    orthogonal_weight = Hyperparameter(low=0.0)

    def __init__(
        self,
        generator: keras.Model,
        discriminator: keras.Model,
        latent_dim: int,
        num_classes: int | None = None,
        class_names: Sequence[str] | None = None,
        n_critic: int = 2,
        orthogonal_weight: FloatOrSchedule = 1e-4,
        objective: Any = "hinge",
        ema_decay: FloatOrSchedule | None = 0.9999,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            generator,
            discriminator,
            latent_dim,
            num_classes,
            class_names,
            n_critic=n_critic,
            objective=objective,
            ema_decay=ema_decay,
            **kwargs,
        )
        self.orthogonal_weight = orthogonal_weight

    @classmethod
    def networks_for_images(  # type: ignore[override]  # with classes of the dataset
        cls, info: DatasetInfo, latent_dim: int, filters: int
    ) -> dict[str, Any]:
        classes = cls.classes_for_images(info)
        shape, num_classes = info.image_shape, classes["num_classes"]
        return {
            "generator": networks.biggan_generator(shape, latent_dim, num_classes, filters),
            "discriminator": networks.biggan_discriminator(shape, num_classes, filters),
            **classes,
        }

    def default_optimizers(self) -> dict[str, keras.optimizers.Optimizer]:
        """Adam with the paper's learning rates 5e-5 and 2e-4, β₁ 0, β₂ 0.999 and ε 1e-6."""

        def adam(learning_rate, name):
            return keras.optimizers.Adam(learning_rate, 0.0, 0.999, epsilon=1e-6, name=name)

        return {"g_optimizer": adam(5e-5, "g_adam"), "d_optimizer": adam(2e-4, "d_adam")}

    def generator_loss(
        self, real_logits: Tensor | None, fake_logits: Tensor, training: bool = True
    ) -> LossResult:
        result = super().generator_loss(real_logits, fake_logits, training)
        penalty = self.orthogonal_penalty(training)
        return result.plus("orthogonal_penalty", penalty, self.orthogonal_weight)

    def orthogonal_penalty(self, training: bool = True) -> Tensor:
        """Return Σ ‖WᵀW ⊙ (1 − I)‖²_F over the kernels of the generator, or of its average."""
        layers = [layer for layer in self.generator._flatten_layers() if hasattr(layer, "kernel")]
        with self.weights_in_use("generator", training):
            kernels = [as_matrix(layer, layer.kernel) for layer in layers]
            terms = [penalties.orthogonal_penalty(kernel) for kernel in kernels]
        return ops.sum(ops.stack(terms)) if terms else ops.zeros(())

    # Sampling

    def sample(  # type: ignore[override]  # `batch_size` comes last
        self,
        num: int,
        labels: Any = None,
        seed: int | None = None,
        truncation: float | None = None,
        batch_size: int = 256,
    ) -> np.ndarray:
        """Generate examples.

        Args:
            num: Positive integer, how many.
            labels: Integers or class names `(num,)`, or one for all.
            seed: Integer or `None`. The same seed gives the same examples. Defaults to `None`, a
                new seed at every call; the random state of training is left alone.
            truncation: Float t > 0 or `None`. If given, every number of the latents comes from
                N(0, 1) truncated to [−t, t], which is as if it were drawn again until it lies
                there; latents of one seed move inwards as t falls. `z_var` of the authors' code is
                something else, a scale. Defaults to `None`, all of N(0, I).
            batch_size: Positive integer, examples generated at once. Defaults to `256`.

        Returns:
            Float32 array `(num, …)`; images are in [−1, 1].

        Raises:
            ValueError, TypeError: If an argument is out of range, or the examples could never fit
                in memory.
        """
        return self.serve("sample", num, labels, seed, truncation, batch_size=batch_size)

    def served_verbs(self) -> list[serving.Verb]:
        """Those of `GAN`, where `sample` takes a truncation."""
        generate, _, *others = super().served_verbs()

        def sample(num, labels, seed, truncation):
            drawn = latents.draw(num, self.latent_dim, seed, truncation)
            return generate.function(drawn, labels)

        inputs = {
            "num": serving.COUNT,
            "labels": self.served_labels,
            "seed": serving.SEED,
            "truncation": serving.ArraySpec("truncation"),
        }
        made = self.served_examples
        return [generate, serving.Verb("sample", sample, inputs, made, through="generate"), *others]

    def measure_standing_statistics(
        self,
        num_batches: int = 16,
        batch_size: int = 256,
        truncation: float | None = None,
        seed: int = 0,
    ) -> None:
        """Measure the statistics of batch normalization that samples are drawn with.

        Those that a model keeps in training are of latents from N(0, I), and of past weights, or
        averages of such. The paper's standing statistics are means over some batches, of latents
        as truncated as those of samples and of classes drawn uniformly, through the network that
        samples come from: the moving average, if there is one. `sample`, `evaluate` and `export`
        then use them. Call it after training: further training moves them on.

        Args:
            num_batches: Positive integer. Defaults to `16`, as in the authors' code.
            batch_size: Positive integer, examples of a batch. Defaults to `256`.
            truncation: Float > 0 or `None`, that of `sample`. Defaults to `None`, none.
            seed: Integer, of latents and classes. Defaults to `0`.

        Raises:
            ValueError, TypeError: If an argument is out of range.
        """
        num_batches = _checks.positive_int("num_batches", num_batches)
        batch_size = _checks.positive_int("batch_size", batch_size)
        truncation = _checks.truncation("truncation", truncation)
        rng = np.random.default_rng(_checks.seed("seed", seed))

        def batches():
            for _ in range(num_batches):
                z = latents.draw(batch_size, self.latent_dim, rng.integers(2**31), truncation)
                yield [z, tf.constant(rng.integers(0, self.num_classes, batch_size), tf.int32)]

        standing_statistics.measure(self.in_use("generator"), batches())
