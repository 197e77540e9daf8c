"""Files are either whole or not there, for readers and after a power cut."""

import errno
import os
import subprocess
import sys
import tempfile
import threading

import filelock
import numpy as np
import pytest

import keras_gans as kg
from keras_gans import _files
from keras_gans.runs import Run
from tests.models.test_gan import points


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def write(target, text):
    """Write what looks like a SavedModel, with the same text in its two files."""
    with _files.replacing_saved_model(target) as temporary:
        (temporary / "variables").mkdir(parents=True)
        (temporary / "saved_model.pb").write_text(text)
        (temporary / "variables" / "data").write_text(text)


def read(target):
    return {(target / name).read_text() for name in ("saved_model.pb", "variables/data")}


@pytest.fixture(params=["exchange", "two renames"])
def system(request, monkeypatch):
    """One that exchanges two names at once, where the tests run on one, and one that does not."""
    if request.param == "two renames":
        monkeypatch.setattr(_files, "_exchange", lambda a, b: False, raising=False)


class TestReplacing:
    def test_writes_a_new_file_and_makes_its_folder(self, tmp_path):
        target = tmp_path / "a" / "b" / "file.txt"
        with _files.replacing(target) as temporary:
            temporary.write_text("new")
            assert not target.exists()
        assert target.read_text() == "new"
        assert names(target.parent) == ["file.txt"]

    def test_keeps_the_name_for_formats_read_from_it(self, tmp_path):
        with _files.replacing(tmp_path / "model.keras") as temporary:
            assert temporary.name == "model.keras"
            temporary.touch()

    def test_replaces_a_file(self, tmp_path):
        target = tmp_path / "file.txt"
        target.write_text("old")
        with _files.replacing(str(target)) as temporary:
            temporary.write_text("new")
            assert target.read_text() == "old"
        assert target.read_text() == "new"
        assert names(tmp_path) == ["file.txt"]

    def test_a_failure_leaves_the_old_file(self, tmp_path):
        target = tmp_path / "file.txt"
        target.write_text("old")
        with pytest.raises(RuntimeError), _files.replacing(target) as temporary:
            temporary.write_text("half")
            raise RuntimeError
        assert target.read_text() == "old"
        assert names(tmp_path) == ["file.txt"]

    def test_a_failure_leaves_nothing_new(self, tmp_path):
        with pytest.raises(RuntimeError), _files.replacing(tmp_path / "file.txt") as temporary:
            temporary.write_text("half")
            raise RuntimeError
        assert names(tmp_path) == []

    def test_refuses_to_overwrite(self, tmp_path):
        target = tmp_path / "file.txt"
        target.write_text("old")
        with (
            pytest.raises(FileExistsError, match="`overwrite` is False"),
            _files.replacing(target, overwrite=False) as temporary,
        ):
            temporary.write_text("new")
        assert target.read_text() == "old"


class TestReplacingSavedModel:
    @pytest.mark.parametrize("exists", [True, False])
    def test_writes_a_new_or_into_an_empty_folder(self, tmp_path, exists):
        target = tmp_path / "model"
        if exists:
            target.mkdir()
        write(target, "new")
        assert _files.is_saved_model(target)
        assert names(tmp_path) == ["model"]

    def test_replaces_all_of_an_older_saved_model(self, tmp_path):
        target = tmp_path / "model"
        write(target, "old")
        (target / "assets").mkdir()
        write(target, "new")
        assert (target / "saved_model.pb").read_text() == "new"
        assert names(target) == ["saved_model.pb", "variables"]
        assert names(tmp_path) == ["model"]

    def test_a_failure_leaves_the_older_one(self, tmp_path):
        target = tmp_path / "model"
        write(target, "old")
        with pytest.raises(RuntimeError), _files.replacing_saved_model(target) as temporary:
            temporary.mkdir()
            raise RuntimeError
        assert (target / "saved_model.pb").read_text() == "old"
        assert names(tmp_path) == ["model"]

    @pytest.mark.parametrize("kind", ["file", "folder"])
    def test_refuses_to_replace_anything_else(self, tmp_path, kind):
        target = tmp_path / "precious"
        if kind == "folder":
            target.mkdir()
        precious = target / "thesis.tex" if kind == "folder" else target
        precious.write_text("years of work")
        with pytest.raises(ValueError, match="`filepath` must be a new or empty folder"):
            write(target, "new")
        assert precious.read_text() == "years of work"


