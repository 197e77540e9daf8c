"""Models: the zoo. Each file is one system and states what differs from its parent."""

from keras_gans.models.gan import GAN
from keras_gans.models.generative_model import GenerativeModel
from keras_gans.models.wgan import WGAN
from keras_gans.models.wgan_gp import WGANGP

__all__ = ["GAN", "WGAN", "WGANGP", "GenerativeModel"]
