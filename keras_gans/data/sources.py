"""Single images and labels from where they are: arrays, folders, named datasets."""

import dataclasses
import os
import pathlib

import numpy as np
import tensorflow as tf

from keras_gans import _checks
from keras_gans.data import folders, named, stacked_mnist
from keras_gans.data.sample_images import photographs

#: Names of images that are made here. A folder of such a name is not looked at.
OWN_NAMES = ("digits", "photographs", "stacked_mnist")

_SOURCES = (
    f"`source` must be {', '.join(map(repr, OWN_NAMES))}, the name of a TFDS dataset, or an "
    "existing folder."
)


@dataclasses.dataclass(frozen=True)
class DatasetInfo:
    """What a dataset holds.

    Attributes:
        name: String.
        image_shape: `(height, width, channels)`.
        num_examples: Integer, or `None` if unknown.
        num_classes: Integer, or `None` if there are no classes.
        split: String, which part of the dataset.
        class_names: Tuple of strings, the class of each label, or `None` if the classes have no
            names. Defaults to `None`.

    Example:

    >>> import keras_gans as kg
    >>> train, info = kg.data.load("digits", split="test")
    >>> info.num_examples, info.num_classes, info.class_names[:3]
    (297, 10, ('0', '1', '2'))
    """

    name: str
    image_shape: tuple[int, int, int]
    num_examples: int | None
    num_classes: int | None
    split: str
    class_names: tuple[str, ...] | None = None


def examples(source, split, look, class_names, on_error):
    """Return a dataset of single examples, its `DatasetInfo`, and what they are made to images by.

    Examples are pairs `(image, label)`, or have something smaller in place of the image, that is
    kept and shuffled at less cost. Batches of it become images by the function that comes third.
    """
    if isinstance(source, str) and source == "stacked_mnist":
        _refuse_class_names(source, class_names)
        return _stacked_mnist(split, look)
    return *_image_examples(source, split, look, class_names, on_error), lambda images: images


def _image_examples(source, split, look, class_names, on_error):
    if isinstance(source, (str, os.PathLike)):
        if os.path.isdir(source) and source not in OWN_NAMES:
            named.refuse_split(split, "a folder")
            return _folder(pathlib.Path(source), split, look, class_names, on_error)
        _refuse_class_names(source, class_names)
        if source == "digits":
            return _digits(split, look)
        if source == "photographs":
            return _photographs(split, look)
        if isinstance(source, str):
            return _tfds(source, split, look)
        raise ValueError(f"{_SOURCES} Received: source={source!r}")
    if isinstance(source, tuple) or hasattr(source, "__array__"):
        named.refuse_split(split, "an array")
    if isinstance(source, tuple) and len(source) == 2:
        return _arrays(np.asarray(source[0]), np.asarray(source[1]), split, look, class_names)
    if hasattr(source, "__array__"):
        return _arrays(np.asarray(source), None, split, look, class_names)
    raise TypeError(
        "`source` must be a name, a folder, an array or a tuple (array, labels). "
        f"Received: source of type {type(source).__name__}"
    )


def _refuse_class_names(source, class_names):
    if class_names is not None:
        raise ValueError(
            f"`class_names` must be None for {source!r}, which names its classes itself. "
            f"Received: class_names={class_names!r}"
        )


def _digits(split, look):
    from sklearn.datasets import load_digits

    digits = load_digits()
    cut = {"train": slice(0, 1500), "test": slice(1500, None), "all": slice(None)}
    _checks.one_of("split", split, list(cut))
    images = (digits.images[cut[split]] / 8 - 1).astype("float32")
    labels = digits.target[cut[split]]
    class_names = tuple(map(str, digits.target_names.tolist()))
    dataset, info = _arrays(images, labels, split, look, class_names)
    return dataset, dataclasses.replace(info, name="digits")


def _photographs(split, look):
    dataset, info = _arrays(photographs(split=split), None, split, look, None)
    return dataset, dataclasses.replace(info, name="photographs")


def _stacked_mnist(split, look):
    """The digits are kept once, and stacked when a batch of them is needed."""
    _checks.one_of("split", split, list(stacked_mnist.SIZES))
    digits, classes = _mnist(split)
    places, labels = stacked_mnist.stacks(classes, stacked_mnist.SIZES[split])
    digits = tf.constant(digits)
    info = DatasetInfo(
        name="stacked_mnist",
        image_shape=look.shape(28, 28, 3),
        num_examples=len(labels),
        num_classes=len(stacked_mnist.CLASS_NAMES),
        split=split,
        class_names=stacked_mnist.CLASS_NAMES,
    )

    def images(places):
        return look(stacked_mnist.stacked(digits, places) / 127.5 - 1)

    return tf.data.Dataset.from_tensor_slices((places, labels)), info, images


