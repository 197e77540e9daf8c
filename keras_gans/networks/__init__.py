"""Networks: architectures built from layers. A network does not know which game it plays."""

from keras_gans.networks.dcgan import dcgan_discriminator, dcgan_generator
from keras_gans.networks.mlp import mlp_discriminator, mlp_generator
from keras_gans.networks.resnet import resnet_discriminator, resnet_generator
from keras_gans.networks.style import style_encoder, style_generator, synthesis
from keras_gans.networks.virtual_batch_normalization import virtual_batch_normalization

__all__ = [
    "dcgan_discriminator",
    "dcgan_generator",
    "mlp_discriminator",
    "mlp_generator",
    "resnet_discriminator",
    "resnet_generator",
    "style_encoder",
    "style_generator",
    "synthesis",
    "virtual_batch_normalization",
]
