"""The two-player game of Goodfellow et al. 2014."""

import keras
import tensorflow as tf
from keras import ops

from keras_gans import _checks, losses, saved_model
from keras_gans._precision import at_least_float32
from keras_gans.data import mini_batches
from keras_gans.models.generative_model import GenerativeModel, read_only
from keras_gans.models.moving_average import MovingAverage


@keras.saving.register_keras_serializable(package="keras_gans")
class GAN(GenerativeModel):
    """Generative adversarial network: a generator and a discriminator play against each other.

    One training step is one iteration of the paper's Algorithm 1:

        for n_critic steps:
            sample a mini-batch of noise and a fresh mini-batch of data;
            update the discriminator by descending the gradient of its loss
        sample a mini-batch of noise;
        update the generator by descending the gradient of its loss

    Args:
        generator: Built Sequential or functional `keras.Model` from latents
            `(batch, latent_dim)` to examples.
        discriminator: Likewise, from examples to logits `(batch, …)`, without sigmoid.
        latent_dim: Positive integer, size of the latent vectors.
        n_critic: Positive integer, discriminator updates for each generator update: the paper's k.
            Each takes a mini-batch of its own. Defaults to `1`.
        objective: `keras_gans.losses.Objective` or its name. Defaults to `"non_saturating"`;
            `"minimax"` is the paper's equation 1.
        ema_decay: Float in [0, 1) or `None`. If given, `sample` and `export` use a moving average
            of the generator with this decay, batch normalisation statistics included. Defaults to
            `None`.
        seed: Integer or `None`, seed of the noise drawn in training. Defaults to `None`.
        **kwargs: `name`, `dtype`, `trainable` of `keras.Model`.

    Raises:
        ValueError, TypeError: If a network is not built, the networks do not fit each other or
            `latent_dim`, or a number is out of range.

    Logs: `d_loss`, the mean over the discriminator's updates, and `g_loss`.

    Example:

    >>> import numpy as np, keras_gans as kg
    >>> gan = kg.models.GAN(
    ...     generator=kg.networks.mlp_generator((2,), latent_dim=2, hidden_units=(32,)),
    ...     discriminator=kg.networks.mlp_discriminator((2,), hidden_units=(32,)),
    ...     latent_dim=2,
    ... )
    >>> gan.compile()
    >>> history = gan.fit(kg.data.ring_of_gaussians().sample(512), batch_size=64, verbose=0)
    >>> gan.sample(5).shape
    (5, 2)

    Reference:
        Goodfellow et al. 2014, Generative Adversarial Nets, Algorithm 1.
    """

    optimizer_networks = {"g_optimizer": ("generator",), "d_optimizer": ("discriminator",)}
    loss_names = ("g_loss", "d_loss")

    def __init__(
        self,
        generator,
        discriminator,
        latent_dim,
        n_critic=1,
        objective="non_saturating",
        ema_decay=None,
        seed=None,
        **kwargs,
    ):
        super().__init__(latent_dim, seed, **kwargs)
        _check_networks(generator, discriminator, self.latent_dim)
        self.generator = generator
        self.discriminator = discriminator
        self.n_critic = _checks.positive_int("n_critic", n_critic)
        self.objective = losses.get(objective)
        self.ema_decay = ema_decay
        self.average = None
        if ema_decay is not None:
            self.average = MovingAverage(generator, ema_decay)

    def default_optimizers(self):
        """Adam with the DCGAN paper's learning rate 2e-4 and β₁ 0.5."""
        return {
            "g_optimizer": keras.optimizers.Adam(2e-4, beta_1=0.5, name="g_adam"),
            "d_optimizer": keras.optimizers.Adam(2e-4, beta_1=0.5, name="d_adam"),
        }

    def compile(self, g_optimizer=None, d_optimizer=None, **kwargs):
        """Give the players their optimizers.

        Args:
            g_optimizer: Keras optimizer of the generator. Defaults to the paper's.
            d_optimizer: Keras optimizer of the discriminator. Defaults to the paper's.
            **kwargs: `metrics`, `run_eagerly`, `steps_per_execution`, `jit_compile`,
                `auto_scale_loss`; see `GenerativeModel.compile`.
        """
        super().compile(g_optimizer=g_optimizer, d_optimizer=d_optimizer, **kwargs)

    # The game

    @property
    def batches_per_step(self):
        return self.n_critic

    def train_step(self, data):
        examples, _, _ = keras.utils.unpack_x_y_sample_weight(data)
        for real in self.mini_batches(examples):
            self.record(self.train_discriminator(real))
        self.record(self.train_generator(ops.shape(real)[0]))
        return self.logs()

    def mini_batches(self, examples):
        """Cut one step's examples into a mini-batch for each discriminator update."""
        if examples.shape[0] is not None and examples.shape[0] % self.n_critic:
            raise ValueError(
                f"A step needs {self.n_critic} mini-batches of one size, as `n_critic` says. "
                f"Received: {examples.shape[0]} examples"
            )
        return [examples[j :: self.n_critic] for j in range(self.n_critic)]

    def train_discriminator(self, real):
        """Update the discriminator on a mini-batch of real examples and one of fakes."""
        fake = read_only(self.generator, self.draw_latents(ops.shape(real)[0]))
        return self.minimize("d_optimizer", lambda: self.discriminator_losses(real, fake))

    def train_generator(self, batch_size):
        """Update the generator on a mini-batch of noise."""
        latents = self.draw_latents(batch_size)

        def generator_losses():
            fake = self.generator(latents, training=True)
            return self.generator_losses(read_only(self.discriminator, fake))

        generator_losses = self.minimize("g_optimizer", generator_losses)
        if self.average is not None:
            self.average.update(self.generator)
        return generator_losses

    def discriminator_losses(self, real, fake, training=True):
        """What the discriminator minimises comes first; the rest is logged."""
        real_logits = at_least_float32(self.discriminator(real, training=training))
        fake_logits = at_least_float32(self.discriminator(fake, training=training))
        return {"d_loss": self.objective.discriminator(real_logits, fake_logits)}

    def generator_losses(self, fake_logits):
        """What the generator minimises comes first; the rest is logged."""
        return {"g_loss": self.objective.generator(at_least_float32(fake_logits))}

    def test_step(self, data):
        real, _, _ = keras.utils.unpack_x_y_sample_weight(data)
        batch_size = ops.shape(real)[0]
        fake = self(self.draw_latents(batch_size, training=False), training=False)
        self.record(self.discriminator_losses(real, fake, training=False), batch_size)
        self.record(self.generator_losses(self.discriminator(fake, training=False)), batch_size)
        self.update_sample_metrics(real, fake)
        return self.logs()

    def check_examples(self, x, y):
        shape = self.generator.output_shape[1:]
        if len(x.shape) != len(shape) + 1 or any(
            a not in (None, b) for a, b in zip(x.shape[1:], shape, strict=True)
        ):
            raise ValueError(
                f"`x` must hold batches of examples of shape {shape}, as the generator makes them. "
                f"Received: shape {tuple(x.shape)}"
            )
        dtype = keras.backend.standardize_dtype(x.dtype)
        if "float" not in dtype:
            raise ValueError(
                "`x` must hold floats, images scaled to [-1, 1]: for uint8 pixels in [0, 255] pass "
                f"x.astype('float32') / 127.5 - 1. Received: dtype {dtype}"
            )
        if not isinstance(x, tf.TypeSpec):
            mini_batches.check_values(x)
        if y is not None:
            raise ValueError(
                f"Labels must be absent: {type(self).__name__} is not conditional. Pass the "
                f"examples alone. Received: labels of shape {tuple(y.shape)}"
            )

    # Sampling and serving

    @property
    def sampler(self):
        return self.generator if self.average is None else self.average.network

    def serving_endpoints(self):
        """`generate(latents)`, `sample(num, seed)` and `score(data)`."""
        sampler, discriminator, latent_dim = self.sampler, self.discriminator, self.latent_dim

        def generate(latents):
            return at_least_float32(sampler(latents, training=False))

        def sample(num, seed):
            return generate(saved_model.latents(num, latent_dim, seed))

        def score(data):
            return at_least_float32(discriminator(data, training=False))

        example = discriminator.input_shape[1:]
        return [sampler, discriminator], {
            "generate": (generate, [tf.TensorSpec((None, latent_dim), name="latents")]),
            "sample": (sample, [tf.TensorSpec((), tf.int32, n) for n in ("num", "seed")]),
            "score": (score, [tf.TensorSpec((None, *example), name="data")]),
        }


def _check_networks(generator, discriminator, latent_dim):
    for name, network in (("generator", generator), ("discriminator", discriminator)):
        if not isinstance(network, keras.Model):
            raise TypeError(
                f"`{name}` must be a keras.Model. Received: {name} of type {type(network).__name__}"
            )
        if not network.built:
            raise ValueError(
                f"`{name}` must be built: give its first layer an input shape, or call it once on "
                f"data. Received: an unbuilt {type(network).__name__}"
            )
        if not hasattr(network, "input_shape") or isinstance(network.output_shape, list):
            raise TypeError(
                f"`{name}` must be a Sequential or functional keras.Model with one output. "
                f"Received: {name} of type {type(network).__name__}"
            )
    if generator.input_shape[1:] != (latent_dim,):
        raise ValueError(
            f"`generator` must take latents of shape (batch, {latent_dim}), as `latent_dim` says. "
            f"Received: generator.input_shape={generator.input_shape}"
        )
    if generator.output_shape[1:] != discriminator.input_shape[1:]:
        raise ValueError(
            "`discriminator` must take what `generator` makes. Received: "
            f"generator.output_shape={generator.output_shape}, "
            f"discriminator.input_shape={discriminator.input_shape}"
        )