class TestCheckFolder:
    def test_leaves_nothing_behind(self, tmp_path):
        for folder in (tmp_path, tmp_path / "a" / "b"):
            _files.check_folder(folder)
        assert names(tmp_path) == []

    @pytest.mark.parametrize("name", ["file", "file/a/b", "x" * 300])
    def test_refuses_what_can_be_no_folder(self, name, tmp_path):
        (tmp_path / "file").touch()
        with pytest.raises(OSError):
            _files.check_folder(tmp_path / name)


@pytest.mark.parametrize("num_writers", [1, 2])
def test_readers_find_one_whole_folder_at_any_time(tmp_path, system, num_writers):
    target, errors = tmp_path / "model", []
    write(target, "0")

    def write_some(number):
        try:
            for i in range(30):
                write(target, f"{number}-{i}")
        except BaseException as error:
            errors.append(error)

    writers = [threading.Thread(target=write_some, args=(i,)) for i in range(num_writers)]
    for writer in writers:
        writer.start()
    while any(writer.is_alive() for writer in writers):
        assert len(_files.read_whole(target, read)) == 1
    assert errors == []
    assert names(tmp_path) == ["model"]


def test_a_folder_that_is_removed_while_it_is_looked_at_is_passed_over(tmp_path, monkeypatch):
    scandir = os.scandir

    def scandir_of_what_is_gone(folder):
        if ".writing-b" in os.fspath(folder):
            raise FileNotFoundError(folder)
        return scandir(folder)

    (tmp_path / ".writing-b").mkdir()
    monkeypatch.setattr(os, "scandir", scandir_of_what_is_gone)
    assert not _files._is_aside(tmp_path / "model")
    (tmp_path / ".writing-a" / "old-000" / "model").mkdir(parents=True)
    assert _files._is_aside(tmp_path / "model")


