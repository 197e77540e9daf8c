"""A small StyleGAN2 of MNIST with labels."""

from keras_gans import models, networks, techniques
from keras_gans.presets import _papers
from keras_gans.presets._images import half_cosine, optimizers_of
from keras_gans.presets._mnist import MNISTPreset


class Preset(MNISTPreset):
    title = "StyleGAN2, digits of MNIST"
    summary = (
        "Handwritten digits on demand, drawn from codes of styles that can be truncated, mixed, "
        "and found for images that are given."
    )
    paper = _papers.STYLEGAN2
    differs = (
        "16 channels next to the image and codes of 64 numbers, a mapping of four layers, with "
        "labels as in Karras et al. 2020b; the generator ends in tanh, as suits drawings; no "
        "penalty on path lengths; learning rates that fall from 5e-3 to nearly zero."
    )
    model = models.StyleGAN2
    labels = None
    arguments = {"latent_dim": 64, "ema_decay": 0.999}
    filters = 16
    batch_size, steps_per_epoch, epochs = 32, 750, 12
    rates = {"g_optimizer": 5e-3, "d_optimizer": 5e-3}

    def techniques(self):
        return [techniques.R1(0.1, every=16)]

    def networks(self, info, latent_dim, filters):
        sizes = {
            "filters": filters,
            "code_dim": latent_dim,
            "mapping_layers": 4,
            "num_classes": info.num_classes,
        }
        return {
            "generator": networks.stylegan2_generator(
                info.image_shape, latent_dim, output_activation="tanh", **sizes
            ),
            "discriminator": networks.stylegan2_discriminator(info.image_shape, **sizes),
            "class_names": info.class_names,
        }

    def optimizers(self, model, steps, rates):
        return optimizers_of(model, steps, rates, half_cosine, beta_1=0.0, beta_2=0.99)
