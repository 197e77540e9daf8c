"""Networks: architectures built from layers, which do not know the objective of their training."""

from keras_gans.networks.autoencoders import (
    dcgan_decoder,
    dcgan_encoder,
    mlp_decoder,
    mlp_encoder,
)
from keras_gans.networks.biggan import biggan_discriminator, biggan_generator
from keras_gans.networks.biggan_deep import biggan_deep_discriminator, biggan_deep_generator
from keras_gans.networks.data_dependent import data_dependent_initialization
from keras_gans.networks.dcgan import dcgan_discriminator, dcgan_generator
from keras_gans.networks.lapgan import lapgan_discriminators, lapgan_generators
from keras_gans.networks.mlp import mlp_discriminator, mlp_generator
from keras_gans.networks.progressive import progressive_discriminator, progressive_generator
from keras_gans.networks.r3gan import r3gan_discriminator, r3gan_generator
from keras_gans.networks.resnet import resnet_discriminator, resnet_generator
from keras_gans.networks.srgan import srgan_discriminator, srgan_generator
from keras_gans.networks.stackgan import (
    stackgan_discriminator,
    stackgan_generator,
    stackgan_refiner,
)
from keras_gans.networks.style import mapping, style_encoder, style_generator, synthesis
from keras_gans.networks.stylegan2 import stylegan2_discriminator, stylegan2_generator
from keras_gans.networks.text import text_discriminator, text_generator
from keras_gans.networks.text_encoders import ngram_encoder
from keras_gans.networks.translation import patch_discriminator, translation_generator
from keras_gans.networks.vgg import vgg19_features
from keras_gans.networks.virtual_batch import virtual_batch_normalization

__all__ = [
    "biggan_deep_discriminator",
    "biggan_deep_generator",
    "biggan_discriminator",
    "biggan_generator",
    "data_dependent_initialization",
    "dcgan_decoder",
    "dcgan_discriminator",
    "dcgan_encoder",
    "dcgan_generator",
    "lapgan_discriminators",
    "lapgan_generators",
    "mapping",
    "mlp_decoder",
    "mlp_discriminator",
    "mlp_encoder",
    "mlp_generator",
    "ngram_encoder",
    "patch_discriminator",
    "progressive_discriminator",
    "progressive_generator",
    "r3gan_discriminator",
    "r3gan_generator",
    "resnet_discriminator",
    "resnet_generator",
    "srgan_discriminator",
    "srgan_generator",
    "stackgan_discriminator",
    "stackgan_generator",
    "stackgan_refiner",
    "style_encoder",
    "style_generator",
    "stylegan2_discriminator",
    "stylegan2_generator",
    "synthesis",
    "text_discriminator",
    "text_generator",
    "translation_generator",
    "vgg19_features",
    "virtual_batch_normalization",
]
