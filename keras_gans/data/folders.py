"""Folders of pictures, whoever made them: what cannot be read is found before the training."""

import itertools
import os
import pathlib
import warnings

import keras
import tensorflow as tf

#: Endings of the files that are taken for pictures, in small letters or capitals.
ENDINGS = (".bmp", ".gif", ".jpeg", ".jpg", ".png")

#: What the files may hold: what TensorFlow decodes.
FORMATS = ("BMP", "GIF", "JPEG", "PNG", "WEBP")

#: Pictures with more pixels, in all their frames together, are never decoded.
MAX_PIXELS = 10**8


def examples(folder, image_size, on_error):
    """Return a dataset of pairs of an image in [0, 255] and a label, their number, and the classes.

    The classes are the names of the visible sub-folders; without any they are `None`, and the
    labels are 0.
    """
    classes = _classes(folder)
    pictures = {
        path: label for label, place in enumerate(classes or [folder]) for path in _pictures(place)
    }
    loose = _pictures(folder, depth=1) if classes else []
    if loose:
        warnings.warn(
            f"{len(loose)} pictures in {str(folder)!r} are left out, as they lie beside its "
            "sub-folders, which are the classes",
            stacklevel=5,
        )
    faults = _faults(pictures, folder)
    if faults:
        _report(faults, len(pictures), folder, on_error)
    good = {path: label for path, label in pictures.items() if path not in faults}
    if not good:
        raise ValueError(
            f"`source` must hold pictures, files that end in {', '.join(ENDINGS)}. "
            f"Received: source={str(folder)!r}, without any that can be read"
        )

    def example(path, label):
        image = keras.preprocessing.image.smart_resize(_decoded(path), image_size)
        return tf.ensure_shape(image, (*image_size, 3)), label

    dataset = tf.data.Dataset.from_tensor_slices((_encoded(good), list(good.values())))
    dataset = dataset.map(example, num_parallel_calls=tf.data.AUTOTUNE)
    return dataset, len(good), tuple(place.name for place in classes) or None


def _classes(folder):
    classes = sorted(p for p in folder.iterdir() if p.is_dir() and _is_visible(p.name))
    for place in classes:
        if not _is_inside(place, folder):
            raise ValueError(
                "`source` must hold its sub-folders itself. "
                f"Received: {str(place)!r}, which leads out of it"
            )
    return classes


def _pictures(folder, depth=None):
    """Paths of what looks like a picture at any depth, in the order of Keras's own loader.

    Sub-folders that cannot be read are among them, to be reported as pictures that cannot.
    """
    found, closed = [], []
    walk = os.walk(folder, onerror=lambda error: closed.append(error.filename))
    for place, folders, names in itertools.islice(walk, depth):
        folders[:] = filter(_is_visible, folders)
        found += [(place, n) for n in names if _is_visible(n) and n.lower().endswith(ENDINGS)]
    return [os.path.join(*parts) for parts in sorted(found)] + sorted(closed)


def _is_visible(name):
    return not name.startswith(".")


def _is_inside(path, folder):
    """Whether a path stays in a folder when its symbolic links are followed."""
    return pathlib.Path(os.path.realpath(path)).is_relative_to(os.path.realpath(folder))


def _faults(paths, folder):
    """What is wrong with pictures, by their paths: first from the headers, then from the pixels."""
    from PIL import Image

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        headers = {path: _fault_of_header(path, folder) for path in paths}
    faults = {path: fault for path, fault in headers.items() if fault}
    damaged = _undecodable([path for path in paths if path not in faults])
    return faults | dict.fromkeys(damaged, "its pixels cannot be decoded")


def _fault_of_header(path, folder):
    from PIL import Image

    if not _is_inside(path, folder):
        return "it leads out of the folder"
    if os.path.isdir(path) and not os.access(path, os.R_OK | os.X_OK):
        return "it is a folder that cannot be read"
    if not os.path.isfile(path):
        return "it is not a file"
    try:
        with Image.open(path, formats=FORMATS) as picture:
            pixels = picture.width * picture.height * getattr(picture, "n_frames", 1)
    except Exception as error:
        return f"its header cannot be read: {type(error).__name__}"
    return f"it has more than {MAX_PIXELS:,} pixels" if pixels > MAX_PIXELS else None


def _undecodable(paths):
    """Paths of the pictures that TensorFlow cannot decode to the end: it tries all, in parallel."""
    decodable = (
        tf.data.Dataset.from_tensor_slices(tf.constant(_encoded(paths), tf.string))
        .enumerate()
        .map(lambda i, path: (i, tf.shape(_decoded(path))), num_parallel_calls=tf.data.AUTOTUNE)
        .ignore_errors()
        .batch(1024)
    )
    good = {i for indices, _ in decodable.as_numpy_iterator() for i in indices.tolist()}
    return [path for i, path in enumerate(paths) if i not in good]


def _report(faults, num, folder, on_error):
    """Name a few of the pictures with faults: in an error, or in a warning if they are skipped."""
    few = ", ".join(f"{path} ({fault})" for path, fault in list(faults.items())[:3])
    named = f"{few}, …" if len(faults) > 3 else few
    if on_error == "raise":
        raise ValueError(
            "`source` must hold pictures that can be read; on_error='skip' leaves out others. "
            f"Received: source={str(folder)!r}, with {len(faults)} of {num} that cannot: {named}"
        )
    warnings.warn(
        f"{len(faults)} of {num} pictures in {str(folder)!r} are left out: {named}", stacklevel=6
    )


def _encoded(paths):
    """Paths as the file system has them, whether their names are UTF-8 or not."""
    return [os.fsencode(path) for path in paths]


def _decoded(path):
    return tf.io.decode_image(tf.io.read_file(path), channels=3, expand_animations=False)
