"""Layers: the parts of networks, one idea a file."""

from keras_gans.layers.activations import LeakyReLU
from keras_gans.layers.adaptive_instance_normalization import AdaptiveInstanceNormalization
from keras_gans.layers.bicubic import bicubic_downsample, bicubic_upsample
from keras_gans.layers.blur import Blur2D, BlurDownsample2D, BlurUpsample2D
from keras_gans.layers.conditional_batch_normalization import ConditionalBatchNormalization
from keras_gans.layers.conditioning_augmentation import ConditioningAugmentation
from keras_gans.layers.conv import Conv2D
from keras_gans.layers.equalized_learning_rate import EqualizedLearningRate
from keras_gans.layers.fade_in import FadeIn
from keras_gans.layers.grouped_conv import GroupedConv2D
from keras_gans.layers.instance_statistics import InstanceStatistics
from keras_gans.layers.label_projection import LabelProjection
from keras_gans.layers.learned_constant import LearnedConstant
from keras_gans.layers.minibatch_discrimination import MinibatchDiscrimination
from keras_gans.layers.minibatch_stddev import MinibatchStdDev
from keras_gans.layers.modulated_batch_normalization import ModulatedBatchNormalization
from keras_gans.layers.modulated_conv import ModulatedConv2D
from keras_gans.layers.moving_mean import MovingMean
from keras_gans.layers.noise_injection import NoiseInjection
from keras_gans.layers.pixel_normalization import PixelNormalization
from keras_gans.layers.pixel_shuffle import PixelShuffle
from keras_gans.layers.pyramids import from_laplacian_pyramid, laplacian_pyramid
from keras_gans.layers.reference_batch import DropReference, PrependReference
from keras_gans.layers.reflection_padding import ReflectionPadding2D
from keras_gans.layers.self_attention import SelfAttention2D
from keras_gans.layers.spectral_normalization import SpectralNormalization
from keras_gans.layers.upsample_conv import UpsampleConv2D
from keras_gans.layers.virtual_batch_normalization import VirtualBatchNormalization
from keras_gans.layers.weight_normalization import WeightNormalization

__all__ = [
    "AdaptiveInstanceNormalization",
    "Blur2D",
    "BlurDownsample2D",
    "BlurUpsample2D",
    "ConditionalBatchNormalization",
    "ConditioningAugmentation",
    "Conv2D",
    "DropReference",
    "EqualizedLearningRate",
    "FadeIn",
    "GroupedConv2D",
    "InstanceStatistics",
    "LabelProjection",
    "LeakyReLU",
    "LearnedConstant",
    "MinibatchDiscrimination",
    "MinibatchStdDev",
    "ModulatedBatchNormalization",
    "ModulatedConv2D",
    "MovingMean",
    "NoiseInjection",
    "PixelNormalization",
    "PixelShuffle",
    "PrependReference",
    "ReflectionPadding2D",
    "SelfAttention2D",
    "SpectralNormalization",
    "UpsampleConv2D",
    "VirtualBatchNormalization",
    "WeightNormalization",
    "bicubic_downsample",
    "bicubic_upsample",
    "from_laplacian_pyramid",
    "laplacian_pyramid",
]
