"""The two-player game of Goodfellow et al. 2014."""

import keras
import tensorflow as tf
from keras import ops

from keras_gans import _checks, losses
from keras_gans._precision import as_float
from keras_gans._read_only import read_only
from keras_gans.data import specs
from keras_gans.models import checks
from keras_gans.models.latent_model import LatentModel, with_labels
from keras_gans.models.moving_average import DecayOfAverages
from keras_gans.techniques import technique


@keras.saving.register_keras_serializable(package="keras_gans")
class GAN(LatentModel):
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
        techniques: List of `keras_gans.techniques`, applied in its order. Defaults to none.
        ema_decay: Float in [0, 1), or a schedule, or `None`. If given, `sample`, `evaluate`,
            metrics and `export` use `ema_generator`, a moving average of the generator with this
            decay, which is lower in the first updates: see `MovingAverage`. `generator` remains the
            network in training. Defaults to `None`.
        seed: Integer or `None`, seed of the noise drawn in training. Defaults to `None`.
        generator_batch_multiple: Positive integer, fakes in a mini-batch of the generator for each
            example in one of the discriminator. Defaults to `1`.
        **kwargs: `name`, `dtype`, `trainable` of `keras.Model`.

    Raises:
        ValueError, TypeError: If a network is not built, the networks do not fit each other or
            `latent_dim`, the discriminator ends in a sigmoid or the like, a number is out of range,
            or a technique makes no sense for the objective.

    Logs: `d_loss`, the mean over the discriminator's updates, and `g_loss`; what techniques add is
    in them. `evaluate` gives the losses of the objective without techniques, for held-out data.

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
    ema_decay = DecayOfAverages("generator")

    def __init__(
        self,
        generator,
        discriminator,
        latent_dim,
        n_critic=1,
        objective="non_saturating",
        techniques=(),
        ema_decay=None,
        seed=None,
        generator_batch_multiple=1,
        **kwargs,
    ):
        super().__init__(latent_dim, seed, **kwargs)
        _check_networks(generator, discriminator, self.latent_dim, self.condition_spec)
        self.generator = generator
        self.discriminator = discriminator
        self.n_critic = _checks.positive_int("n_critic", n_critic)
        self.generator_batch_multiple = _checks.positive_int(
            "generator_batch_multiple", generator_batch_multiple
        )
        self.objective = losses.get(objective)
        self.keep_averages(ema_decay, "generator")
        self.techniques = tuple(technique.check(techniques))
        self.stabilisers = technique.Combination(self.techniques)
        self.stabilisers.prepare(self)
        self.objective_played(training=True)

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
                `auto_scale_loss`, `total_steps`; see `GenerativeModel.compile`.
        """
        super().compile(g_optimizer=g_optimizer, d_optimizer=d_optimizer, **kwargs)

    # The game

    @property
    def batches_per_step(self):
        return self.n_critic

    def train_step(self, data):
        for real in self.mini_batches(self.real_examples(data)):
            self.record(self.train_discriminator(real))
        self.record(self.train_generator(real))
        return self.logs()

    def fake_examples(self, real, generator, training=True):
        """Return as many fakes as there are real examples, as the discriminator takes them.

        `generator` is a function of what the generator takes.
        """
        return as_float(generator(self.draw_latents(ops.shape(real)[0], training)))

    def mini_batches(self, examples):
        """Cut one step's examples into a mini-batch for each discriminator update."""
        size = images_of(examples).shape[0]
        if size is not None and size % self.n_critic:
            raise ValueError(
                f"A step needs {self.n_critic} mini-batches of one size, as `n_critic` says. "
                f"Received: {size} examples"
            )
        return [
            tf.nest.map_structure(lambda x, j=j: x[j :: self.n_critic], examples)
            for j in range(self.n_critic)
        ]

    def train_discriminator(self, real):
        """Update the discriminator on a mini-batch of real examples and one of fakes."""
        fake = self.fake_examples(real, lambda inputs: read_only(self.generator, inputs))
        fake = self.stabilisers.replay(self, fake)
        real, fake = (self.stabilisers.view(self, examples) for examples in (real, fake))

        def stabilised_losses():
            adversarial = self.discriminator_losses(real, fake)
            return self.stabilise("discriminator", adversarial, real, fake)

        discriminator_losses = self.minimize("d_optimizer", stabilised_losses)
        self.stabilisers.update(self, "discriminator")
        return discriminator_losses

    def train_generator(self, real):
        """Update the generator on a mini-batch of noise.

        Of the real examples only the number and the labels matter, but for `FeatureMatching`.
        """
        like_fake = tf.nest.map_structure(
            lambda x: each_repeated(x, self.generator_batch_multiple), real
        )

        def stabilised_losses():
            fake = self.fake_examples(
                like_fake, lambda inputs: self.generator(inputs, training=True)
            )
            seen = [self.stabilisers.view(self, examples) for examples in (real, fake)]
            adversarial = self.generator_losses(read_only(self.discriminator, seen[1]))
            return self.stabilise("generator", adversarial, *seen)

        generator_losses = self.minimize("g_optimizer", stabilised_losses)
        self.stabilisers.update(self, "generator")
        self.update_averages("generator")
        return generator_losses

    def objective_played(self, training):
        """The objective as the techniques want it in training, and as it is in evaluation."""
        return self.stabilisers.objective(self.objective) if training else self.objective

    def stabilise(self, player, losses, real, fake):
        """Let the techniques change the first loss, which is the one that the player minimises."""
        name, loss = next(iter(losses.items()))
        return {**losses, name: self.stabilisers.loss(self, player, loss, real, fake)}

    def discriminator_losses(self, real, fake, training=True):
        """What the discriminator minimises comes first; the rest is logged."""
        real_logits = as_float(self.discriminator(real, training=training))
        fake_logits = as_float(self.discriminator(fake, training=training))
        objective = self.objective_played(training)
        return {"d_loss": objective.discriminator(real_logits, fake_logits)}

    def generator_losses(self, fake_logits, training=True):
        """What the generator minimises comes first; the rest is logged."""
        objective = self.objective_played(training)
        return {"g_loss": objective.generator(as_float(fake_logits))}

    def test_step(self, data):
        real = self.real_examples(data)
        fake = self.fake_examples(real, self, training=False)
        batch_size = ops.shape(images_of(real))[0]
        self.record(self.discriminator_losses(real, fake, training=False), batch_size)
        fake_logits = self.discriminator(fake, training=False)
        self.record(self.generator_losses(fake_logits, training=False), batch_size)
        self.update_sample_metrics(images_of(real), images_of(fake))
        return self.logs()

    # Sampling and serving

    @property
    def samplers(self):
        return [self.in_use("generator")]

    @property
    def ema_generator(self):
        """The moving average of the generator, which samples are drawn from, or `None`.

        It is called as the generator is; `ema_generator.copy()` is a plain `keras.Model`.
        """
        return self.averages.get("generator")

    def serving_endpoints(self):
        """Those of `LatentModel`, and `score(data[, labels])`: the discriminator's logits."""
        samplers, endpoints = super().serving_endpoints()
        discriminator = self.discriminator

        def score(data, *labels):
            return as_float(discriminator(with_labels(data, labels), training=False))

        data = tf.TensorSpec(discriminator.inputs[0].shape, name="data")
        score_endpoint = {"score": (score, [data, *self.condition_signature])}
        return [*samplers, discriminator], {**endpoints, **score_endpoint}


def each_repeated(x, times):
    """Every example of a batch some times, one after the other, as replicas cut it."""
    return ops.reshape(ops.stack([x] * times, axis=1), (-1, *x.shape[1:]))


def images_of(examples):
    """The part of examples that the generator makes: all but the labels."""
    return tf.nest.flatten(examples)[0]


def _check_networks(generator, discriminator, latent_dim, condition_spec):
    checks.network("generator", generator)
    checks.network("discriminator", discriminator)
    condition, shapes = "", []
    if condition_spec is not None:
        are_labels = isinstance(condition_spec, specs.Spec) and condition_spec.kind == "integer"
        condition = " and integer labels" if are_labels else " and conditions"
        parts = tf.nest.flatten(specs.tensor_specs(condition_spec, "condition"))
        shapes = [tuple(part.shape) for part in parts]
    checks.inputs("generator", generator, "latents" + condition, (None, latent_dim), *shapes)
    made = "what `generator` makes" + condition
    checks.inputs("discriminator", discriminator, made, generator.output_shape, *shapes)
    checks.logits("discriminator", discriminator)
