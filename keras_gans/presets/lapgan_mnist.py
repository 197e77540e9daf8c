"""A Laplacian pyramid of GANs of MNIST, with labels."""

from typing import Any

from keras_gans import models, networks
from keras_gans.presets import _papers
from keras_gans.presets._mnist import MNISTPreset


class Preset(MNISTPreset):
    title = "LAPGAN, digits of MNIST"
    summary = (
        "Handwritten digits on demand, drawn from coarse to fine: a small image first, then the "
        "details of each larger one, by a generator of its own."
    )
    paper = _papers.LAPGAN
    differs = "Three levels, of 7, 14 and 28 pixels; fewer hidden units; a moving average."
    model = models.LAPGAN
    labels = None
    arguments = {"latent_dim": 64, "ema_decay": 0.999}
    filters = 32
    batch_size, steps_per_epoch, epochs = 64, 750, 12

    def networks(self, info, latent_dim, filters):
        sizes: dict[str, Any] = {"levels": 3, "filters": filters, "num_classes": info.num_classes}
        sizes |= {"hidden_units": (256, 256)}
        return {
            "generators": networks.lapgan_generators(info.image_shape, latent_dim, **sizes),
            "discriminators": networks.lapgan_discriminators(info.image_shape, **sizes),
            "class_names": info.class_names,
        }
