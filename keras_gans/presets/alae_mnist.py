"""An adversarial latent autoencoder of MNIST."""

from keras_gans import models, networks
from keras_gans.presets import _papers
from keras_gans.presets._images import half_cosine, optimizers_of
from keras_gans.presets._mnist import MNISTPreset


class Preset(MNISTPreset):
    title = "ALAE, digits of MNIST"
    summary = (
        "Handwritten digits, and for each image a code of styles from which it can be drawn "
        "again: an autoencoder of codes that a GAN learns on its way."
    )
    paper = _papers.ALAE
    differs = (
        "16 channels next to the image, codes of 64 numbers, no growing networks; γ 1; learning "
        "rates that fall from 2e-3 to nearly zero."
    )
    model = models.ALAE
    arguments = {"latent_dim": 64, "gamma": 1.0, "ema_decay": 0.999}
    filters = 16
    batch_size, steps_per_epoch, epochs = 32, 500, 12
    rates = {"d_optimizer": 2e-3, "g_optimizer": 2e-3, "r_optimizer": 2e-3}

    def networks(self, info, latent_dim, filters):
        hidden, shape = (128, 128), info.image_shape
        return {
            "mapping": networks.mlp_generator((64,), latent_dim, hidden, name="mapping"),
            "generator": networks.style_generator(shape, 64, filters),
            "encoder": networks.style_encoder(shape, 64, filters),
            "discriminator": networks.mlp_discriminator((64,), hidden),
        }

    def optimizers(self, model, steps, rates):
        return optimizers_of(model, steps, rates, half_cosine, beta_1=0.0, beta_2=0.99)
