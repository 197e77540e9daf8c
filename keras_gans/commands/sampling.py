"""`sample` and `interpolate`."""

import argparse
import math
import os
import pathlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from keras_gans import _checks, _files, _memory, _server, callbacks, data, latents
from keras_gans._typing import PathLike
from keras_gans.commands.trained import takes_texts, trained_sampler


def sample(options: argparse.Namespace) -> None:
    """Draw images of a trained model into one picture, or print the texts that it writes."""
    generator = trained_sampler(options.run, of_texts=True)
    num = options.num
    _memory.check("num", num, [(generator.latent_dim + 2,)])  # with labels, of 8 bytes
    columns = math.ceil(math.sqrt(num))
    if generator.conditional:
        in_turn = len(options.labels or range(generator.num_classes or 1))
        columns = callbacks.pictures.columns_of_classes(num, in_turn) or columns
    if not generator.makes_text:
        check_picture(options.output, generator, "num", num, columns)
    labels = labels_of(generator, options.labels, num)
    drawn = latents.draw(
        num, generator.latent_dim, _checks.seed_or_new("seed", options.seed)
    ).numpy()
    if generator.makes_text:
        for part in _server.parts(drawn):
            print("\n".join(generator.generate(part)))
    else:
        samples = generator.generate(drawn, labels)
        data.save_grid(samples, options.output, columns=columns)
        print(f"{num} samples are in {options.output}.")


def interpolate(options: argparse.Namespace) -> None:
    """Draw, or print, what a trained model makes of paths between latents."""
    generator = trained_sampler(options.run, of_texts=True)
    num, steps = options.num, options.steps
    _memory.check("steps", steps, [(generator.latent_dim + 2,)])
    _memory.check("num", num, [(steps, generator.latent_dim + 2)])
    labels = labels_of(generator, options.labels, num)
    if generator.makes_text:
        paths = latents.paths(num, generator.latent_dim, steps, options.kind, options.seed)
        for i, path in enumerate(paths):
            print("\n" * (i > 0) + "\n".join(generator.generate(path)))
        return
    animation = pathlib.Path(options.output).with_suffix(".gif")
    if animation == pathlib.Path(options.output):
        raise ValueError(
            "`output` must not end in .gif, which is the animation beside the picture. "
            f"Received: {options.output}"
        )
    check_picture(options.output, generator, "num", num * steps, steps)
    examples = callbacks.pictures.along_paths(
        generator, num, steps, options.kind, labels, options.seed
    )
    data.save_paths(examples, options.output)
    print(f"{num} paths of {steps} images are in {options.output} and {animation}.")


def check_picture(filepath: PathLike, generator: Any, option: str, num: int, columns: int) -> None:
    """Refuse a picture that cannot be written, before its images are made.

    Args:
        filepath: Its path.
        generator: What makes the images.
        option: Name of the option that says how many.
        num: Integer, how many images.
        columns: Integer, how many side by side.
    """
    from PIL import Image

    Image.init()
    endings = [ending for ending, kind in Image.EXTENSION.items() if kind in Image.SAVE]
    if pathlib.Path(filepath).suffix.lower() not in endings:
        raise ValueError(
            "`output` must end in .png, .jpg or another ending of pictures. "
            f"Received: {str(filepath)!r}"
        )
    data.images.check_grid_size(option, num, generator.example_shape, columns)
    if os.path.isdir(filepath):
        raise IsADirectoryError(f"{filepath} is a folder. Nothing was written.")
    _files.check_folder(pathlib.Path(filepath).parent)


def labels_of(generator: Any, given: Sequence[str] | None, num: int) -> np.ndarray | None:
    """Labels for `num` examples: those given, by name or by number, or every class, in turn.

    Of a model that draws what a text says they are texts.
    """
    if not generator.conditional:
        if given:
            raise ValueError(f"`labels` must be left out: the model has none. Received: {given}")
        return None
    if takes_texts(generator):
        if not given:
            raise ValueError("`labels` must say what to draw, in words. Received: none")
        return np.resize(given, num)
    if given is None:
        return np.arange(num) % generator.num_classes
    return np.resize([label_of(name, generator) for name in given], num)


def label_of(name: str, generator: Any) -> int:
    if name in (generator.class_names or ()):
        return generator.class_names.index(name)
    if not name.isdecimal() or int(name) >= generator.num_classes:
        classes = f"numbers below {generator.num_classes}"
        if generator.class_names:
            classes = f"{', '.join(generator.class_names)}, or {classes}"
        raise ValueError(f"`labels` must be of {classes}. Received: {name}")
    return int(name)
