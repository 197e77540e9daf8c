"""
Title: A GAN that writes
Author: The keras_gans authors
Description: A character-level language model, trained as a Wasserstein GAN.
Accelerator: None (two CPU cores are enough)
"""

"""
## Introduction

A GAN learns by the gradient that flows from the critic through a sample into the generator. A text
is a sequence of discrete characters, and through a choice among characters nothing flows. The
WGAN-GP paper ([Gulrajani et al., 2017](https://arxiv.org/abs/1704.00028)) does not choose: at each
position the generator gives a *probability* of each character, by softmax, and these go to the
critic as they are, beside real text as one-hot vectors. A classic discriminator would tell the two
apart by their values alone, and learn nothing else; the Wasserstein critic measures a distance, and
in that distance a nearly one-hot vector is near a one-hot vector.

There is no language model in the usual sense here: no character is predicted from those before it.
All characters of a text are made at once from one latent vector, by convolutions, and are read by
argmax.

## Setup
"""

import pathlib
import re
import sys
from pydoc_data import topics

import keras
import numpy as np

import keras_gans as kg

keras.utils.set_random_seed(0)

SOURCE = sys.argv[1] if len(sys.argv) > 1 else "python"
LENGTH = 16
LATENT_DIM = 64
FILTERS = 64
BLOCKS = 2
ROUNDS = 10
STEPS_PER_ROUND = 300
OUTPUT = pathlib.Path("output") / f"text_gan_{pathlib.Path(SOURCE).stem}"

"""
## Data

Python comes with its own manual, which `help("lists")` and the like show. In lower case and without
punctuation, it is a text of 27 different characters that everybody has at hand.
`python text_gan.py tiny_shakespeare` takes Shakespeare instead, `python text_gan.py my.txt` any
file. Every tenth part of the text is held out.

`load_text` cuts windows of 16 characters, wherever they begin. They reach `fit` as strings.
"""


def read(source):
    """Parts to learn from and to hold out."""
    if source == "python":
        manual = "\n".join(topics.topics.values()).lower()
        text = re.sub(r"[^a-z]+", " ", manual)
    elif pathlib.Path(source).is_file():
        text = pathlib.Path(source).read_text(encoding="utf-8")
    else:
        return (source, "train"), (source, "test")
    cut = len(text) * 9 // 10
    return (text[:cut], "train"), (text[cut:], "train")


learned, held_out = read(SOURCE)
train, info = kg.data.load_text(*learned, length=LENGTH, batch_size=64, seed=0)
held_out, _ = kg.data.load_text(
    *held_out, length=LENGTH, batch_size=64, stride=LENGTH, shuffle=False
)
print(f"{info.num_examples} windows of {len(info.vocabulary)} different characters, such as")
print(*next(iter(train)).numpy()[:3], sep="\n")

"""
## Networks and training

Both networks are residual: blocks x + 0.3 · conv(ReLU(conv(ReLU(x)))) of one-dimensional
convolutions. The vocabulary is saved with the model.

How good are the texts? The Jensen-Shannon divergence between the n-grams of samples and those of
the held-out text says whether they have the right letters (n = 1), the right pairs of letters
(n = 2), and so on. `compile` takes it as a metric, and `validation_data` has it measured after
every round.
"""

gan = kg.models.TextGAN(
    kg.networks.text_generator(LENGTH, info.vocabulary_size, LATENT_DIM, FILTERS, BLOCKS),
    kg.networks.text_discriminator(LENGTH, info.vocabulary_size, FILTERS, BLOCKS),
    latent_dim=LATENT_DIM,
    vocabulary=info.vocabulary,
    n_critic=5,
    ema_decay=0.99,
)
gan.compile(
    g_optimizer=keras.optimizers.Adam(1e-3, beta_1=0.5, beta_2=0.9),
    d_optimizer=keras.optimizers.Adam(1e-3, beta_1=0.5, beta_2=0.9),
    metrics=[kg.metrics.NGramJSDivergence(n) for n in (1, 2, 3, 4)],
)


class ShowSamples(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        print(f"After round {epoch + 1}:", *map(repr, self.model.sample(4, seed=0).tolist()))


history = gan.fit(
    train.repeat(),
    epochs=ROUNDS,
    steps_per_epoch=STEPS_PER_ROUND,
    validation_data=held_out,
    callbacks=[ShowSamples()],
    verbose=2,
).history

"""
## Look

First the divergences, in nats: 0 for equal distributions, log 2 = 0.69 for n-grams that have
nothing in common. Real text is not at 0 either: the last line is what as much of the text that was
learned from gets against the held-out text.
"""

real = np.concatenate(list(held_out.as_numpy_iterator()))
seen = np.concatenate(list(train.take(len(real) // 64).as_numpy_iterator()))
floor = []
for n in (1, 2, 3, 4):
    metric = kg.metrics.NGramJSDivergence(n)
    metric.update_state(real, seen)
    floor.append(float(metric.result()))

print("round    1-grams  2-grams  3-grams  4-grams")
curves = zip(*(history[f"val_js_{n}"] for n in (1, 2, 3, 4)), strict=True)
for i, row in enumerate(curves, start=1):
    print(f"{i:<9}" + "  ".join(f"{js:7.4f}" for js in row))
print(f"{'real':<9}" + "  ".join(f"{js:7.4f}" for js in floor))

"""
Then the texts: the first samples of seed 0, not selected. The share of their words, those cut by
the ends of a text left out, that are words of the text learned from says how much was spelt right.
"""


def words(texts):
    """Words with a blank on both sides."""
    return [word for text in texts for word in re.findall(r"(?<=\s)\w+(?=\s)", text)]


texts = gan.sample(1000, seed=0).tolist()
known = set(words(text.decode("utf-8") for batch in train for text in batch.numpy()))
written = words(texts)
share = np.mean([word in known for word in written]) if written else 0
print(*map(repr, texts[:20]), sep="\n")
print(f"{share:.0%} of {len(written)} words are words of the text.")

OUTPUT.mkdir(parents=True, exist_ok=True)
(OUTPUT / "samples.txt").write_text("\n".join(map(repr, texts)) + "\n", encoding="utf-8")

"""
## Serve

The SavedModel has the vocabulary in it: it returns strings, without any training code, and `score`
takes them.
"""

gan.export(OUTPUT / "saved_model")
served = kg.load(OUTPUT / "saved_model")
print(served.sample(3, seed=0))
logits = served.score([real[0], real[0][::-1]])[:, 0]
print(f"The critic on {real[0]!r}: {logits[0]:.2f}; backwards: {logits[1]:.2f}.")
print(f"Look at {OUTPUT / 'samples.txt'}.")
