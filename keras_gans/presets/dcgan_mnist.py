"""A DCGAN of MNIST."""

from keras_gans import models
from keras_gans.models.schedules import LinearToZero
from keras_gans.presets import _papers
from keras_gans.presets._images import dcgan_networks, optimizers_of
from keras_gans.presets._mnist import MNISTPreset


class Preset(MNISTPreset):
    title = "DCGAN, digits of MNIST"
    summary = (
        "Handwritten digits, by a generator that learned to deceive a discriminator, both of "
        "strided convolutions and batch normalization."
    )
    paper = _papers.DCGAN
    differs = (
        "Two layers that change the resolution, as 28 pixels have, and 32 channels next to the "
        "image; 64 latents from a normal distribution; learning rates that fall from 5e-4 to zero; "
        "samples come from a moving average."
    )
    model = models.DCGAN
    arguments = {"latent_dim": 64, "ema_decay": 0.999}
    filters = 32
    batch_size, steps_per_epoch, epochs = 64, 1000, 15
    precision = "mixed_bfloat16"
    rates = {"g_optimizer": 5e-4, "d_optimizer": 5e-4}

    def networks(self, info, latent_dim, filters):
        return dcgan_networks(info, latent_dim, filters, filters, normalization="batch")

    def optimizers(self, model, steps, rates):
        return optimizers_of(model, steps, rates, LinearToZero, beta_1=0.5)
