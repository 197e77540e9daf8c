"""StackGAN: from texts to images, a small one first (Zhang et al. 2017)."""

import dataclasses
from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf
from keras import ops

from keras_gans import _replicas, serving
from keras_gans._absent import Absent
from keras_gans._hyperparameters import Hyperparameter
from keras_gans._loss_result import LossResult
from keras_gans._precision import as_float
from keras_gans._read_only import call_network
from keras_gans._typing import Examples, FloatOrSchedule, Schedule, Tensor, Tensors
from keras_gans.data.specs import Spec
from keras_gans.layers import ConditioningAugmentation
from keras_gans.models import checks
from keras_gans.models.conditional_gan import Conditional


@keras.saving.register_keras_serializable(package="keras_gans")
class StackGAN(Conditional):
    """Text to image: a GAN conditioned on what a text encoder makes of captions.

    With φ(t) the embedding of the caption t, ĉ a random condition around it and t' the caption of
    another image of the mini-batch, one training step updates

        D  by descending  L(D(x, φ(t)), D(G(z, ĉ), φ(t))) / 2 + L(D(x, φ(t)), D(x, φ(t'))) / 2
        G  by descending  −log D(G(z, ĉ), φ(t)) + λ KL(N(μ(φ(t)), σ²(φ(t))) ‖ N(0, I))

    with L the objective's loss −log D(real) − log(1 − D(fake)): the discriminator learns that an
    image is fake, and that it is of another text. The KL term is a mean over the numbers of ĉ.

    Large images are made in stages, one model after the other. That of stage I learns from small
    images; that of stage II has a generator of `keras_gans.networks.stackgan_refiner`, which holds
    the trained one of stage I, and learns from large ones.

    Args:
        generator: Built functional `keras.Model` from `[latents (batch, latent_dim), embeddings
            (batch, embedding_dim)]` to images, as `stackgan_generator` or `stackgan_refiner`. The
            KL term is that of its `keras_gans.layers.ConditioningAugmentation`, if it has one.
        discriminator: Likewise, from `[images, embeddings]` to logits `(batch, 1)`.
        text_encoder: Built `keras.Model` from strings `(batch,)` to embeddings, as `ngram_encoder`.
            It is not trained.
        latent_dim: Positive integer, size of the latent vectors, the noise of the condition
            included.
        kl_weight: Float ≥ 0, or a schedule, the weight λ. Defaults to `2.0`, that of the authors'
            code.
        n_critic, objective, techniques, ema_decay, seed, **kwargs: See `GAN`.

    Raises:
        ValueError, TypeError: As `GAN`, or if the encoder takes no strings, or its embeddings are
            not those that the networks take. `fit` refuses captions that are missing or no strings.

    Captions are strings `(num,)`: `fit(images, captions)`, `sample(num, captions)`.

    Logs: `d_loss`; `g_loss`, with the KL term; `kl_divergence`, the term before the weight λ.
    `evaluate` gives them for held-out images and captions, with `g_loss` that of the objective
    alone.

    Example:

    >>> import keras_gans as kg
    >>> images, captions = kg.data.drawn_shapes(32, image_size=16, seed=0)
    >>> encoder = kg.networks.ngram_encoder(captions)
    >>> size = encoder.output_shape[1]
    >>> gan = kg.models.StackGAN(
    ...     kg.networks.stackgan_generator((16, 16, 3), 12, size, conditioning_dim=8, filters=4),
    ...     kg.networks.stackgan_discriminator((16, 16, 3), size, filters=4),
    ...     encoder,
    ...     latent_dim=12,
    ... )
    >>> gan.compile()
    >>> history = gan.fit(images, captions, batch_size=8, verbose=0)
    >>> gan.sample(2, "a small red circle").shape
    (2, 16, 16, 3)

    Reference:
        Zhang et al. 2017, StackGAN: Text to Photo-realistic Image Synthesis with Stacked Generative
        Adversarial Networks, equations 3 to 6; weights and the halves of the discriminator's loss
        are those of the authors' code.
    """

    loss_names = ("g_loss", "d_loss", "kl_divergence")
    kl_weight = Hyperparameter(low=0.0)
    condition_spec = Spec(kind="string")
    for_images: Any = Absent("it learns from captions")

    def __init__(
        self,
        generator: keras.Model,
        discriminator: keras.Model,
        text_encoder: keras.Model,
        latent_dim: int,
        kl_weight: FloatOrSchedule = 2.0,
        **kwargs: Any,
    ) -> None:
        checks.network("text_encoder", text_encoder)
        checks.takes_strings("text_encoder", text_encoder)
        self.embedding_spec = Spec(text_encoder.output_shape[1:])
        super().__init__(generator, discriminator, latent_dim, **kwargs)
        self.text_encoder = text_encoder
        self.text_encoder.trainable = False
        self.kl_weight = kl_weight

    def learning_rates(self, total_steps: int) -> dict[str, Schedule]:
        """Halved every 100 of the paper's 600 epochs."""
        return {
            name: keras.optimizers.schedules.ExponentialDecay(
                2e-4, max(updates * total_steps // 6, 1), 0.5, staircase=True
            )
            for name, updates in (("g_optimizer", 1), ("d_optimizer", self.n_critic))
        }

    # Captions and embeddings

    @property
    def network_condition_spec(self) -> Spec:
        """What the networks take beside latents or images: an embedding."""
        return self.embedding_spec

    def embedded(self, captions: Tensor) -> Tensor:
        """Return the embeddings of captions, or embeddings as they are."""
        if captions.dtype != tf.string:
            return captions
        return ops.stop_gradient(as_float(self.text_encoder(captions, training=False)))

    def real_examples(self, data: Tensors) -> Examples:
        images, captions = super().real_examples(data)
        return [images, self.embedded(captions)]

    def call(self, inputs: Tensors, training: bool = False) -> Tensor:
        latents, captions = inputs
        return super().call([latents, self.embedded(captions)], training)

    def discriminate(
        self, examples: Examples, training: bool = False, call: Callable[..., Tensor] = call_network
    ) -> Tensor:
        images, captions = examples
        return super().discriminate([images, self.embedded(captions)], training, call)

    # Losses

    def discriminator_loss(
        self, real: Examples, fake: Examples, training: bool = True
    ) -> LossResult:
        of_fakes = super().discriminator_loss(real, fake, training)
        logits = of_fakes.handed_on
        images, embeddings = real
        others = _replicas.call_on_all(_those_of_the_next, embeddings)
        differ = ops.any(ops.not_equal(others, embeddings), axis=-1, keepdims=True)
        mismatched = self.discriminate([images, others], training)
        mismatched = ops.where(differ, mismatched, logits["fake_logits"])
        objective = self.objective_in(training)
        of_texts = objective.discriminator(logits["real_logits"], mismatched)
        return LossResult({"d_loss": 0.5 * of_fakes.loss + 0.5 * of_texts}, handed_on=logits)

    def with_techniques(
        self, network: str, loss: LossResult, real: Examples, fake: Examples
    ) -> LossResult:
        if network == "generator":
            loss = loss.plus("kl_divergence", self.kl_divergence(fake[1]), self.kl_weight)
        return super().with_techniques(network, loss, real, fake)

    def kl_divergence(self, embeddings: Tensor, training: bool = True) -> Tensor:
        """Mean over embeddings, and over the numbers of a condition, of KL(N(μ, σ²) ‖ N(0, 1))."""
        layers = [
            layer
            for layer in self.generator._flatten_layers()
            if isinstance(layer, ConditioningAugmentation) and layer.trainable
        ]
        with self.weights_in_use("generator", training):
            divergences = [ops.mean(layer.divergence(embeddings)) / layer.units for layer in layers]
        return sum(divergences, start=ops.zeros(()))

    def test_step(self, data: Tensors) -> dict[str, Tensor]:
        _, embeddings = self.real_examples(data)
        divergence = self.kl_divergence(embeddings, training=False)
        self.record_mean("kl_divergence", divergence, ops.shape(embeddings)[0])
        return super().test_step(data)

    # Serving

    def tensor_verbs(self) -> list[serving.Verb]:
        """`generate` and `score`, which take embeddings here: there are no strings in ONNX."""
        embeddings = serving.of("condition", self.embedding_spec)
        return [
            dataclasses.replace(verb, inputs={**verb.inputs, "labels": embeddings})
            for verb in self.served_verbs()
            if verb.name in ("generate", "score")
        ]


def _those_of_the_next(x):
    return ops.roll(x, -1, axis=0)
