"""A StackGAN that draws what a sentence says: two shapes, their colors, sizes and places."""

import dataclasses
import itertools
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from keras_gans import callbacks, data, models, networks, techniques
from keras_gans._typing import Config, PathLike
from keras_gans.data import DatasetInfo
from keras_gans.data.shapes import COLORS, PLACES, SHAPES, SIZES, Shape
from keras_gans.presets import _papers
from keras_gans.presets._images import beside_nearest, half_cosine, optimizers_of
from keras_gans.presets._preset import Preset as AnyPreset

#: Side of the images of stage II, twice that of stage I.
SIDE = 32
FILTERS = 48
CONDITIONING_DIM, NOISE_DIM = 32, 32
STEPS_OF_STAGE_I, RATE_OF_STAGE_I = 10_000, 2e-3

#: Sentences whose drawings are shown.
SHOWN = (
    "a small red circle above a large blue square",
    "a large yellow triangle left of a small green circle",
    "a large blue triangle below a large red triangle",
    "a small green square right of a small yellow square",
    "a large green circle above a small red triangle",
    "a small blue circle left of a large yellow circle",
)


class Preset(AnyPreset):
    title = "StackGAN, drawn shapes"
    summary = (
        'Draws what a sentence says, such as "a small red circle above a large blue square": a '
        "small picture first, then a larger one over it."
    )
    paper = _papers.STACKGAN
    differs = (
        "Pictures of 16 and of 32 pixels, of drawings instead of photographs; sentences are known "
        "by their words, and by two and three in a row; small networks, the discriminators without "
        "batch normalization and with a gradient penalty at real images; a hundredth of the weight "
        "of the KL term in the authors' code."
    )
    limits = [
        "It draws two shapes of three kinds, four colors and two sizes. Of other sentences it "
        "uses only the words and phrases that it knows.",
    ]
    data = {
        "name": "drawn_shapes",
        "description": "20,000 drawings of two shapes with captions, which "
        "`keras_gans.data.drawn_shapes` makes",
        "url": "../../keras_gans/data/shapes.py",
        "license": "apache-2.0",
    }
    task = "text-to-image"
    tags = ["stackgan"]
    uses = [
        f'images = model.sample(4, "{SHOWN[0]}", seed=0)',
        'gan = kg.models.StackGAN.from_preset("stackgan_shapes")  # to train on from here',
    ]
    check = "drawn_as_said"
    tolerance = 0.02

    model = models.StackGAN
    arguments = {"kl_weight": 0.02, "ema_decay": 0.99}
    dataset = "drawn_shapes"
    info = DatasetInfo("drawn_shapes", (SIDE, SIDE, 3), 20_000, None, "train")
    batch_size, steps_per_epoch, epochs = 16, 500, 18
    rates = {"g_optimizer": 1.5e-3, "d_optimizer": 1.5e-3}

    def build(self, info: DatasetInfo, filters: int = FILTERS, **changes: Any) -> keras.Model:
        encoder = networks.ngram_encoder(every_caption(), ngrams=3)
        embedding_dim = encoder.output_shape[1]
        shape = info.image_shape
        coarse = networks.stackgan_generator(
            (shape[0] // 2, shape[1] // 2, shape[2]),
            CONDITIONING_DIM + NOISE_DIM,
            embedding_dim,
            CONDITIONING_DIM,
            filters=filters,
            name="stage_one",
        )
        generator = networks.stackgan_refiner(
            coarse, shape, CONDITIONING_DIM, filters=max(filters // 4, 1), num_blocks=2
        )
        made = {
            "generator": generator,
            "discriminator": discriminator(shape, embedding_dim, filters),
            "text_encoder": encoder,
            "latent_dim": generator.input_shape[0][1],
            "techniques": [techniques.R1(0.2)],
        }
        return self.model(**{**made, **self.arguments, **changes})

    def optimizers(self, model, steps, rates):
        return optimizers_of(model, steps, rates, half_cosine, beta_1=0.5)

    def prepare(
        self, model: Any, batches: Any, callbacks: Sequence[keras.callbacks.Callback] = ()
    ) -> None:
        """Train the generator of stage I, which that of stage II holds, on images half as large."""
        coarse = model.generator.get_layer("stage_one")
        generator = keras.models.clone_model(coarse)
        for layer in generator.layers:  # which were frozen, each by itself
            layer.trainable = True
        first: Any = models.StackGAN(
            generator,
            discriminator(coarse.output_shape[1:], coarse.input_shape[1][1], FILTERS),
            model.text_encoder,
            latent_dim=coarse.input_shape[0][1],
            techniques=[techniques.R1(0.2)],
            seed=0,
            **self.arguments,
        )
        rates = {"g_optimizer": RATE_OF_STAGE_I, "d_optimizer": RATE_OF_STAGE_I}
        first.compile(**self.optimizers(first, STEPS_OF_STAGE_I, rates), steps_per_execution=10)
        first.fit(
            batches.map(lambda images, captions: (shrunk(images), captions)),
            steps_per_epoch=STEPS_OF_STAGE_I,
            callbacks=list(callbacks),
        )
        coarse.set_weights(first.ema_generator.copy().get_weights())

    def load(
        self,
        source: Any = None,
        split: str = "train",
        batch_size: int = 16,
        shuffle: bool = True,
        seed: int | None = None,
        repeat: bool = False,
        **kwargs: Any,
    ) -> Any:
        """Batches of images and captions."""
        if source not in (None, self.dataset):
            raise ValueError(f"`source` must be {self.dataset!r}. Received: source={source!r}")
        if kwargs:
            raise ValueError(f"`kwargs` must be empty. Received: {', '.join(kwargs)}")
        images, captions = drawings(split)
        batches = tf.data.Dataset.from_tensor_slices((images, captions))
        batches = batches.shuffle(len(images), seed) if shuffle else batches
        batches = batches.batch(batch_size, drop_remainder=True)
        info = dataclasses.replace(self.info, num_examples=len(images), split=split)
        return batches.repeat() if repeat else batches, info

    def callbacks(self, folder: PathLike) -> list[keras.callbacks.Callback]:
        labels = np.repeat(SHOWN, 8)
        return [callbacks.SampleGrid(folder, num=len(labels), labels=labels, columns=8)]

    def measure(self, generator: Any, only_check: bool = False) -> Config:
        _, captions = drawings("test")
        samples = generator.sample(len(captions), captions, seed=1)
        pairs = zip(captions, what_is_drawn(samples), strict=True)
        share = np.mean([read == in_order(caption) for caption, read in pairs])
        protocol = {
            "split": f"drawn_shapes, {len(captions)} captions of another seed",
            "drawn_as_said": "share of samples that match the caption in sizes, colors, shapes "
            "and places, each half being read as the nearest of 5,000 drawings of one shape; 1 "
            "for real drawings",
        }
        return {"results": {"drawn_as_said": float(share)}, "protocol": protocol}

    def pictures(self, generator: Any, source: Any = None, **kwargs: Any) -> dict[str, Any]:
        samples = generator.sample(8 * len(SHOWN), np.repeat(SHOWN, 8), seed=0)
        return {
            "samples.png": (
                data.image_grid(samples, columns=8),
                "The first eight samples of seed 0 of each sentence, not selected: "
                + "; ".join(SHOWN)
                + ".",
            ),
            "nearest.png": (
                data.image_grid(beside_nearest(samples[::6], drawings("train")[0]), columns=8),
                "Every sixth of these samples, and under each the three training images whose "
                "pixels are nearest.",
            ),
        }


def discriminator(image_shape: Any, embedding_dim: int, filters: int) -> keras.Model:
    """A discriminator of one stage."""
    return networks.stackgan_discriminator(
        image_shape, embedding_dim, max(filters // 2, 1), normalization=None
    )


def drawings(split: str) -> tuple[np.ndarray, np.ndarray]:
    """Images and their captions."""
    num, seed = {"train": (20_000, 0), "test": (1000, 1)}[split]
    return data.drawn_shapes(num, SIDE, num_shapes=2, seed=seed)


def every_caption() -> list[str]:
    """All captions that there are of two shapes."""
    shapes = [Shape(*names) for names in itertools.product(SIZES, COLORS, SHAPES)]
    return [
        f"{first} {place} {second}"
        for first, place, second in itertools.product(shapes, PLACES, shapes)
        if (first.color, first.shape) != (second.color, second.shape)
    ]


def shrunk(images: Any) -> Any:
    """Images half as large: each pixel is the mean of four."""
    return tf.nn.avg_pool2d(images, 2, 2, "VALID")


def what_is_drawn(images: np.ndarray) -> list[str]:
    """Read images of two shapes: a caption each, whose first shape is above or left of the other.

    Each of the two halves, above and below or left and right, is what the nearest of 5,000 drawings
    of one shape is; everything else should be white.
    """
    side = images.shape[1] // 2
    single, names = data.drawn_shapes(5000, side, seed=0)
    known = single.reshape(len(single), -1)

    def read(down, right):
        """The shape in one place, and by how much it explains the pixels there better than white.

        Both but for a number that is the same for all drawings.
        """
        pixels = images[:, down : down + side, right : right + side].reshape(len(images), -1)
        errors = (known**2).sum(axis=1) - 2 * pixels @ known.T
        white = pixels.shape[1] - 2 * pixels.sum(axis=1)
        return [names[i] for i in errors.argmin(axis=1)], errors.min(axis=1) - white

    quarter = side // 2
    above, below, left, right = (
        read(*place) for place in ((0, quarter), (side, quarter), (quarter, 0), (quarter, side))
    )
    are_upright = above[1] + below[1] < left[1] + right[1]
    return [
        f"{above[0][i]} above {below[0][i]}" if upright else f"{left[0][i]} left of {right[0][i]}"
        for i, upright in enumerate(are_upright)
    ]


def in_order(caption: str) -> str:
    """A caption that says the same, and names the upper or the left shape first."""
    for place, other in (("below", "above"), ("right of", "left of")):
        if f" {place} " in caption:
            first, second = caption.split(f" {place} ")
            return f"{second} {other} {first}"
    return caption
