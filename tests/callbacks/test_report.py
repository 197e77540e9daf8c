"""Report: a page after every epoch, that a resumed training goes on with."""

import base64
import csv
import io
import shutil

import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

import keras_gans as kg
from keras_gans.callbacks import Checkpoint, Report, SampleGrid, TerminateOnNaN
from keras_gans.data import image_grid
from keras_gans.reports import page
from tests.callbacks.test_checkpoint import Stop
from tests.callbacks.test_pictures import (
    Interrupt,
    Never,
    X,
    assert_same_weights,
    conditional_gan,
    cycle_gan,
    fit,
    make_gan,
    names,
)
from tests.models import every_model
from tests.reports.test_page import Reader, assert_loads_nothing

pytestmark = pytest.mark.first_cases


@pytest.fixture
def path(tmp_path):
    return tmp_path / "report.html"


def status(path):
    reader = Reader(path.read_text(encoding="utf-8"))
    return next(text for text in reader.texts if " epoch " in text and "Started on" in text)


def epochs(path, name="d_loss"):
    return list(page.read(path).losses.by_name[name])


def pictures(path):
    """The pictures of a page by epoch."""
    found = {}
    for sample in page.read(path).samples:
        content = base64.b64decode(sample.picture.partition(",")[2])
        found[sample.epoch] = Image.open(io.BytesIO(content))
    return found


def test_is_a_page_of_all_that_was_logged_and_drawn(path):
    gan = make_gan()
    history = fit(gan, Report(path, num=3, seed=5), epochs=2, validation_data=X).history
    reader = assert_loads_nothing(path.read_text(encoding="utf-8"))
    assert status(path).startswith("Finished after epoch 2 of 2. Started on ")
    found = page.read(path)
    assert set(found.losses.by_name) == set(history)
    for name, values in history.items():
        np.testing.assert_allclose(list(found.losses.by_name[name].values()), values, rtol=1e-5)
    assert {"WGANGP", "generator", "discriminator", "Adam", "Environment"} < set(reader.texts)
    assert found.course.by_name["seconds per epoch"].keys() == {0, 1}
    assert {*pictures(path)} == {0, 1}
    np.testing.assert_array_equal(pictures(path)[1], image_grid(gan.sample(3, seed=5)))


@pytest.mark.slow
def test_training_goes_the_same_way_with_it(path):
    a, b = make_gan(), make_gan()
    fit(a, Report(path, num=3))
    fit(b)
    assert_same_weights(a, b)


def test_is_there_from_the_first_epoch_on(path):
    with pytest.raises(KeyboardInterrupt):
        fit(make_gan(), Report(path), Interrupt(0))
    assert status(path).startswith("Begun with epoch 1 of 2.")
    assert page.read(path).losses.by_name == {}
    with pytest.raises(KeyboardInterrupt):
        fit(make_gan(), Report(path), Interrupt(1))
    assert status(path).startswith("After epoch 1 of 2, about ")
    assert epochs(path) == [0]


def test_every_draws_and_measures_seldom_and_at_the_end(path):
    measured = []

    def measure(model):
        measured.append(model)
        return {"mean": model.sample(4, seed=0).mean(), "number": len(measured)}

    gan = make_gan()
    fit(gan, Report(path, num=1, every=2, metrics=measure), epochs=5)
    assert {*pictures(path)} == {1, 3, 4}
    assert page.read(path).metrics.by_name["number"] == {1: 1, 3: 2, 4: 3}
    assert measured == [gan] * 3
    assert "number" in Reader(path.read_text(encoding="utf-8")).texts
    assert epochs(path) == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("found", [3, {"a": [1, 2]}, None])
def test_metrics_that_are_no_numbers_are_refused(path, found):
    with pytest.raises(TypeError, match="`metrics` must return a dictionary of numbers"):
        fit(make_gan(), Report(path, metrics=lambda model: found))


def test_a_resumed_training_goes_on_with_it(path, tmp_path):
    for last in (2, 4):
        callbacks = [Report(path, num=1), Checkpoint(tmp_path / "run")]
        fit(make_gan(), *callbacks, epochs=last)
    assert epochs(path) == [0, 1, 2, 3]
    assert {*pictures(path)} == {0, 1, 2, 3}
    assert "Went on with epoch 3 on " in status(path)


@pytest.mark.slow
def test_an_epoch_that_is_made_again_is_there_once(path, tmp_path):
    """Stopped within the second epoch, which is gone on with, and ends."""
    gan = make_gan()
    fit(gan, Stop(3), Report(path, num=1), Checkpoint(tmp_path / "run"), epochs=3)
    assert epochs(path) == [0, 1]
    assert status(path).startswith("Stopped after epoch 2 of 3.")
    fit(make_gan(), Report(path, num=1), Checkpoint(tmp_path / "run"), epochs=3)
    assert epochs(path) == [0, 1, 2]
    assert status(path).startswith("Finished after epoch 3 of 3.")


