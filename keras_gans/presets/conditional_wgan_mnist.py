"""A Wasserstein GAN of MNIST with labels, whose critic's weights are clipped."""

import keras

from keras_gans import models
from keras_gans.models.schedules import LinearToZero
from keras_gans.presets import _papers
from keras_gans.presets._images import dcgan_networks
from keras_gans.presets._mnist import MNISTPreset


class Preset(MNISTPreset):
    title = "Conditional WGAN, digits of MNIST"
    summary = (
        "Handwritten digits on demand, by a generator that makes the Wasserstein distance to real "
        "digits of the same class small, as a critic with clipped weights estimates it."
    )
    paper = _papers.WGAN
    differs = (
        "It takes labels, the generator as a vector beside the latents, the critic by a projection "
        "(Miyato and Koyama 2018)."
    )
    model = models.ConditionalWGAN
    labels = True
    arguments = {"latent_dim": 64, "n_critic": 5, "ema_decay": 0.999, "clip_value": 0.04}
    filters = 32
    batch_size, steps_per_epoch, epochs = 64, 500, 12
    precision = "mixed_bfloat16"
    rates = {"g_optimizer": 5e-4, "d_optimizer": 2e-4}

    def networks(self, info, latent_dim, filters):
        return dcgan_networks(info, latent_dim, filters, filters, labels=True)

    def optimizers(self, model, steps, rates):
        updates = {"g_optimizer": steps, "d_optimizer": steps * model.n_critic}
        return {
            name: keras.optimizers.RMSprop(LinearToZero(rate, updates[name]))
            for name, rate in rates.items()
        }
