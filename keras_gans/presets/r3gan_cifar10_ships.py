"""An R3GAN of the ships of CIFAR-10."""

from typing import Any

import numpy as np

from keras_gans import data, metrics, models
from keras_gans._typing import Config
from keras_gans.data import DatasetInfo
from keras_gans.presets import _papers
from keras_gans.presets._images import (
    ImagePreset,
    deep_networks,
    half_cosine,
    optimizers_of,
)

#: The class of CIFAR-10, by its label.
SHIP = 8


class Preset(ImagePreset):
    title = "R3GAN, ships of CIFAR-10"
    summary = (
        "Small color photographs of ships, by a generator that learned from 5,000 of them in a "
        "game without tricks."
    )
    paper = _papers.R3GAN
    differs = (
        "One class of CIFAR-10; a generator of the DCGAN's kind, with batch normalization, and a "
        "discriminator of plain 3×3 convolutions, in place of deep residual networks; batches of "
        "32, Adam without changes of β₂, learning rates that fall from 1e-3 to nearly zero, and a "
        "γ that falls from 1; networks that compute in bfloat16."
    )
    limits = [
        "It draws ships of 32×32 pixels, whose details are blurred, as those of small photographs "
        "are, and sometimes wrong.",
    ]
    data = {
        "name": "cifar10",
        "description": "The 5,000 training images of ships in CIFAR-10 (Krizhevsky 2009)",
        "url": "https://www.tensorflow.org/datasets/catalog/cifar10",
        "license": "unknown",
    }
    tags = ["cifar10"]
    check = "sliced_wasserstein"
    tolerance = 0.05

    model = models.R3GAN
    arguments = {"latent_dim": 64, "gamma": 1.0, "burn_in": 12_000, "ema_decay": 0.999}
    dataset = "cifar10"
    info = DatasetInfo("cifar10, ships", (32, 32, 3), 5000, None, "train")
    batch_size, steps_per_epoch, epochs = 32, 1000, 12
    precision = "mixed_bfloat16"
    filters = 48
    rates = {"g_optimizer": 1e-3, "d_optimizer": 1e-3}

    def networks(self, info, latent_dim, filters):
        return deep_networks(info, latent_dim, filters)

    def optimizers(self, model, steps, rates):
        return optimizers_of(model, steps, rates, half_cosine, beta_1=0.0, beta_2=0.99)

    def load(self, source: Any = None, split: str = "train", **kwargs: Any) -> Any:
        return super().load(*self.chosen(source, split), **kwargs)

    def in_order(self, source: Any = None, split: str = "train", **kwargs: Any) -> Any:
        return super().in_order(*self.chosen(source, split), **kwargs)

    def chosen(self, source: Any, split: str) -> tuple[Any, str]:
        """The ships of CIFAR-10, or another dataset as it is."""
        if source not in (None, self.dataset):
            return source, split
        batches, _ = data.load(self.dataset, split, 1000, labels=True, shuffle=False)
        parts = [images[labels == SHIP] for images, labels in batches.as_numpy_iterator()]
        return np.concatenate(parts), "train"

    def measure(self, generator: Any, only_check: bool = False) -> Config:
        splits = ["test"] if only_check else ["test", "train"]
        (real, *others) = (self.chosen(None, split)[0] for split in splits)
        results = distances(real, generator.sample(len(real), seed=1))
        for images in others:
            floor = distances(real, images[: len(real)])
            results |= {f"{name}_of_training_images": value for name, value in floor.items()}
        protocol = {
            "split": f"cifar10, the {len(real)} ships of test",
            "sliced_wasserstein": "Sliced Wasserstein distance of 7×7 patches between as many "
            "samples and these, at two sizes, and the mean",
        }
        return {"results": results, "protocol": protocol}


def distances(real: np.ndarray, made: np.ndarray) -> dict[str, float]:
    """By the sizes of a pyramid."""
    metric = metrics.SlicedWasserstein()
    metric.update_state(real, made)
    return {name: float(value) for name, value in metric.result().items()}
