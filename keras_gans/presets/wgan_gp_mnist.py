"""A WGAN-GP of MNIST, whose critic is deep."""

from keras_gans import models
from keras_gans.models.schedules import LinearToZero
from keras_gans.presets import _papers
from keras_gans.presets._images import deep_networks, optimizers_of
from keras_gans.presets._mnist import MNISTPreset


class Preset(MNISTPreset):
    title = "WGAN-GP, digits of MNIST"
    summary = (
        "Handwritten digits, by a generator that makes the Wasserstein distance to real ones "
        "small, as a critic with a penalty on its slope estimates it."
    )
    paper = _papers.WGAN_GP
    differs = (
        "A generator of the DCGAN's kind and a critic of 3×3 convolutions; one update of the "
        "critic for one of the generator, not five, as in progressive growing (Karras et al. "
        "2018); learning rates that fall from 1e-3 to zero along a straight line, as in the "
        "authors' code for CIFAR-10 from 2e-4; samples come from a moving average."
    )
    model = models.WGANGP
    arguments = {"latent_dim": 64, "n_critic": 1, "ema_decay": 0.999}
    filters = 48
    batch_size, steps_per_epoch, epochs = 32, 2000, 12
    precision = "mixed_bfloat16"
    rates = {"g_optimizer": 1e-3, "d_optimizer": 1e-3}

    def networks(self, info, latent_dim, filters):
        return deep_networks(info, latent_dim, filters)

    def optimizers(self, model, steps, rates):
        return optimizers_of(model, steps, rates, LinearToZero, beta_1=0.0, beta_2=0.9)
