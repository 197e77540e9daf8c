"""Datasets by name, from folders and from arrays, ready for `fit`."""

import math
from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from keras_gans import _checks
from keras_gans._typing import ArrayLike, PathLike
from keras_gans.data import named, pictures, resuming, sources, workers
from keras_gans.data.look import Look

#: Datasets whose examples take no more than this many bytes are kept in memory.
CACHE_BYTES = 2**30


def load(
    source: PathLike | ArrayLike | tuple[ArrayLike, ArrayLike],
    split: str = "train",
    batch_size: int = 64,
    image_size: int | tuple[int, int] | None = None,
    labels: bool | None = False,
    shuffle: bool | None = None,
    seed: int | None = None,
    repeat: bool = False,
    skip: int = 0,
    per_worker: bool = False,
    on_error: str = "raise",
    channels: int | None = None,
    background: str = "white",
    class_names: Sequence[str] | None = None,
) -> tuple[tf.data.Dataset, sources.DatasetInfo]:
    """Load images, scaled to [−1, 1], in shuffled batches.

    Args:
        source: One of
            - `"digits"`: the 1,797 real handwritten digits 8×8×1 that come with scikit-learn, no
              download; the last 297 are the split `"test"`;
            - `"photographs"`: patches 64×64×3 of two photographs that come with scikit-learn; those
              of the split `"test"` share no pixel with the others. See `photographs`, and read a
              folder of this name as `"./photographs"`;
            - `"stacked_mnist"`: 128,000 images 28×28×3, three digits of TFDS's MNIST as color
              channels, drawn once for all. The label, of 1,000, is 100 times the digit in red plus
              10 times that in green plus that in blue. The split `"test"` has 26,000 images of
              MNIST's test digits;
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
        image_size: `(height, width)` or an integer: cut the largest centered part of that aspect
            ratio and resize it, bilinearly and with antialiasing. Needed if pictures differ in
            size. Defaults to `None`.
        labels: Boolean: yield `(images, labels)` instead of images alone. Or `None`: if there are
            any. Defaults to `False`.
        shuffle: Boolean. Defaults to `None`: yes for training splits, no for others.
        seed: Integer or `None`, of the order. Defaults to `None`.
        repeat: Boolean, whether to go through the images without end. The order of every round
            depends on `seed` and the number of the round alone. Defaults to `False`.
        skip: Non-negative integer, batches to leave out at the start: with `repeat` and a seed,
            those that a training which is to be gone on with has seen. Rounds that are left out
            whole cost nothing. Defaults to `0`.
        on_error: `"raise"` or `"skip"`: what to do with pictures of a folder that cannot be read:
            those that are damaged or none at all, lead out of the folder by a symbolic link, hold
            floats or 32-bit integers, whose black and white nobody knows, or have more than 100
            million pixels, which nobody decodes. `"skip"` leaves them out, with a warning that
            counts them. To find them, all pictures are decoded once before the training, which
            takes about as long as to read them in the first epoch; PNGs of up to 128 KiB that hold
            8-bit pixels and no more, as Pillow and OpenCV write them, take a fraction of it.
            Defaults to `"raise"`.
        channels: `1`, `3` or `4`: gray, red-green-blue, or these and opacity. Defaults to `None`:
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
    labels = _checks.optional_boolean("labels", labels)
    repeat = _checks.boolean("repeat", repeat)
    per_worker = _checks.boolean("per_worker", per_worker)
    is_shuffled = named.is_shuffled(shuffle, split)
    is_seeded = seed is not None
    seed = workers.agreed_seed(seed) if is_shuffled else _checks.seed("seed", seed)
    skip = _checks.positive_int("skip", skip, minimum=0)
    _checks.one_of("on_error", on_error, ["raise", "skip"])
    size = _image_size(image_size)
    channels = channels if channels is None else _checks.one_of("channels", channels, [1, 3, 4])
    look = Look(size, channels, pictures.color("background", background))
    class_names = _class_names(class_names)
    dataset, info, as_images = sources.examples(source, split, look, class_names, on_error)
    if labels and info.num_classes is None:
        raise ValueError(
            "`source` must have classes where `labels` is True: sub-folders, if it is a folder of "
            f"pictures. Received: {info.name!r}, which has none"
        )
    labels = info.num_classes is not None if labels is None else labels
    if info.num_examples is not None and info.num_examples < batch_size:
        raise ValueError(
            f"`batch_size` must be at most the number of images, {info.num_examples} in the split "
            f"{split!r} of {info.name!r}. Received: batch_size={batch_size}"
        )
    dataset, num_examples, own_size = workers.share(
        dataset, info.num_examples, batch_size, per_worker, repeat
    )
    fitting = CACHE_BYTES // _num_bytes(dataset)
    if (num_examples or np.inf) <= fitting:
        dataset = dataset.cache()

    def as_asked(examples, classes):
        images = as_images(examples)
        return (images, classes) if labels else images

    def one_round(seed):
        examples = dataset
        if is_shuffled:
            examples = examples.shuffle(_buffer_size(num_examples, fitting, own_size), seed=seed)
        return examples.batch(own_size, drop_remainder=True).map(as_asked)

    if repeat:
        order_seed = _checks.seed_or_new("seed", seed)
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
        if repeat:
            endless = tf.data.experimental.assert_cardinality(tf.data.INFINITE_CARDINALITY)
            batches = batches.apply(endless)
        return batches.prefetch(tf.data.AUTOTUNE)

    batches = begun_at(skip)
    if repeat:
        resuming.tell(batches, lambda num: begun_at(skip + num), is_seeded or not is_shuffled)
    return batches, info


def _num_bytes(dataset):
    """The memory that an example takes, but for its label."""
    spec, _ = dataset.element_spec
    return spec.dtype.size * math.prod(spec.shape)


def _buffer_size(num_examples, fitting, batch_size):
    """Examples to shuffle among: all, if they fit in memory, or if not, what does."""
    return min(num_examples or fitting, max(fitting, batch_size))


def _rounds(one_round, batches_in_round, seed, skip):
    """Join rounds without end, the order of each a function of the seed and of its number."""
    first, skip = divmod(skip, batches_in_round) if batches_in_round else (0, skip)

    def numbered(number):
        tf.compat.v1.set_random_seed(1 + seed)  # of this function's graph, whatever the global one
        return one_round(number)

    return tf.data.Dataset.range(first, tf.int64.max).flat_map(numbered).skip(skip)


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
