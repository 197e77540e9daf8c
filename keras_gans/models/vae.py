"""Variational autoencoder (Kingma and Welling 2013)."""

import functools
import itertools
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from keras_gans import _checks, _inputs, likelihoods, networks, serving
from keras_gans._hyperparameters import Hyperparameter
from keras_gans._loss_result import LossResult
from keras_gans._precision import as_float, float_dtype
from keras_gans._server import in_batches
from keras_gans._typing import ArrayLike, FloatOrSchedule, Optimizer, Tensor, Tensors
from keras_gans.data.sources import DatasetInfo
from keras_gans.data.specs import Spec
from keras_gans.models import checks
from keras_gans.models.latent_model import LatentModel


@keras.saving.register_keras_serializable(package="keras_gans")
class VAE(LatentModel):
    """Variational autoencoder: a decoder p(x | z), and an encoder q(z | x) that inverts it.

    One training step samples noise ε ~ N(0, I) for a mini-batch of data, sets z = μ(x) + σ(x) ε,
    and updates both networks by ascending the gradient of

        E log p(x | z) − β KL(q(z | x) ‖ N(0, I)),   KL = −½ Σⱼ (1 + log σⱼ² − μⱼ² − σⱼ²),

    which for β = 1 is a lower bound of the evidence log p(x), the ELBO.

    Args:
        encoder: Built functional `keras.Model` from examples to two outputs `(batch, latent_dim)`:
            μ and log σ².
        decoder: Built Sequential or functional `keras.Model` from latents `(batch, latent_dim)` to
            the parameters of the likelihood, each like an example.
        latent_dim: Positive integer, size of the latent vectors.
        likelihood: `"bernoulli"` (the decoder's output is a logit), `"gaussian"` (its output is a
            mean, or two outputs are mean and log variance), or a `keras_gans.likelihoods`, such as
            `Gaussian(stddev=0.1)`. Defaults to `"bernoulli"`.
        beta: Non-negative float, or a schedule, weight of the KL divergence; above 1 it favors
            latents that are independent of each other (Higgins et al. 2017). Defaults to `1.0`.
        seed: Integer or `None`, seed of the noise drawn in training. Defaults to `None`.
        **kwargs: `name`, `dtype`, `trainable` of `keras.Model`.

    Raises:
        ValueError, TypeError: If a network is not built, the networks do not fit each other, the
            likelihood or `latent_dim`, `beta` is negative, or a decoder of logits ends in a sigmoid
            or the like. `fit` refuses examples outside
            [−1, 1] for black and white pixels.

    Logs: `loss`, what is minimized; `elbo`, whatever β; `log_likelihood`, E log p(x | z); and
    `kl_divergence`: all in nats an example. `evaluate` gives them for held-out data. Callbacks that
    monitor `elbo` want `mode="max"`.

    Example:

    >>> import numpy as np, keras_gans as kg
    >>> vae = kg.models.VAE(
    ...     encoder=kg.networks.mlp_encoder((8, 8, 1), latent_dim=2, hidden_units=(32,)),
    ...     decoder=kg.networks.mlp_decoder((8, 8, 1), latent_dim=2, hidden_units=(32,)),
    ...     latent_dim=2,
    ... )
    >>> vae.compile()
    >>> digits, _ = kg.data.load("digits")
    >>> history = vae.fit(digits, epochs=2, verbose=0)
    >>> history.history["elbo"][1] > history.history["elbo"][0]
    True
    >>> vae.encode(np.zeros((5, 8, 8, 1))).shape
    (5, 2)

    Reference:
        Kingma and Welling 2013, Auto-Encoding Variational Bayes, Algorithm 1, equation 10 and
        appendix B.
    """

    optimizer_networks = {"optimizer": ("encoder", "decoder")}
    loss_names = ("loss", "elbo", "log_likelihood", "kl_divergence")
    beta = Hyperparameter(low=0.0)

    def __init__(
        self,
        encoder: keras.Model,
        decoder: keras.Model,
        latent_dim: int,
        likelihood: str | likelihoods.Likelihood = "bernoulli",
        beta: FloatOrSchedule = 1.0,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(latent_dim, seed, **kwargs)
        self.likelihood = likelihoods.get(likelihood)
        _check_networks(encoder, decoder, self.latent_dim, self.likelihood)
        self.encoder = encoder
        self.decoder = decoder
        self.beta = beta

    @classmethod
    def for_images(
        cls, info: DatasetInfo, latent_dim: int = 64, filters: int = 64, **kwargs: Any
    ) -> "VAE":
        """Return a model for the images of a dataset, with the convolutional networks of a DCGAN.

        Args:
            info: `keras_gans.data.DatasetInfo`, as `keras_gans.data.load` returns it.
            latent_dim: Positive integer, size of the latent vectors. Defaults to `64`.
            filters: Positive integer, channels of the layers next to the image. Defaults to `64`.
            **kwargs: Other arguments of the constructor.

        Returns:
            An instance of this class, not compiled.

        Raises:
            ValueError, TypeError: As the constructor.

        Example:

        >>> import keras_gans as kg
        >>> digits, info = kg.data.load("digits")
        >>> kg.models.VAE.for_images(info, latent_dim=2, filters=4).sample(2).shape
        (2, 8, 8, 1)
        """
        made = {
            "encoder": networks.dcgan_encoder(info.image_shape, latent_dim, filters),
            "decoder": networks.dcgan_decoder(info.image_shape, latent_dim, filters),
        }
        return cls(latent_dim=latent_dim, **{**made, **kwargs})

    def default_optimizers(self) -> dict[str, keras.optimizers.Optimizer]:
        """Adam with its own paper's rate 1e-3; the VAE paper's Adagrad came before it."""
        return {"optimizer": keras.optimizers.Adam(1e-3)}

    def compile(  # type: ignore[override]  # the optimizer comes first
        self, optimizer: Optimizer | None = None, **kwargs: Any
    ) -> None:
        """Give the model its optimizer.

        Args:
            optimizer: Keras optimizer of both networks. Defaults to Adam with rate 1e-3.
            **kwargs: `metrics`, `run_eagerly`, `steps_per_execution`, `jit_compile`,
                `auto_scale_loss`, `total_steps`; see `GenerativeModel.compile`.
        """
        super().compile(optimizer=optimizer, **kwargs)

    # The bound

    def train_step(self, data: Tensors) -> dict[str, Tensor]:
        x = self.real_examples(data)
        noise = self.draw_latents(ops.shape(x)[0])
        self.record(self.minimize("optimizer", lambda: self.bound(x, noise)))
        return self.logs()

    def bound(self, x: Tensor, noise: Tensor, training: bool = True) -> LossResult:
        """The negative bound, to be minimized."""
        mean, log_variance = self.approximate_posterior(x, training)
        z = mean + ops.exp(log_variance / 2) * noise
        log_likelihood = ops.mean(self.log_prob(x, z, training))
        kl_divergence = ops.mean(kl_from_standard_normal(mean, log_variance))
        return LossResult(
            {"loss": self.beta * kl_divergence - log_likelihood},
            {
                "elbo": log_likelihood - kl_divergence,
                "log_likelihood": log_likelihood,
                "kl_divergence": kl_divergence,
            },
        )

    def approximate_posterior(self, x: Tensor, training: bool = False) -> list[Tensor]:
        """Return μ(x) and log σ²(x) of q(z | x)."""
        encoder = self.in_use("encoder", training)
        return [as_float(output) for output in encoder(x, training=training)]

    def log_prob(self, x: Tensor, z: Tensor, training: bool = False) -> Tensor:
        """Return log p(x | z) of each example."""
        decoder = self.in_use("decoder", training)
        return self.likelihood.log_prob(x, tf.nest.flatten(decoder(z, training=training)))

    def test_step(self, data: Tensors) -> dict[str, Tensor]:
        x = self.real_examples(data)
        batch_size = ops.shape(x)[0]
        noise = self.draw_latents(batch_size, training=False)
        self.record(self.bound(x, noise, training=False), batch_size)
        if self.sample_metrics:
            self.update_sample_metrics(x, self(self.draw_latents(batch_size, training=False)))
        return self.logs()

    @property
    def example_spec(self) -> Spec:
        value_range = self.likelihood.value_range
        return Spec(self.example_shape, value_range="auto" if value_range is None else value_range)

    # Latents

    @property
    def samplers(self) -> list[keras.layers.Layer]:
        return [self.in_use("decoder")]

    @property
    def example_shape(self) -> tuple[int, ...]:
        return tuple(self.encoder.input_shape[1:])

    def call(self, inputs: Tensors, training: bool = False) -> Tensor:
        """Decode latents to mean examples: what `model(latents)` and `model.predict` do."""
        decoder = self.in_use("decoder", training)
        return self.likelihood.mean(*tf.nest.flatten(decoder(inputs, training=training)))

    def encode(self, x: ArrayLike, batch_size: int = 256) -> np.ndarray:
        """Return the mean latents μ(x) of examples.

        Args:
            x: Float array of examples `(num, …)`.
            batch_size: Positive integer, examples encoded at once. Defaults to `256`.

        Returns:
            Float32 array `(num, latent_dim)`.

        Raises:
            ValueError, TypeError: As `fit`, if the examples have another shape, are not floats or
                not scaled.
        """
        return self.serve("encode", self.as_examples("x", x), batch_size=batch_size)

    def decode(self, latents: ArrayLike, batch_size: int = 256) -> np.ndarray:
        """Return the mean examples of latents: another name of `generate`."""
        latents = _inputs.latents("latents", latents, self.latent_dim)
        return self.generate(latents, batch_size=batch_size)

    def reconstruct(self, x: ArrayLike, batch_size: int = 256) -> np.ndarray:
        """Return the mean examples of the mean latents of examples.

        Args:
            x: Float array of examples `(num, …)`.
            batch_size: Positive integer, examples at once. Defaults to `256`.

        Returns:
            Float32 array like `x`.

        Raises:
            ValueError, TypeError: As `encode`.
        """
        return self.serve("reconstruct", self.as_examples("x", x), batch_size=batch_size)

    def log_likelihood(
        self, x: ArrayLike, num_samples: int = 100, seed: int | None = 0, batch_size: int = 100
    ) -> np.ndarray:
        """Estimate the evidence log p(x) of each example, by importance sampling.

        log 1/K Σₖ p(x | zₖ) p(zₖ) / q(zₖ | x), zₖ ~ q(z | x): a lower bound of log p(x) in
        expectation, which rises to it with K, and the ELBO for K = 1.

        Args:
            x: Float array of examples `(num, …)`.
            num_samples: Positive integer, the K latents for each example. Defaults to `100`.
            seed: Integer or `None`, of the latents. Defaults to `0`.
            batch_size: Positive integer, examples at once. Defaults to `100`.

        Returns:
            Float32 array `(num,)`, in nats.

        Raises:
            ValueError, TypeError: As `encode`, or if a number is out of range.

        Reference:
            Burda et al. 2015, Importance Weighted Autoencoders, equation 8.
        """
        x = self.as_examples("x", x)
        num_samples = _checks.positive_int("num_samples", num_samples)
        seed = _checks.seed_or_new("seed", seed)
        draws = itertools.count(step=num_samples)
        return in_batches(
            lambda batch: self._log_evidence(batch, num_samples, [seed, next(draws)]),
            x.astype(float_dtype()),
            batch_size,
        )

    @functools.cached_property
    def _log_evidence(self):
        """A graph of (examples, number of latents for each, seed): one for all calls."""

        def log_evidence(batch, num_samples, seed):
            mean, log_variance = self.approximate_posterior(batch)
            log_weights = tf.TensorArray(mean.dtype, num_samples)
            for k in tf.range(num_samples):
                draw = tf.stack([seed[0], seed[1] + k])
                noise = tf.random.stateless_normal(tf.shape(mean), draw, dtype=mean.dtype)
                z = mean + ops.exp(log_variance / 2) * noise
                # log p(z) / q(z | x), in which the normalizing constants are the same
                log_ratio = 0.5 * ops.sum(noise**2 + log_variance - z**2, axis=-1)
                log_weights = log_weights.write(k, self.log_prob(batch, z) + log_ratio)
            log_num = tf.math.log(tf.cast(num_samples, mean.dtype))
            return ops.logsumexp(log_weights.stack(), axis=0) - log_num

        specs = [
            tf.TensorSpec((None, *self.example_shape), float_dtype()),
            tf.TensorSpec((), tf.int32),
            tf.TensorSpec((2,), tf.int32),
        ]
        return tf.function(log_evidence, input_signature=specs)

    def served_verbs(self) -> list[serving.Verb]:
        """Those of `LatentModel`, `encode(x)` to μ(x), and `reconstruct(x)`."""

        def encode(x):
            return self.approximate_posterior(x)[0]

        def reconstruct(x):
            return self.call(encode(x))

        x, codes = self.served_examples, serving.ArraySpec("codes", (None, self.latent_dim))
        return [
            *super().served_verbs(),
            serving.Verb("encode", encode, {"x": x}, codes),
            serving.Verb("reconstruct", reconstruct, {"x": x}, x),
        ]


def kl_from_standard_normal(mean: Tensor, log_variance: Tensor) -> Tensor:
    """KL(N(μ, σ²) ‖ N(0, I)) of each example, in nats: −½ Σⱼ (1 + log σⱼ² − μⱼ² − σⱼ²)."""
    return -0.5 * ops.sum(1 + log_variance - mean**2 - ops.exp(log_variance), axis=-1)


def _check_networks(encoder, decoder, latent_dim, likelihood):
    checks.network("encoder", encoder, num_outputs=(2,))
    checks.network("decoder", decoder, likelihood.num_outputs)
    if likelihood.of_logits:
        checks.logits("decoder", decoder)
    latents = (None, latent_dim)
    for output in encoder.outputs:
        if tuple(output.shape) != latents:
            raise ValueError(
                f"`encoder` must have two outputs of shape {latents}, mean and log variance. "
                f"Received: outputs of shape {[tuple(o.shape) for o in encoder.outputs]}"
            )
    checks.inputs("decoder", decoder, "latents", latents)
    example = tuple(decoder.outputs[0].shape)
    checks.inputs("encoder", encoder, "what `decoder` makes", example)
    for output in decoder.outputs[1:]:
        if np.broadcast_shapes(output.shape[1:], example[1:]) != example[1:]:
            raise ValueError(
                "`decoder` must have outputs that broadcast with the first one, of shape "
                f"{example}. Received: an output of shape {tuple(output.shape)}"
            )
