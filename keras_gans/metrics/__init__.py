"""Quality of generated samples, as `keras.metrics.Metric` objects.

Three stages: images, features, scores. A metric takes features, or a `feature_extractor` that makes
them from images in [-1, 1]. Two-sample metrics take `update_state(real, generated)`, where either
may be `None`; one-sample metrics take `update_state(generated)`. Pair metrics compare each
generated image with the real one that it stands for: `update_state(real, generated)`.
"""

from keras_gans.metrics.evaluation import evaluate, format_table
from keras_gans.metrics.features import InceptionFeatures, MNISTFeatures, PerChannelFeatures
from keras_gans.metrics.frechet_distance import FrechetDistance
from keras_gans.metrics.inception_score import InceptionScore
from keras_gans.metrics.kernel_distance import KernelDistance
from keras_gans.metrics.mode_coverage import ModeCoverage
from keras_gans.metrics.multiscale_ssim import MultiScaleSSIM
from keras_gans.metrics.ngram_js_divergence import NGramJSDivergence
from keras_gans.metrics.precision_recall import PrecisionRecall
from keras_gans.metrics.psnr import PSNR
from keras_gans.metrics.sliced_wasserstein import SlicedWasserstein
from keras_gans.metrics.ssim import SSIM

__all__ = [
    "PSNR",
    "SSIM",
    "FrechetDistance",
    "InceptionFeatures",
    "InceptionScore",
    "KernelDistance",
    "MNISTFeatures",
    "ModeCoverage",
    "MultiScaleSSIM",
    "NGramJSDivergence",
    "PerChannelFeatures",
    "PrecisionRecall",
    "SlicedWasserstein",
    "evaluate",
    "format_table",
]
