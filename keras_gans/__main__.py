"""The command line: train, sample, interpolate, explore, evaluate, list.

It reads its options before it imports TensorFlow, which takes seconds.
"""

import argparse
import ast
import contextlib
import csv
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from typing import Any

#: What `evaluate` measures, and what turns images into the features that it looks at.
METRICS = ("fid", "kid", "is", "prdc")
EXTRACTORS = ("inception", "mnist", "stacked_mnist", "pixels")

DATASET = "digits, photographs, the name of a TFDS dataset, or a folder of pictures"
ON_ERROR = "what to do with pictures of a folder that cannot be read"
LABELS = (
    "classes of a conditional model by name or number, such as cat,dog or 0,1, or texts, "
    "for one that draws what they say; repeated"
)
OF_MODEL = "by default what suits the model"
OF_PRESET = "by default that of the preset"
RUN = "folder of a run or of a SavedModel, or the name of a trained model"
EXTRACTOR = (
    "what turns images into features; by default that of the name of the dataset, or inception"
)


def parser() -> argparse.ArgumentParser:
    main = argparse.ArgumentParser(
        prog="python -m keras_gans",
        description="Train generative adversarial networks, and sample from them.",
    )
    commands = main.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def add_command(name, summary, description):
        return commands.add_parser(
            name,
            help=summary,
            description=description,
            formatter_class=argparse.ArgumentDefaultsHelpFormatter,
        )

    command = add_command(
        "train",
        "train a model; run again to go on",
        "Train a model. The output folder holds a grid of samples for every epoch, the log, the "
        "last two checkpoints, the SavedModel, and report.html, a page about all of it. When the "
        "same command runs again it goes on from the last checkpoint, and ends as if it had never "
        "been stopped.",
    )
    command.add_argument(
        "model", metavar="MODEL", nargs="?", help="what to train, of those that `list` lists"
    )
    command.add_argument(
        "--preset", help="in place of MODEL: all of a preset, of those that `list` lists"
    )
    command.add_argument("--dataset", type=path, help=f"{DATASET}; {OF_PRESET}, or digits")
    command.add_argument(
        "--epochs", type=positive, help=f"epochs to have in the end; {OF_PRESET}, or 10"
    )
    command.add_argument("--output", type=path, required=True, help="folder of the run")
    command.add_argument(
        "--steps-per-epoch",
        type=positive,
        help=f"generator updates in an epoch; {OF_PRESET}, or 200",
    )
    command.add_argument(
        "--batch-size",
        type=positive,
        help=f"images of one discriminator update; {OF_PRESET}, or 64",
    )
    command.add_argument("--image-size", type=positive, help="resize images to this side")
    command.add_argument(
        "--channels",
        type=int,
        choices=[1, 3],
        help="gray or colored images; by default 3 for folders, and for others what they have",
    )
    command.add_argument("--on-error", choices=["raise", "skip"], default="raise", help=ON_ERROR)
    command.add_argument("--latent-dim", type=positive, help=f"size of the latents; {OF_MODEL}")
    command.add_argument(
        "--filters", type=positive, help=f"channels of the layers next to the image; {OF_MODEL}"
    )
    command.add_argument(
        "--ema-decay", type=decay, help=f"decay of the generator's moving average; {OF_MODEL}"
    )
    command.add_argument(
        "--set",
        type=argument,
        action="append",
        metavar="NAME=VALUE",
        help="any argument of the model's constructor, such as n_critic=3; may be repeated",
    )
    command.add_argument("--objective", help="name of an objective, such as hinge")
    command.add_argument(
        "--technique",
        type=technique,
        action="append",
        metavar="NAME(…)",
        help="a technique with its arguments, such as 'R1(0.1, every=16)'; may be repeated",
    )
    command.add_argument(
        "--learning-rate",
        type=rate,
        action="append",
        metavar="[OPTIMIZER=]RATE",
        help=f"of all optimizers, or of one, such as d_optimizer=1e-4; {OF_MODEL}",
    )
    command.add_argument(
        "--precision",
        choices=["float32", "mixed_bfloat16", "mixed_float16"],
        help=f"what the networks compute in; {OF_PRESET}, or float32",
    )
    command.add_argument("--seed", type=seed, default=0, help="seed of everything random")
    command.add_argument(
        "--deterministic",
        action="store_true",
        help="compute the same weights bit for bit every time, slower on GPUs",
    )
    command.add_argument(
        "--metrics",
        type=metrics,
        help=f"of {', '.join(METRICS)}, with commas between: measured for the report while the "
        "model trains, as `evaluate` does",
    )
    command.add_argument(
        "--metrics-every", type=positive, default=1, help="epochs between measurements"
    )
    command.add_argument(
        "--metrics-num", type=two_or_more, default=10_000, help="samples of each side to measure"
    )
    command.add_argument("--extractor", choices=EXTRACTORS, help=EXTRACTOR)

    command = add_command(
        "sample",
        "draw images, or texts, from a trained model",
        "Draw images from a trained model into one picture, or print its texts.",
    )
    command.add_argument("run", metavar="RUN", type=path, help=RUN)
    command.add_argument("--num", type=positive, default=64, help="how many images")
    command.add_argument("--output", type=path, default="grid.png", help="picture to write")
    command.add_argument("--labels", type=names, help=f"{LABELS}; by default every class in turn")
    command.add_argument("--seed", type=seed, help="the same seed draws the same images")

    command = add_command(
        "interpolate",
        "draw what a trained model makes of paths between latents",
        "Draw what a trained model makes of paths between latents: a picture with a row for each "
        "path, and an animation beside it that goes along the paths and back. Texts are printed.",
    )
    command.add_argument("run", metavar="RUN", type=path, help=RUN)
    command.add_argument("--num", type=positive, default=8, help="how many paths")
    command.add_argument("--steps", type=two_or_more, default=12, help="images on each path")
    command.add_argument(
        "--kind",
        choices=["spherical", "linear", "walk"],
        default="spherical",
        help="arcs or straight lines between random latents, or random walks",
    )
    command.add_argument(
        "--labels", type=names, help=f"{LABELS}, one a path; by default every class in turn"
    )
    command.add_argument(
        "--output", type=path, default="interpolation.png", help="picture to write"
    )
    command.add_argument("--seed", type=seed, default=0, help="the same seed draws the same paths")

    command = add_command(
        "explore",
        "look at what a trained model makes, in the browser",
        "Open a page on this machine that shows what a trained model makes: samples, paths between "
        "two of them, random walks, mixed styles, reconstructions, translations, as far as the "
        "model has them, to look at and to download. Ctrl-C ends it.",
    )
    command.add_argument("run", metavar="RUN", type=path, help=RUN)
    command.add_argument(
        "--port", type=port, help="port of the page; by default 7860, or if it is taken any"
    )
    command.add_argument("--host", type=path, default="127.0.0.1", help="address to listen to")
    command.add_argument(
        "--no-browser", action="store_true", help="print the address, and open no browser"
    )

    command = add_command(
        "evaluate",
        "compare a trained model's samples with real images",
        "Compare a trained model's samples with real images, and print a table of the metrics "
        "together with what they depend on: counts, split, feature extractor.",
    )
    command.add_argument("run", metavar="RUN", type=path, help=RUN)
    command.add_argument(
        "--dataset", type=path, help=f"{DATASET}; {OF_PRESET} that has the name of RUN"
    )
    command.add_argument(
        "--split", help="part of the dataset; by default test, or all the pictures of a folder"
    )
    command.add_argument(
        "--metrics", type=metrics, help="which, with commas between; by default all"
    )
    command.add_argument(
        "--num", type=two_or_more, help="most images of each side; by default 10,000"
    )
    command.add_argument("--extractor", choices=EXTRACTORS, help=EXTRACTOR)
    command.add_argument(
        "--image-size",
        type=positive,
        help="resize real images to this side; by default those of "
        "folders to the size of the model's images",
    )
    command.add_argument("--on-error", choices=["raise", "skip"], default="raise", help=ON_ERROR)
    command.add_argument("--seed", type=seed, default=0, help="seed of everything random")

    add_command("list", "list models and datasets", "List what there is to train, and on what.")
    return main


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Return the options, or end with what is wrong with them."""
    commands = parser()
    options = commands.parse_args(arguments)
    options.arguments = list(sys.argv[1:] if arguments is None else arguments)
    if options.command == "train" and (options.model is None) == (options.preset is None):
        commands.error("train takes either MODEL or --preset NAME")
    if options.command in ("train", "evaluate"):
        _check_metrics(commands, options)
    return options


def _check_metrics(commands, options):
    measured = options.metrics or (METRICS if options.command == "evaluate" else ())
    if "is" in measured and options.extractor == "pixels":
        commands.error("--metrics must leave out is where --extractor is pixels, without classes")


def integer(text: str, low: int, high: int = 2**31) -> int:
    if not (text.isdecimal() and low <= int(text) < high):
        raise argparse.ArgumentTypeError(f"must be an integer from {low} to {high - 1}, not {text}")
    return int(text)


def positive(text: str) -> int:
    return integer(text, 1)


def two_or_more(text: str) -> int:
    return integer(text, 2)


def seed(text: str) -> int:
    return integer(text, 0)


def port(text: str) -> int:
    return integer(text, 1, 2**16)


def decay(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value < 1:
        raise argparse.ArgumentTypeError(f"must be a number in [0, 1), not {text}")
    return value


def path(text: str) -> str:
    if not text:
        raise argparse.ArgumentTypeError("must not be empty")
    return os.path.expanduser(text)


def names(text: str) -> list[str]:
    """Names with commas between; those with commas of their own in double quotes."""
    found = [name.strip() for name in next(csv.reader([text], skipinitialspace=True), [])]
    if not all(found) or not found:
        raise argparse.ArgumentTypeError(f"must be names or numbers with commas, not {text}")
    return found


def metrics(text: str) -> list[str]:
    chosen = names(text)
    if not set(chosen) <= set(METRICS):
        raise argparse.ArgumentTypeError(
            f"must be of {', '.join(METRICS)}, with commas between, not {text}"
        )
    return chosen


def argument(text: str) -> tuple[str, Any]:
    """`NAME=VALUE`, where what is no Python literal is a string."""
    name, equals, value = text.partition("=")
    if not (name.isidentifier() and equals):
        raise argparse.ArgumentTypeError(f"must be like n_critic=3, not {text}")
    try:
        return name, ast.literal_eval(value)
    except (ValueError, SyntaxError):
        return name, value


def technique(text: str) -> tuple[str, list[Any], dict[str, Any]]:
    """`NAME` or `NAME(…)` with literals as arguments: the name and the arguments."""
    try:
        call = ast.parse(text, mode="eval").body
        if isinstance(call, ast.Name):
            return call.id, [], {}
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name):
            named = {
                keyword.arg or "": ast.literal_eval(keyword.value) for keyword in call.keywords
            }
            return call.func.id, [ast.literal_eval(value) for value in call.args], named
    except (ValueError, SyntaxError):
        pass
    raise argparse.ArgumentTypeError(f"must be like R1 or R1(0.1, every=16), not {text}")


def rate(text: str) -> tuple[str | None, float]:
    """`RATE` or `OPTIMIZER=RATE`: the optimizer, or `None` for all, and the rate."""
    name, _, value = text.rpartition("=")
    with contextlib.suppress(ValueError):
        if 0 < float(value) < float("inf"):
            return name or None, float(value)
    raise argparse.ArgumentTypeError(f"must be like 1e-4 or d_optimizer=1e-4, not {text}")


@contextlib.contextmanager
def on_interrupt(handler: Any) -> Iterator[None]:
    """Let Ctrl-C do something else in the block, unless the process ignores it."""
    before = signal.getsignal(signal.SIGINT)
    if before is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def main(arguments: Sequence[str] | None = None) -> None:
    options = parse(arguments)
    try:
        from keras_gans import _backend, commands  # noqa: F401
    except ImportError as error:
        sys.exit(f"Error: {error}")
    with on_interrupt(signal.default_int_handler):
        commands.run(options)


if __name__ == "__main__":
    with on_interrupt(signal.SIG_DFL):  # which ends the imports without a traceback
        main()
