"""Files that are either whole or not there: written beside their target, then renamed."""

import contextlib
import os
import pathlib
import shutil
import tempfile
import warnings

from keras_gans import _checks

#: How the names of the folders begin that hold what is being written.
_WRITING = ".writing-"


@contextlib.contextmanager
def replacing(filepath, overwrite=True, keep=True):
    """Yield a temporary path beside `filepath` that takes its place when the block succeeds.

    A remote path, such as `gs://…`, is yielded as it is. What is not to be kept goes elsewhere, and
    is removed: of several workers that must all take part in writing, one keeps its file.
    """
    if not keep:
        with tempfile.TemporaryDirectory() as folder:
            yield pathlib.Path(folder) / pathlib.Path(filepath).name
        return
    if "://" in str(filepath):
        yield filepath
        return
    target = _checks.path("filepath", filepath).resolve()
    if target.is_dir() and not (is_saved_model(target) or _is_empty_folder(target)):
        raise IsADirectoryError(f"{filepath} is a folder. Nothing was written.")
    if not overwrite and target.exists():
        raise FileExistsError(f"{target} exists, and `overwrite` is False. Nothing was written.")
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=_WRITING, dir=target.parent) as folder:
        temporary = pathlib.Path(folder) / target.name
        yield temporary
        _replace(temporary, target, folder)


@contextlib.contextmanager
def replacing_saved_model(filepath, keep=True):
    """As `replacing`, for a SavedModel's folder; anything else that stands there is refused."""
    target = _checks.path("filepath", filepath)
    if target.resolve() == pathlib.Path.cwd():
        raise ValueError(
            "`filepath` must be another folder than the one you work in, which cannot be replaced. "
            f"Received: filepath={str(filepath)!r}"
        )
    if target.exists() and not is_saved_model(target) and not _is_empty_folder(target):
        raise ValueError(
            "`filepath` must be a new or empty folder, or a SavedModel to replace. "
            f"Received: filepath={str(filepath)!r}, which holds something else. "
            "Nothing was written."
        )
    with replacing(filepath, keep=keep) as temporary:
        yield temporary


def check_folder(folder):
    """Refuse a folder in which nothing could be written, whether it exists already or not.

    Raises:
        OSError: As writing there would, later.
    """
    folder = pathlib.Path(folder).resolve()
    existing = next(path for path in (folder, *folder.parents) if path.exists())
    with tempfile.TemporaryFile(dir=existing):
        pass


def sweep(folder):
    """Remove what a killed process was writing anywhere under `folder`."""
    for unfinished in list(pathlib.Path(folder).rglob(f"{_WRITING}*")):
        shutil.rmtree(unfinished, ignore_errors=True)


def is_saved_model(folder):
    """Whether `folder` holds a TensorFlow SavedModel."""
    return (pathlib.Path(folder) / "saved_model.pb").is_file()


def _is_empty_folder(path):
    return path.is_dir() and not any(path.iterdir())


def _replace(temporary, target, folder):
    if target.is_dir():
        old = pathlib.Path(folder) / "replaced"
        os.replace(target, old)
        os.replace(temporary, target)
        shutil.rmtree(old)
    else:
        os.replace(temporary, target)


@contextlib.contextmanager
def side_file(path):
    """Let nothing that happens to a file stop a training that can go on without it."""
    try:
        yield
    except (OSError, UnicodeError) as error:
        warnings.warn(f"{path} cannot be kept, training goes on: {error}", stacklevel=3)
