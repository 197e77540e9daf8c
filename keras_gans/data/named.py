"""Datasets that TFDS knows by name, which alone have splits."""

import re

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
    """Return a split as a `tf.data.Dataset` of examples, downloaded at the first time."""
    try:
        builder.download_and_prepare()
    except Exception as error:
        raise OSError(
            f"The dataset {builder.name!r} cannot be downloaded and prepared: {error}"
        ) from error
    try:
        return builder.as_dataset(split=split)
    except ValueError as error:
        raise ValueError(f"`split` must be a split of {builder.name!r}. {error}") from None


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
