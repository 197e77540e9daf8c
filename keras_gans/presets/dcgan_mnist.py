"""A DCGAN of MNIST, with a penalty on the discriminator's slope."""

from keras_gans import models, techniques
from keras_gans.models.schedules import LinearToZero
from keras_gans.presets import _papers
from keras_gans.presets._images import dcgan_networks, optimizers_of
from keras_gans.presets._mnist import MNISTPreset


class Preset(MNISTPreset):
    title = "DCGAN, digits of MNIST"
    summary = (
        "Handwritten digits, by a generator that learned to deceive a discriminator, both of "
        "strided convolutions."
    )
    paper = _papers.DCGAN
    differs = (
        "Two layers that change the resolution, as 28 pixels have, and 48 channels next to the "
        "image; batch normalization in the generator alone, and the penalty R1 (Mescheder et al. "
        "2018) with γ 1 on the discriminator, which wins otherwise; 64 latents from a normal "
        "distribution; learning rates that fall from 2e-3 to zero along a straight line; samples "
        "come from a moving average."
    )
    model = models.DCGAN
    arguments = {"latent_dim": 64, "ema_decay": 0.999}
    filters = 48
    batch_size, steps_per_epoch, epochs = 32, 2000, 12
    precision = "mixed_bfloat16"
    rates = {"g_optimizer": 2e-3, "d_optimizer": 2e-3}

    def techniques(self):
        return [techniques.R1(1.0)]

    def networks(self, info, latent_dim, filters):
        return dcgan_networks(info, latent_dim, filters, filters)

    def optimizers(self, model, steps, rates):
        return optimizers_of(model, steps, rates, LinearToZero, beta_1=0.0, beta_2=0.99)