@pytest.mark.slow
def test_a_new_training_begins_anew(path):
    fit(make_gan(), Report(path, num=1), epochs=3)
    fit(make_gan(), Report(path, num=1), epochs=1)
    assert epochs(path) == [0]
    assert len(page.read(path).starts) == 1


@pytest.mark.slow
def test_one_callback_serves_several_trainings(path):
    gan, report = make_gan(), Report(path, num=1)
    fit(gan, report, epochs=2)
    path.unlink()
    fit(gan, report, initial_epoch=2, epochs=3)
    assert epochs(path) == [0, 1, 2]
    assert "Went on" not in status(path)
    fit(make_gan(), report, epochs=1)
    assert epochs(path) == [0]


@pytest.mark.slow
def test_a_run_without_a_page_has_its_log_and_its_grids(path, tmp_path):
    """As one of an earlier version, that goes on."""
    run = tmp_path / "run"

    def callbacks():
        return SampleGrid(run / "samples", num=1), Report(
            path, samples=run / "samples", log=run / "log.csv"
        )

    fit(make_gan(), callbacks()[0], Checkpoint(run), epochs=3)
    fit(make_gan(), *callbacks(), Checkpoint(run), epochs=4)
    assert epochs(path) == [0, 1, 2, 3]
    with open(run / "log.csv") as file:
        logged = [float(row["d_loss"]) for row in csv.DictReader(file)]
    found = page.read(path).losses.by_name["d_loss"]
    np.testing.assert_allclose(list(found.values()), logged, rtol=1e-5)
    assert {*pictures(path)} == {0, 1, 2, 3}


def test_a_table_that_is_damaged_is_read_as_far_as_it_is_one(path, tmp_path):
    log = tmp_path / "log.csv"
    log.write_bytes(b"epoch,d_loss,only\n0,0.5,NA\n1,0.25\nx,3,3\n\xff\xff,,\n2,0.125,1\n")
    fit(make_gan(), Report(path, num=1, log=log), initial_epoch=3, epochs=4)
    found = page.read(path).losses.by_name
    assert epochs(path) == [0, 2, 3]
    assert (found["d_loss"][0], found["d_loss"][2]) == (0.5, 0.125)
    assert found["only"] == {2: 1.0}


def test_grids_of_a_folder_are_shown_instead_of_others(path, tmp_path):
    gan, folder = make_gan(), tmp_path / "samples"
    large = SampleGrid(folder, num=100, scale=20)
    fit(gan, large, Report(path, samples=folder, every=5), epochs=2)
    assert {*pictures(path)} == {0, 1}
    assert max(pictures(path)[1].size) == 720
    with Image.open(folder / "epoch_0002.png") as grid:
        assert max(grid.size) > 1600


def test_grids_that_are_damaged_or_missing_stop_no_training(path, tmp_path):
    folder = tmp_path / "samples"
    folder.mkdir()
    (folder / "epoch_0001.png").write_bytes(b"no picture")
    (folder / "epoch_x.png").touch()
    assert fit(make_gan(), Report(path, samples=folder)).epoch == [0, 1]
    assert pictures(path) == {}


@pytest.mark.slow
def test_translations_are_shown_from_a_folder(path, tmp_path):
    folder = tmp_path / "samples"
    callbacks = [SampleGrid(folder, images=(X, X)), Report(path, samples=folder)]
    cycle_gan().fit(X, X, batch_size=8, epochs=1, verbose=0, callbacks=callbacks)
    assert {*pictures(path)} == {0}


@pytest.mark.slow
def test_classes_have_columns(path):
    gan = conditional_gan(3)
    gan.fit(X, np.arange(24) % 3, batch_size=8, verbose=0, callbacks=[Report(path, num=6)])
    expected = gan.sample(6, labels=[0, 1, 2, 0, 1, 2], seed=0)
    np.testing.assert_array_equal(pictures(path)[0], image_grid(expected, columns=3))


@pytest.mark.slow
def test_texts_are_listed(path):
    gan = every_model.make("TextGAN")
    gan.compile()
    every_model.fit(gan, epochs=2, callbacks=[Report(path, num=2)])
    first, second = page.read(path).samples
    assert second.texts == tuple(gan.sample(2, seed=0).tolist())
    assert (first.epoch, len(first.texts)) == (0, 2)


#: With and without latents, labels, averages; of images, points, texts; of one network and four.
KINDS = ["ALAE", "ConditionalWGANGP", "CycleGAN", "GAN", "LAPGAN", "TextGAN"]


@pytest.mark.parametrize("name", every_model.tiers("GAN", KINDS))
def test_a_model_of_any_kind_has_one(name, path):
    model = every_model.make(name)
    model.compile()
    every_model.fit(model, callbacks=[Report(path, num=2)])
    assert_loads_nothing(path.read_text(encoding="utf-8"))
    assert set(page.read(path).losses.by_name) == set(model.loss_names)


