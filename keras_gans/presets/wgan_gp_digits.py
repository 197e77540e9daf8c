"""A WGAN-GP of small digits: less than three minutes of two cores."""

from keras_gans import models
from keras_gans.models.schedules import LinearToZero
from keras_gans.presets import _papers
from keras_gans.presets._digits import DigitsPreset
from keras_gans.presets._images import dcgan_networks, optimizers_of


class Preset(DigitsPreset):
    title = "WGAN-GP, digits of 8×8 pixels"
    summary = (
        "Small handwritten digits, by a generator that makes the Wasserstein distance to real ones "
        "small, as a critic with a penalty on its slope estimates it."
    )
    paper = _papers.WGAN_GP
    differs = (
        "Networks of the DCGAN's kind; learning rates that fall from 5e-4 to zero along a straight "
        "line; samples come from a moving average."
    )
    model = models.WGANGP
    arguments = {"latent_dim": 64, "n_critic": 5, "ema_decay": 0.999}
    batch_size, steps_per_epoch, epochs = 64, 200, 12
    rates = {"g_optimizer": 5e-4, "d_optimizer": 5e-4}

    def networks(self, info, latent_dim, filters):
        return dcgan_networks(info, latent_dim, filters, filters)

    def optimizers(self, model, steps, rates):
        return optimizers_of(model, steps, rates, LinearToZero, beta_1=0.0, beta_2=0.9)
