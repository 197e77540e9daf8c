"""An R3GAN of MNIST with labels, whose networks are those of the DCGAN."""

from keras_gans import models
from keras_gans.presets import _papers
from keras_gans.presets._images import dcgan_networks, half_cosine, optimizers_of
from keras_gans.presets._mnist import MNISTPreset


class Preset(MNISTPreset):
    title = "R3GAN, digits of MNIST"
    summary = (
        "Handwritten digits on demand, by a generator that learned in a game without tricks: a "
        "relativistic loss, and penalties on the discriminator's slope at real images and at fakes."
    )
    paper = _papers.R3GAN
    differs = (
        "Networks of the DCGAN's kind, the generator with batch normalization, in place of deep "
        "residual ones without; batches of 32, Adam without changes of β₂, and learning rates that "
        "fall from 5e-4 to nearly zero; γ 0.1, as suits images of 28 pixels."
    )
    model = models.R3GAN
    labels = None
    arguments = {"latent_dim": 64, "gamma": 0.1, "burn_in": 9000, "ema_decay": 0.999}
    batch_size, steps_per_epoch, epochs = 32, 750, 12
    rates = {"g_optimizer": 5e-4, "d_optimizer": 5e-4}

    def networks(self, info, latent_dim, filters):
        return dcgan_networks(info, latent_dim, filters, filters, labels=True)

    def optimizers(self, model, steps, rates):
        return optimizers_of(model, steps, rates, half_cosine, beta_1=0.0, beta_2=0.99)
