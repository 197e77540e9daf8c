"""A GAN of MNIST, with a penalty on the discriminator's slope."""

from keras_gans import models, techniques
from keras_gans.models.schedules import LinearToZero
from keras_gans.presets import _papers
from keras_gans.presets._images import deep_networks, optimizers_of
from keras_gans.presets._mnist import MNISTPreset


class Preset(MNISTPreset):
    title = "GAN, digits of MNIST"
    summary = (
        "Handwritten digits, by a generator that learned to deceive a discriminator: the "
        "game of the first GAN, with a penalty that keeps it stable."
    )
    paper = _papers.GAN
    differs = (
        "Convolutions, in the generator of the DCGAN's kind, in place of dense layers and maxout; "
        "the loss of the generator that does not saturate; the penalty R1 (Mescheder et al. 2018) "
        "with γ 1; Adam, whose rates fall from 1e-3 to zero along a straight line; latents from a "
        "normal distribution; samples come from a moving average."
    )
    model = models.GAN
    arguments = {"latent_dim": 64, "ema_decay": 0.999}
    filters = 48
    batch_size, steps_per_epoch, epochs = 32, 2000, 12
    precision = "mixed_bfloat16"
    rates = {"g_optimizer": 1e-3, "d_optimizer": 1e-3}

    def techniques(self):
        return [techniques.R1(1.0)]

    def networks(self, info, latent_dim, filters):
        return deep_networks(info, latent_dim, filters)

    def optimizers(self, model, steps, rates):
        return optimizers_of(model, steps, rates, LinearToZero, beta_1=0.0, beta_2=0.99)
