"""A GAN that writes like Shakespeare, a character at a time and all at once."""

import re
from typing import Any

import keras
import numpy as np

from keras_gans import data, metrics, models, networks
from keras_gans._typing import Config
from keras_gans.data import TextInfo
from keras_gans.models.schedules import LinearToZero
from keras_gans.presets import _papers
from keras_gans.presets._images import optimizers_of
from keras_gans.presets._preset import Preset as AnyPreset

LENGTH = 16
NGRAMS = 1, 2, 3, 4

#: Texts that are measured.
MEASURED = 5000


class Preset(AnyPreset):
    title = "Character GAN, Shakespeare"
    summary = (
        "Writes scraps of Shakespeare, all characters of a scrap at once: a Wasserstein GAN, whose "
        "critic reads probabilities of characters."
    )
    paper = _papers.WGAN_GP
    differs = (
        f"Texts of {LENGTH} characters, not 32, two residual blocks of 64 channels, not five of "
        "512; one update of the critic for one of the generator, not ten; learning rates that fall "
        "from 2e-3 to zero along a straight line; samples come from a moving average."
    )
    limits = [
        f"It writes {LENGTH} characters, which begin and end anywhere. Many of its words do not "
        "exist.",
    ]
    data = {
        "name": "tiny_shakespeare",
        "description": "Tiny Shakespeare, 40,000 lines of his plays (Karpathy 2015)",
        "url": "https://www.tensorflow.org/datasets/catalog/tiny_shakespeare",
        "license": "public domain",
    }
    task = "text-generation"
    tags = ["shakespeare"]
    check = "js_2"
    tolerance = 0.02

    model = models.TextGAN
    arguments = {"n_critic": 1, "ema_decay": 0.999}
    dataset = "tiny_shakespeare"
    info = TextInfo(
        "tiny_shakespeare",
        "\n !$&',-.3:;?ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
        1_003_839,
        LENGTH,
        "train",
    )
    batch_size, steps_per_epoch, epochs = 64, 2000, 18
    precision = "mixed_bfloat16"
    rates = {"g_optimizer": 2e-3, "d_optimizer": 2e-3}

    def build(
        self, info: TextInfo, filters: int = 64, latent_dim: int = 64, **changes: Any
    ) -> keras.Model:
        sizes = info.length, info.vocabulary_size
        made = {
            "generator": networks.text_generator(*sizes, latent_dim, filters, 2),
            "discriminator": networks.text_discriminator(*sizes, filters, 2),
            "latent_dim": latent_dim,
            "vocabulary": info.vocabulary,
        }
        return self.model(**{**made, **self.arguments, **changes})

    def optimizers(self, model, steps, rates):
        return optimizers_of(model, steps, rates, LinearToZero, beta_1=0.5, beta_2=0.9)

    def load(
        self,
        source: Any = None,
        split: str = "train",
        length: int = LENGTH,
        repeat: bool = False,
        **kwargs: Any,
    ) -> Any:
        """Batches of windows of a text."""
        source = self.dataset if source is None else source
        batches, info = data.load_text(source, split, length, **kwargs)
        return batches.repeat() if repeat else batches, info

    def measure(self, generator: Any, only_check: bool = False) -> Config:
        real = held_out(self.dataset)[:MEASURED]
        written = generator.sample(len(real), seed=1)
        results = {f"js_{n}": divergence(n, real, written) for n in NGRAMS}
        if not only_check:
            learned, _ = self.load(batch_size=1000, shuffle=False)
            known = set(words(text for batch in learned.as_numpy_iterator() for text in batch))
            found = words([text.encode() for text in written])
            results["words_of_the_text"] = float(np.mean([word in known for word in found]))
        protocol = {
            "split": f"tiny_shakespeare, {len(real)} windows of validation and test that do not "
            "overlap",
            "js": "Jensen-Shannon divergence between n-grams of as many samples and of these, in "
            "nats: 0 for equal distributions, .69 for n-grams that have nothing in common",
            "words_of_the_text": "share of the samples' words, those at their ends left out, that "
            "are words of the training split",
        }
        return {"results": results, "protocol": protocol}

    def texts(self, generator: Any) -> list[str]:
        return list(map(repr, generator.sample(20, seed=0).tolist()))


def held_out(source: str) -> np.ndarray:
    """Windows of the splits that are not trained on, which do not overlap."""
    found = []
    for split in ("validation", "test"):
        batches, _ = data.load_text(source, split, LENGTH, 1, stride=LENGTH, shuffle=False)
        found += list(batches.rebatch(1000).as_numpy_iterator())
    return np.concatenate(found)


def divergence(n: int, real: np.ndarray, written: np.ndarray) -> float:
    """Of n-grams."""
    metric = metrics.NGramJSDivergence(n)
    metric.update_state(real, written)
    return float(metric.result())


def words(texts: Any) -> list[str]:
    """Words with blanks, or ends of lines, on both sides, in bytes of UTF-8."""
    return [word for text in texts for word in re.findall(r"(?<=\s)\w+(?=\s)", text.decode())]
