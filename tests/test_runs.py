"""Runs that are killed, fed rubbish, or out of space lose nothing."""

import csv
import json
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import time
import warnings

import filelock
import keras
import numpy as np
import pytest

import keras_gans as kg
from keras_gans._progress import Progress
from keras_gans.callbacks import Checkpoint
from keras_gans.runs import Run, StopOnSignal
from tests.shared import assert_same_weights

pytestmark = pytest.mark.first_cases

X = np.random.default_rng(0).uniform(-1, 1, (24, 8, 8, 1)).astype("float32")


def make_gan():
    keras.utils.set_random_seed(0)
    gan = kg.models.WGANGP(
        kg.networks.dcgan_generator((8, 8, 1), 4, filters=2),
        kg.networks.dcgan_discriminator((8, 8, 1), filters=2, normalization=None),
        latent_dim=4,
        n_critic=1,
    )
    gan.compile()
    return gan


def fit(gan, *callbacks, **kwargs):
    return gan.fit(X, batch_size=8, shuffle=False, verbose=0, callbacks=list(callbacks), **kwargs)


class TestCheckpoints:
    def restored(self, run):
        """A model put back to the newest checkpoint of a run, and how far that had come."""
        gan = make_gan()
        return gan, run.restore(gan)

    def test_the_last_two_are_kept(self, tmp_path):
        run, gan = Run(tmp_path), make_gan()
        fit(gan, Checkpoint(tmp_path), epochs=3)
        assert {"model.keras", "model.previous.keras"} < {path.name for path in tmp_path.iterdir()}
        again, progress = self.restored(run)
        assert_same_weights(again, gan)
        assert (progress.epoch, progress.step, progress.steps) == (3, 0, 9)
        previous = make_gan()
        fit(previous, epochs=2)
        assert_same_weights(keras.models.load_model(run.previous), previous)

    def test_nothing_to_go_on_with(self, tmp_path):
        assert Run(tmp_path / "new").restore(make_gan()) is None

    @pytest.mark.parametrize("length", [0, 100, 5000])
    def test_a_truncated_one_is_replaced_by_the_previous_with_a_warning(self, tmp_path, length):
        run, gan = Run(tmp_path), make_gan()
        fit(gan, Checkpoint(tmp_path), epochs=2)
        with open(run.checkpoint, "r+b") as file:
            file.truncate(length)
        with pytest.warns(UserWarning, match=r"model\.keras cannot be read.*previous.*is used"):
            again, progress = self.restored(run)
        assert (progress.epoch, int(again.g_optimizer.iterations)) == (1, 3)
        assert run.previous.exists() and (tmp_path / "model.damaged.keras").exists()
        assert not run.checkpoint.exists()
        fit(again, Checkpoint(tmp_path), epochs=2)
        assert_same_weights(again, gan)

    def test_two_damaged_ones_are_an_error_not_a_new_run(self, tmp_path):
        run = Run(tmp_path)
        for path in (run.checkpoint, run.previous):
            path.write_bytes(b"PK")
        with (
            pytest.warns(UserWarning, match="cannot be read"),
            pytest.raises(ValueError, match="No checkpoint"),
        ):
            run.restore(make_gan())

    @pytest.mark.parametrize("size", [0, 1000, 20_000])
    def test_a_full_disk_leaves_the_last_one_whole(self, tmp_path, size):
        run, gan = Run(tmp_path), make_gan()
        fit(gan)
        run.save(gan, Progress(epoch=1))
        before = run.checkpoint.read_bytes()
        assert len(before) > size
        fit(gan)
        limits = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
        try:
            with pytest.raises(OSError):
                run.save(gan, Progress(epoch=2))
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        assert [path.name for path in tmp_path.iterdir()] == ["model.keras"]
        assert run.checkpoint.read_bytes() == before

    def test_weights_that_are_not_finite_are_not_saved(self, tmp_path):
        run, gan = Run(tmp_path), make_gan()
        fit(gan, Checkpoint(tmp_path))
        before = run.checkpoint.read_bytes()
        weights = gan.generator.get_weights()
        gan.generator.set_weights([np.full_like(w, np.inf) for w in weights])
        callback = Checkpoint(tmp_path)
        callback.set_model(gan)
        callback.follow(Progress(epoch=1), steps_per_epoch=3)
        callback.on_epoch_begin(1)
        callback.on_epoch_end(1)
        assert not run.previous.exists()
        assert run.checkpoint.read_bytes() == before

    def test_a_folder_that_is_no_longer_its_own_is_not_written_to(self, tmp_path):
        run, gan = Run(tmp_path / "run"), make_gan()
        run.claim({})
        run.save(gan, Progress())
        shutil.rmtree(run.folder)
        for new in (False, True):
            if new:
                run.folder.mkdir()
                (run.folder / ".lock").touch()
            with pytest.raises(RuntimeError, match="was removed or replaced"):
                run.save(gan, Progress())
        assert [path.name for path in run.folder.iterdir()] == [".lock"]