#: Writes again and again in processes that die before an operation on files: the 1st, the 2nd…
KILLS = """
import os, pathlib, signal, sys
from keras_gans import _files
from tests.test_files import read, write

OPERATIONS = "open", "os.mkdir", "os.remove", "os.rename", "os.rmdir", "shutil.rmtree"
exchange = getattr(_files, "_exchange", None)

def write_and_die(target, at, two_renames):
    left = iter(range(at))
    def count(event, arguments):
        if event in OPERATIONS and str(target.parent) in str(arguments[0]):
            if next(left, None) is None:
                os.kill(os.getpid(), signal.SIGKILL)
    def counted(a, b):
        count("os.rename", [a])
        exchanged = not two_renames and exchange(a, b)
        count("os.rename", [a])
        return exchanged
    _files._exchange = counted
    sys.addaudithook(count)
    write(target, "new")

def count_kills(folder, two_renames):
    target, at, missing, died = folder / "model", 0, 0, True
    while died:
        write(target, "old")
        process = os.fork()
        if not process:
            write_and_die(target, at, two_renames)
            os._exit(0)
        died = os.WIFSIGNALED(os.waitpid(process, 0)[1])
        missing += not target.exists()
        with _files.replacing(folder / "beside") as temporary:
            temporary.touch()
        assert read(target) in ({"old"}, {"new"}), at
        assert {path.name for path in folder.iterdir()} == {"model", "beside"}, at
        at += 1
    return at, missing

print(*count_kills(pathlib.Path(sys.argv[1]), False), *count_kills(pathlib.Path(sys.argv[2]), True))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="Elsewhere names may not be exchanged at once.")
@pytest.mark.slow
def test_a_killed_process_leaves_a_whole_folder(tmp_path, repository):
    folders = [tmp_path / "exchange", tmp_path / "two_renames"]
    for folder in folders:
        folder.mkdir()
    run = subprocess.run(
        [sys.executable, "-c", KILLS, *map(str, folders)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(repository), *sys.path])},
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr
    kills, missing, kills_of_two_renames, put_back = map(int, run.stdout.split())
    assert min(kills, kills_of_two_renames) > 10
    assert (missing, put_back) == (0, 1)


class TestLeftOvers:
    def dead(self, folder, **files):
        """Make what a dead process leaves."""
        left_over = folder / f"{_files._WRITING}dead"
        for path in ("lock", *files.values()):
            (left_over / path).parent.mkdir(parents=True, exist_ok=True)
            (left_over / path).write_text(path)
        return left_over

    def test_of_the_dead_are_removed_and_those_of_the_living_not(self, tmp_path):
        dead = self.dead(tmp_path, new="new/model/saved_model.pb")
        with _files.replacing(tmp_path / "a") as a:
            assert not dead.exists()
            dead = self.dead(tmp_path, new="new/model/saved_model.pb")
            with _files.replacing(tmp_path / "b") as b:
                assert not dead.exists()
                b.touch()
            _files.sweep(tmp_path)
            a.touch()
        assert names(tmp_path) == ["a", "b"]

    def test_of_the_dead_before_they_had_a_lock(self, tmp_path):
        (tmp_path / f"{_files._WRITING}dead").mkdir()
        write(tmp_path / "model", "new")
        assert names(tmp_path) == ["model"]

    def test_others_of_such_a_name_stay(self, tmp_path):
        dead, novel = self.dead(tmp_path), tmp_path / f"{_files._WRITING}a-novel"
        novel.mkdir()
        (novel / "chapter_1.txt").touch()
        write(tmp_path / "model", "new")
        assert (novel / "chapter_1.txt").exists()
        assert not dead.exists()

    def test_what_was_put_aside_is_put_back(self, tmp_path):
        self.dead(tmp_path, new="new/model/saved_model.pb", old="old-000/model/saved_model.pb")
        with pytest.raises(RuntimeError), _files.replacing(tmp_path / "another"):
            raise RuntimeError
        assert names(tmp_path) == ["model"]
        assert (tmp_path / "model" / "saved_model.pb").read_text().startswith("old")

    @pytest.mark.parametrize("successor", ["there", "gone"])
    def test_what_has_had_a_successor_is_not(self, tmp_path, successor):
        self.dead(tmp_path, old="old-000/model/saved_model.pb")
        if successor == "there":
            write(tmp_path / "model", "new")
            self.dead(tmp_path, new="new/model/saved_model.pb", old="old-000/model/saved_model.pb")
        with _files.replacing(tmp_path / "another") as temporary:
            temporary.touch()
        if successor == "there":
            assert read(tmp_path / "model") == {"new"}
        assert names(tmp_path) == ["another", "model"][: 1 + (successor == "there")]

    @pytest.mark.parametrize("how", ["removed", "locked"])
    def test_a_folder_swept_before_it_has_a_lock_is_made_again(self, tmp_path, monkeypatch, how):
        make, made = tempfile.mkdtemp, []

        def make_and_sweep(**kwargs):
            made.append(make(**kwargs))
            if len(made) == 1 and how == "removed":
                os.rmdir(made[0])
            elif len(made) == 1:
                sweeper.append(filelock.FileLock(os.path.join(made[0], "lock")))
                sweeper[0].acquire()
            return made[-1]

        sweeper = []
        monkeypatch.setattr(tempfile, "mkdtemp", make_and_sweep)
        write(tmp_path / "model", "new")
        assert read(tmp_path / "model") == {"new"}
        assert how == "removed" or len(made) == 2


class TestReadWhole:
    @pytest.mark.parametrize("outcome", ["a mixture", "an error"])
    def test_a_folder_replaced_meanwhile_is_read_again(self, tmp_path, system, outcome):
        target, reads = tmp_path / "model", []
        write(target, "old")

        def read_slowly(folder):
            first = (folder / "saved_model.pb").read_text()
            if not reads:
                write(target, "new")
            reads.append({first, (folder / "variables" / "data").read_text()})
            if len(reads) == 1 and outcome == "an error":
                raise RuntimeError
            return reads[-1]

        assert _files.read_whole(target, read_slowly) == {"new"}
        assert reads == [{"old", "new"}, {"new"}]

    def test_one_replaced_for_ever_is_an_error(self, tmp_path, monkeypatch):
        target = tmp_path / "model"
        write(target, "old")
        monkeypatch.setattr(_files, "_TRIES", 3)
        with pytest.raises(OSError, match="was being replaced, each of the 3 times"):
            _files.read_whole(target, lambda folder: write(folder, "new"))

    @pytest.mark.parametrize("exists", [True, False])
    def test_errors_of_one_that_stays(self, tmp_path, exists):
        """A missing one is looked for some times, for it may be between two replacements."""
        reads, target = [], tmp_path / "model"
        if exists:
            target.mkdir()
        with pytest.raises(FileNotFoundError):
            _files.read_whole(target, lambda folder: reads.append(1) or read(folder))
        assert len(reads) == (1 if exists else _files._LOOKS)

    def test_one_put_aside_is_waited_for(self, tmp_path):
        target, aside = tmp_path / "model", tmp_path / f"{_files._WRITING}abc" / "old-000" / "model"
        write(target, "old")
        aside.parent.mkdir(parents=True)
        target.rename(aside)
        timer = threading.Timer(0.05, aside.rename, [target])
        timer.start()
        assert _files.read_whole(target, read) == {"old"}


@pytest.fixture
def operations(monkeypatch):
    """What is done to files in order: `("sync", inode)` and `("rename", new name)`."""
    done = []
    fsync, replace, exchange = os.fsync, os.replace, getattr(_files, "_exchange", None)

    def sync(descriptor):
        fsync(descriptor)
        done.append(("sync", os.fstat(descriptor).st_ino))

    def rename(source, target):
        replace(source, target)
        done.append(("rename", str(target)))

    def exchanged(a, b):
        was_possible = exchange(a, b)
        if was_possible:
            done.append(("rename", str(b)))
        return was_possible

    monkeypatch.setattr(os, "fsync", sync)
    monkeypatch.setattr(os, "replace", rename)
    monkeypatch.setattr(_files, "_exchange", exchanged, raising=False)
    return done


def assert_durable(operations, target):
    """Everything in `target` was on the disk before it got its name, and the name was after."""
    at = max(i for i, operation in enumerate(operations) if operation == ("rename", str(target)))
    for path in (target, *target.rglob("*")):
        assert ("sync", path.stat().st_ino) in operations[:at], path
    assert ("sync", target.parent.stat().st_ino) in operations[at:]


class TestPowerCuts:
    """What has a name is on the disk, whoever writes it."""

    WRITERS = {
        "model.keras": lambda path: points().save(path),
        "model.weights.h5": lambda path: points().save_weights(path),
        "saved_model": lambda path: points().export(path),
        "model.onnx": lambda path: points().export(path, format="onnx"),
        "model.tflite": lambda path: points().export(path, format="litert"),
        "config.json": lambda path: Run(path.parent).claim({"seed": 0}),
        "grid.png": lambda path: kg.data.save_grid(np.zeros((1, 8, 8, 1)), path),
        "paths.gif": lambda path: kg.data.save_paths(np.zeros((1, 2, 8, 8, 1)), path),
    }

    @pytest.mark.parametrize("name", WRITERS)
    def test_of_every_writer(self, tmp_path, operations, name):
        if name == "model.onnx":
            pytest.importorskip("tf2onnx", reason="tf2onnx cannot be installed")
        self.WRITERS[name](tmp_path / name)
        assert_durable(operations, tmp_path / name)

    def test_of_a_folder_that_replaces_another(self, tmp_path, system, operations):
        for text in ("old", "new"):
            operations.clear()
            write(tmp_path / "model", text)
            assert_durable(operations, tmp_path / "model")

    def test_of_new_folders(self, tmp_path, operations):
        with _files.replacing(tmp_path / "a" / "b" / "file") as temporary:
            temporary.touch()
        for folder in (tmp_path, tmp_path / "a", tmp_path / "a" / "b"):
            assert ("sync", folder.stat().st_ino) in operations

    def test_of_a_move(self, tmp_path, operations):
        source, target = tmp_path / "new", tmp_path / "file"
        source.write_text("new")
        target.write_text("old")
        _files.move(source, target)
        assert target.read_text() == "new"
        assert names(tmp_path) == ["file"]
        assert_durable(operations, target)

    def test_of_a_rotation(self, tmp_path, system, operations):
        new, current, previous = (tmp_path / name for name in ("new", "current", "previous"))
        for text in ("1", "2", "3"):
            new.write_text(text)
            operations.clear()
            _files.rotate(new, current, previous)
            assert_durable(operations, current)
        assert (current.read_text(), previous.read_text()) == ("3", "2")
        assert names(tmp_path) == ["current", "previous"]

    def fail(self, monkeypatch, of_folders, number):
        fsync = os.fsync

        def failing(descriptor):
            if os.path.isdir(f"/proc/self/fd/{descriptor}") == of_folders:
                raise OSError(number, os.strerror(number))
            fsync(descriptor)

        monkeypatch.setattr(os, "fsync", failing)

    @pytest.mark.parametrize("number", [errno.EIO, errno.EINVAL])
    def test_a_disk_that_fails_leaves_the_old_file(self, tmp_path, monkeypatch, number):
        write(tmp_path / "model", "old")
        self.fail(monkeypatch, False, number)
        with pytest.raises(OSError):
            write(tmp_path / "model", "new")
        assert read(tmp_path / "model") == {"old"}
        assert names(tmp_path) == ["model"]

    def test_file_systems_that_bring_no_folder_to_the_disk(self, tmp_path, monkeypatch):
        self.fail(monkeypatch, True, errno.EINVAL)
        write(tmp_path / "model", "new")
        assert read(tmp_path / "model") == {"new"}
        self.fail(monkeypatch, True, errno.EIO)
        with pytest.raises(OSError):
            write(tmp_path / "model", "newer")
