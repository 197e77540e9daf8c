import numpy as np
import pytest

import keras_gans as kg
from tests.models import every_model
from tests.shared import ModelTests


def tiny(**kwargs):
    arguments = {"num_classes": 3, "n_critic": 2, **kwargs}
    return every_model.two_player(kg.models.ConditionalWGANGP, **arguments)


def tiny_examples():
    return every_model.POINTS, every_model.LABELS


@pytest.mark.slow
class TestConditionalWGANGP(ModelTests):
    """Conditional batch normalization, a projection critic."""

    labels = np.arange(64) % 3

    def make_model(self):
        return kg.models.ConditionalWGANGP(
            kg.networks.mlp_generator(
                (8, 8, 1), 4, (8,), normalization="conditional_batch", num_classes=3
            ),
            kg.networks.mlp_discriminator((8, 8, 1), (8,), num_classes=3),
            latent_dim=4,
            n_critic=2,
            seed=1,
        )

    @property
    def examples(self):
        images = np.random.default_rng(0).uniform(-1, 1, (64, 8, 8, 1)).astype("float32")
        return images, self.labels
