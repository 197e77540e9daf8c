"""Datasets that TFDS knows by name, which alone have splits."""


def builder(name, sources):
    """Return the TFDS builder of a dataset, or say what there is."""
    import tensorflow_datasets as tfds

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


def refuse_split(split, kind):
    """Refuse any split but the whole of what has no name."""
    if split != "train":
        raise ValueError(
            f"`split` must be 'train' for {kind}, which is not divided into parts. "
            f"Received: split={split!r}"
        )
