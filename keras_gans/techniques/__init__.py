"""Techniques: stabilisers of two-player training, one a file, given as `techniques=[…]`."""

from keras_gans.techniques.experience_replay import ExperienceReplay
from keras_gans.techniques.feature_matching import FeatureMatching
from keras_gans.techniques.historical_averaging import HistoricalAveraging
from keras_gans.techniques.instance_noise import InstanceNoise
from keras_gans.techniques.label_smoothing import LabelSmoothing
from keras_gans.techniques.technique import Technique

__all__ = [
    "ExperienceReplay",
    "FeatureMatching",
    "HistoricalAveraging",
    "InstanceNoise",
    "LabelSmoothing",
    "Technique",
]
