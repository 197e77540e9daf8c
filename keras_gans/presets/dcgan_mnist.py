"""A DCGAN of MNIST."""

from keras_gans import models
from keras_gans.presets import _papers
from keras_gans.presets._images import dcgan_networks
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
        "image; 64 latents from a normal distribution; samples come from a moving average."
    )
    model = models.DCGAN
    arguments = {"latent_dim": 64, "ema_decay": 0.999}
    filters = 32
    batch_size, steps_per_epoch, epochs = 64, 750, 10

    def networks(self, info, latent_dim, filters):
        return dcgan_networks(info, latent_dim, filters, filters, normalization="batch")
