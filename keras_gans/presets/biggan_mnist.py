"""A small BigGAN of MNIST."""

import keras

from keras_gans import models, networks
from keras_gans.presets import _papers
from keras_gans.presets._mnist import MNISTPreset


class Preset(MNISTPreset):
    title = "BigGAN, digits of MNIST"
    summary = (
        "Handwritten digits on demand, by residual networks with attention, spectral "
        "normalization and a shared embedding of the classes."
    )
    paper = _papers.BIGGAN
    differs = (
        "8 as the unit of channels, where the paper's for ImageNet is 96, an embedding of 32 "
        "numbers, attention at 14 pixels; batches of 32, and a moving average of 0.999."
    )
    model = models.BigGAN
    labels = True
    arguments = {"latent_dim": 64, "ema_decay": 0.999}
    filters = 8
    batch_size, steps_per_epoch, epochs = 32, 500, 12
    rates = {"g_optimizer": 2e-4, "d_optimizer": 4e-4}

    def networks(self, info, latent_dim, filters):
        sizes = {"num_classes": info.num_classes, "filters": filters, "attention": 14}
        return {
            "generator": networks.biggan_generator(
                info.image_shape, latent_dim=latent_dim, embedding_dim=32, **sizes
            ),
            "discriminator": networks.biggan_discriminator(info.image_shape, **sizes),
            "class_names": info.class_names,
        }

    def optimizers(self, model, steps, rates):
        return {
            name: keras.optimizers.Adam(rate, beta_1=0.0, beta_2=0.999, epsilon=1e-6)
            for name, rate in rates.items()
        }
