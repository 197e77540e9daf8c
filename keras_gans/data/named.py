"""Datasets that TFDS knows by name, which alone have splits."""

import contextlib
import pathlib
import re
import urllib.parse

from keras_gans import _checks

#: Of what TFDS reads as a name: that of a dataset of its own, a configuration, a version. Others
#: lead to code that comes with the data ("huggingface:…") or to any folder ("mnist/data_dir=…").
_NAME = re.compile(r"[a-zA-Z]\w*(/[\w+-][\w+.-]*)?(:[\d*]+(\.[\d*]+){2})?")


def builder(name, sources):
    """Return the TFDS builder of a dataset, or say what there is."""
    import tensorflow_datasets as tfds

    if not _NAME.fullmatch(name):
        raise ValueError(
            f"{sources} Names are `name`, `name/configuration` or either with `:version`, without "
            f"a namespace or arguments. Received: source={name!r}"
        )
    try:
        return tfds.builder(name)
    except Exception as error:
        raise ValueError(f"{sources} Received: source={name!r}") from error


def prepared(builder, split):
    """Return a split as a `tf.data.Dataset` of examples, downloaded at the first time.

    Raises:
        OSError: If they cannot be downloaded: at once if there is no network, and without a trace
            on the disk.
        ValueError: If there is no such split.
    """
    try:
        with _without_empty_folders(builder):
            _check_network_before_download(builder)
            builder.download_and_prepare()
    except Exception as error:
        raise OSError(
            f"The dataset {builder.name!r} cannot be downloaded and prepared: {error}"
        ) from error
    try:
        return builder.as_dataset(split=split)
    except ValueError as error:
        raise ValueError(f"`split` must be a split of {builder.name!r}. {error}") from None


def _check_network_before_download(builder):
    """Let TFDS look for the network at the moment when it begins to make folders for a download."""
    make = builder._make_download_manager

    def make_download_manager(*args, **kwargs):
        _check_network(builder)
        return make(*args, **kwargs)

    builder._make_download_manager = make_download_manager


def _check_network(builder):
    """Raise if the host of a dataset cannot be reached; TFDS would try again for minutes."""
    import requests

    for url in list(builder.url_infos)[:1]:
        if not url.startswith("http"):
            continue
        try:
            requests.head(url, timeout=10)
        except (requests.ConnectionError, requests.Timeout) as error:
            raise OSError(
                f"there is none in {str(builder.data_path)!r}, and its host "
                f"{urllib.parse.urlsplit(url).hostname!r} cannot be reached"
            ) from error


@contextlib.contextmanager
def _without_empty_folders(builder):
    """After an error, remove the folders made for a dataset that have stayed empty."""
    path = pathlib.Path(builder.data_path)
    own = next(folder for folder in path.parents if folder.name == builder.name)
    of_downloads = own.parent / "downloads"
    folders = [path, *path.parents, of_downloads / "extracted", of_downloads]
    missing = sorted((folder for folder in folders if not folder.exists()), reverse=True)
    try:
        yield
    except BaseException:
        for folder in missing:  # those inside others come first
            with contextlib.suppress(OSError):
                folder.rmdir()
        raise


def class_names(builder):
    """Return the names of a prepared dataset's classes, or `None`.

    Classes without names have their numbers.
    """
    import tensorflow_datasets as tfds

    label = dict(builder.info.features).get("label")
    return tuple(label.names) if isinstance(label, tfds.features.ClassLabel) else None


def refuse_split(split, kind):
    """Refuse any split but the whole of what has no name."""
    if split != "train":
        raise ValueError(
            f"`split` must be 'train' for {kind}, which is not divided into parts. "
            f"Received: split={split!r}"
        )


def is_shuffled(shuffle, split):
    """Whether to shuffle: as asked, or if the split is one to train on."""
    return split.startswith("train") if shuffle is None else _checks.boolean("shuffle", shuffle)
