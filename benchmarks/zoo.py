"""The tables of trained models, made of their cards: `python -m benchmarks.zoo` writes them.

One is `saved_models/README.md`, the other is in README, between two marks.
"""

import html
import json
import pathlib

from benchmarks import results as kept
from keras_gans import cards

ROOT = pathlib.Path(__file__).parents[1]
FOLDER, README = ROOT / "saved_models", ROOT / "README.md"
PAGE = FOLDER / "README.md"
MARKS = "<!-- zoo: begin -->", "<!-- zoo: end -->"

#: What 10,000 training images score in place of samples, by the same protocol as MNIST's models.
FLOOR = {
    "frechet_distance": 0.75,
    "inception_score": 9.81,
    "precision": 0.886,
    "recall": 0.899,
}

#: What `benchmarks/studies/mnist_tutorial.py` found.
TUTORIAL = kept.FOLDER / "mnist_tutorial.json"

QUALITY = ("frechet_distance", "precision", "recall", "inception_score", "read_as_their_class")


def all_facts():
    """The facts of all trained models that have a card, by name."""
    paths = sorted(FOLDER.glob(f"*/{cards.FACTS}"))
    return {path.parent.name: cards.read(path.parent) for path in paths}


def of_mnist(facts):
    """Those that draw MNIST's digits and are judged alike, the nearest to real ones first."""
    found = {
        name: card
        for name, card in facts.items()
        if card["data"]["name"] == "mnist" and "frechet_distance" in results(card)
    }
    return dict(sorted(found.items(), key=lambda item: results(item[1])["frechet_distance"]))


def results(card):
    return card["quality"]["results"]


def cell(values, name):
    return f"{values[name]:.3g}" if name in values else ""


def quality_table(facts):
    """What the models of MNIST make of how many minutes."""
    lines = [
        "| model | Fréchet distance | precision | recall | Inception Score | read right | min |",
        "|---|---|---|---|---|---|---|",
        f"| *training images* | {' | '.join(cell(FLOOR, name) for name in QUALITY)} | |",
    ]
    rows = {
        f"[`{name}`]({name}/README.md)": (
            results(card),
            card["training"]["minutes of processors"] / 2,
        )
        for name, card in of_mnist(facts).items()
    }
    if TUTORIAL.exists():
        found = json.loads(TUTORIAL.read_text(encoding="utf-8"))["results"]
        rows["*the Keras tutorial's WGAN-GP*"] = found, found["minutes"]
    for name, (found, minutes) in rows.items():
        cells = " | ".join(cell(found, quality) for quality in QUALITY)
        lines.append(f"| {name} | {cells} | {minutes:.0f} |")
    return "\n".join(lines)


def zoo_table(facts, folder=""):
    """All models, with samples."""
    lines = ["| | model | |", "|---|---|---|"]
    for name, card in facts.items():
        place = f"{folder}{name}"
        lines.append(f"| {seen(card, place)} | [`{name}`]({place}/README.md) | {card['summary']} |")
    return "\n".join(lines)


def seen(card, place):
    """The first picture of a card, or a few of its texts."""
    if card["pictures"]:
        picture = card["pictures"][0]["file"]
        return f'<img src="{place}/{picture}" width="120" alt="{card["title"]}">'
    texts = [html.escape(text).replace("|", "&#124;") for text in card["texts"][:6]]
    return "<br>".join(f"<code>{text}</code>" for text in texts)


def page(facts):
    return f"""# Trained models

Each folder is made by one command. Its card, `README.md`, gives that command, samples that are not
selected, how good they are, and the data that the model learned from. `kg.load("NAME")` draws from
it, `kg.models.from_preset("NAME")` trains on: see [the guide](../docs/trained_models.md).

{zoo_table(facts)}

## MNIST

10,000 samples against the 10,000 images of the test split, by the features of the
[classifier](../keras_gans/metrics/mnist_classifier/results.json) that is part of the package
(99.42 % right on the test split). Such numbers compare models of MNIST with each other, and with
nothing else. The minutes are those of two cores. *Read right* is the share of samples of models
with labels that the classifier reads as the class asked for.

{quality_table(facts)}
"""


def in_readme(text, facts):
    """README with the table of models between its marks."""
    before, rest = text.split(MARKS[0])
    _, after = rest.split(MARKS[1])
    table = zoo_table(facts, "saved_models/")
    return f"{before}{MARKS[0]}\n{table}\n{MARKS[1]}{after}"


def main():
    facts = all_facts()
    PAGE.write_text(page(facts), encoding="utf-8")
    README.write_text(in_readme(README.read_text(encoding="utf-8"), facts), encoding="utf-8")


if __name__ == "__main__":
    main()
