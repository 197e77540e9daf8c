"""A progressively grown GAN of MNIST."""

from keras_gans import models, networks
from keras_gans.models.schedules import LinearToZero
from keras_gans.presets import _papers
from keras_gans.presets._images import optimizers_of
from keras_gans.presets._mnist import MNISTPreset


class Preset(MNISTPreset):
    title = "Progressive GAN, digits of MNIST"
    summary = "Handwritten digits, by networks that began with seven pixels a side and grew to 28."
    paper = _papers.PROGRESSIVE_GAN
    differs = (
        "16 channels next to the image, 64 latents, phases of 20,000 images, batches of 32 at all "
        "levels; learning rates that fall from 4e-3 to zero along a straight line, as narrow "
        "networks with equalized rates move little."
    )
    model = models.ProgressiveGAN
    arguments = {"latent_dim": 64, "images_per_phase": 20_000, "ema_decay": 0.999}
    filters = 16
    batch_size, steps_per_epoch, epochs = 32, 1000, 12
    precision = "mixed_bfloat16"
    rates = {"g_optimizer": 4e-3, "d_optimizer": 4e-3}

    def networks(self, info, latent_dim, filters):
        return {
            "generator": networks.progressive_generator(info.image_shape, latent_dim, filters),
            "discriminator": networks.progressive_discriminator(info.image_shape, filters),
        }

    def optimizers(self, model, steps, rates):
        return optimizers_of(model, steps, rates, LinearToZero, beta_1=0.0, beta_2=0.99)
