"""Techniques: penalties, augmentation and other help in training, given as `techniques=[…]`."""

from keras_gans.techniques.adaptive_augmentation import AdaptiveAugmentation
from keras_gans.techniques.consistency_regularization import ConsistencyRegularization
from keras_gans.techniques.differentiable_augmentation import DifferentiableAugmentation
from keras_gans.techniques.dragan import DRAGAN
from keras_gans.techniques.experience_replay import ExperienceReplay
from keras_gans.techniques.feature_matching import FeatureMatching
from keras_gans.techniques.gradient_penalty import GradientPenalty
from keras_gans.techniques.historical_averaging import HistoricalAveraging
from keras_gans.techniques.instance_noise import InstanceNoise
from keras_gans.techniques.label_smoothing import LabelSmoothing
from keras_gans.techniques.lazy import LazyRegularization
from keras_gans.techniques.lecam import LeCam
from keras_gans.techniques.packing import Packing
from keras_gans.techniques.path_length import PathLength
from keras_gans.techniques.penalty import Penalty
from keras_gans.techniques.r1 import R1
from keras_gans.techniques.r2 import R2
from keras_gans.techniques.technique import Technique
from keras_gans.techniques.top_k import TopK

__all__ = [
    "DRAGAN",
    "R1",
    "R2",
    "AdaptiveAugmentation",
    "ConsistencyRegularization",
    "DifferentiableAugmentation",
    "ExperienceReplay",
    "FeatureMatching",
    "GradientPenalty",
    "HistoricalAveraging",
    "InstanceNoise",
    "LabelSmoothing",
    "LazyRegularization",
    "LeCam",
    "Packing",
    "PathLength",
    "Penalty",
    "Technique",
    "TopK",
]