class TestLog:
    ROWS = "epoch,d_loss\n0,1.5\n1,2.5\n2,3.5\n"

    def test_later_epochs_are_cut(self, tmp_path):
        run = Run(tmp_path)
        run.log.write_text(self.ROWS)
        run.cut_log(2)
        with open(run.log, newline="") as file:
            assert [row["d_loss"] for row in csv.DictReader(file)] == ["1.5", "2.5"]

    def test_a_row_cut_short_is_dropped(self, tmp_path):
        run = Run(tmp_path)
        run.log.write_text(self.ROWS + "3")
        run.cut_log(9)
        with open(run.log, newline="") as file:
            assert [row["epoch"] for row in csv.DictReader(file)] == ["0", "1", "2"]

    @pytest.mark.parametrize("text", ["", "\r\n", "epo", "epoch,d_loss\n", "3,1.5\n4,2.5\n", ROWS])
    def test_a_log_without_a_whole_earlier_row_goes(self, tmp_path, text):
        run = Run(tmp_path)
        run.cut_log(0)
        run.log.write_text(text)
        run.cut_log(0)
        assert not run.log.exists()

    def test_columns_without_a_value_are_dropped(self, tmp_path):
        """Those that earlier versions made for a validation."""
        run = Run(tmp_path)
        run.log.write_text("epoch,d_loss,val_d_loss\n0,1.5,\n1,2.5,\n")
        run.cut_log(9)
        assert run.log.read_text().split() == ["epoch,d_loss", "0,1.5", "1,2.5"]

    @pytest.mark.parametrize(
        "row", [b"2,\xe2\x82", b"2," + b"9" * 200_000, b"2,1.5\x00", b"\xff\xfe,1"], ids=range(4)
    )
    def test_a_damaged_one_stops_no_run(self, tmp_path, row):
        """Torn in the middle of a character, longer than a field may be, with zeros in it."""
        run, gan = Run(tmp_path), make_gan()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            fit(gan, Checkpoint(tmp_path), epochs=2)
            with open(run.log, "ab") as file:
                file.write(row)
            assert fit(gan, Checkpoint(tmp_path), epochs=4).epoch == [2, 3]
            with open(run.log, newline="", encoding="utf-8") as file:
                epochs = [row["epoch"] for row in csv.DictReader(file)]
        assert epochs in (["0", "1", "2", "3"], ["2", "3"])

    def test_no_table_is_put_aside_with_a_warning(self, tmp_path):
        run = Run(tmp_path)
        run.log.write_bytes(b"epoch,d_loss\n0," + b"9" * 200_000 + b"\n")
        with pytest.warns(UserWarning, match=r"log\.csv is no table, and is .*log\.damaged\.csv"):
            run.cut_log(1)
        assert {path.name for path in tmp_path.iterdir()} == {"log.damaged.csv"}

    def test_one_that_cannot_be_written_stops_no_run(self, tmp_path):
        run, gan = Run(tmp_path), make_gan()
        run.log.mkdir()
        with pytest.warns(UserWarning, match=r"log\.csv cannot be kept, training goes on"):
            fit(gan, Checkpoint(tmp_path), epochs=2)
        again = make_gan()
        assert run.restore(again).epoch == 2

    def test_has_columns_for_what_is_measured_in_every_run(self, tmp_path):
        run, gan = Run(tmp_path), make_gan()
        fit(gan, Checkpoint(tmp_path), epochs=2)
        fit(gan, Checkpoint(tmp_path), epochs=3)
        with open(run.log, newline="") as file:
            rows = list(csv.DictReader(file))
        assert [row["epoch"] for row in rows] == ["0", "1", "2"]
        for row in rows:
            assert set(row) == {"epoch", *gan.loss_names}
            assert all(np.isfinite(float(value)) for value in row.values())


