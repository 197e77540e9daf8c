"""Deep convolutional GAN (Radford et al. 2015)."""

from collections.abc import Sequence
from typing import Any

import keras

from keras_gans import _checks, networks
from keras_gans._examples import packed_shape
from keras_gans.models import checks
from keras_gans.models.gan import GAN
from keras_gans.techniques import technique


@keras.saving.register_keras_serializable(package="keras_gans")
class DCGAN(GAN):
    """GAN with the deep convolutional networks, initializers and optimizers of the DCGAN paper.

    The objective is the non-saturating one of `GAN`. What the paper adds are guidelines for
    networks: strided convolutions, batch normalization, ReLU and leaky ReLU, weights from
    N(0, 0.02²); and Adam with learning rate 2e-4 and β₁ 0.5. The networks that are not given are
    made so.

    Args:
        generator: See `GAN`. Defaults to `None`: `networks.dcgan_generator(image_shape, latent_dim,
            filters=128, max_filters=1024)`, for 64×64 images the paper's figure 1.
        discriminator: See `GAN`. Defaults to `None`: `networks.dcgan_discriminator(image_shape,
            filters=128, max_filters=1024)`.
        latent_dim: Positive integer, size of the latent vectors. Defaults to `100`.
        image_shape: `(height, width, channels)` of the images. Defaults to `None`: what `generator`
            makes, or `(64, 64, 3)`.
        n_critic, objective, techniques, ema_decay, seed, **kwargs: See `GAN`.

    Raises:
        ValueError, TypeError: As `GAN`.

    Logs: As `GAN`.

    Example:

    >>> import keras_gans as kg
    >>> gan = kg.models.DCGAN(image_shape=(32, 32, 1))
    >>> gan.compile()
    >>> gan.sample(2).shape
    (2, 32, 32, 1)

    Reference:
        Radford et al. 2015, Unsupervised Representation Learning with Deep Convolutional Generative
        Adversarial Networks, section 4.
    """

    def __init__(
        self,
        generator: keras.Model | None = None,
        discriminator: keras.Model | None = None,
        latent_dim: int = 100,
        image_shape: Sequence[int] | None = None,
        **kwargs: Any,
    ) -> None:
        if generator is not None:
            checks.network("generator", generator)
        paper: dict[str, Any] = {"filters": 128, "max_filters": 1024}
        if image_shape is None:
            image_shape = (64, 64, 3) if generator is None else generator.output_shape[1:]
        shape = _checks.image_shape("image_shape", image_shape)
        if generator is None:
            generator = networks.dcgan_generator(image_shape, latent_dim, **paper)
        if discriminator is None:
            size = technique.pack_size_of(kwargs.get("techniques", ()))
            discriminator = networks.dcgan_discriminator(packed_shape(shape, size), **paper)
        super().__init__(generator, discriminator, latent_dim, **kwargs)
        self.image_shape = shape
        if generator.output_shape[1:] != self.image_shape:
            raise ValueError(
                "`image_shape` must be that of the images that `generator` makes, "
                f"{generator.output_shape[1:]}. Received: image_shape={image_shape!r}"
            )
