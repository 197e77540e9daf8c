"""Adversarial latent autoencoder (Pidhorskyi et al. 2020)."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import ops

from keras_gans import losses, networks, serving
from keras_gans._hyperparameters import Hyperparameter
from keras_gans._loss_result import LossResult
from keras_gans._precision import as_float
from keras_gans._read_only import call_network, read_only
from keras_gans._server import in_batches
from keras_gans._typing import ArrayLike, Examples, FloatOrSchedule, Optimizer, Tensor, Tensors
from keras_gans.data.sources import DatasetInfo
from keras_gans.models import checks
from keras_gans.models.averages import DecayOfAverages
from keras_gans.models.latent_model import LatentModel
from keras_gans.networks.style import mix_styles, synthesis
from keras_gans.penalties import r1_penalty, refuse_batch_normalization


@keras.saving.register_keras_serializable(package="keras_gans")
class ALAE(LatentModel):
    """Adversarial latent autoencoder: a GAN whose two halves meet in a learned latent space.

    The generator of a GAN is cut in two, F from latents z to codes w and G from codes to examples,
    and so is its discriminator, E from examples to codes and D from codes to logits. One training
    step is one iteration of the paper's Algorithm 1, with fresh latents in each of its parts:

        Step I    update E, D  by  softplus(D∘E∘G∘F(z)) + softplus(−D∘E(x)) + γ/2 E ‖∇D∘E(x)‖²
        Step II   update F, G  by  softplus(−D∘E∘G∘F(z))
        Step III  update E, G  by  ‖F(z) − E∘G∘F(z)‖²

    Step III makes E and G an autoencoder of codes: it needs no distance between examples.

    Args:
        mapping: Built Sequential or functional `keras.Model`, the paper's F: from latents
            `(batch, latent_dim)` to codes `(batch, code_dim)`.
        generator: Likewise G, from codes to examples. `mix` needs one that
            `keras_gans.networks.style_generator` returned.
        encoder: Likewise E, from examples to codes.
        discriminator: Likewise D, from codes to logits `(batch, 1)`, without sigmoid.
        latent_dim: Positive integer, size of the latent vectors.
        gamma: Float ≥ 0, or a schedule, weight γ of the gradient penalty. Defaults to `10.0`.
        ema_decay: Float in [0, 1) or `None`. If given, all but training uses moving averages of F,
            G and E with this decay. Defaults to `None`.
        seed: Integer or `None`, seed of the noise drawn in training. Defaults to `None`.
        **kwargs: `name`, `dtype`, `trainable` of `keras.Model`.

    Raises:
        ValueError, TypeError: If a network is not built, the networks do not fit each other or
            `latent_dim`, a number is out of range, or the encoder or the discriminator uses batch
            normalization, which a penalty on each example's own gradient rules out.

    Logs: `d_loss`, that of step I; `g_loss`, of step II; `reciprocity_loss`, of step III;
    `gradient_penalty`, ½ E ‖∇D∘E(x)‖², before the weight γ. `evaluate` gives them for held-out
    data.

    Example:

    >>> import keras_gans as kg
    >>> alae = kg.models.ALAE(
    ...     mapping=kg.networks.mlp_generator((4,), latent_dim=3, hidden_units=(16,)),
    ...     generator=kg.networks.mlp_generator((2,), latent_dim=4, hidden_units=(16,)),
    ...     encoder=kg.networks.mlp_discriminator((2,), hidden_units=(16,), num_logits=4),
    ...     discriminator=kg.networks.mlp_discriminator((4,), hidden_units=(16,)),
    ...     latent_dim=3,
    ... )
    >>> alae.compile()
    >>> points = kg.data.ring_of_gaussians().sample(512)
    >>> history = alae.fit(points, batch_size=64, verbose=0)
    >>> sorted(history.history)
    ['d_loss', 'g_loss', 'gradient_penalty', 'reciprocity_loss']
    >>> alae.encode(points).shape, alae.reconstruct(points).shape
    ((512, 4), (512, 2))

    Reference:
        Pidhorskyi et al. 2020, Adversarial Latent Autoencoders, Algorithm 1.
    """

    optimizer_networks = {
        "d_optimizer": ("encoder", "discriminator"),
        "g_optimizer": ("mapping", "generator"),
        "r_optimizer": ("encoder", "generator"),
    }
    loss_names = ("d_loss", "g_loss", "reciprocity_loss", "gradient_penalty")
    gamma = Hyperparameter(low=0.0)
    ema_decay = DecayOfAverages("mapping", "generator", "encoder")

    def __init__(
        self,
        mapping: keras.Model,
        generator: keras.Model,
        encoder: keras.Model,
        discriminator: keras.Model,
        latent_dim: int,
        gamma: FloatOrSchedule = 10.0,
        ema_decay: FloatOrSchedule | None = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(latent_dim, seed, **kwargs)
        _check_networks(mapping, generator, encoder, discriminator, self.latent_dim)
        self.mapping = mapping
        self.generator = generator
        self.encoder = encoder
        self.discriminator = discriminator
        self.gamma = gamma
        self.ema_decay = ema_decay

    @classmethod
    def for_images(
        cls,
        info: DatasetInfo,
        latent_dim: int = 64,
        filters: int = 64,
        ema_decay: FloatOrSchedule | None = 0.998,
        **kwargs: Any,
    ) -> "ALAE":
        """Return a model for the images of a dataset, with networks of styles as in the paper.

        Args:
            info: `keras_gans.data.DatasetInfo`, as `keras_gans.data.load` returns it.
            latent_dim: Positive integer, size of the latents and of the codes. Defaults to `64`.
            filters: Positive integer, channels of the layers next to the image. Defaults to `64`.
            ema_decay: See the constructor. Defaults to `0.998`.
            **kwargs: Other arguments of the constructor.

        Returns:
            An instance of this class, not compiled.

        Raises:
            ValueError, TypeError: As the constructor.

        Example:

        >>> import keras_gans as kg
        >>> digits, info = kg.data.load("digits")
        >>> kg.models.ALAE.for_images(info, latent_dim=4, filters=4).sample(2).shape
        (2, 8, 8, 1)
        """
        hidden, shape = (2 * latent_dim,) * 2, info.image_shape
        made = {
            "mapping": networks.mlp_generator((latent_dim,), latent_dim, hidden, name="mapping"),
            "generator": networks.style_generator(shape, latent_dim, filters),
            "encoder": networks.style_encoder(shape, latent_dim, filters),
            "discriminator": networks.mlp_discriminator((latent_dim,), hidden),
        }
        return cls(latent_dim=latent_dim, ema_decay=ema_decay, **{**made, **kwargs})

    def default_optimizers(self) -> dict[str, keras.optimizers.Optimizer]:
        """Adam as in the paper's code: learning rate 2e-3, β₁ 0, β₂ 0.99."""
        return {
            name: keras.optimizers.Adam(2e-3, beta_1=0.0, beta_2=0.99, name=f"{name[0]}_adam")
            for name in self.optimizer_networks
        }

    def compile(  # type: ignore[override]  # the optimizers come first
        self,
        d_optimizer: Optimizer | None = None,
        g_optimizer: Optimizer | None = None,
        r_optimizer: Optimizer | None = None,
        **kwargs: Any,
    ) -> None:
        """Give the three steps their optimizers.

        Args:
            d_optimizer: Keras optimizer of step I. Defaults to the paper's.
            g_optimizer: Keras optimizer of step II. Defaults to the paper's.
            r_optimizer: Keras optimizer of step III, reciprocity. Defaults to the paper's.
            **kwargs: `metrics`, `run_eagerly`, `steps_per_execution`, `jit_compile`,
                `auto_scale_loss`, `total_steps`; see `GenerativeModel.compile`.
        """
        super().compile(
            d_optimizer=d_optimizer, g_optimizer=g_optimizer, r_optimizer=r_optimizer, **kwargs
        )

    # Algorithm 1

    def train_step(self, data: Tensors) -> dict[str, Tensor]:
        real = self.real_examples(data)
        batch_size = ops.shape(real)[0]
        self.record(self.train_discriminator(real))
        self.record(self.train_generator(batch_size))
        self.record(self.train_reciprocity(batch_size))
        return self.logs()

    def train_discriminator(self, real: Tensor) -> LossResult:
        """Step I: update E and D on a mini-batch of real examples and one of fakes."""
        latents = self.draw_latents(ops.shape(real)[0])
        fake = read_only(self.generator, read_only(self.mapping, latents))
        return self.minimize("d_optimizer", lambda: self.discriminator_loss(real, fake))

    def train_generator(self, batch_size: int | Tensor) -> LossResult:
        """Step II: update F and G on a mini-batch of latents."""
        latents = self.draw_latents(batch_size)

        def loss():
            fake = self.generator(self.mapping(latents, training=True), training=True)
            return self.generator_loss(self.discriminate(fake, training=True, call=read_only))

        return self.minimize("g_optimizer", loss)

    def train_reciprocity(self, batch_size: int | Tensor) -> LossResult:
        """Step III: update E and G on the codes of a mini-batch of latents."""
        codes = read_only(self.mapping, self.draw_latents(batch_size))
        return self.minimize("r_optimizer", lambda: self.reciprocity_loss(codes))

    def discriminate(
        self, examples: Examples, training: bool = False, call: Callable[..., Tensor] = call_network
    ) -> Tensor:
        """Return the logits D∘E of examples: the only way to the discriminator."""
        encoder, discriminator = (self.in_use(n, training) for n in ("encoder", "discriminator"))
        return as_float(call(discriminator, call(encoder, examples, training), training))

    def discriminator_loss(self, real: Tensor, fake: Tensor, training: bool = True) -> LossResult:
        """What step I minimizes."""
        adversarial_loss = losses.non_saturating.discriminator(
            self.discriminate(real, training), self.discriminate(fake, training)
        )
        penalty = r1_penalty(lambda x: self.discriminate(x, training), real)
        result = LossResult({"d_loss": adversarial_loss})
        return result.plus("gradient_penalty", penalty, self.gamma)

    def generator_loss(self, fake_logits: Tensor) -> LossResult:
        """What step II minimizes."""
        return LossResult({"g_loss": losses.non_saturating.generator(None, fake_logits)})

    def reciprocity_loss(self, codes: Tensor, training: bool = True) -> LossResult:
        """What step III minimizes: the squared distance of codes to those of what they make."""
        generator, encoder = (self.in_use(name, training) for name in ("generator", "encoder"))
        found = encoder(generator(codes, training=training), training=training)
        difference = as_float(codes) - as_float(found)
        distance = ops.mean(ops.sum(ops.square(difference), axis=-1))
        return LossResult({"reciprocity_loss": distance})

    def test_step(self, data: Tensors) -> dict[str, Tensor]:
        real = self.real_examples(data)
        batch_size = ops.shape(real)[0]
        latents = self.draw_latents(batch_size, training=False)
        codes = self.in_use("mapping")(latents, training=False)
        fake = as_float(self.in_use("generator")(codes, training=False))
        self.record(self.discriminator_loss(real, fake, training=False), batch_size)
        self.record(self.generator_loss(self.discriminate(fake)), batch_size)
        self.record(self.reciprocity_loss(codes, training=False), batch_size)
        self.update_sample_metrics(real, fake)
        return self.logs()

    # Encoding, sampling and serving

    @property
    def samplers(self) -> list[keras.layers.Layer]:
        return [self.in_use("mapping"), self.in_use("generator")]

    def encode(self, x: ArrayLike, batch_size: int = 256) -> np.ndarray:
        """Return the codes E(x) of examples.

        Args:
            x: Float array of examples `(num, …)`.
            batch_size: Positive integer, examples encoded at once. Defaults to `256`.

        Returns:
            Float32 array `(num, code_dim)`.

        Raises:
            ValueError, TypeError: As `fit`, if the examples have another shape, are not floats or
                not scaled.
        """
        return self.serve("encode", x, batch_size=batch_size)

    def reconstruct(self, x: ArrayLike, batch_size: int = 256) -> np.ndarray:
        """Return G(E(x)): examples made from the codes of examples.

        Args:
            x: Float array of examples `(num, …)`.
            batch_size: Positive integer, examples reconstructed at once. Defaults to `256`.

        Returns:
            Float32 array `(num, …)`.

        Raises:
            ValueError, TypeError: As `encode`.
        """
        return self.serve("reconstruct", x, batch_size=batch_size)

    def score(self, x: ArrayLike, labels: None = None, batch_size: int = 256) -> np.ndarray:
        """Return the logits D(E(x)) of examples.

        Args:
            x: Float array of examples `(num, …)`.
            labels: Must be `None`.
            batch_size: Positive integer, examples scored at once. Defaults to `256`.

        Returns:
            Float32 array `(num, 1)`, the higher the more real they look to the discriminator.

        Raises:
            ValueError, TypeError: As `encode`.
        """
        return self.serve("score", x, labels, batch_size=batch_size)

    def mix(
        self, coarse: ArrayLike, fine: ArrayLike, layer: int, batch_size: int = 256
    ) -> np.ndarray:
        """Mix the styles of examples: coarse ones from one set, fine ones from another.

        The i-th image is drawn with the code of `coarse[i]` in the generator's first styles, those
        of its small grids, and with that of `fine[i]` in the others. Both may be data or samples.

        Args:
            coarse: Float array of examples `(num, …)`.
            fine: Float array of as many examples.
            layer: Integer in [0, number of styles]: the styles before it are coarse. With `0` the
                result is `reconstruct(fine)`, with the number of styles `reconstruct(coarse)`.
            batch_size: Positive integer, examples drawn at once. Defaults to `256`.

        Returns:
            Float32 array `(num, …)`.

        Raises:
            ValueError, TypeError: As `encode`; if the numbers of examples differ, `layer` is out of
                range, or the generator has no styles.
        """
        draw = synthesis(self.generator)
        coarse, fine = self.as_examples("coarse", coarse), self.as_examples("fine", fine)
        nums = len(coarse), len(fine)
        if nums[0] != nums[1]:
            raise ValueError(
                f"`coarse` and `fine` must hold as many examples. Received: {nums[0]} and {nums[1]}"
            )
        repeated = (1, draw.input_shape[1], 1)
        a, b = (np.tile(self.encode(x, batch_size)[:, None], repeated) for x in (coarse, fine))
        styles = mix_styles(a, b, layer)
        with self.weights_in_use("generator"):
            return in_batches(lambda some: as_float(draw(some, training=False)), styles, batch_size)

    def served_verbs(self) -> list[serving.Verb]:
        """Those of `LatentModel`; `encode(x)`: codes; `reconstruct(x)`; and `score(x)`: D∘E."""
        generator, encoder = self.in_use("generator"), self.in_use("encoder")

        def encode(x):
            return as_float(encoder(x, training=False))

        def reconstruct(x):
            return as_float(generator(encode(x), training=False))

        def score(x):
            return self.discriminate(x)

        x, codes = self.served_examples, serving.ArraySpec("codes", self.encoder.output_shape)
        logits = serving.ArraySpec("logits", self.discriminator.output_shape)
        return [
            *super().served_verbs(),
            serving.Verb("encode", encode, {"x": x}, codes),
            serving.Verb("reconstruct", reconstruct, {"x": x}, x),
            serving.Verb("score", score, {"x": x, "labels": None}, logits),
        ]


def _check_networks(mapping, generator, encoder, discriminator, latent_dim):
    networks = {
        "mapping": mapping,
        "generator": generator,
        "encoder": encoder,
        "discriminator": discriminator,
    }
    for name, network in networks.items():
        checks.network(name, network)
    checks.inputs("mapping", mapping, "latents", (None, latent_dim))
    checks.inputs("generator", generator, "what `mapping` makes", mapping.output_shape)
    checks.inputs("encoder", encoder, "what `generator` makes", generator.output_shape)
    checks.outputs("encoder", encoder, "codes, as `mapping` does", mapping.output_shape)
    checks.inputs("discriminator", discriminator, "what `encoder` makes", encoder.output_shape)
    checks.outputs("discriminator", discriminator, "one logit for each code", (None, 1))
    checks.logits("discriminator", discriminator)
    for name in ("encoder", "discriminator"):
        refuse_batch_normalization(name, networks[name])
