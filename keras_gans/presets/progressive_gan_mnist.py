"""A progressively grown GAN of MNIST."""

from keras_gans import models, networks
from keras_gans.presets import _papers
from keras_gans.presets._mnist import MNISTPreset


class Preset(MNISTPreset):
    title = "Progressive GAN, digits of MNIST"
    summary = "Handwritten digits, by networks that began with seven pixels a side and grew to 28."
    paper = _papers.PROGRESSIVE_GAN
    differs = (
        "16 channels next to the image, 64 latents, phases of 40,000 images, batches of 32 at all "
        "levels."
    )
    model = models.ProgressiveGAN
    arguments = {"latent_dim": 64, "images_per_phase": 40_000, "ema_decay": 0.999}
    filters = 16
    batch_size, steps_per_epoch, epochs = 32, 1000, 15

    def networks(self, info, latent_dim, filters):
        return {
            "generator": networks.progressive_generator(info.image_shape, latent_dim, filters),
            "discriminator": networks.progressive_discriminator(info.image_shape, filters),
        }
