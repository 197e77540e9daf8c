"""Files and folders that are either whole or not there: for readers, and after a power cut.

What is written goes beside its target and to the disk, and then takes the target's name. So who
opens a file gets the old or the new one; and if the process dies, or the power fails, the old or
the new one is there. So it is with a folder that takes another one's place, where the system
exchanges two names at once: Linux and macOS do on their own file systems. Elsewhere (Windows, NFS)
the old folder is put aside first. For a moment there is none, which `read_whole` waits out; and if
the process dies then, the next one that writes in the same place puts the old folder back.
"""

import contextlib
import ctypes
import errno
import glob
import os
import pathlib
import shutil
import sys
import tempfile
import time
import warnings

import filelock

from keras_gans import _checks

#: How the names of the folders begin that hold what is being written. In each are a file `lock`,
#: which its process holds; `new/NAME`, which is written; and `old-…/NAME`, which was put aside.
_WRITING = ".writing-"

#: How often a folder is renamed or read that others replace meanwhile.
_TRIES = 100

#: How often a missing folder is looked for before it is taken to be missing: between two looks
#: others may have replaced it, and begun to replace it again.
_LOOKS = 5

#: AT_FDCWD of Linux; its RENAME_EXCHANGE and RENAME_SWAP of macOS.
_HERE, _EXCHANGE = -100, 2

#: What fsync says of a folder where one has none: on Windows, and on some file systems.
_NO_SYNC_OF_FOLDERS = (errno.EACCES, errno.EINVAL, errno.ENOTSUP)


@contextlib.contextmanager
def replacing(filepath, overwrite=True, keep=True):
    """Yield a temporary path beside `filepath` that takes its place when the block succeeds.

    A remote path, such as `gs://…`, is yielded as it is. What is not to be kept goes elsewhere, and
    is removed: of several workers that must all take part in writing, one keeps its file. What dead
    processes have left in the folder is removed.
    """
    if not keep:
        with tempfile.TemporaryDirectory() as folder:
            yield pathlib.Path(folder) / pathlib.Path(filepath).name
        return
    if "://" in str(filepath):
        yield filepath
        return
    target = _checks.path("filepath", filepath).resolve()
    if target.is_dir() and not (is_saved_model(target) or _is_empty_folder(target)):
        raise IsADirectoryError(f"{filepath} is a folder. Nothing was written.")
    if not overwrite and target.exists():
        raise FileExistsError(f"{target} exists, and `overwrite` is False. Nothing was written.")
    with _named(filepath):
        make_folder(target.parent)
        _sweep(path for path in target.parent.glob(f"{_WRITING}*") if _is_known(path))
        with _locked_folder(target.parent) as folder:
            temporary = folder / "new" / target.name
            temporary.parent.mkdir()
            yield temporary
            with _durably(temporary, target):
                _take_place(temporary, target, folder)


@contextlib.contextmanager
def _named(filepath):
    """Let an error of writing name what was to be written, not a temporary path or none."""
    try:
        yield
    except OSError as error:
        if error.filename is not None and _WRITING not in str(error.filename):
            raise
        if error.errno is None:
            raise OSError(f"{filepath} cannot be written: {error}") from error
        raise OSError(error.errno, error.strerror, str(filepath)) from error


@contextlib.contextmanager
def replacing_saved_model(filepath, keep=True):
    """As `replacing`, for a SavedModel's folder; anything else that stands there is refused."""
    target = _checks.path("filepath", filepath)
    if target.resolve() == pathlib.Path.cwd():
        raise ValueError(
            "`filepath` must be another folder than the one you work in, which cannot be replaced. "
            f"Received: filepath={str(filepath)!r}"
        )
    if target.exists() and not is_saved_model(target) and not _is_empty_folder(target):
        raise ValueError(
            "`filepath` must be a new or empty folder, or a SavedModel to replace. "
            f"Received: filepath={str(filepath)!r}, which holds something else. "
            "Nothing was written."
        )
    with replacing(filepath, keep=keep) as temporary:
        yield temporary


def move(source, target):
    """Rename a file within a folder, over another one: whole and there even after a power cut."""
    with _durably(source, target):
        os.replace(source, target)


def rotate(new, current, previous):
    """As `move`, of `new` to `current`, where the file that was there becomes `previous`.

    Readers of `current` find one of the two at any time, where names can be exchanged.
    """
    with _durably(new, current):
        if not current.exists():
            os.replace(new, current)
        elif _exchange(new, current):
            os.replace(new, previous)
        else:
            os.replace(current, previous)
            os.replace(new, current)


def make_folder(folder):
    """Make a folder, and those above it, unless it exists: there even after a power cut."""
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    for made in missing:
        _sync(made.parent)


def read_whole(folder, read):
    """Return what the function `read` makes of a folder, of one version of it.

    Its files are read one after another. If the folder is replaced in the meantime, whatever was
    read, or failed to be, is of no use, and the new one is read.

    Raises:
        OSError: If it was replaced every time, a hundred times.
        Exception: What `read` raises of a folder that stays as it is.
    """
    missing = 0
    for _ in range(_TRIES):
        before = _version(folder)
        try:
            result = read(folder)
        except Exception:
            missing = missing + 1 if before is None else 0
            is_stable = not _is_aside(folder) and _version(folder) == before
            if is_stable and missing in (0, _LOOKS):
                raise
            time.sleep(0.01)
        else:
            if _version(folder) == before:
                return result
    raise OSError(f"{folder} was being replaced, each of the {_TRIES} times that it was read.")


