"""Presets of models that draw the small digits that come with scikit-learn."""

from keras_gans.data import DatasetInfo
from keras_gans.metrics.features import pixels
from keras_gans.presets._images import ImagePreset
from keras_gans.presets._mnist import CLASS_NAMES


class DigitsPreset(ImagePreset):
    """Of a model of digits of 8×8 pixels, judged by their pixels."""

    dataset = "digits"
    info = DatasetInfo("digits", (8, 8, 1), 1500, 10, "train", CLASS_NAMES)
    data = {
        "name": "digits",
        "description": "Optical recognition of handwritten digits, 8×8 pixels (Alpaydin and Kaynak "
        "1998), the part that comes with scikit-learn",
        "url": "https://archive.ics.uci.edu/dataset/80",
        "license": "CC BY 4.0",
    }
    tags = ["digits"]
    num_samples = 1000
    metrics = ("fid", "prdc")
    extractor = staticmethod(lambda: pixels)
    limits = [
        "It draws digits of 8×8 pixels, white on black, and nothing else.",
        "There are 297 test images: distances to so few are large, also those of real images.",
    ]
