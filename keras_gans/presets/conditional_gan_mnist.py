"""A GAN of MNIST with labels, whose networks are those of the DCGAN."""

from keras_gans import models, techniques
from keras_gans.presets import _papers
from keras_gans.presets._images import dcgan_networks, half_cosine, optimizers_of
from keras_gans.presets._mnist import MNISTPreset


class Preset(MNISTPreset):
    title = "Conditional GAN, digits of MNIST"
    summary = (
        "Handwritten digits on demand, by a generator and a discriminator that are both told the "
        "class."
    )
    paper = _papers.CONDITIONAL_GAN
    differs = (
        "Networks of the DCGAN's kind in place of dense ones, told the class by a vector beside "
        "the latents and by a projection (Miyato and Koyama 2018); the penalty R1 (Mescheder et "
        "al. 2018); learning rates of Adam that fall from 5e-4 to nearly zero; samples come from a "
        "moving average."
    )
    model = models.ConditionalGAN
    labels = True
    arguments = {"latent_dim": 64, "ema_decay": 0.999}
    filters = 32
    batch_size, steps_per_epoch, epochs = 32, 750, 12
    rates = {"g_optimizer": 5e-4, "d_optimizer": 5e-4}

    def build(self, info, filters=None, **changes):
        penalty = {"techniques": [techniques.R1(0.1)]}
        return super().build(info, filters, **{**penalty, **changes})

    def networks(self, info, latent_dim, filters):
        return dcgan_networks(info, latent_dim, filters, filters, labels=True)

    def optimizers(self, model, steps, rates):
        return optimizers_of(model, steps, rates, half_cosine, beta_1=0.0, beta_2=0.99)
