"""The two-player game of Goodfellow et al. 2014."""

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from keras_gans import _checks, losses, networks, serving
from keras_gans._examples import images_of, packed_shape
from keras_gans._precision import as_float
from keras_gans._typing import (
    ArrayLike,
    Examples,
    FloatOrSchedule,
    Tensor,
)
from keras_gans.data import specs
from keras_gans.data.sources import DatasetInfo
from keras_gans.models import checks
from keras_gans.models.latent_model import LatentModel, with_labels
from keras_gans.models.two_player import TwoPlayer
from keras_gans.techniques import technique


@keras.saving.register_keras_serializable(package="keras_gans")
class GAN(TwoPlayer, LatentModel):
    """Generative adversarial network: a generator and a discriminator in a game of two players.

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
    in them, and is logged besides under names of its own. `evaluate` gives the losses of the
    objective without techniques, for held-out data.

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

    #: How the discriminator that `for_images` makes is normalized.
    discriminator_normalization: str | None = "batch"
    takes_packs = True

    def __init__(
        self,
        generator: keras.Model,
        discriminator: keras.Model,
        latent_dim: int,
        n_critic: int = 1,
        objective: str | losses.Objective = "non_saturating",
        techniques: Sequence[technique.Technique] = (),
        ema_decay: FloatOrSchedule | None = None,
        seed: int | None = None,
        generator_batch_multiple: int = 1,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            generator,
            discriminator,
            n_critic,
            objective,
            techniques,
            ema_decay,
            seed,
            latent_dim=latent_dim,
            **kwargs,
        )
        self.generator_batch_multiple = _checks.positive_int(
            "generator_batch_multiple", generator_batch_multiple
        )

    def check_networks(self, generator: keras.Model, discriminator: keras.Model) -> None:
        spec = self.network_condition_spec
        _check_networks(generator, discriminator, self.latent_dim, spec, self.pack_size)

    @classmethod
    def for_images(
        cls,
        info: DatasetInfo,
        latent_dim: int = 64,
        filters: int = 64,
        ema_decay: FloatOrSchedule | None = 0.998,
        **kwargs: Any,
    ) -> "GAN":
        """Return a model for the images of a dataset, with the networks of its paper's kind.

        Those are of the DCGAN paper's kind where the model's own paper has no others. StyleGAN2's
        and R3GAN's generators, linear in the end in the papers, are bounded by tanh here.

        Args:
            info: `keras_gans.data.DatasetInfo`, as `keras_gans.data.load` returns it.
            latent_dim: Positive integer, size of the latent vectors. Defaults to `64`.
            filters: Positive integer, that of the builders of the networks: of the DCGAN's, the
                channels of the layers next to the image. Defaults to `64`.
            ema_decay: See the constructor. Defaults to `0.998`.
            **kwargs: Other arguments of the constructor.

        Returns:
            An instance of this class, not compiled.

        Raises:
            ValueError, TypeError: As the constructor; and if the model is one of classes, and the
                dataset has none.

        Example:

        >>> import keras_gans as kg
        >>> digits, info = kg.data.load("digits")
        >>> kg.models.GAN.for_images(info, latent_dim=8, filters=4).sample(2).shape
        (2, 8, 8, 1)
        """
        made = cls.networks_for_images(info, latent_dim, filters)
        size = technique.pack_size_of(kwargs.get("techniques", ()))
        if size > 1:
            packs = dataclasses.replace(info, image_shape=packed_shape(info.image_shape, size))
            wide = cls.networks_for_images(packs, latent_dim, filters)
            made = {**made, "discriminator": wide["discriminator"]}
        return cls(latent_dim=latent_dim, ema_decay=ema_decay, **{**made, **kwargs})

    @classmethod
    def networks_for_images(
        cls, info: DatasetInfo, latent_dim: int, filters: int, num_classes: int | None = None
    ) -> dict[str, Any]:
        """Return what `for_images` gives the constructor of the dataset: networks by argument."""
        shape, normalization = info.image_shape, cls.discriminator_normalization
        classes: dict[str, Any] = {"num_classes": num_classes}
        return {
            "generator": networks.dcgan_generator(shape, latent_dim, filters, **classes),
            "discriminator": networks.dcgan_discriminator(
                shape, filters, normalization=normalization, **classes
            ),
        }

    def fake_examples(
        self, real: Examples, generator: Callable[..., Tensor], training: bool = True
    ) -> Examples:
        """Return as many fakes as there are real examples, as the discriminator takes them.

        `generator` is a function of what the generator takes.
        """
        return as_float(generator(self.draw_latents(ops.shape(images_of(real))[0], training)))

    # Sampling and serving

    @property
    def samplers(self) -> list[keras.layers.Layer]:
        return [self.in_use("generator")]

    @property
    def network_condition_spec(self) -> Any:
        """What the networks take as a condition: by default what users give."""
        return self.condition_spec

    def score(self, x: ArrayLike, labels: Any = None, batch_size: int = 256) -> np.ndarray:
        """Return the discriminator's logits of examples.

        Args:
            x: Float array of examples `(num, …)`.
            labels: Integers or class names `(num,)`, or one for all, for models that take labels.
                Defaults to `None`.
            batch_size: Positive integer, examples scored at once. Defaults to `256`.

        Returns:
            Float32 array `(num, …)`, the higher the more real they look to the discriminator.

        Raises:
            ValueError, TypeError: As `fit`, if the examples have another shape, are not floats or
                not scaled; or labels are missing, not expected or out of range; or if the
                discriminator judges packs of examples, and none by itself.
        """
        if self.pack_size > 1:
            raise ValueError(
                "`score` is for discriminators that judge each example by itself. Received: "
                f"one that judges packs of {self.pack_size}"
            )
        return self.serve("score", x, labels, batch_size=batch_size)

    def served_verbs(self) -> list[serving.Verb]:
        """Those of `LatentModel`, and `score(x, labels)`: the discriminator's logits.

        There are none of single examples where the discriminator judges packs.
        """
        if self.pack_size > 1:
            return super().served_verbs()

        def score(x, *labels):
            return self.discriminate(with_labels(x, labels))

        inputs = {"x": self.served_examples, "labels": self.served_labels}
        logits = serving.ArraySpec("logits", self.logits_shape)
        return [*super().served_verbs(), serving.Verb("score", score, inputs, logits)]


def _check_networks(generator, discriminator, latent_dim, condition_spec, pack_size):
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
    if pack_size > 1:
        made = f"packs of {pack_size} of {made}, side by side on the last axis"
    judged = packed_shape(generator.output_shape, pack_size)
    checks.inputs("discriminator", discriminator, made, judged, *shapes)
    checks.logits("discriminator", discriminator)
