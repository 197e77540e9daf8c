"""Conditional Wasserstein GAN with gradient penalty."""

import keras

from keras_gans.models.conditional_gan import ClassConditional
from keras_gans.models.wgan_gp import WGANGP


@keras.saving.register_keras_serializable(package="keras_gans")
class ConditionalWGANGP(ClassConditional, WGANGP):
    """`WGANGP` with labels: the critic compares examples and samples of the same classes.

    The penalized points x̂ lie between a real example and a fake with the same label, and have that
    label; where `ExperienceReplay` has put in a fake with another label, the real one's is taken.

    Args:
        generator, discriminator, latent_dim, num_classes, class_names: See
            `ConditionalGAN`.
        n_critic, gp_weight, one_sided, techniques, ema_decay, seed, **kwargs: See `WGANGP`.

    Raises:
        ValueError, TypeError: As `ConditionalGAN` and `WGANGP`.

    Logs: As `WGANGP`.

    Example:

    >>> import keras_gans as kg
    >>> gan = kg.models.ConditionalWGANGP(
    ...     kg.networks.mlp_generator((2,), latent_dim=2, hidden_units=(32,), num_classes=3),
    ...     kg.networks.mlp_discriminator((2,), hidden_units=(32,), num_classes=3),
    ...     latent_dim=2,
    ... )
    >>> gan.sample(2, labels=1).shape
    (2, 2)

    References:
        - Gulrajani et al. 2017, Improved Training of Wasserstein GANs, Algorithm 1.
        - Mirza and Osindero 2014, Conditional Generative Adversarial Nets.
    """
