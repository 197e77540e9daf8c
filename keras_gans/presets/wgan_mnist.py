"""A Wasserstein GAN of MNIST, whose critic's weights are clipped."""

import keras

from keras_gans import models
from keras_gans.models.schedules import LinearToZero
from keras_gans.presets import _papers
from keras_gans.presets._images import dcgan_networks, optimizers_of
from keras_gans.presets._mnist import MNISTPreset


class Preset(MNISTPreset):
    title = "WGAN, digits of MNIST"
    summary = (
        "Handwritten digits, by a generator that makes the Wasserstein distance to real ones "
        "small, as a critic with clipped weights estimates it."
    )
    paper = _papers.WGAN
    differs = (
        "Networks of the DCGAN's kind for images of 28 pixels, the critic without batch "
        "normalization; weights clipped to 0.06, not 0.01; two updates of the critic for one of "
        "the generator, not five; learning rates of RMSprop that fall from 1e-3 to zero along a "
        "straight line, not 5e-5 throughout; samples come from a moving average."
    )
    model = models.WGAN
    arguments = {"latent_dim": 64, "n_critic": 2, "ema_decay": 0.999, "clip_value": 0.06}
    filters = 32
    batch_size, steps_per_epoch, epochs = 32, 2500, 12
    precision = "mixed_bfloat16"
    rates = {"g_optimizer": 1e-3, "d_optimizer": 1e-3}

    def networks(self, info, latent_dim, filters):
        return dcgan_networks(info, latent_dim, filters, filters)

    def optimizers(self, model, steps, rates):
        return optimizers_of(model, steps, rates, LinearToZero, keras.optimizers.RMSprop)
