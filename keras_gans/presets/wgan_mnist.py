"""A Wasserstein GAN of MNIST, whose critic's weights are clipped."""

import keras

from keras_gans import models
from keras_gans.models.schedules import LinearToZero
from keras_gans.presets import _papers
from keras_gans.presets._images import dcgan_networks
from keras_gans.presets._mnist import MNISTPreset


class Preset(MNISTPreset):
    title = "WGAN, digits of MNIST"
    summary = (
        "Handwritten digits, by a generator that makes the Wasserstein distance to real ones "
        "small, as a critic with clipped weights estimates it."
    )
    paper = _papers.WGAN
    differs = (
        "Networks of the DCGAN's kind, the critic with batch normalization as in the authors' "
        "code; learning rates of RMSprop that fall from 2e-4 to zero, not 5e-5 throughout; samples "
        "come from a moving average."
    )
    model = models.WGAN
    arguments = {"latent_dim": 64, "n_critic": 5, "ema_decay": 0.999}
    filters = 32
    batch_size, steps_per_epoch, epochs = 64, 500, 12
    precision = "mixed_bfloat16"
    rates = {"g_optimizer": 2e-4, "d_optimizer": 2e-4}

    def networks(self, info, latent_dim, filters):
        return dcgan_networks(info, latent_dim, filters, filters, normalization="batch")

    def optimizers(self, model, steps, rates):
        updates = {"g_optimizer": steps, "d_optimizer": steps * model.n_critic}
        return {
            name: keras.optimizers.RMSprop(LinearToZero(rate, updates[name]))
            for name, rate in rates.items()
        }
