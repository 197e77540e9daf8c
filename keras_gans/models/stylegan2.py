"""StyleGAN2 (Karras et al. 2020)."""

import math
from collections.abc import Sequence
from typing import Any

import keras

from keras_gans import networks
from keras_gans import techniques as kinds
from keras_gans._typing import FloatOrSchedule
from keras_gans.data.sources import DatasetInfo
from keras_gans.models.style_based_gan import StyleBasedGAN


@keras.saving.register_keras_serializable(package="keras_gans")
class StyleGAN2(StyleBasedGAN):
    """StyleGAN2: a generator that codes of its layers modulate, and a smooth way to these codes.

    The generator is a mapping f from latents to codes w and a synthesis g, which takes a code for
    each of its styles. One training step is that of a `GAN` with its objective, and two terms that
    are computed now and then only: the discriminator's γ/2 E ‖∇D(x)‖², `techniques.R1`, and the
    generator's λ E (‖Jᵀy‖₂ − a)², `techniques.PathLength`. In training an image has, with the
    probability `style_mixing`, the code of one latent up to a random style, and that of another
    from there on; so neighboring styles learn not to rely on each other.

    The mapping keeps a moving mean w̄ of its codes. `sample` draws from w̄ + ψ (f(z) − w̄): with
    ψ < 1, truncation, images are more typical and less varied.

    Defaults are those of the paper's config F. Of the authors' code differ:

    - style mixing, there decided once for a batch, here for each example;
    - lazy terms, there updates of their own, here a part of every k-th update;
    - w̄, there moved by both networks' updates and kept as it is in the averaged network, here by
      the generator's, and averaged with its weights;
    - noise, there new for each image that is generated, here the same outside training;
    - the gain √2 of a layer, there after noise and bias, here before; the class vector, there with
      a bias for all; and half precision, for which there are no other measures here.

    Args:
        generator: As `keras_gans.networks.stylegan2_generator` makes it: a `keras.Model` with parts
            called `"mapping"`, which keeps its mean, and `"synthesis"`.
        discriminator: As `keras_gans.networks.stylegan2_discriminator`, or any other.
        latent_dim, n_critic, objective, seed, generator_batch_multiple, **kwargs: See `GAN`.
        num_classes, class_names: See `ConditionalGAN`; `None` for networks without labels. With
            labels the mapping takes a vector of the class beside the latents. Codes are truncated
            towards one mean, that of all classes; both latents of an example with mixed styles are
            of its class.
        style_mixing: Float in [0, 1], or a schedule, the probability that an example has styles of
            two latents. Defaults to `0.9`.
        techniques: List of `keras_gans.techniques`. Defaults to `None`, the paper's: `[R1(10.0,
            every=16), PathLength(2.0, every=4)]`. Other lists should hold them, too, with a γ that
            suits the images: the code of Karras et al. 2020b takes 0.0002 · (number of pixels) /
            (batch size).
        ema_decay: See `GAN`. Defaults to `0.998`: with batches of 32, halved in 10,000 images.

    Raises:
        ValueError, TypeError: As `GAN` and `ConditionalGAN`; if the generator lacks a part; if
            `style_mixing` is out of range.

    Logs: As `GAN`; of the default techniques `r1` and `path_length`, before their weights.

    Example:

    >>> import numpy as np, keras_gans as kg
    >>> gan = kg.models.StyleGAN2(
    ...     kg.networks.stylegan2_generator((8, 8, 1), 4, filters=4, code_dim=8),
    ...     kg.networks.stylegan2_discriminator((8, 8, 1), filters=4),
    ...     latent_dim=4,
    ... )
    >>> gan.compile()
    >>> images = np.random.default_rng(0).uniform(-1, 1, (32, 8, 8, 1))
    >>> history = gan.fit(images, batch_size=8, verbose=0)
    >>> gan.sample(4, truncation=0.5, seed=0).shape
    (4, 8, 8, 1)
    >>> codes = gan.map(np.random.default_rng(0).normal(size=(5, 4)))
    >>> gan.mix(codes[:2], codes[2:]).shape
    (2, 3, 8, 8, 1)

    References:
        - Karras et al. 2020, Analyzing and Improving the Image Quality of StyleGAN.
        - Karras et al. 2019, A Style-Based Generator Architecture for Generative Adversarial
          Networks, sections 2 and 3: style mixing, and appendix B: truncation.
        - Karras et al. 2020b, Training Generative Adversarial Networks with Limited Data: labels.
    """

    def __init__(
        self,
        generator: keras.Model,
        discriminator: keras.Model,
        latent_dim: int,
        num_classes: int | None = None,
        class_names: Sequence[str] | None = None,
        style_mixing: FloatOrSchedule = 0.9,
        techniques: Sequence[kinds.Technique] | None = None,
        ema_decay: FloatOrSchedule | None = 0.998,
        **kwargs: Any,
    ) -> None:
        if techniques is None:
            techniques = [kinds.R1(10.0, every=16), kinds.PathLength(2.0, every=4)]
        super().__init__(
            generator,
            discriminator,
            latent_dim,
            num_classes,
            class_names,
            style_mixing=style_mixing,
            techniques=techniques,
            ema_decay=ema_decay,
            **kwargs,
        )

    @classmethod
    def networks_for_images(
        cls, info: DatasetInfo, latent_dim: int, filters: int, num_classes: int | None = None
    ) -> dict[str, Any]:
        more: dict[str, Any] = {"code_dim": latent_dim, "num_classes": num_classes}
        shape = info.image_shape
        return {
            "generator": networks.stylegan2_generator(
                shape, latent_dim, filters, output_activation="tanh", **more
            ),
            "discriminator": networks.stylegan2_discriminator(shape, filters, **more),
        }

    def default_optimizers(self) -> dict[str, keras.optimizers.Optimizer]:
        """Adam with learning rate 2e-3, β₁ 0, β₂ 0.99 and ε 1e-8, corrected for lazy terms.

        Of a network with a term in every k-th update they are 2e-3 · c and 0.99ᶜ, c = k / (k + 1),
        as in appendix B of the paper, where such a term is an update of its own.
        """

        def adam(network, name):
            lazy = [t for t in self.techniques if isinstance(t, kinds.LazyRegularization)]
            every = [t.every for t in lazy if t.network == network and t.every > 1]
            c = math.prod(k / (k + 1) for k in every)
            return keras.optimizers.Adam(2e-3 * c, 0.0, 0.99**c, epsilon=1e-8, name=name)

        return {
            "g_optimizer": adam("generator", "g_adam"),
            "d_optimizer": adam("discriminator", "d_adam"),
        }
