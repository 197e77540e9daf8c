"""A least-squares GAN of MNIST, whose networks are those of the DCGAN."""

from keras_gans import models
from keras_gans.models.schedules import LinearToZero
from keras_gans.presets import _papers
from keras_gans.presets._images import dcgan_networks, optimizers_of
from keras_gans.presets._mnist import MNISTPreset


class Preset(MNISTPreset):
    title = "LSGAN, digits of MNIST"
    summary = (
        "Handwritten digits, by a GAN with a least-squares loss: fakes on the right side of the "
        "decision boundary, but far from real digits, still teach."
    )
    paper = _papers.LSGAN
    differs = (
        "Networks of the DCGAN's kind for images of 28 pixels; learning rates that fall from 5e-4 "
        "to zero; samples come from a moving average."
    )
    model = models.LSGAN
    arguments = {"latent_dim": 64, "ema_decay": 0.999}
    filters = 32
    batch_size, steps_per_epoch, epochs = 64, 1000, 15
    precision = "mixed_bfloat16"
    rates = {"g_optimizer": 5e-4, "d_optimizer": 5e-4}

    def networks(self, info, latent_dim, filters):
        return dcgan_networks(info, latent_dim, filters, filters, normalization="batch")

    def optimizers(self, model, steps, rates):
        return optimizers_of(model, steps, rates, LinearToZero, beta_1=0.5)
