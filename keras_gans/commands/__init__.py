"""What the commands do; `keras_gans.__main__` reads their options."""

import argparse
import os
import re
import signal
import sys

import tensorflow as tf

from keras_gans import _zoo, presets
from keras_gans.commands import evaluation, exploring, sampling, training

#: What goes wrong though the code is right: options, files, the network, memory.
FORESEEN: tuple[type[Exception], ...]
FORESEEN = (ValueError, TypeError, OSError, RuntimeError, MemoryError, ImportError)
FORESEEN += (tf.errors.OpError,)


def run(options: argparse.Namespace) -> None:
    """Run the command of the options. What is foreseen to go wrong ends it with one line."""
    try:
        COMMANDS[options.command](options)
        sys.stdout.flush()
    except KeyboardInterrupt:
        print("Interrupted.", file=sys.stderr)
        sys.exit(128 + signal.SIGINT)
    except BrokenPipeError:
        _drop_output()
        sys.exit(141)  # what a shell makes of SIGPIPE, which Windows does not have
    except FORESEEN as error:
        _drop_output()
        sys.exit(f"Error: {in_options(' '.join(describe(error).split()), options)}")


def describe(error: BaseException) -> str:
    """What went wrong, with its kind where the message does not tell it."""
    if isinstance(error, RecursionError):
        return "RecursionError: something is nested too deeply, a file that holds JSON or a model"
    if isinstance(error, (MemoryError, tf.errors.OpError)):
        return f"{type(error).__name__}: {error}"
    return str(error) or type(error).__name__


def in_options(message: str, options: argparse.Namespace) -> str:
    """A message about arguments in the words of the command line."""
    aliases = {
        "source": "dataset",
        "info": "dataset",
        "real_batches": "dataset",
        "image_shape": "image_size",
        "folder": "output",
    }
    aliases |= {"filepath": "output", "feature_extractor": "extractor", "num_samples": "num"}
    names = {name: name for name in vars(options) if name != "arguments"}
    names |= {name: alias for name, alias in aliases.items() if alias in names}
    flags = {
        name: option.upper() if option in ("model", "run") else f"--{option.replace('_', '-')}"
        for name, option in names.items()
    }

    def value(match):
        flag, value = flags[match[1]], match[2].strip("'")
        return f"no {flag}" if value == "None" else f"{flag} {value}"

    any_name = f"({'|'.join(flags)})"
    message = re.sub(f"`{any_name}`", lambda match: f"`{flags[match[1]]}`", message)
    return re.sub(rf"\b{any_name}=('[^']*'|[^\s,;)]+)", value, message)


def _drop_output():
    """Leave nothing for Python to flush at its end into a closed pipe or onto a full disk."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def list_all(options: argparse.Namespace) -> None:
    """List what there is to train, and on what."""
    print("Presets for `train --preset`; * those that are here, trained, for `sample` and others:")
    trained = _zoo.names()
    for name in presets.list():
        mark = "*" if name in trained else " "
        print(f" {mark}{name:26} {presets.get(name).title}")
    print("Models for `train`:")
    for name, kind in training.trainable().items():
        print(f"  {name:26} {kind.__doc__.splitlines()[0]}")
    print("Datasets for `--dataset`:")
    print("  digits                     1,797 handwritten digits 8×8×1, no download")
    print("  photographs                patches 64×64×3 of two photographs, no download")
    print("  stacked_mnist              three digits of MNIST as colors: 28×28×3, 1,000 classes")
    print("  NAME                       any TFDS image dataset: mnist, cifar10, celeb_a, …")
    print("  FOLDER                     a folder of pictures, with --image-size")


COMMANDS = {
    "train": training.train,
    "sample": sampling.sample,
    "interpolate": sampling.interpolate,
    "explore": exploring.explore,
    "evaluate": evaluation.evaluate,
    "list": list_all,
}
