"""A Laplacian pyramid of GANs of MNIST, with labels."""

from typing import Any

from keras_gans import models, networks, techniques
from keras_gans.presets import _papers
from keras_gans.presets._images import half_cosine, optimizers_of
from keras_gans.presets._mnist import MNISTPreset


class Preset(MNISTPreset):
    title = "LAPGAN, digits of MNIST"
    summary = (
        "Handwritten digits on demand, drawn from coarse to fine: a small image first, then the "
        "details of the larger one, by a generator of its own."
    )
    paper = _papers.LAPGAN
    differs = (
        "Two levels, of 14 and 28 pixels, with 16 filters; the penalty R1 (Mescheder et al. 2018) "
        "in place of dropout; Adam, whose rates fall from 1e-3 to nearly zero; a moving average."
    )
    model = models.LAPGAN
    labels = None
    arguments = {"latent_dim": 64, "ema_decay": 0.999}
    filters = 16
    batch_size, steps_per_epoch, epochs = 32, 1000, 12
    rates = {"g_optimizer": 1e-3, "d_optimizer": 1e-3}

    def techniques(self):
        return [techniques.R1(0.1)]

    def networks(self, info, latent_dim, filters):
        sizes: dict[str, Any] = {"levels": 2, "filters": filters, "num_classes": info.num_classes}
        return {
            "generators": networks.lapgan_generators(info.image_shape, latent_dim, **sizes),
            "discriminators": networks.lapgan_discriminators(
                info.image_shape, dropout=0.0, **sizes
            ),
            "class_names": info.class_names,
        }

    def optimizers(self, model, steps, rates):
        return optimizers_of(model, steps, rates, half_cosine, beta_1=0.0, beta_2=0.99)
