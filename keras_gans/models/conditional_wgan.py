"""Conditional Wasserstein GAN with weight clipping."""

import keras

from keras_gans.models.conditional_gan import ClassConditional
from keras_gans.models.wgan import WGAN


@keras.saving.register_keras_serializable(package="keras_gans")
class ConditionalWGAN(ClassConditional, WGAN):
    """`WGAN` with labels: the critic compares examples and samples of the same classes.

    Args:
        generator, discriminator, latent_dim, num_classes, class_names: See
            `ConditionalGAN`.
        n_critic, clip_value, techniques, ema_decay, seed, **kwargs: See `WGAN`.

    Raises:
        ValueError, TypeError: As `ConditionalGAN` and `WGAN`.

    Logs: As `WGAN`.

    Example:

    >>> import keras_gans as kg
    >>> gan = kg.models.ConditionalWGAN(
    ...     kg.networks.mlp_generator((2,), latent_dim=2, hidden_units=(32,), num_classes=3),
    ...     kg.networks.mlp_discriminator((2,), hidden_units=(32,), num_classes=3),
    ...     latent_dim=2,
    ... )
    >>> gan.num_classes
    3

    References:
        - Arjovsky et al. 2017, Wasserstein GAN, Algorithm 1.
        - Mirza and Osindero 2014, Conditional Generative Adversarial Nets.
    """
