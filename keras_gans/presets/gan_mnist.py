"""A GAN of dense networks of MNIST, with a penalty on the discriminator's slope."""

from typing import Any

from keras_gans import models, networks, techniques
from keras_gans.models.schedules import LinearToZero
from keras_gans.presets import _papers
from keras_gans.presets._images import optimizers_of
from keras_gans.presets._mnist import MNISTPreset


class Preset(MNISTPreset):
    title = "GAN, digits of MNIST"
    summary = (
        "Handwritten digits, by a generator that learned to deceive a discriminator, both of dense "
        "layers alone, as the first GAN had them."
    )
    paper = _papers.GAN
    differs = (
        "Leaky ReLU and no dropout in place of maxout with it, 64 latents from a normal "
        "distribution; the loss of the generator that does not saturate, Adam, whose rates fall to "
        "zero along a straight line, the penalty R1 (Mescheder et al. 2018), and a moving average "
        "from which samples come."
    )
    model = models.GAN
    arguments = {"latent_dim": 64, "ema_decay": 0.999}
    filters = 512
    batch_size, steps_per_epoch, epochs = 64, 2500, 16
    rates = {"g_optimizer": 5e-4, "d_optimizer": 5e-4}

    def build(self, info, filters=None, **changes):
        penalty = {"techniques": [techniques.R1(0.1)]}
        return super().build(info, filters, **{**penalty, **changes})

    def networks(self, info, latent_dim, filters):
        sizes: dict[str, Any] = {"hidden_units": (filters, filters)}
        return {
            "generator": networks.mlp_generator(
                info.image_shape, latent_dim, normalization="batch", **sizes
            ),
            "discriminator": networks.mlp_discriminator(info.image_shape, **sizes),
        }

    def optimizers(self, model, steps, rates):
        return optimizers_of(model, steps, rates, LinearToZero, beta_1=0.0, beta_2=0.99)
