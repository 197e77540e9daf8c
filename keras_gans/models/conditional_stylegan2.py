"""Conditional StyleGAN2."""

import keras

from keras_gans.models.conditional_gan import ClassConditional
from keras_gans.models.stylegan2 import StyleGAN2


@keras.saving.register_keras_serializable(package="keras_gans")
class ConditionalStyleGAN2(ClassConditional, StyleGAN2):  # type: ignore[misc]  # its images have classes
    """`StyleGAN2` with labels, as in the code of Karras et al. 2020b.

    The mapping takes a vector of the class beside the latents. Codes are truncated towards one
    mean, that of all classes; both latents of an example with mixed styles are of its class.

    Args:
        generator, discriminator: As `keras_gans.networks.stylegan2_generator` and
            `stylegan2_discriminator` return them for `num_classes=…`.
        latent_dim, num_classes, class_names: See `ConditionalGAN`.
        style_mixing, techniques, ema_decay, n_critic, objective, seed, **kwargs: See `StyleGAN2`.

    Raises:
        ValueError, TypeError: As `ConditionalGAN` and `StyleGAN2`.

    Logs: As `StyleGAN2`.

    Example:

    >>> import keras_gans as kg
    >>> gan = kg.models.ConditionalStyleGAN2(
    ...     kg.networks.stylegan2_generator((8, 8, 1), 4, filters=4, code_dim=8, num_classes=3),
    ...     kg.networks.stylegan2_discriminator((8, 8, 1), 4, code_dim=8, num_classes=3),
    ...     latent_dim=4,
    ... )
    >>> gan.sample(2, labels=1).shape
    (2, 8, 8, 1)

    References:
        - Karras et al. 2020, Analyzing and Improving the Image Quality of StyleGAN.
        - Karras et al. 2020b, Training Generative Adversarial Networks with Limited Data.
    """