class TestClaims:
    def test_another_configuration_is_refused_with_what_differs(self, tmp_path):
        run = Run(tmp_path)
        run.claim({"seed": 0, "filters": 4})
        run.claim({"seed": 0, "filters": 4})
        with pytest.raises(ValueError, match=r"`folder`.*filters=4 \(now 8\)"):
            run.claim({"seed": 0, "filters": 8})

    def test_class_names_may_be_missing_from_an_older_run_but_not_differ(self, tmp_path):
        run = Run(tmp_path)
        run.claim({"seed": 0})
        run.claim({"seed": 0, "class_names": ["cat"]})
        run.configuration.write_text(json.dumps({"seed": 0, "class_names": ["dog"]}))
        with pytest.raises(ValueError, match=r"class_names=\['dog'\] \(now \['cat'\]\)"):
            run.claim({"seed": 0, "class_names": ["cat"]})

    def test_what_was_half_written_is_swept_away(self, tmp_path):
        run = Run(tmp_path)
        run.claim({"seed": 0})
        for folder in (tmp_path, tmp_path / "samples"):
            (folder / ".writing-abc").mkdir(parents=True)
            (folder / ".writing-abc" / "model.keras").write_bytes(b"half")
        with pytest.raises(ValueError, match="seed=0"):
            run.claim({"seed": 1})
        assert (tmp_path / ".writing-abc").exists()
        run.claim({"seed": 0})
        kept = {path.name for path in tmp_path.rglob("*")}
        assert kept - {".lock"} == {"config.json", "samples"}

    def test_a_folder_in_which_another_process_trains_is_refused(self, tmp_path):
        (tmp_path / ".writing-abc").mkdir()
        with filelock.FileLock(tmp_path / ".lock"):
            with pytest.raises(ValueError, match=r"`folder` must be .* one process at a time"):
                Run(tmp_path).claim({"seed": 0})
        assert {path.name for path in tmp_path.iterdir()} - {".lock"} == {".writing-abc"}
        Run(tmp_path).claim({"seed": 0})

    def test_a_folder_that_this_process_has_removed_is_claimed_anew(self, tmp_path):
        run = Run(tmp_path / "run")
        for seed in (0, 1):
            run.claim({"seed": seed})
            run.check_held()
            lock = filelock.FileLock(run.folder / ".lock", timeout=0)
            with pytest.raises(filelock.Timeout):
                lock.acquire()
            shutil.rmtree(run.folder)

    def test_a_model_of_unknown_origin_is_refused(self, tmp_path):
        run = Run(tmp_path)
        for path in (run.previous, run.checkpoint):
            path.write_bytes(b"a model")
            with pytest.raises(ValueError, match=f"`folder`.*holds {path.name} without a config"):
                run.claim({"seed": 0})
        assert run.checkpoint.read_bytes() == b"a model"
        assert not run.configuration.exists()

    @pytest.mark.parametrize("text", ["", "{", "[1]", "\x00", "[" * 100_000])
    def test_rubbish_is_refused(self, tmp_path, text):
        run = Run(tmp_path)
        run.configuration.write_text(text)
        with pytest.raises(ValueError, match="`folder` must be a new folder, or hold a run"):
            run.claim({"seed": 0})
        assert run.configuration.read_text() == text


