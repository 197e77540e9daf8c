"""A character-level language model on tiny_shakespeare: n-gram JS through training.

A `TextGAN` learns windows of 32 characters. At the start and regularly through training it writes
as many texts as there are held-out windows, and the Jensen-Shannon divergences between their
n-grams and those of the held-out windows, n = 1 … 4, are measured in nats: between 0 and log 2,
0.693. Held out are the validation and the test split, in windows that do not overlap. The floor is
the same measure for real text: as many windows of the training split, spread evenly over it, in
place of the samples. All n-grams within windows count; texts are read by argmax.

The networks are those of the paper, narrower; learning rates are larger, for a short training.

    python benchmarks/studies/text_gan.py

Training goes on where it stopped if the command is given again: its state is in
output/text_gan_benchmark. The result goes to benchmarks/results/text_gan.json, and the curves
beside it.
"""

import argparse
import json
import pathlib
import sys

import keras
import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).parents[2]))

import keras_gans as kg
from benchmarks import results

LENGTH = 32
LATENT_DIM = 128
NGRAMS = (1, 2, 3, 4)
SOURCE = "tiny_shakespeare"


def windows(split, seed=None):
    """Windows of a split that do not overlap, in order."""
    batches, _ = kg.data.load_text(SOURCE, split, LENGTH, 1, stride=LENGTH, shuffle=False)
    return np.concatenate(list(batches.as_numpy_iterator()))


def held_out_windows():
    return np.concatenate([windows("validation"), windows("test")])


def js(real, generated):
    divergences = {}
    for n in NGRAMS:
        metric = kg.metrics.NGramJSDivergence(n)
        metric.update_state(real, generated)
        divergences[metric.name] = round(float(metric.result()), 4)
    return divergences


def evenly(texts, num):
    """`num` of the texts, spread evenly."""
    return texts[np.linspace(0, len(texts) - 1, num).astype(int)]


def make(options):
    keras.utils.set_random_seed(options.seed)
    train, info = kg.data.load_text(SOURCE, "train", LENGTH, options.batch_size, seed=options.seed)
    gan = kg.models.TextGAN(
        kg.networks.text_generator(
            LENGTH, info.vocabulary_size, LATENT_DIM, options.filters, options.blocks
        ),
        kg.networks.text_discriminator(
            LENGTH, info.vocabulary_size, options.filters, options.blocks
        ),
        latent_dim=LATENT_DIM,
        vocabulary=info.vocabulary,
        n_critic=options.n_critic,
        ema_decay=options.ema_decay,
        seed=options.seed,
    )
    gan.compile(
        *[keras.optimizers.Adam(options.learning_rate, beta_1=0.5, beta_2=0.9) for _ in range(2)]
    )
    return gan, train.repeat()


def train(options, held_out):
    """Train in rounds, each followed by a measurement; every round is kept on disk."""
    folder = pathlib.Path("output") / "text_gan_benchmark"
    path, log = folder / "model.keras", folder / "rounds.json"
    recipe = {name: value for name, value in vars(options).items() if name != "steps"}
    gan, batches = make(options)
    rounds = []
    if log.exists():
        kept = json.loads(log.read_text())
        if kept["recipe"] == recipe:
            gan, rounds = keras.models.load_model(path), kept["rounds"]
            print(f"Going on after {rounds[-1]['step']} steps.")
    if not rounds:
        rounds.append(measure(gan, 0, held_out, {}))
    while rounds[-1]["step"] < options.steps:
        steps = min(options.every, options.steps - rounds[-1]["step"])
        history = gan.fit(batches, steps_per_epoch=steps, verbose=0).history
        losses = {name: round(values[-1], 4) for name, values in history.items()}
        rounds.append(measure(gan, rounds[-1]["step"] + steps, held_out, losses))
        folder.mkdir(parents=True, exist_ok=True)
        gan.save(path)
        log.write_text(json.dumps({"recipe": recipe, "rounds": rounds}))
    return gan, rounds


def measure(gan, step, held_out, losses):
    texts = gan.sample(len(held_out), seed=0)
    divergences = js(held_out, texts)
    print(f"step {step}: {divergences} {losses}")
    return {
        "step": step,
        **divergences,
        **losses,
        "samples": texts[:8].tolist(),
    }


def draw(rounds, floor, path):
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 4.5), layout="constrained")
    axes = figure.add_subplot()
    steps = [r["step"] for r in rounds]
    for i, n in enumerate(NGRAMS):
        axes.plot(steps, [r[f"js_{n}"] for r in rounds], color=f"C{i}", label=f"{n}-grams")
        axes.axhline(floor[f"js_{n}"], color=f"C{i}", linestyle=":")
    axes.plot([], [], color="gray", linestyle=":", label="real text")
    axes.set(
        xlabel="generator steps",
        ylabel="JS to held-out text (nats)",
        ylim=(0, 0.8),
        title="A character GAN on tiny_shakespeare",
    )
    axes.legend(ncols=5, fontsize="small", loc="upper center")
    figure.savefig(path, dpi=120)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=3000, help="of the generator")
    parser.add_argument("--every", type=int, default=200, help="steps between measurements")
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--filters", type=int, default=64)
    parser.add_argument("--blocks", type=int, default=3)
    parser.add_argument("--n-critic", type=int, default=5)
    parser.add_argument("--learning-rate", type=float, default=5e-4)
    parser.add_argument("--ema-decay", type=float, default=0.99)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    held_out = held_out_windows()
    floor = js(held_out, evenly(windows("train"), len(held_out)))
    print(f"floor: {floor}")
    _, rounds = train(options, held_out)
    protocol = {
        "held_out": f"{len(held_out)} windows of {LENGTH} characters, validation and test split, "
        "not overlapping",
        "samples": f"{len(held_out)} texts of seed 0, from the moving average of the generator",
        "floor": f"{len(held_out)} windows of the training split, spread evenly, as samples",
        "unit": "nats",
    }
    results.save("text_gan", options, {"protocol": protocol, "floor": floor, "rounds": rounds})
    draw(rounds, floor, results.FOLDER / "text_gan.png")


if __name__ == "__main__":
    main()
