"""Folders of pictures, whoever made them: what cannot be read is found before the training."""

import concurrent.futures
import itertools
import os
import pathlib
import warnings

import tensorflow as tf

from keras_gans.data import pictures


def examples(folder, image_size, on_error, channels, background, class_names):
    """Return a dataset of pairs of an image and a label, their number, and the classes' names.

    Args:
        folder: `pathlib.Path`.
        image_size: `(height, width)` that the images are to be resized to afterwards.
        on_error: `"raise"` or `"skip"`: what to do with pictures that cannot be read.
        channels, background: See `pictures.decoded`.
        class_names: Tuple of names that sub-folders may have, in the order of their labels. `None`:
            those of all that hold pictures.

    Returns:
        The images are uint8 `(height, width, channels)`, of differing sizes. Without classes, the
        labels are 0 and the names `None`.
    """
    class_names, empty = _class_names(folder, class_names)
    places = [folder / name for name in class_names or [""]]
    labels = {
        path: label
        for label, place in enumerate(places)
        if place.is_dir()
        for path in _pictures(place)
    }
    for message in _left_out(folder, class_names, empty):
        _warn(message)
    faults = _faults(labels, folder)
    if faults and on_error == "raise":
        raise ValueError(
            "`source` must hold pictures that can be read; on_error='skip' leaves out others. "
            f"Received: source={str(folder)!r}, with {len(faults)} of {len(labels)} that cannot: "
            f"{_few([f'{path} ({fault})' for path, fault in faults.items()])}"
        )
    if faults:
        named = _few([f"{path} ({fault})" for path, fault in faults.items()])
        _warn(f"{len(faults)} of {len(labels)} pictures in {str(folder)!r} are left out: {named}")
    good = {path: label for path, label in labels.items() if path not in faults}
    if not good:
        raise ValueError(
            f"`source` must hold pictures, files that end in {', '.join(pictures.endings())}. "
            f"Received: source={str(folder)!r}, without any that can be read"
        )

    def decoded(path):
        return pictures.decoded(path, image_size, channels, background)

    def example(path, label):
        image = tf.numpy_function(decoded, [path], tf.uint8, stateful=False)
        return tf.ensure_shape(image, (None, None, channels)), label

    paths = [os.fsencode(path) for path in good]  # whether their names are UTF-8 or not
    dataset = tf.data.Dataset.from_tensor_slices((paths, list(good.values())))
    dataset = dataset.map(example, num_parallel_calls=tf.data.AUTOTUNE)
    return dataset, len(good), class_names


def _class_names(folder, asked):
    """Return the names of the classes, or `None`, and of sub-folders that are none."""
    places = sorted(p for p in folder.iterdir() if p.is_dir() and _is_visible(p.name))
    for place in places:
        if not _is_inside(place, folder):
            raise ValueError(
                "`source` must hold its sub-folders itself. "
                f"Received: {str(place)!r}, which leads out of it"
            )
    found = [place.name for place in places if _pictures(place)]
    others = [name for name in found if asked is not None and name not in asked]
    if others or (asked and not found):
        received = f"others: {_few(others)}" if others else "none"
        raise ValueError(
            "`class_names` must name all sub-folders of pictures, which are the classes. "
            f"Received: class_names={asked!r} for {str(folder)!r}, with {received}"
        )
    return asked or tuple(found) or None, [p.name for p in places if p.name not in found]


def _left_out(folder, class_names, empty):
    """Say what a folder holds beside the pictures of its classes."""
    where = f"in {str(folder)!r} are left out"
    loose = _pictures(folder, depth=1) if class_names else []
    if loose:
        yield (
            f"{len(loose)} pictures {where}, as they lie beside its sub-folders, which are the "
            f"classes: {_few(loose)}"
        )
    if empty:
        yield f"{len(empty)} sub-folders {where}, as they hold no pictures: {_few(empty)}"
    others = [path for path in _contents(folder)[0] if not _ends_as_a_picture(path)]
    if others:
        yield f"{len(others)} files {where}, as they do not end as pictures do: {_few(others)}"


def _pictures(folder, depth=None):
    """Paths of what looks like a picture at any depth, in the order of Keras's own loader.

    Sub-folders that cannot be read are among them, to be reported as pictures that cannot.
    """
    files, closed = _contents(folder, depth)
    return [path for path in files if _ends_as_a_picture(path)] + closed


def _contents(folder, depth=None):
    """Paths of the visible files at any depth, and of the sub-folders that cannot be read."""
    found, closed = [], []
    walk = os.walk(folder, onerror=lambda error: closed.append(error.filename))
    for place, folders, names in itertools.islice(walk, depth):
        folders[:] = filter(_is_visible, folders)
        found += [(place, name) for name in names if _is_visible(name)]
    return [os.path.join(*parts) for parts in sorted(found)], sorted(closed)


def _ends_as_a_picture(path):
    return path.lower().endswith(pictures.endings())


def _is_visible(name):
    return not name.startswith(".")


def _is_inside(path, folder):
    """Whether a path stays in a folder when its symbolic links are followed."""
    return pathlib.Path(os.path.realpath(path)).is_relative_to(os.path.realpath(folder))


def _faults(paths, folder):
    """What is wrong with pictures, by their paths: all are decoded, in parallel."""
    with warnings.catch_warnings(), concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        warnings.filterwarnings("ignore", module=r"PIL\.")
        faults = list(pool.map(lambda path: _fault(path, folder), paths))
    return {path: fault for path, fault in zip(paths, faults, strict=True) if fault}


def _fault(path, folder):
    if not _is_inside(path, folder):
        return "it leads out of the folder"
    if os.path.isdir(path) and not os.access(path, os.R_OK | os.X_OK):
        return "it is a folder that cannot be read"
    if not os.path.isfile(path):
        return "it is not a file"
    return pictures.fault(path)


def _few(names):
    """The first of some names, in words."""
    return ", ".join(names[:3]) + (", …" if len(names) > 3 else "")


def _warn(message):
    """Warn whoever called `keras_gans.data.load`."""
    warnings.warn(message, stacklevel=7)