class SendSignal(keras.callbacks.Callback):
    def __init__(self, number, step):
        super().__init__()
        self.number = number
        self.step = step

    def on_train_batch_begin(self, batch, logs=None):
        if batch == self.step:
            os.kill(os.getpid(), self.number)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_training_after_the_step(tmp_path, number):
    before = signal.getsignal(number)
    gan = make_gan()
    with StopOnSignal() as stop:
        fit(gan, stop, SendSignal(number, step=1), Checkpoint(tmp_path), epochs=5)
    assert stop.received is number
    again = make_gan()
    progress = Run(tmp_path).restore(again)
    assert (progress.epoch, progress.step, int(again.g_optimizer.iterations)) == (0, 2, 2)
    assert signal.getsignal(number) is before


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_after_training_ends_nothing_and_the_second_is_obeyed(number):
    signals = []
    before = signal.signal(number, lambda number, frame: signals.append(number))
    try:
        with StopOnSignal() as stop:
            fit(make_gan(), stop)
            os.kill(os.getpid(), number)
            assert (stop.received, signals) == (number, [])
            os.kill(os.getpid(), number)
            assert signals == [number]
    finally:
        signal.signal(number, before)


def test_a_signal_that_is_ignored_stays_so():
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with StopOnSignal() as stop:
            fit(make_gan(), stop, SendSignal(signal.SIGINT, step=1))
            assert stop.received is None
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)


ARGUMENTS = [
    *("train", "wgan_gp", "--deterministic", "--epochs", "4", "--steps-per-epoch", "15"),
    *("--filters", "2", "--batch-size", "8", "--latent-dim", "4"),
]


def start(repository, folder):
    """Start a training in a process of its own."""
    path = os.pathsep.join([str(repository), *sys.path])
    return subprocess.Popen(
        [sys.executable, "-m", "keras_gans", *ARGUMENTS, "--output", str(folder)],
        cwd=folder.parent,
        env={**os.environ, "PYTHONPATH": path},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def finish(repository, folder):
    process = start(repository, folder)
    out, _ = process.communicate(timeout=300)
    assert process.returncode == 0, out
    return out


def age(path):
    return path.stat().st_mtime_ns if path.exists() else None


def wait_for_a_new(path, process):
    """Wait until a training has written a file, anew."""
    before, deadline = age(path), time.monotonic() + 240
    while age(path) == before and process.poll() is None:
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.slow
def test_killed_and_stopped_runs_end_with_the_weights_of_one_that_never_was(repository, tmp_path):
    finish(repository, tmp_path / "whole")
    broken = tmp_path / "broken"
    process = start(repository, broken)
    wait_for_a_new(broken / "model.keras", process)
    time.sleep(0.5 * random.Random(0).random())
    process.kill()
    process.wait(timeout=60)
    process = start(repository, broken)
    wait_for_a_new(broken / "model.keras", process)
    process.terminate()
    out, _ = process.communicate(timeout=240)
    if process.returncode:  # training had not ended by itself
        assert process.returncode == 128 + signal.SIGTERM, out
        assert "SIGTERM: stopped after step" in out
        assert kg.load(broken / "saved_model").sample(1).shape == (1, 8, 8, 1)
    finish(repository, broken)
    a, b = (
        keras.models.load_model(tmp_path / name / "model.keras") for name in ("whole", "broken")
    )
    assert int(a.g_optimizer.iterations) == 60
    assert_same_weights(a, b)
    for u, v in zip(a.d_optimizer.variables, b.d_optimizer.variables, strict=True):
        np.testing.assert_array_equal(u, v)
    with open(broken / "log.csv", newline="") as file:
        assert [row["epoch"] for row in csv.DictReader(file)] == ["0", "1", "2", "3"]
    assert json.loads((broken / "config.json").read_text())["deterministic"]
