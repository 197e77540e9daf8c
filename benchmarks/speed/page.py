"""The page of what was measured, made of the results: `python -m benchmarks.speed.page` writes it.

The table of rows is in README, too, between two marks.
"""

import json
import pathlib
import re

from benchmarks.speed import models

ROOT = pathlib.Path(__file__).parents[2]
RESULTS = ROOT / "benchmarks" / "results"
PAGE, README = ROOT / "docs" / "speed.md", ROOT / "README.md"
FIGURE = "../benchmarks/results/speed_growth.png"
MARKS = "<!-- speed: begin -->", "<!-- speed: end -->"

#: What is done, and what it is compared with, of every row.
WORDS = {
    "wgan_gp": ("a `WGANGP` step on the Keras tutorial's networks", "the tutorial's step"),
    "wgan_gp_bfloat16": ("the same in `mixed_bfloat16`", "the tutorial's in float32"),
    "toy_64_tutorial": (
        "`fit` of 5,000 steps: 3×64 units, batches of 64, 5 critic updates",
        "the tutorial's code",
    ),
    "toy_128_tutorial": (
        "`fit` of 200 steps: 3×128 units, batches of 256",
        "the tutorial's code",
    ),
    "toy_64_short": ("`fit` of 200 steps: 3×64 units", "the tutorial's code"),
    "toy_64_pytorch": ("`fit` of 5,000 steps: 3×64 units", "PyTorch, eager"),
    "toy_128_pytorch": ("`fit` of 200 steps: 3×128 units", "PyTorch, eager"),
    "frechet_1000": ("Fréchet distance of 1,000 samples of 2,048 features", "`sqrtm`"),
    "frechet_10000": ("of 10,000 samples", "`sqrtm`"),
    "transport_5000": ("exact transport of 5,000 points", "`linear_sum_assignment`"),
    "prdc_10000": (
        "precision, recall, density, coverage of 10,000 samples of 2,048 features",
        "the package `prdc`",
    ),
    "inference_1": ("a SavedModel's `generate`, 1 image", "`predict`"),
    "inference_64": ("64 images", "`predict`"),
    "inference_512": ("512 images", "`predict`"),
    "folder": (
        "10,000 small pictures of a folder, first epoch",
        "`image_dataset_from_directory`",
    ),
    "folder_later": ("later epochs", "`image_dataset_from_directory`"),
    "start": ("`import keras_gans`", "`import keras`"),
    "first_step": ("a first step, with what is compiled for it", "the tutorial's"),
    "memory": ("memory of steps on the tutorial's networks", "the tutorial's"),
}


def result(name, folder=RESULTS):
    """What was found of a row, with how it was, or `None`."""
    path = pathlib.Path(folder) / f"speed_{name}.json"
    return json.loads(path.read_text()) if path.exists() else None


def rows_table(folder=RESULTS):
    """A Markdown table of the rows that were measured."""
    lines = ["| what | against | time of the other ÷ ours | aim |", "|---|---|---|---|"]
    for name, words in WORDS.items():
        record = result(name, folder)
        if record:
            found = record["results"]
            cells = (*words, number(found["ratio"]), number(found["to_reach"]))
            lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def number(value):
    """A ratio with three digits at most."""
    return f"{value:.0f}" if value >= 10 else f"{value:.2f}".rstrip("0").rstrip(".")


def page(folder=RESULTS):
    """All that was measured."""
    return "\n\n".join([introduction(folder), *of_models(folder), *of_growth(folder)]) + "\n"


def introduction(folder):
    records = [record for name in WORDS if (record := result(name, folder))]
    newest = max(records, key=lambda record: record["date"])
    versions = ", ".join(f"{package} {v}" for package, v in newest["versions"].items())
    return f"""# Speed

How many times the time, or memory, of keras_gans the usual way takes for the same result: both take
turns in one run, and ratios are of medians of several. Where the results should be equal, that is
checked first. Measured on {newest["cpu_cores"]} cores ({newest["machine"]["processor"]}), last on
{newest["date"][:10]}, with {versions}.

`python benchmarks/guards/speed.py` measures again, on a GPU with `--device GPU:0`, and
`python -m benchmarks.speed.page` writes this page. The result of each row is in
`benchmarks/results/speed_<row>.json`.

## Against the usual way

{rows_table(folder)}"""


def of_models(folder):
    """The table of all models, if it was measured."""
    record = result("models", folder)
    if record:
        yield f"""## Every model

A step at the size of the model's example, by itself and beside the plainest loop on the same
networks.

{models.table(record["results"]["models"])}"""


def of_growth(folder):
    """The picture of how steps grow, if that was measured."""
    if result("growth", folder):
        yield f"""## How cost grows

A WGAN-GP step with small convolutional networks, and the slope of a line through the logarithms.
Replicas share the cores and one global batch: what grows with them is the price of sharing.

![Milliseconds of a step]({FIGURE})"""


def with_table(text, folder=RESULTS):
    """README with the table of rows of today."""
    begin, end = map(re.escape, MARKS)
    table = f"{MARKS[0]}\n{rows_table(folder)}\n{MARKS[1]}"
    return re.sub(f"{begin}.*{end}", lambda _: table, text, flags=re.DOTALL)


def main():
    PAGE.write_text(page())
    README.write_text(with_table(README.read_text()))


if __name__ == "__main__":
    main()