@contextlib.contextmanager
def side_file(path):
    """Let nothing that happens to a file stop a training that can go on without it."""
    try:
        yield
    except (OSError, UnicodeError) as error:
        warnings.warn(f"{path} cannot be kept, training goes on: {error}", stacklevel=3)


def check_folder(folder):
    """Refuse a folder in which nothing could be written, whether it exists already or not.

    Raises:
        OSError: As writing there would, later.
    """
    folder = pathlib.Path(folder).resolve()
    existing = next(path for path in (folder, *folder.parents) if path.exists())
    with tempfile.TemporaryFile(dir=existing):
        pass


def sweep(folder):
    """Remove what dead processes were writing anywhere under `folder`, which is the caller's."""
    _sweep(list(pathlib.Path(folder).rglob(f"{_WRITING}*")))


def is_saved_model(folder):
    """Whether `folder` holds a TensorFlow SavedModel."""
    return (pathlib.Path(folder) / "saved_model.pb").is_file()


def _is_empty_folder(path):
    return path.is_dir() and not any(path.iterdir())


# Folders of what is being written


@contextlib.contextmanager
def _locked_folder(parent):
    """Yield a new folder in `parent` that other processes leave alone until the block ends."""
    folder, lock = _lock_new_folder(parent)
    try:
        yield folder
    finally:
        _discard(folder)
        lock.release()
        shutil.rmtree(folder, ignore_errors=True)  # Windows removes no file that is open


def _lock_new_folder(parent):
    while True:
        folder = pathlib.Path(tempfile.mkdtemp(prefix=_WRITING, dir=parent))
        lock = _lock(folder)
        try:
            lock.acquire()
        except filelock.Timeout:  # another process sweeps it away
            continue
        except (OSError, NotImplementedError):  # a file system that has no locks, or it is gone
            pass
        if folder.exists():
            return folder, lock


def _lock(folder):
    return filelock.FileLock(folder / "lock", timeout=0)


def _is_known(folder):
    """Whether a folder in any place is one of these, and not just of such a name."""
    with contextlib.suppress(OSError):
        folder.rmdir()  # of a process that died before it made the lock
    return os.path.isfile(folder / "lock")


def _sweep(folders):
    for folder in folders:
        with contextlib.suppress(OSError, NotImplementedError), _lock(folder):
            _discard(folder)


def _discard(folder):
    """Remove a folder of these, and put back what was put aside and has no successor."""
    for old in sorted(folder.glob("old-*/*"), reverse=True):
        target = folder.parent / old.name
        if (folder / "new" / old.name).exists() and not target.exists():
            os.replace(old, target)
    shutil.rmtree(folder, ignore_errors=True)


def _is_aside(target):
    """Whether `target` is missing as it is being replaced by two renames."""
    folder, name = os.path.split(target)
    # Not pathlib's glob, which fails on a folder that is removed meanwhile.
    asides = glob.glob(f"{_WRITING}*/old-*/{glob.escape(name)}", root_dir=folder or None)
    return not os.path.exists(target) and bool(asides)


def _version(path):
    """What tells one folder at a path from the next: a number is given again to a later one."""
    with contextlib.suppress(OSError, ValueError):
        status = os.stat(path)
        return status.st_dev, status.st_ino, status.st_mtime_ns
    return None


# Renaming


def _take_place(new, target, folder):
    """Rename `new` to `target`, whatever other processes do to it at the same time."""
    for i in range(_TRIES):
        try:
            os.replace(new, target)
            return
        except OSError:  # a folder stands there, or did until now
            if target.is_file() or i == _TRIES - 1:
                raise
        if _exchange(new, target):
            return
        aside = folder / f"old-{i:03}"
        aside.mkdir()
        with contextlib.suppress(OSError):
            os.replace(target, aside / target.name)


def _exchange(a, b):
    """Exchange the names of two files or folders at once, and return whether that was possible."""
    a, b = os.fsencode(a), os.fsencode(b)
    if sys.platform == "linux":
        function, arguments = "renameat2", (_HERE, a, _HERE, b, _EXCHANGE)
    elif sys.platform == "darwin":
        function, arguments = "renamex_np", (a, b, _EXCHANGE)
    else:
        return False
    rename = getattr(ctypes.CDLL(None), function, None)
    return rename is not None and rename(*arguments) == 0


# Power cuts


@contextlib.contextmanager
def _durably(source, target):
    """Let the block rename `source` to `target` when it is on the disk, and the name follow it."""
    _sync_all(source)
    yield
    _sync(target.parent)


def _sync_all(path):
    if path.is_dir():
        for inner in path.iterdir():
            _sync_all(inner)
    _sync(path)


def _sync(path):
    """Wait until a file, or the names in a folder, are on the disk."""
    is_folder = path.is_dir()
    try:
        descriptor = os.open(path, os.O_RDONLY if is_folder else os.O_RDWR)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        if not is_folder or error.errno not in _NO_SYNC_OF_FOLDERS:
            raise
