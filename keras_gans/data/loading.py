"""Datasets by name, from folders and from arrays, ready for `fit`."""

import dataclasses
import math
import os
import pathlib

import keras
import numpy as np
import tensorflow as tf

from keras_gans import _checks
from keras_gans.data import folders, named, pictures, resuming, workers

#: Datasets whose examples take no more than this many bytes are kept in memory.
CACHE_BYTES = 2**30

_SOURCES = "`source` must be 'digits', the name of a TFDS dataset, or an existing folder."


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
    image_shape: tuple
    num_examples: int | None
    num_classes: int | None
    split: str
    class_names: tuple | None = None


def load(
    source,
    split="train",
    batch_size=64,
    image_size=None,
    labels=False,
    shuffle=None,
    seed=None,
    repeat=False,
    skip=0,
    per_worker=False,
    on_error="raise",
    channels=None,
    background="white",
    class_names=None,
):
    """Load images, scaled to [−1, 1], in shuffled batches.

    Args:
        source: One of
            - `"digits"`: the 1,797 real handwritten digits 8×8×1 that come with scikit-learn, no
              download; the last 297 are the split `"test"`;
            - the name of any TFDS image dataset, such as `"mnist"`, `"fashion_mnist"`, `"cifar10"`
              or `"celeb_a"`, with a configuration or a version if need be, `"mnist:3.0.1"`:
              downloaded once, to `TFDS_DATA_DIR` if that is set. Names with a namespace, whose
              datasets may bring code along, or with arguments are refused;
            - the path of a folder of pictures, at any depth: AVIF, BMP, GIF, JPEG, JPEG 2000, PNG,
              PPM, QOI, TGA, TIFF and WebP files, by their endings. Each looks as an image viewer
              shows it: upright, in sRGB, of an animation the first frame. Sub-folders that hold
              pictures, if any, are classes, numbered by their sorted names. What is left out is
              named in a warning: pictures beside the classes, sub-folders without pictures, other
              files. Hidden files and folders do not count;
            - an array `(num, height, width, channels)` or `(num, height, width)`: uint8 pixels in
              [0, 255] or floats in [−1, 1], with 1, 3 or 4 channels; or a tuple `(array, integer
              labels)`.
        split: String, part of a named dataset, such as `"train"`, `"test"` or `"train[:1000]"`;
            folders and arrays are not divided, and have `"train"` only. Defaults to `"train"`.
        batch_size: Positive integer. Examples that do not fill a batch are dropped. Defaults to
            `64`.
        image_size: `(height, width)` or an integer: cut the largest centred part of that aspect
            ratio and resize it, bilinearly and with antialiasing. Needed if pictures differ in
            size. Defaults to `None`.
        labels: Boolean: yield `(images, labels)` instead of images alone. Defaults to `False`.
        shuffle: Boolean. Defaults to `None`: yes for training splits, no for others.
        seed: Integer or `None`, of the order. Defaults to `None`.
        repeat: Boolean, whether to go through the images for ever. The order of every round depends
            on `seed` and the number of the round alone. Defaults to `False`.
        skip: Non-negative integer, batches to leave out at the start: with `repeat` and a seed,
            those that a training which is to be gone on with has seen. Rounds that are left out
            whole cost nothing. Defaults to `0`.
        on_error: `"raise"` or `"skip"`: what to do with pictures of a folder that cannot be read:
            those that are damaged or none at all, lead out of the folder by a symbolic link, hold
            floats or 32-bit integers, whose black and white nobody knows, or have more than 100
            million pixels, which nobody decodes. `"skip"` leaves them out, with a warning that
            counts them. To find them, all pictures are decoded once before the training, which
            takes about as long as to read them in the first epoch. Defaults to `"raise"`.
        channels: `1`, `3` or `4`: grey, red-green-blue, or these and opacity. Defaults to `None`:
            3 for folders, and for others what they have.
        background: String, name or `"#rrggbb"` of the color that transparent parts are seen on;
            with 4 channels, of what cannot be seen at all. Defaults to `"white"`.
        class_names: Names of the classes in the order of their labels. For a folder, those of its
            sub-folders: others are refused, and some may be missing, so that `info.class_names` of
            a training folder numbers the classes of a test folder alike. For an array, the classes
            that its labels count. Defaults to `None`: what the source has.
        per_worker: Boolean, under a strategy of W workers, whose scope this must then be called in:
            whether each reads only every W-th image, and shuffles those. It costs less reading than
            when, as by default, all read all images in one order and take their pieces of each
            batch, which trains as one process does. Defaults to `False`.

    Returns:
        `(dataset, info)`: a `tf.data.Dataset` of float32 images `(batch_size, height, width,
        channels)` in [−1, 1], or of `(images, int32 labels)`; and a `DatasetInfo`.

    Raises:
        ValueError: If the source or the split is unknown, holds too few images for one batch,
            images of differing sizes, pictures that cannot be read or other classes than those
            named, or has no labels where they are asked for; or if several workers are to shuffle
            alike without a seed and without a strategy in scope.
        TypeError: If the source is of another kind.
        OSError: If a named dataset cannot be downloaded.

    Example:

    >>> import keras_gans as kg
    >>> train, info = kg.data.load("digits")
    >>> info.image_shape
    (8, 8, 1)
    """
    batch_size = _checks.positive_int("batch_size", batch_size)
    _checks.string("split", split)
    labels, repeat = _checks.boolean("labels", labels), _checks.boolean("repeat", repeat)
    per_worker = _checks.boolean("per_worker", per_worker)
    is_shuffled = named.is_shuffled(shuffle, split)
    is_seeded = seed is not None
    seed = workers.agreed_seed(seed) if is_shuffled else _checks.seed("seed", seed)
    skip = _checks.positive_int("skip", skip, minimum=0)
    _checks.one_of("on_error", on_error, ["raise", "skip"])
    image_size = _image_size(image_size)
    channels = channels if channels is None else _checks.one_of("channels", channels, [1, 3, 4])
    look = _Look(image_size, channels, pictures.color("background", background))
    class_names = _class_names(class_names)
    dataset, info = _examples(source, split, look, class_names, on_error)
    if labels and info.num_classes is None:
        raise ValueError(f"`labels` must be False: {info.name!r} has none.")
    if info.num_examples is not None and info.num_examples < batch_size:
        raise ValueError(
            f"`batch_size` must be at most the number of images, {info.num_examples} in the split "
            f"{split!r} of {info.name!r}. Received: batch_size={batch_size}"
        )
    dataset, num_examples, own_size = workers.share(
        dataset, info.num_examples, batch_size, per_worker, repeat
    )
    fitting = CACHE_BYTES // (4 * math.prod(info.image_shape))
    if (num_examples or np.inf) <= fitting:
        dataset = dataset.cache()

    def one_round(seed):
        examples = dataset
        if is_shuffled:
            examples = examples.shuffle(_buffer_size(num_examples, fitting, own_size), seed=seed)
        if not labels:
            examples = examples.map(lambda image, label: image)
        return examples.batch(own_size, drop_remainder=True)

    if repeat:
        order_seed = _checks.seed_or_new(seed)
        batches_in_round = num_examples and num_examples // own_size

    def begun_at(first):
        if repeat:
            batches = _rounds(one_round, batches_in_round, order_seed, first)
        else:
            batches = one_round(seed).skip(first)
        if own_size < batch_size:
            batches = workers.read_apart(batches, batch_size)
        else:
            batches = workers.read_by_all(batches)
        return batches.prefetch(tf.data.AUTOTUNE)

    batches = begun_at(skip)
    if repeat:
        resuming.tell(batches, lambda num: begun_at(skip + num), is_seeded or not is_shuffled)
    return batches, info


