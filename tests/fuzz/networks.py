"""Calls of what builds networks, or changes them."""

import functools

import keras
import tensorflow as tf

import keras_gans as kg
from tests.fuzz.call import IMAGE, WORDS, Call, on_zeros, points

n = kg.networks


def network(build, **arguments):
    """The call of a function that builds a network, which takes time."""
    return Call(build, lambda: arguments, use=on_zeros, cost=10)


def networks_of(build, **arguments):
    """The call of a function that builds a network for each level of a pyramid."""
    small = {"image_shape": IMAGE, "levels": 2, "filters": 2, "hidden_units": (3,)}
    return Call(
        build, lambda: {**small, **arguments}, use=lambda made: [*map(on_zeros, made)], cost=10
    )


@functools.cache
def styled():
    return n.style_generator(IMAGE, 4, 2)


@functools.cache
def mapped():
    return n.stylegan2_generator(IMAGE, 2, 2, code_dim=2, mapping_layers=1)


@functools.cache
def first_stage():
    return n.stackgan_generator(IMAGE, 3, 2, conditioning_dim=2, filters=2)


@functools.cache
def classifier():
    """A network with batch normalization."""
    return n.mlp_discriminator((2,), (3, 3), normalization="batch")


def weight_normalized():
    dense = kg.layers.WeightNormalization(keras.layers.Dense(3, use_bias=False))
    return keras.Sequential([keras.Input((2,)), dense])


CALLS = {
    "networks.mlp_generator": network(
        n.mlp_generator, output_shape=(2,), latent_dim=2, hidden_units=(3,)
    ),
    "networks.mlp_discriminator": network(n.mlp_discriminator, input_shape=(2,), hidden_units=(3,)),
    "networks.mlp_encoder": network(
        n.mlp_encoder, input_shape=(2,), latent_dim=2, hidden_units=(3,)
    ),
    "networks.mlp_decoder": network(
        n.mlp_decoder, output_shape=(2,), latent_dim=2, hidden_units=(3,)
    ),
    **{
        f"networks.dcgan_{kind}": network(
            getattr(n, f"dcgan_{kind}"), image_shape=IMAGE, filters=2, kernel_size=3
        )
        for kind in ("generator", "discriminator", "encoder", "decoder")
    },
    "networks.resnet_generator": network(
        n.resnet_generator, image_shape=IMAGE, latent_dim=2, filters=2
    ),
    "networks.resnet_discriminator": network(n.resnet_discriminator, image_shape=IMAGE, filters=2),
    "networks.progressive_generator": network(
        n.progressive_generator, image_shape=IMAGE, latent_dim=2, filters=2
    ),
    "networks.progressive_discriminator": network(
        n.progressive_discriminator, image_shape=IMAGE, filters=2
    ),
    **{
        f"networks.{family}_{kind}": network(
            getattr(n, f"{family}_{kind}"), image_shape=IMAGE, num_classes=3, filters=2
        )
        for family in ("biggan", "biggan_deep")
        for kind in ("generator", "discriminator")
    },
    "networks.style_generator": network(
        n.style_generator, image_shape=IMAGE, code_dim=2, filters=2
    ),
    "networks.style_encoder": network(n.style_encoder, image_shape=IMAGE, code_dim=2, filters=2),
    "networks.r3gan_generator": network(
        n.r3gan_generator, image_shape=IMAGE, latent_dim=2, filters=2, num_blocks=1, group_size=2
    ),
    "networks.r3gan_discriminator": network(
        n.r3gan_discriminator, image_shape=IMAGE, filters=2, num_blocks=1, group_size=2
    ),
    "networks.stylegan2_generator": network(
        n.stylegan2_generator,
        image_shape=IMAGE,
        latent_dim=2,
        filters=2,
        code_dim=2,
        mapping_layers=1,
    ),
    "networks.stylegan2_discriminator": network(
        n.stylegan2_discriminator, image_shape=IMAGE, filters=2, code_dim=2, mapping_layers=1
    ),
    "networks.mapping": Call(n.mapping, lambda: {"generator": mapped()}, use=on_zeros),
    "networks.synthesis": Call(n.synthesis, lambda: {"generator": styled()}, use=on_zeros),
    "networks.lapgan_generators": networks_of(n.lapgan_generators, latent_dim=2),
    "networks.lapgan_discriminators": networks_of(n.lapgan_discriminators),
    "networks.stackgan_generator": network(
        n.stackgan_generator,
        image_shape=IMAGE,
        latent_dim=3,
        embedding_dim=2,
        conditioning_dim=2,
        filters=2,
    ),
    "networks.stackgan_discriminator": network(
        n.stackgan_discriminator, image_shape=IMAGE, embedding_dim=2, filters=2
    ),
    "networks.stackgan_refiner": Call(
        n.stackgan_refiner,
        lambda: {
            "generator": first_stage(),
            "image_shape": (16, 16, 1),
            "conditioning_dim": 2,
            "filters": 2,
            "num_blocks": 1,
        },
        use=on_zeros,
        cost=10,
    ),
    "networks.ngram_encoder": Call(
        n.ngram_encoder, lambda: {"texts": WORDS}, use=lambda encoder: encoder(tf.constant(WORDS))
    ),
    "networks.text_generator": network(
        n.text_generator, length=3, vocabulary_size=4, latent_dim=2, filters=2, num_blocks=1
    ),
    "networks.text_discriminator": network(
        n.text_discriminator, length=3, vocabulary_size=4, filters=2, num_blocks=1
    ),
    "networks.translation_generator": network(
        n.translation_generator, image_shape=IMAGE, filters=2, num_blocks=1
    ),
    "networks.patch_discriminator": network(
        n.patch_discriminator, image_shape=IMAGE, filters=2, num_layers=1
    ),
    "networks.srgan_generator": network(n.srgan_generator, scale=2, filters=2, num_blocks=1),
    "networks.srgan_discriminator": network(n.srgan_discriminator, image_shape=IMAGE, filters=1),
    "networks.vgg19_features": Call(
        n.vgg19_features,
        lambda: {"layer": "block1_conv2", "weights": None},
        use=on_zeros,
        errors=(RuntimeError,),
        cost=50,
    ),
    "networks.data_dependent_initialization": Call(
        n.data_dependent_initialization,
        lambda: {"network": weight_normalized(), "examples": points(4)},
    ),
    "networks.virtual_batch_normalization": Call(
        n.virtual_batch_normalization,
        lambda: {"network": classifier(), "reference_batch": points(3)},
        use=on_zeros,
    ),
}
