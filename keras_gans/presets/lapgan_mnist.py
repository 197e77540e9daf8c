"""A Laplacian pyramid of GANs of MNIST, with labels."""

import dataclasses

from keras_gans import models, networks, techniques
from keras_gans.layers.pyramids import pyramid_sides
from keras_gans.presets import _papers
from keras_gans.presets._images import deep_networks, half_cosine, optimizers_of
from keras_gans.presets._mnist import MNISTPreset


class Preset(MNISTPreset):
    title = "LAPGAN, digits of MNIST"
    summary = (
        "Handwritten digits on demand, drawn from coarse to fine: a small image first, then the "
        "details of the larger one, by a generator of its own."
    )
    paper = _papers.LAPGAN
    differs = (
        "Two levels, of 14 and 28 pixels; at the first, where the paper has dense layers, a "
        "generator of the DCGAN's kind and a discriminator of 3×3 convolutions; the penalty R1 "
        "(Mescheder et al. 2018) with γ 0.3 in place of dropout; Adam, whose rates fall from 1e-3 "
        "to nearly zero; a moving average."
    )
    model = models.LAPGAN
    labels = None
    arguments = {"latent_dim": 64, "ema_decay": 0.999}
    filters = 16
    batch_size, steps_per_epoch, epochs = 32, 1000, 15
    precision = "mixed_bfloat16"
    rates = {"g_optimizer": 1e-3, "d_optimizer": 1e-3}

    def techniques(self):
        return [techniques.R1(0.3)]

    def networks(self, info, latent_dim, filters):
        shape, labels = info.image_shape, info.num_classes is not None
        sizes = {"levels": 2, "filters": filters, "num_classes": info.num_classes}
        _, generator = networks.lapgan_generators(shape, latent_dim, **sizes)
        _, discriminator = networks.lapgan_discriminators(shape, dropout=0.0, **sizes)
        side, _ = pyramid_sides(shape[:2], 2)
        halved = dataclasses.replace(info, image_shape=(*side, shape[2]))
        coarse = deep_networks(halved, latent_dim, 2 * filters, labels)
        return {
            "generators": [coarse["generator"], generator],
            "discriminators": [coarse["discriminator"], discriminator],
            "class_names": info.class_names,
        }

    def optimizers(self, model, steps, rates):
        return optimizers_of(model, steps, rates, half_cosine, beta_1=0.0, beta_2=0.99)