def _buffer_size(num_examples, fitting, batch_size):
    """Examples to shuffle among: all, if they fit in memory, or if not, what does."""
    return min(num_examples or fitting, max(fitting, batch_size))


def _rounds(one_round, batches_in_round, seed, skip):
    """Join rounds for ever, the order of each a function of the seed and of its number."""
    first, skip = divmod(skip, batches_in_round) if batches_in_round else (0, skip)

    def numbered(number):
        tf.compat.v1.set_random_seed(1 + seed)  # of this function's graph, whatever the global one
        return one_round(number)

    return tf.data.Dataset.range(first, tf.int64.max).flat_map(numbered).skip(skip)


@dataclasses.dataclass(frozen=True)
class _Look:
    """What all images of a dataset are made to be: the same for arrays, names and folders.

    Attributes:
        image_size: `(height, width)` or `None`, the images' own.
        channels: 1, 3, 4 or `None`, the images' own.
        background: `(red, green, blue)` in 0 … 255.
    """

    image_size: tuple | None
    channels: int | None
    background: tuple

    def shape(self, height, width, channels):
        """The shape of images that had this one."""
        return *(self.image_size or (height, width)), self.channels or channels

    def __call__(self, image):
        """Change an image in [−1, 1]."""
        if self.channels not in (None, image.shape[-1]):
            image = _with_channels(image, self.channels, self.background)
        return image if self.image_size is None else _resized(image, self.image_size)