def _mnist(split):
    """All images of MNIST, uint8 `(num, 28, 28, 1)`, and their labels, in TFDS's order."""
    batches = named.prepared(named.builder("mnist", _SOURCES), split).batch(1000)
    parts = [(batch["image"], batch["label"]) for batch in batches.as_numpy_iterator()]
    images, labels = zip(*parts, strict=True)
    return np.concatenate(images), np.concatenate(labels)


def _arrays(images, labels, split, look, class_names):
    if images.ndim == 3:
        images = images[..., None]
    if images.ndim != 4 or images.shape[3] not in (1, 3, 4) or len(images) == 0:
        raise ValueError(
            "`source` must have shape (num, height, width, channels) with 1, 3 or 4 channels. "
            f"Received: an array of shape {images.shape}"
        )
    if labels is not None and (labels.shape != images.shape[:1] or labels.dtype.kind not in "iu"):
        raise ValueError(
            f"`source` must have one integer label for each of its {len(images)} images. "
            f"Received: labels of shape {labels.shape} and dtype {labels.dtype}"
        )
    if images.dtype == np.uint8:
        images = images.astype("float32") / 127.5 - 1
    elif images.dtype.kind != "f" or not np.abs(images).max() <= 1.001:
        is_numeric = images.dtype.kind in "iuf"
        values = f" with values from {images.min()} to {images.max()}" if is_numeric else ""
        raise ValueError(
            "`source` must hold uint8 pixels in [0, 255] or finite floats in [-1, 1]. "
            f"Received: {images.dtype}{values}"
        )
    dataset = tf.data.Dataset.from_tensor_slices(
        (images.astype("float32"), np.zeros(len(images), "int32") if labels is None else labels)
    ).map(lambda image, label: (look(image), tf.cast(label, tf.int32)))
    return dataset, DatasetInfo(
        name="array",
        image_shape=look.shape(*images.shape[1:]),
        num_examples=len(images),
        num_classes=_num_classes(labels, class_names),
        split=split,
        class_names=class_names,
    )


def _num_classes(labels, class_names):
    """Return how many classes the labels of an array count, `None` if there are no labels."""
    received = "no labels" if labels is None else f"labels {labels.min()} to {labels.max()}"
    if class_names is None:
        if labels is not None and not 0 <= labels.min() <= labels.max() < np.iinfo("int32").max:
            raise ValueError(
                f"`source` must have labels that count its classes from 0. Received: {received}"
            )
        return None if labels is None else int(labels.max()) + 1
    if labels is None or not 0 <= labels.min() <= labels.max() < len(class_names):
        raise ValueError(
            "`class_names` must name the classes that the labels count from 0. "
            f"Received: {len(class_names)} names, and {received}"
        )
    return len(class_names)


def _folder(folder, split, look, class_names, on_error):
    if look.image_size is None:
        raise ValueError(
            "`image_size` must be given for a folder of pictures, which may differ in size. "
            "Received: image_size=None"
        )
    look = dataclasses.replace(look, channels=look.channels or 3)
    dataset, num_examples, class_names = folders.examples(folder, look, class_names, on_error)
    return dataset, DatasetInfo(
        name=folder.name,
        image_shape=look.shape(None, None, None),
        num_examples=num_examples,
        num_classes=class_names and len(class_names),
        split=split,
        class_names=class_names,
    )


def _tfds(name, split, look):
    builder = named.builder(name, _SOURCES)
    features = builder.info.features
    if "image" not in features:
        raise ValueError(
            f"`source` must be an image dataset. Received: source={name!r}, which holds "
            f"{list(features)}"
        )
    dtype = np.dtype(tf.as_dtype(features["image"].dtype).as_numpy_dtype)
    shape = features["image"].shape
    if len(shape) != 3 or dtype.kind != "u":
        raise ValueError(
            f"`source` must be a dataset of single images, of 8 or 16 bits. Received: "
            f"source={name!r}, with images of shape {shape} and dtype {dtype}"
        )
    *size, channels = shape
    if look.image_size is None and None in size:
        raise ValueError(
            f"`image_size` must be given for {name!r}, whose pictures differ in size. "
            "Received: image_size=None"
        )
    dataset = named.prepared(builder, split)
    class_names = named.class_names(builder)

    def example(features):
        image = tf.cast(features["image"], tf.float32) / (np.iinfo(dtype).max / 2) - 1
        label = features["label"] if class_names else 0
        return look(image), tf.cast(label, tf.int32)

    return dataset.map(example, num_parallel_calls=tf.data.AUTOTUNE), DatasetInfo(
        name=name,
        image_shape=look.shape(*size, channels),
        num_examples=int(dataset.cardinality()) if dataset.cardinality() >= 0 else None,
        num_classes=class_names and len(class_names),
        split=split,
        class_names=class_names,
    )
