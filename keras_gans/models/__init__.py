"""Models: the zoo. Each file is one system and states what differs from its parent."""

from keras_gans._loss_result import LossResult
from keras_gans.models.alae import ALAE
from keras_gans.models.biggan import BigGAN
from keras_gans.models.classifier import Classifier
from keras_gans.models.conditional_gan import ConditionalGAN
from keras_gans.models.conditional_wgan import ConditionalWGAN
from keras_gans.models.conditional_wgan_gp import ConditionalWGANGP
from keras_gans.models.cycle_gan import CycleGAN
from keras_gans.models.dcgan import DCGAN
from keras_gans.models.gan import GAN
from keras_gans.models.generative_model import GenerativeModel, from_preset
from keras_gans.models.lapgan import LAPGAN
from keras_gans.models.latent_model import LatentModel
from keras_gans.models.lsgan import LSGAN
from keras_gans.models.progressive_gan import ProgressiveGAN
from keras_gans.models.r3gan import R3GAN
from keras_gans.models.semi_supervised_gan import SemiSupervisedGAN
from keras_gans.models.srgan import SRGAN
from keras_gans.models.stackgan import StackGAN
from keras_gans.models.stylegan2 import StyleGAN2
from keras_gans.models.text_gan import TextGAN
from keras_gans.models.vae import VAE
from keras_gans.models.wgan import WGAN
from keras_gans.models.wgan_gp import WGANGP

__all__ = [
    "ALAE",
    "DCGAN",
    "GAN",
    "LAPGAN",
    "LSGAN",
    "R3GAN",
    "SRGAN",
    "VAE",
    "WGAN",
    "WGANGP",
    "BigGAN",
    "Classifier",
    "ConditionalGAN",
    "ConditionalWGAN",
    "ConditionalWGANGP",
    "CycleGAN",
    "GenerativeModel",
    "LatentModel",
    "LossResult",
    "ProgressiveGAN",
    "SemiSupervisedGAN",
    "StackGAN",
    "StyleGAN2",
    "TextGAN",
    "from_preset",
]
