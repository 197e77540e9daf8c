"""Trained models, found by the folder of their run, or by name."""

import pathlib
from typing import Any

from keras_gans import _files, _zoo, hubs, runs, saved_model
from keras_gans._typing import PathLike
from keras_gans.saved_model import SavedGenerator


def trained(folder: PathLike) -> SavedGenerator:
    """Return the SavedModel of a run, or that at a path of its own, or of a name."""
    if hubs.is_address(folder) or (_zoo.is_name(folder) and folder in _zoo.names()):
        return saved_model.load(folder)
    folder = pathlib.Path(folder)
    run = runs.Run(folder.parent if folder.suffix == ".keras" else folder)
    for place in (folder, run.saved_model):
        if _files.is_saved_model(place):
            return saved_model.load(place)
    if run.configuration.exists():
        hint = "a run that writes its SavedModel when it ends: run `train` again"
    elif folder.suffix == ".keras":
        hint = "a Keras file, whose model must be exported first, with its method `export`"
    else:
        hint = "which holds neither" if folder.exists() else "which does not exist"
        if _zoo.is_name(str(folder)):
            hint += f".{_zoo.hint(str(folder), _zoo.names())}"
    raise ValueError(
        "`run` must be the folder of a run or of a SavedModel, or the name of a trained model. "
        f"Received: {str(folder)!r}, {hint}"
    )


def trained_sampler(folder: PathLike, of_texts: bool = False) -> Any:
    """As `trained`, of a model that draws from latents, and classes if it is conditional.

    Args:
        folder: See `trained`.
        of_texts: Boolean, whether its condition may be a text, too. Defaults to `False`.
    """
    generator = trained(folder)
    if "generate" not in generator.endpoints:
        raise ValueError(
            "`run` must hold a model that makes examples from latents. "
            f"Received: {str(folder)!r}, whose model has {', '.join(generator.endpoints)}"
        )
    is_of_text = of_texts and takes_texts(generator)
    if generator.conditional and generator.num_classes is None and not is_of_text:
        raise ValueError(
            "`run` must hold a model whose only condition is the class: call `sample` of "
            f"keras_gans.load({str(folder)!r}) in Python. Received: a model with other conditions"
        )
    return generator


def takes_texts(generator: Any) -> bool:
    """Whether a model draws what a text says."""
    return getattr(generator.condition_spec, "kind", None) == "string"
