"""A least-squares GAN of MNIST, with a penalty on the discriminator's slope."""

from keras_gans import models, techniques
from keras_gans.models.schedules import LinearToZero
from keras_gans.presets import _papers
from keras_gans.presets._images import deep_networks, optimizers_of
from keras_gans.presets._mnist import MNISTPreset


class Preset(MNISTPreset):
    title = "LSGAN, digits of MNIST"
    summary = (
        "Handwritten digits, by a GAN with a least-squares loss: fakes on the right side of the "
        "decision boundary, but far from real digits, still teach."
    )
    paper = _papers.LSGAN
    differs = (
        "A generator of the DCGAN's kind and a discriminator of 3×3 convolutions without batch "
        "normalization; the penalty R1 (Mescheder et al. 2018) with γ 10, as scores between 0 and "
        "1 are small beside logits; learning rates that fall from 1e-3 to zero along a straight "
        "line; samples come from a moving average."
    )
    model = models.LSGAN
    arguments = {"latent_dim": 64, "ema_decay": 0.999}
    filters = 32
    batch_size, steps_per_epoch, epochs = 32, 2000, 12
    precision = "mixed_bfloat16"
    rates = {"g_optimizer": 1e-3, "d_optimizer": 1e-3}

    def techniques(self):
        return [techniques.R1(10.0)]

    def networks(self, info, latent_dim, filters):
        return deep_networks(info, latent_dim, filters)

    def optimizers(self, model, steps, rates):
        return optimizers_of(model, steps, rates, LinearToZero, beta_1=0.0, beta_2=0.99)
