"""A tiny one of every model, with what it trains on: `make(name)` and `fit(model)`."""

import inspect

import keras
import numpy as np

import keras_gans as kg
from tests.models import test_every_technique as two_player

POINTS, IMAGES, LABELS = two_player.POINTS, two_player.IMAGES, two_player.LABELS
TEXTS = np.array(["to be", "or not", "to be", "that"] * 8)
NAMES = sorted(
    name
    for name, kind in vars(kg.models).items()
    if inspect.isclass(kind) and name not in ("GenerativeModel", "LatentModel")
)


def make(name, seed=1, **kwargs):
    """A new model, all of whose kinds of networks are made anew."""
    networks = kg.networks
    if name in two_player.MODELS:
        return two_player.make(name, kwargs.pop("techniques", []), **kwargs)
    if name == "VAE":
        encoder = networks.mlp_encoder((4, 4, 1), 2, (8,))
        decoder = networks.mlp_decoder((4, 4, 1), 2, (8,))
        return kg.models.VAE(encoder, decoder, 2, seed=seed, **kwargs)
    if name == "ALAE":
        return kg.models.ALAE(
            mapping=networks.mlp_generator((3,), 2, (8,)),
            generator=networks.mlp_generator((2,), 3, (8,)),
            encoder=networks.mlp_discriminator((2,), (8,), num_logits=3),
            discriminator=networks.mlp_discriminator((3,), (8,)),
            latent_dim=2,
            seed=seed,
            **kwargs,
        )
    if name == "CycleGAN":
        generators = [translation_generator() for _ in range(2)]
        discriminators = [networks.mlp_discriminator((4, 4, 1), (8,)) for _ in range(2)]
        return kg.models.CycleGAN(*generators, *discriminators, seed=seed, **kwargs)
    assert name == "TextGAN"
    vocabulary = sorted(set("".join(TEXTS)))
    size = kg.data.vocabulary_size(vocabulary)
    return kg.models.TextGAN(
        networks.text_generator(6, size, 2, filters=4, num_blocks=1),
        networks.text_discriminator(6, size, filters=4, num_blocks=1),
        latent_dim=2,
        vocabulary=vocabulary,
        seed=seed,
        **{"n_critic": 2, **kwargs},
    )


def translation_generator():
    convolution = keras.layers.Conv2D(1, 3, padding="same", activation="tanh")
    return keras.Sequential([keras.Input((4, 4, 1)), convolution])


def examples(model):
    """What a model trains on: `(x, y)`."""
    if isinstance(model, kg.models.CycleGAN):
        return IMAGES, -IMAGES
    if isinstance(model, kg.models.TextGAN):
        return TEXTS, None
    if isinstance(model, kg.models.SemiSupervisedGAN):
        return POINTS, two_player.FEW_LABELS
    x = IMAGES if isinstance(model, (kg.models.DCGAN, kg.models.VAE)) else POINTS
    return x, LABELS if model.conditional else None


def fit(model, **kwargs):
    x, y = examples(model)
    arguments = {"batch_size": 8, "shuffle": False, "verbose": 0, **kwargs}
    return model.fit(x, y, **arguments)