def _with_channels(image, channels, background):
    if image.shape[-1] == 4:
        opacity = (image[..., 3:] + 1) / 2
        background = tf.constant(background, tf.float32) / 127.5 - 1
        image = opacity * image[..., :3] + (1 - opacity) * background
    if channels == 1:
        return keras.ops.image.rgb_to_grayscale(image, data_format="channels_last")
    if image.shape[-1] == 1:
        image = tf.repeat(image, 3, axis=-1)
    return tf.pad(image, [[0, 0], [0, 0], [0, channels - 3]], constant_values=1)


def _resized(image, image_size):
    """Cut the largest centred part of the aspect ratio, and resize it.

    What cannot be seen has no influence on the colors of what can.
    """
    if image.shape[-1] == 4:
        opacity = (image[..., 3:] + 1) / 2
        parts = tf.concat([image[..., :3] * opacity, image], axis=-1)
        parts = _resized_channels(parts, image_size)
        visible, plain, opacity = parts[..., :3], parts[..., 3:6], (parts[..., 6:] + 1) / 2
        colors = tf.where(opacity > 0, tf.math.divide_no_nan(visible, opacity), plain)
        return tf.concat([tf.clip_by_value(colors, -1, 1), parts[..., 6:]], axis=-1)
    return _resized_channels(image, image_size)


def _resized_channels(image, image_size):
    return keras.ops.image.resize(
        image,
        image_size,
        interpolation="bilinear",
        antialias=True,
        crop_to_aspect_ratio=True,
        data_format="channels_last",
    )


def _class_names(names):
    """Return the names of classes as a tuple of different strings, or `None`."""
    if names is None:
        return None
    is_sequence = isinstance(names, (tuple, list)) or np.ndim(names) == 1
    if not is_sequence or not all(isinstance(name, str) for name in names):
        raise TypeError(
            f"`class_names` must be a sequence of strings. Received: class_names={names!r}"
        )
    if not len(names) or len(set(names)) < len(names):
        raise ValueError(f"`class_names` must be different names. Received: class_names={names!r}")
    return tuple(map(str, names))


def _examples(source, split, look, class_names, on_error):
    """Return a dataset of single `(image, label)` pairs and its `DatasetInfo`."""
    if isinstance(source, (str, os.PathLike)):
        if os.path.isdir(source) and source != "digits":
            named.refuse_split(split, "a folder")
            return _folder(pathlib.Path(source), split, look, class_names, on_error)
        if class_names is not None:
            raise ValueError(
                f"`class_names` must be None for {source!r}, which names its classes itself. "
                f"Received: class_names={class_names!r}"
            )
        if source == "digits":
            return _digits(split, look)
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
    if class_names is None:
        return None if labels is None else int(labels.max()) + 1
    if labels is None or not 0 <= labels.min() <= labels.max() < len(class_names):
        received = "no labels" if labels is None else f"labels {labels.min()} to {labels.max()}"
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
    dataset, num_examples, class_names = folders.examples(
        folder, look.image_size, on_error, look.channels, look.background, class_names
    )
    dataset = dataset.map(
        lambda image, label: (look(tf.cast(image, tf.float32) / 127.5 - 1), label),
        num_parallel_calls=tf.data.AUTOTUNE,
    )
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


def _image_size(image_size):
    if image_size is None:
        return None
    sides = image_size if isinstance(image_size, (tuple, list)) else (image_size, image_size)
    if len(sides) != 2:
        raise ValueError(
            "`image_size` must be an integer or (height, width). "
            f"Received: image_size={image_size!r}"
        )
    return tuple(_checks.positive_int("image_size", side) for side in sides)
