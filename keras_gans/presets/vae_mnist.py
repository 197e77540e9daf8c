"""A variational autoencoder of MNIST."""

from keras_gans import models, networks
from keras_gans.models.schedules import LinearToZero
from keras_gans.presets import _papers
from keras_gans.presets._images import optimizers_of
from keras_gans.presets._mnist import MNISTPreset


class Preset(MNISTPreset):
    title = "VAE, digits of MNIST"
    summary = (
        "Handwritten digits as codes of eight numbers, and back: an encoder and a decoder under "
        "one bound. It draws the decoder's means, in which uncertain strokes are gray."
    )
    paper = _papers.VAE
    differs = (
        "Convolutional networks, in place of one hidden layer; Adam, whose rate falls to zero, in "
        "place of Adagrad; gray pixels as probabilities of white, in place of binary ones."
    )
    model = models.VAE
    arguments = {"latent_dim": 8}
    filters = 48
    batch_size, steps_per_epoch, epochs = 64, 1000, 12
    rates = {"optimizer": 1e-3}

    def networks(self, info, latent_dim, filters):
        return {
            "encoder": networks.dcgan_encoder(info.image_shape, latent_dim, filters),
            "decoder": networks.dcgan_decoder(info.image_shape, latent_dim, filters),
        }

    def optimizers(self, model, steps, rates):
        return optimizers_of(model, steps, rates, LinearToZero)
