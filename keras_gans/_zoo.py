"""Where trained models are: in a checkout, in a folder of the user's, on a hub."""

import difflib
import os
import pathlib
import re
from collections.abc import Sequence

from keras_gans import _files, hubs
from keras_gans._typing import PathLike

#: The environment variable that names the user's folder of trained models, and its default.
HOME, DEFAULT_HOME = "KERAS_GANS_HOME", "~/.keras_gans"

#: The trained models of a checkout.
CHECKOUT = pathlib.Path(__file__).parents[1] / "saved_models"


def home() -> pathlib.Path:
    """The user's folder of trained models, which need not exist."""
    return pathlib.Path(os.environ.get(HOME) or DEFAULT_HOME).expanduser()


def places() -> list[pathlib.Path]:
    """Where trained models are looked for, in this order.

    An installed package has none beside it: so those of a checkout are found from within that.
    """
    return list(dict.fromkeys([CHECKOUT, pathlib.Path(CHECKOUT.name).absolute(), home()]))


def names() -> list[str]:
    """The trained models that are here, by name."""
    folders = [folder for place in places() for folder in place.glob("*")]
    return sorted({folder.name for folder in folders if _files.is_saved_model(folder)})


def find(argument: str, name: PathLike, known: Sequence[str] = ()) -> PathLike:
    """Return the folder of a trained model: of a path, of a name, or of an address of a hub.

    A folder at the path comes before one of the name. A model of a hub is downloaded, once. What
    is neither a name nor an address is returned as it is: a path to look at. Names that are `known`
    beside those of trained models are hinted at, too.

    Raises:
        ValueError: If it can only be a name, and there is no trained model of that name.
    """
    if hubs.is_address(name):
        return hubs.download(argument, str(name))
    if not is_name(name) or os.path.exists(name):
        return name
    for place in places():
        if _files.is_saved_model(place / name):
            return place / name
    *others, last = map(str, places())
    near = hint(str(name), [*names(), *known])
    raise ValueError(
        f"`{argument}` must be the folder of a SavedModel, with a file saved_model.pb, or the name "
        f"of a trained model. Received: {argument}={str(name)!r}.{near} They "
        f"are looked for in {', '.join(others)} and in {last}, for which {HOME} may name another"
    )


def is_name(path: PathLike) -> bool:
    """Whether a path may be meant as a name: it has neither folders nor an ending."""
    return isinstance(path, str) and re.fullmatch(r"[\w-]+", path) is not None


def hint(name: str, known: list[str]) -> str:
    """A sentence about names that are near a wrong one, or about all."""
    near = difflib.get_close_matches(name, known, cutoff=0.5)
    if near:
        return f" Did you mean {' or '.join(map(repr, near))}?"
    return f" There are {', '.join(known)}." if known else " There are none here."
