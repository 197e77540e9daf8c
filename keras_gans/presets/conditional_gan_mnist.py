"""A GAN of MNIST with labels, with a penalty on the discriminator's slope."""

from keras_gans import models, techniques
from keras_gans.models.schedules import LinearToZero
from keras_gans.presets import _papers
from keras_gans.presets._images import deep_networks, optimizers_of
from keras_gans.presets._mnist import MNISTPreset


class Preset(MNISTPreset):
    title = "Conditional GAN, digits of MNIST"
    summary = (
        "Handwritten digits on demand, by a generator and a discriminator that are both told the "
        "class."
    )
    paper = _papers.CONDITIONAL_GAN
    differs = (
        "Convolutions, in the generator of the DCGAN's kind, in place of dense layers; the class "
        "as a vector beside the latents and as a projection (Miyato and Koyama 2018); the penalty "
        "R1 (Mescheder et al. 2018) with γ 1; Adam, whose rates fall from 1e-3 to zero along a "
        "straight line; samples come from a moving average."
    )
    model = models.ConditionalGAN
    labels = True
    arguments = {"latent_dim": 64, "ema_decay": 0.999}
    filters = 48
    batch_size, steps_per_epoch, epochs = 32, 1000, 12
    precision = "mixed_bfloat16"
    rates = {"g_optimizer": 1e-3, "d_optimizer": 1e-3}

    def techniques(self):
        return [techniques.R1(1.0)]

    def networks(self, info, latent_dim, filters):
        return deep_networks(info, latent_dim, filters, labels=True)

    def optimizers(self, model, steps, rates):
        return optimizers_of(model, steps, rates, LinearToZero, beta_1=0.0, beta_2=0.99)
