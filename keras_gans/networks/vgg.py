"""Features of a trained classifier, in which images that look alike are near each other."""

import keras
from keras import layers, ops

from keras_gans import _checks
from keras_gans._typing import PathLike

#: What the authors of VGG subtract from blue, green and red pixels, 0 to 255.
_MEANS = (103.939, 116.779, 123.68)


def vgg19_features(
    channels: int = 3,
    layer: str = "block5_conv4",
    weights: PathLike | None = "imagenet",
    scale: float = 1 / 12.75,
    name: str = "features",
) -> keras.Model:
    """The VGG19 classifier of `keras.applications` up to a layer, for images in [−1, 1].

    It does what the classifier was trained with itself: gray becomes red-green-blue, pixels go to
    [0, 255], blue comes first and the mean color is subtracted.

    Args:
        channels: `1` or `3`, of the images. Defaults to `3`.
        layer: String, the layer of the features, after its rectifier. Defaults to
            `"block5_conv4"`, the paper's φ₅,₄; `"block2_conv2"` is its φ₂,₂.
        weights: `"imagenet"`, downloaded by Keras at first use; the path of a weights file without
            the classifier's top; or `None` for random weights. Defaults to `"imagenet"`.
        scale: Positive float that features are multiplied by. Defaults to `1 / 12.75`, the paper's:
            squared about 0.006, so that their squared distance is comparable with that of pixels.
        name: String. Defaults to `"features"`.

    Returns:
        `keras.Model` from images `(batch, height, width, channels)` in [−1, 1], of any size from
        16×16, to features `(batch, height', width', features)`. It is not trainable.

    Raises:
        RuntimeError: If the weights cannot be downloaded or read.
        ValueError, TypeError: If an argument is out of range, or there is no such layer.

    Example:

    >>> import keras, keras_gans as kg
    >>> features = kg.networks.vgg19_features(channels=1, weights=None)
    >>> features(keras.ops.zeros((1, 32, 48, 1))).shape
    TensorShape([1, 2, 3, 512])

    References:
        - Simonyan and Zisserman 2015, Very Deep Convolutional Networks for Large-Scale Image
          Recognition.
        - Ledig et al. 2017, Photo-Realistic Single Image Super-Resolution Using a Generative
          Adversarial Network, section 2.2.1.
    """
    _checks.channels_last()
    _checks.one_of("channels", channels, [1, 3])
    scale = _checks.real_number("scale", scale, low=0.0, low_open=True)
    vgg = _vgg19(weights)
    names = [each.name for each in vgg.layers if isinstance(each, layers.Conv2D)]
    _checks.one_of("layer", layer, names)
    features = keras.Model(vgg.inputs, vgg.get_layer(layer).output, name="vgg19")

    images = keras.Input((None, None, channels))
    x = layers.Concatenate()([images] * 3) if channels == 1 else ops.flip(images, axis=-1)
    x = layers.Rescaling(127.5, [127.5 - mean for mean in _MEANS])(x)
    model = keras.Model(images, layers.Rescaling(scale)(features(x)), name=name)
    model.trainable = False
    return model


def _vgg19(weights):
    try:
        return keras.applications.VGG19(include_top=False, weights=weights)
    except Exception as error:
        raise RuntimeError(
            "The VGG19 weights must be downloaded once by keras.applications, and that failed. Run "
            "`keras.applications.VGG19(include_top=False)` where there is a network, copy "
            "~/.keras/models/vgg19_weights_tf_dim_ordering_tf_kernels_notop.h5 to the same place "
            "here or pass its path as `weights`; or use the features of another network. "
            f"Received: {type(error).__name__}: {error}"
        ) from error
