"""Photographs made twice as large by an SRGAN."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from keras_gans import data, layers, metrics, models, networks
from keras_gans._typing import Config, PathLike
from keras_gans.data import DatasetInfo
from keras_gans.presets import _papers
from keras_gans.presets._images import PictureEachEpoch, half_cosine
from keras_gans.presets._preset import Preset as AnyPreset

SCALE = 2
PATCH = 48
STEPS_OF_FEATURES, RATE_OF_FEATURES = 2000, 7e-4


class Preset(AnyPreset):
    title = "SRGAN, photographs"
    summary = (
        "Makes photographs twice as large, and sharper than interpolation does: a residual network "
        "that learned first to be right about pixels, then to be taken for a photograph."
    )
    paper = _papers.SRGAN
    differs = (
        "Twice as large, not four times; four residual blocks of 32 channels, without batch "
        "normalization; features of a network that learned which way a patch was turned and "
        "mirrored, in place of VGG19's; samples come from a moving average."
    )
    limits = [
        "It was trained on two photographs, of a temple and a flower. It has seen nothing else, "
        "such as text or faces.",
    ]
    data = {
        "name": "photographs",
        "description": "the two photographs that come with scikit-learn, in patches",
        "url": "https://scikit-learn.org/stable/modules/generated/"
        "sklearn.datasets.load_sample_images.html",
        "license": "CC BY 2.0",
    }
    task = "image-to-image"
    tags = ["super-resolution"]
    uses = [
        "large = model.upscale(small)  # float (num, height, width, 3) in [−1, 1], of any size",
    ]
    check = "psnr"
    tolerance = 0.01

    model = models.SRGAN
    arguments = {"pretraining_steps": 12_000, "adversarial_weight": 1e-3}
    dataset = "photographs"
    info = DatasetInfo("photographs", (PATCH, PATCH, 3), None, None, "train")
    batch_size, steps_per_epoch, epochs = 8, 500, 25
    rates = {"g_optimizer": 1e-3, "d_optimizer": 1e-4}

    def build(
        self, info: DatasetInfo, filters: int = 32, ema_decay: float = 0.99, **changes: Any
    ) -> keras.Model:
        channels = info.image_shape[2]
        made = {
            "generator": networks.srgan_generator(
                channels, SCALE, filters, num_blocks=4, normalization=None
            ),
            "discriminator": networks.srgan_discriminator(info.image_shape, filters),
            "feature_extractor": keras.Sequential(
                [
                    keras.Input((None, None, channels)),
                    *convolution(filters),
                    *convolution(filters),
                ]
            ),
            "ema_decay": ema_decay,
        }
        return self.model(**{**made, **self.arguments, **changes})

    def optimizers(self, model, steps, rates):
        first_phase = max(model.pretraining_steps, 1)
        falling = keras.optimizers.schedules.CosineDecay(rates["g_optimizer"], first_phase, 0.1)
        return {
            "g_optimizer": keras.optimizers.Adam(falling),
            "d_optimizer": keras.optimizers.Adam(rates["d_optimizer"]),
        }

    def prepare(
        self, model: Any, batches: Any, callbacks: Sequence[keras.callbacks.Callback] = ()
    ) -> None:
        """Teach the features to tell in which of eight ways a patch has been turned and mirrored.

        To know that, they have to look at edges and textures. In the end they are scaled to a
        standard deviation of 1, so that distances do not depend on their scale.
        """
        features = model.feature_extractor
        features.trainable = True
        width = features.output_shape[-1]
        places = batches.map(lambda images: (images, ways(images.shape[0]))).rebatch(32)
        classifier = keras.Sequential(
            [
                keras.Input(model.example_spec.shape),
                features,
                *convolution(2 * width, strides=2),
                *convolution(2 * width),
                *convolution(2 * width, strides=2),
                *convolution(2 * width, strides=2),
                keras.layers.GlobalAveragePooling2D(),
                keras.layers.Dense(8),
            ]
        )
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        rate = half_cosine(RATE_OF_FEATURES, STEPS_OF_FEATURES)
        classifier.compile(keras.optimizers.Adam(rate), loss, metrics=["accuracy"])
        classifier.fit(places, steps_per_epoch=STEPS_OF_FEATURES, callbacks=list(callbacks))
        features.trainable = False
        made = features.predict(next(iter(places))[0], verbose=0)
        *first, kernel, bias = features.get_weights()
        features.set_weights([*first, kernel / made.std(), bias / made.std()])

    def load(self, source: Any = None, split: str = "train", **kwargs: Any) -> Any:
        """Batches of patches, each of which is turned and mirrored in its own way."""
        if source in (None, self.dataset):
            batches, info = data.load(data.photographs(PATCH, split=split), **kwargs)
        else:
            batches, info = data.load(source, split, image_size=PATCH, **kwargs)
        return batches.map(turned), info

    def callbacks(self, folder: PathLike) -> list[keras.callbacks.Callback]:
        return [PictureEachEpoch(folder, lambda model: enlarged(model)[0])]

    def measure(self, generator: Any, only_check: bool = False) -> Config:
        large = data.photographs(160, split="test")
        small = np.array(shrunk(large))
        results = likeness(large, generator.upscale(small))
        if not only_check:
            interpolated = likeness(large, interpolation(small))
            results |= {f"{name}_of_interpolation": v for name, v in interpolated.items()}
        protocol = {
            "split": f"photographs, {len(large)} pieces of 160×160 pixels of columns that were not "
            "learned from, shrunk to half and enlarged again",
            "psnr": "of the luminance of all pieces as one, in decibels, without two pixels at the "
            "edges; ssim likewise",
            "interpolation": "bicubic",
        }
        return {"results": results, "protocol": protocol}

    def pictures(self, generator: Any, source: Any = None, **kwargs: Any) -> dict[str, Any]:
        picture, caption = enlarged(generator)
        large = data.photographs(160, split="test")
        small = np.array(shrunk(large))
        rows = [interpolation(small), generator.upscale(small), large]
        return {
            "samples.png": (picture, caption),
            "large.png": (
                data.image_grid(np.stack(rows, axis=1).reshape(-1, *large.shape[1:]), columns=3),
                "Four pieces: bicubic interpolation, what the model makes, and the photograph.",
            ),
        }


def enlarged(model: Any) -> tuple[Any, str]:
    """Patches that were not learned from, and a caption."""
    patches = data.photographs(PATCH, stride=PATCH // 2, split="test")
    patches = patches[np.linspace(0, len(patches) - 1, 8).astype(int)]
    small = np.array(shrunk(patches))
    pixels = small.repeat(SCALE, axis=1).repeat(SCALE, axis=2)
    rows = [pixels, interpolation(small), model.upscale(small), patches]
    return data.image_grid(np.concatenate(rows), columns=8, scale=2), (
        "Small patches of columns that were not learned from; bicubic interpolation; what the "
        "model makes of them; and the photographs themselves."
    )


def shrunk(images: Any) -> Any:
    """Images half as large, as in training."""
    return np.clip(layers.bicubic_downsample(images, SCALE), -1, 1)


def interpolation(images: Any) -> np.ndarray:
    """Images enlarged without learning."""
    return np.clip(layers.bicubic_upsample(images, SCALE), -1, 1)


def likeness(real: np.ndarray, made: np.ndarray) -> dict[str, float]:
    """Of all images as one, so that flat ones do not decide."""
    real, made = (np.reshape(images, (1, -1, *images.shape[2:])) for images in (real, made))
    found = {}
    for kind in (metrics.PSNR, metrics.SSIM):
        metric = kind(luminance=True, border=SCALE)
        metric.update_state(real, made)
        found[metric.name] = float(metric.result())
    return found


def convolution(filters: int, strides: int = 1) -> list[keras.layers.Layer]:
    """Layers of the network of features."""
    return [
        keras.layers.Conv2D(filters, 3, strides, padding="same", kernel_initializer="he_normal"),
        keras.layers.LeakyReLU(0.1),
    ]


def turned(images: Any) -> Any:
    """Images of a batch, turned and mirrored: each place of the batch in its own way."""
    around = [tf.image.rot90(images, k) for k in range(4)]
    all_ways = tf.stack([*around, *(tf.reverse(some, [2]) for some in around)])
    num = images.shape[0]
    return tf.gather_nd(all_ways, tf.stack([ways(num), tf.range(num)], axis=1))


def ways(num: int) -> Any:
    """In which of the eight ways the images of a batch are turned and mirrored."""
    return tf.range(num) % 8
