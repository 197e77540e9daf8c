"""Folders of pictures, whoever made them: what cannot be read is found before the training."""

import functools
import itertools
import multiprocessing.pool
import os
import pathlib
import warnings

import tensorflow as tf

from keras_gans.data import pictures, plain_pngs


def examples(folder, look, class_names, on_error):
    """Return a dataset of pairs of an image and a label, their number, and the classes' names.

    Args:
        folder: `pathlib.Path`.
        look: `Look`, with a size and channels.
        class_names: Tuple of names that sub-folders may have, in the order of their labels. `None`:
            those of all that hold pictures.
        on_error: `"raise"` or `"skip"`: what to do with pictures that cannot be read.

    Returns:
        The images are in [−1, 1]. Without classes, the labels are 0 and the names `None`.
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
    faults, plain = _looked_through(labels, folder, look.channels)
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

    sizes = [plain.get(path) for path in good]
    height, width = sizes[0] if sizes[0] and len(set(sizes)) == 1 else (None, None)

    def by_pillow(path):
        return pictures.decoded(path, look.image_size, look.channels, look.background)

    def example(path, is_plain, label):
        def of_plain():
            return plain_pngs.decoded(path, look.channels)

        def of_other():
            return tf.numpy_function(by_pillow, [path], tf.uint8, stateful=False)

        image = of_plain() if all(sizes) else tf.cond(is_plain, of_plain, of_other)
        image = tf.ensure_shape(image, (height, width, look.channels))
        return look(tf.cast(image, tf.float32) / 127.5 - 1), label

    paths = [os.fsencode(path) for path in good]  # whether their names are UTF-8 or not
    columns = paths, [path in plain for path in good], list(good.values())
    dataset = tf.data.Dataset.from_tensor_slices(columns)
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


def _looked_through(paths, folder, channels):
    """Return what is wrong with pictures, and the sizes of those that are plain PNGs, by paths."""
    is_inside = functools.cache(lambda place: _is_inside(place, folder))

    def examine(path):
        fault = _misplaced(path, is_inside)
        size = None if fault else plain_pngs.size(path, channels)
        return fault if fault or size else pictures.fault(path), size

    with warnings.catch_warnings(), multiprocessing.pool.ThreadPool() as pool:
        warnings.filterwarnings("ignore", module=r"PIL\.")
        found = dict(zip(paths, pool.map(examine, paths), strict=True))
    faults = {path: fault for path, (fault, _) in found.items() if fault}
    return faults, {path: size for path, (_, size) in found.items() if size}


def _misplaced(path, is_inside):
    """Say what is wrong with a path, if it is no file in the folder."""
    if not is_inside(path if os.path.islink(path) else os.path.dirname(path)):
        return "it leads out of the folder"
    if os.path.isfile(path):
        return None
    if os.path.isdir(path) and not os.access(path, os.R_OK | os.X_OK):
        return "it is a folder that cannot be read"
    return "it is not a file"


def _few(names):
    """The first of some names, in words."""
    return ", ".join(names[:3]) + (", …" if len(names) > 3 else "")


def _warn(message):
    """Warn whoever called `keras_gans.data.load`."""
    warnings.warn(message, stacklevel=7)
