"""A CycleGAN between the digits of MNIST and other digits, drawn as colored outlines."""

from typing import Any

import keras
import numpy as np

from keras_gans import callbacks, data, metrics, models, networks
from keras_gans._typing import Config, PathLike
from keras_gans.data import DatasetInfo
from keras_gans.models.schedules import LinearToZero
from keras_gans.presets import _papers
from keras_gans.presets._images import arrays, beside_nearest, optimizers_of
from keras_gans.presets._mnist import MNISTPreset
from keras_gans.presets._preset import Preset as AnyPreset

#: Test images that are measured.
MEASURED = 2000


class Preset(AnyPreset):
    title = "CycleGAN, digits of MNIST and outlines"
    summary = (
        "Translates handwritten digits, white on black, into colored outlines on a woven ground, "
        "and back: learned from different digits in both styles, without a single pair."
    )
    paper = _papers.CYCLEGAN
    differs = (
        "Images of 28 pixels, 16 channels and three residual blocks, discriminators of two layers; "
        "batches of 4 in place of single images; learning rates twice the paper's, which fall to "
        "zero along a straight line from the start."
    )
    limits = [
        "It translates digits as they are in MNIST, of 28×28 pixels in three channels, and "
        "outlines as they are drawn here.",
    ]
    data = MNISTPreset.data
    task = "image-to-image"
    tags = ["mnist", "cyclegan"]
    uses = [
        'outlines = model.translate(digits, "ab")  # both float (num, 28, 28, 3) in [−1, 1]',
        'digits = model.translate(outlines, "ba")',
    ]
    check = "read_right_in_a"
    tolerance = 0.01

    model = models.CycleGAN
    arguments = {"cycle_weight": 10.0, "identity_weight": 0.5}
    dataset = "mnist"
    info = MNISTPreset.info
    batch_size, steps_per_epoch, epochs = 4, 300, 10
    rates = {"g_optimizer": 4e-4, "d_optimizer": 4e-4}

    def build(self, info: DatasetInfo, filters: int = 16, **changes: Any) -> keras.Model:
        shape = (*info.image_shape[:2], 3)
        made = {
            **{
                f"generator_{name}": networks.translation_generator(
                    shape, filters=filters, num_blocks=3
                )
                for name in ("ab", "ba")
            },
            **{
                f"discriminator_{name}": networks.patch_discriminator(
                    shape, filters=2 * filters, num_layers=2
                )
                for name in ("a", "b")
            },
        }
        return self.model(**{**made, **self.arguments, **changes})

    def optimizers(self, model, steps, rates):
        return optimizers_of(model, steps, rates, LinearToZero, beta_1=0.5)

    def load(
        self, source: Any = None, split: str = "train", batch_size: int = 1, **kwargs: Any
    ) -> Any:
        """Batches of A and batches of B, which has none of the digits of A."""
        images, info = digits(self.dataset if source is None else source, split)
        half = len(images) // 2
        domains = as_colors(images[:half]), as_outlines(images[half:])
        return tuple(
            data.load(domain, batch_size=batch_size, **kwargs)[0] for domain in domains
        ), info

    def callbacks(self, folder: PathLike) -> list[keras.callbacks.Callback]:
        images, _ = digits(self.dataset, "test")
        shown = as_colors(images[:16]), as_outlines(images[16:32])
        return [callbacks.SampleGrid(folder, images=shown)]

    def measure(self, generator: Any, only_check: bool = False) -> Config:
        images, labels = digits_and_labels(self.dataset, "test")
        images, labels = images[:MEASURED], labels[:MEASURED]
        a, b = as_colors(images), as_outlines(images)
        to_a = generator.translate(b, "ba")
        logits = metrics.MNISTFeatures().logits(to_a.max(axis=-1, keepdims=True))
        results = {"read_right_in_a": float(np.mean(np.argmax(logits, axis=1) == labels))}
        if not only_check:
            to_b = generator.translate(a, "ab")
            results |= {
                "cycle_error_aba": float(np.abs(generator.translate(to_b, "ba") - a).mean()),
                "cycle_error_bab": float(np.abs(generator.translate(to_a, "ab") - b).mean()),
                "error_to_a": float(np.abs(to_a - a).mean()),
                "error_to_b": float(np.abs(to_b - b).mean()),
            }
        protocol = {
            "split": f"mnist, the first {MEASURED} images of test as digits, A, and as outlines, B",
            "errors": "mean absolute differences of pixels in [−1, 1]: of translations from the "
            "true counterpart, and of an image translated there and back from itself",
            "read_right_in_a": "share of translations to A that the package's MNIST classifier, "
            "given their brightest channel, assigns to the right class",
        }
        return {"results": results, "protocol": protocol}

    def pictures(self, generator: Any, source: Any = None, **kwargs: Any) -> dict[str, Any]:
        images, _ = digits(self.dataset, "test")
        a, b = as_colors(images[:10]), as_outlines(images[10:20])
        to_b, to_a = generator.translate(a, "ab"), generator.translate(b, "ba")
        back = generator.translate(to_b, "ba"), generator.translate(to_a, "ab")
        rows = np.concatenate([a, to_b, back[0], b, to_a, back[1]])
        learned = as_colors(digits(self.dataset, "train")[0][:30_000])
        return {
            "samples.png": (
                data.image_grid(rows, columns=10),
                "Test images, not selected, their translations, and these translated back: from "
                "digits to outlines, then from outlines to digits.",
            ),
            "nearest.png": (
                data.image_grid(beside_nearest(to_a[:8], learned), columns=8),
                "Translations to digits, and under each the three training images whose pixels are "
                "nearest.",
            ),
        }


def digits_and_labels(source: Any, split: str) -> tuple[np.ndarray, np.ndarray]:
    """All digits of a split, `(num, 28, 28, 1)` in [−1, 1], and their classes."""
    return arrays(data.load(source, split, batch_size=1, labels=True, shuffle=False)[0])


def digits(source: Any, split: str) -> tuple[np.ndarray, DatasetInfo]:
    """All digits of a split, and what it holds."""
    batches, info = data.load(source, split, batch_size=1, shuffle=False)
    return np.concatenate(list(batches.rebatch(1000).as_numpy_iterator())), info


def as_colors(images: np.ndarray) -> np.ndarray:
    """Gray images with three channels."""
    return np.repeat(images, 3, axis=-1)


def as_outlines(images: np.ndarray) -> np.ndarray:
    """The outlines of digits `(num, height, width, 1)` on a woven ground, in three channels.

    Their color says which way they face.
    """
    from matplotlib.colors import hsv_to_rgb
    from scipy.ndimage import gaussian_filter, maximum_filter

    strokes = (images[..., 0] + 1) / 2
    outlines = np.minimum(1.5 * (maximum_filter(strokes, (1, 3, 3)) - strokes), 1)[..., None]
    down, right = np.gradient(gaussian_filter(strokes, (0, 1, 1)), axis=(1, 2))
    hues = np.arctan2(down, right) / (2 * np.pi) % 1
    colors = hsv_to_rgb(np.stack([hues, np.full_like(hues, 0.8), np.ones_like(hues)], axis=-1))
    y, x = np.indices(strokes.shape[1:])
    weave = np.sin(np.pi / 2 * x) * np.cos(np.pi / 2 * y)
    ground = (0.3 + 0.12 * weave)[..., None] * [1.0, 0.8, 0.6]
    return (2 * (outlines * colors + (1 - outlines) * ground) - 1).astype("float32")