def test_any_keras_model(path):
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    x = np.ones((4, 1), "float32")
    rate = keras.callbacks.LearningRateScheduler(lambda epoch: 0.1 / (epoch + 1))
    model.fit(x, x, epochs=3, verbose=0, callbacks=[rate, Report(path)])
    found = page.read(path)
    assert set(found.losses.by_name) == {"loss"}
    rates = found.course.by_name["learning rate of optimizer"]
    np.testing.assert_allclose(list(rates.values()), [0.1, 0.05, 0.1 / 3], rtol=1e-5)


def test_losses_that_are_not_finite_end_in_it(path):
    gan = make_gan()
    gan.generator.set_weights([np.full_like(w, np.nan) for w in gan.generator.get_weights()])
    fit(gan, TerminateOnNaN(), Report(path, num=1), epochs=5)
    assert status(path).startswith("Stopped after epoch 1 of 5.")
    texts = Reader(path.read_text(encoding="utf-8")).texts
    assert any("NaN or infinite" in text and "g_loss (epoch 1)" in text for text in texts)


def test_tells_what_it_was_told(path):
    _, info = kg.data.load("digits")
    told = {"dataset": info, "configuration": {"<b>rate": 0.5}, "title": "A <title>"}
    fit(make_gan(), Report(path, num=1, **told), epochs=1)
    texts = assert_loads_nothing(path.read_text(encoding="utf-8")).texts
    assert {"A <title>", "<b>rate", "0.5", "digits"} < set(texts)


def test_another_page_in_its_place_is_put_aside(path, tmp_path):
    path.write_text("<html>my thesis</html>")
    with pytest.warns(UserWarning, match=r"report\.other\.html now: .* is no report"):
        fit(make_gan(), Report(path, num=1), epochs=1)
    assert (tmp_path / "report.other.html").read_text() == "<html>my thesis</html>"
    assert epochs(path) == [0]


def test_a_page_that_cannot_be_written_stops_no_training(path):
    path.mkdir()
    (path / "kept").touch()
    with pytest.warns(UserWarning, match=r"report\.html cannot be kept, training goes on"):
        assert fit(make_gan(), Report(path, num=1)).epoch == [0, 1]
    shutil.rmtree(path)


def test_only_the_chief_writes(path, monkeypatch):
    monkeypatch.setattr("keras_gans._replicas.is_chief", lambda strategy: False)
    fit(make_gan(), Report(path, metrics=pytest.fail), epochs=1)
    assert names(path.parent) == []


@pytest.mark.slow
def test_replicas_are_named(path, two_replicas):
    with two_replicas.scope():
        gan = make_gan()
    fit(gan, Report(path, num=1), epochs=1)
    texts = Reader(path.read_text(encoding="utf-8")).texts
    assert f"2 ({type(two_replicas).__name__})" in texts
    assert tf.distribute.get_strategy() is not two_replicas


class TestRefused:
    @pytest.mark.parametrize(
        ("arguments", "error"),
        [
            ({"num": 0}, ValueError),
            ({"every": 1.5}, TypeError),
            ({"seed": -1}, ValueError),
            ({"samples": 3}, TypeError),
            ({"log": 3}, TypeError),
            ({"metrics": "fid"}, TypeError),
            ({"dataset": {"name": "mnist"}}, TypeError),
            ({"configuration": {"a": object()}}, TypeError),
            ({"title": 3}, TypeError),
            ({"filepath": "report"}, ValueError),
            ({"filepath": 3}, TypeError),
        ],
    )
    def test_bad_arguments_are_named(self, arguments, error):
        with pytest.raises(error, match=f"`{next(iter(arguments))}` must "):
            Report(**{"filepath": "report.html", **arguments})

    @pytest.mark.parametrize("labels", [[0, 1, 2], [3] * 8, ["cat"] * 8])
    def test_labels(self, path, labels):
        callbacks = [Report(path, num=8, labels=labels), Never()]
        with pytest.raises(ValueError, match="`labels` must be"):
            conditional_gan(3).fit(
                X, np.arange(24) % 3, batch_size=8, verbose=0, callbacks=callbacks
            )

    def test_labels_where_nothing_is_drawn(self, path):
        with pytest.raises(ValueError, match="`labels` must be None where no samples are drawn"):
            fit(make_gan(), Report(path, labels=[0], samples="samples"), Never())

    def test_more_samples_than_a_picture_holds(self, path):
        with pytest.raises(ValueError, match="`num` must be less"):
            fit(make_gan(), Report(path, num=10**6), Never())

    def test_a_folder_that_cannot_be(self, tmp_path):
        (tmp_path / "file").touch()
        with pytest.raises(OSError, match="file"):
            fit(make_gan(), Report(tmp_path / "file" / "report.html"), Never())
