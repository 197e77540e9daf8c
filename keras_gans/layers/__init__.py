"""Layers: the parts of networks, one idea a file."""

from keras_gans.layers.activations import LeakyReLU
from keras_gans.layers.upsample_conv import UpsampleConv2D

__all__ = ["LeakyReLU", "UpsampleConv2D"]
