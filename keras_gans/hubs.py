"""Trained models on hubs: folders that are downloaded from an address, or uploaded to one."""

import importlib
import pathlib
from typing import Any

from keras_gans._typing import PathLike

#: By the scheme of an address, the package that knows the hub.
PACKAGES = {"hf://": "huggingface_hub", "kaggle://": "kagglehub"}


def is_address(path: PathLike) -> bool:
    """Whether a path is the address of a model on a hub."""
    return str(path).startswith(tuple(PACKAGES))


def download(argument: str, address: str) -> pathlib.Path:
    """Download a model, once, and return its folder.

    Args:
        argument: Name of the argument that the address was given as.
        address: `hf://user/model` or `hf://user/model@revision`; or
            `kaggle://user/model/framework/variation` or with `/version` after it.

    Raises:
        ValueError: If the address is of another form, or the hub has no such model.
        ImportError: If the hub's package is not installed.
    """
    scheme, hub, handle = _split(argument, address)
    try:
        if scheme == "hf://":
            name, _, revision = handle.partition("@")
            return pathlib.Path(hub.snapshot_download(name, revision=revision or None))
        return pathlib.Path(hub.model_download(handle))
    except Exception as error:
        raise _failure(argument, address, "downloaded", error) from error


def upload(argument: str, address: str, folder: PathLike) -> None:
    """Upload the files of a folder, by the name of the user who is logged in there.

    Raises:
        ValueError: If the address is of another form, or the hub takes no such files of the user.
        ImportError: If the hub's package is not installed.
    """
    scheme, hub, handle = _split(argument, address)
    try:
        if scheme == "hf://":
            name, _, revision = handle.partition("@")
            hub.create_repo(name, exist_ok=True)
            hub.upload_folder(repo_id=name, folder_path=str(folder), revision=revision or None)
        else:
            hub.model_upload(handle, str(folder))
    except Exception as error:
        raise _failure(argument, address, "uploaded", error) from error


def _split(argument: str, address: str) -> tuple[str, Any, str]:
    """The scheme, the hub's package, and what it calls the model."""
    scheme = next(scheme for scheme in PACKAGES if address.startswith(scheme))
    handle = address.removeprefix(scheme)
    parts = handle.partition("@")[0].split("/")
    if not all(parts) or len(parts) not in {"hf://": (2,), "kaggle://": (4, 5)}[scheme]:
        form = {"hf://": "hf://user/model", "kaggle://": "kaggle://user/model/framework/variation"}
        raise ValueError(f"`{argument}` must be like {form[scheme]!r}. Received: {address!r}")
    try:
        return scheme, importlib.import_module(PACKAGES[scheme]), handle
    except ImportError as error:
        raise ImportError(
            f"`{argument}={address!r}` needs {PACKAGES[scheme]}: "
            f"pip install {PACKAGES[scheme]}, or keras_gans[hub]"
        ) from error


def _failure(argument: str, address: str, done: str, error: Exception) -> ValueError:
    return ValueError(
        f"`{argument}` must be a model that can be {done}. "
        f"Received: {argument}={address!r}: {type(error).__name__}: {error}"
    )
