"""The command line: its options, its messages, its commands."""

import argparse
import csv
import dataclasses
import inspect
import json
import os
import re
import signal
import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

import keras_gans as kg
from keras_gans import __main__, cards, commands, latents, presets, saved_model
from keras_gans.__main__ import main, parse
from keras_gans._server import Server
from keras_gans.commands import evaluation, in_options
from keras_gans.commands.dataset import load
from keras_gans.commands.evaluation import EXTRACTORS, extractor_for
from keras_gans.commands.trained import trained
from keras_gans.commands.training import (
    build,
    check_folders,
    configuration,
    preset_of,
    trainable,
    with_defaults,
)
from keras_gans.reports import page
from keras_gans.runs import Run
from tests.models import every_model

SMALL = ["--filters", "4", "--steps-per-epoch", "2", "--batch-size", "8", "--latent-dim", "4"]


def options_and_preset(*arguments):
    options = parse(arguments)
    preset = preset_of(options)
    return with_defaults(options, preset), preset


def train(folder, epochs, *extra):
    main(["train", "wgan_gp", "--epochs", str(epochs), "--output", str(folder), *SMALL, *extra])


def test_trains_from_the_command_line_and_resumes(tmp_path, capsys):
    run = tmp_path / "run"
    train(run, 1)
    assert {p.name for p in run.iterdir()} - {".lock"} == {
        "config.json",
        "log.csv",
        "model.keras",
        "report.html",
        "samples",
        "saved_model",
        "time.json",
    }
    assert kg.load(run / "saved_model").sample(3).shape == (3, 8, 8, 1)
    train(run, 3)
    out = capsys.readouterr().out
    assert "Training wgan_gp" in out
    assert "resumed after epoch 1." in out
    assert f"How training went is in {run / 'report.html'}" in out
    report = page.read(run / "report.html")
    assert {*report.losses.by_name["g_loss"]} == {s.epoch for s in report.samples} == {0, 1, 2}
    with open(run / "log.csv") as file:
        rows = list(csv.DictReader(file))
    assert [row["epoch"] for row in rows] == ["0", "1", "2"]
    assert set(rows[0]) == {"epoch", *kg.models.WGANGP.loss_names}  # no validation
    pictures = sorted(p.name for p in (run / "samples").glob("*.png"))
    assert pictures == [f"epoch_{i:04d}.png" for i in (1, 2, 3)]
    model = keras.models.load_model(run / "model.keras")
    assert int(model.g_optimizer.iterations) == 6
    train(run, 3)
    assert "trained for 3 epochs already" in capsys.readouterr().out


@pytest.mark.slow
def test_metrics_that_are_asked_for_are_in_the_report(tmp_path, capsys):
    measured = ["--metrics", "fid", "--metrics-num", "50", "--extractor", "pixels"]
    train(tmp_path, 1)
    train(tmp_path, 3, *measured, "--metrics-every", "2")
    assert "50/50" in capsys.readouterr().out
    found = page.read(tmp_path / "report.html").metrics.by_name["frechet_distance"]
    assert list(found) == [1, 2]
    saved = keras.models.load_model(tmp_path / "model.keras")
    real, _ = kg.data.load("digits", "test", batch_size=1, shuffle=False)
    result = kg.metrics.evaluate(
        saved.sample, real, ["fid"], 50, evaluation.pixels, seed=0, verbose=0
    )
    np.testing.assert_allclose(found[2], result["results"]["frechet_distance"], rtol=1e-5)


@pytest.mark.slow
def test_metrics_that_cannot_be_measured_are_refused_before_training(tmp_path):
    with pytest.raises(SystemExit, match=r"28.*Received"):
        train(tmp_path / "run", 1, "--metrics", "fid", "--extractor", "mnist")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.slow
def test_a_signal_after_the_last_step_stops_nothing(number, tmp_path, capsys, monkeypatch):
    """While the last epoch ends, and in a run that was finished before."""

    def send(callback, logs=None):
        os.kill(os.getpid(), number)

    monkeypatch.setattr(kg.callbacks.SampleGrid, "on_train_end", send)
    train(tmp_path / "run", 1)
    train(tmp_path / "run", 1)
    assert "Run again" not in capsys.readouterr().out
    assert kg.load(tmp_path / "run" / "saved_model").sample(1).shape == (1, 8, 8, 1)


@pytest.mark.slow
def test_epochs_of_any_length_are_counted_right(tmp_path, capsys):
    arguments = ["train", "gan", "--output", str(tmp_path / "run"), *SMALL]
    arguments += ["--steps-per-epoch", "11"]
    main([*arguments, "--epochs", "1"])
    main([*arguments, "--epochs", "2"])
    assert "resumed after epoch 1." in capsys.readouterr().out
    model = keras.models.load_model(tmp_path / "run" / "model.keras")
    assert int(model.g_optimizer.iterations) == 22


@pytest.mark.slow
def test_another_number_of_images_is_refused(tmp_path):
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    for i in range(9):
        Image.new("RGB", (8, 8), (20 * i, 0, 0)).save(pictures / f"{i}.png")
    arguments = ["train", "gan", "--output", str(tmp_path / "run"), *SMALL]
    arguments += ["--dataset", str(pictures), "--image-size", "8"]
    main([*arguments, "--epochs", "1"])
    (pictures / "0.png").unlink()
    with pytest.raises(SystemExit, match=r"`--output`.*num_examples=9 \(now 8\)"):
        main([*arguments, "--epochs", "2"])


@pytest.mark.slow
def test_another_configuration_is_refused(tmp_path):
    train(tmp_path, 1)
    before = (tmp_path / "model.keras").read_bytes()
    with pytest.raises(SystemExit, match=r"`--output`.*--seed 0 \(now 1\)"):
        train(tmp_path, 2, "--seed", "1")
    assert (tmp_path / "model.keras").read_bytes() == before


def test_nothing_is_written_for_a_bad_option(tmp_path):
    with pytest.raises(SystemExit, match=r"`--batch-size` must be .* Received: --batch-size 5000"):
        train(tmp_path / "run", 1, "--batch-size", "5000")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("name", every_model.tiers("conditional_gan", trainable()))
def test_every_model_of_images_is_built(name):
    options, preset = options_and_preset("train", name, "--output", "unused", *SMALL)
    _, info = kg.data.load("digits")
    model = build(preset, info, options)
    labels = [3, 7] if model.conditional else None
    assert model.sample(2, labels=labels).shape == (2, 8, 8, 1)


@pytest.mark.slow
def test_a_model_without_averages_trains(tmp_path):
    main(["train", "vae", "--epochs", "1", "--output", str(tmp_path / "run"), *SMALL])
    assert "ema_decay" not in json.loads((tmp_path / "run" / "config.json").read_text())
    assert kg.load(tmp_path / "run" / "saved_model").sample(3).shape == (3, 8, 8, 1)


def test_runs_of_earlier_versions_have_the_same_configuration():
    options, _ = options_and_preset(
        *("train", "wgan_gp", "--output", "unused", "--image-size", "16")
    )
    _, info = kg.data.load("digits", image_size=16)
    assert configuration(options, info) == {
        "model": "wgan_gp",
        "dataset": "digits",
        "steps_per_epoch": 200,
        "batch_size": 64,
        "image_size": 16,
        "channels": None,
        "latent_dim": 64,
        "filters": 64,
        "ema_decay": 0.998,
        "seed": 0,
        "deterministic": False,
        "num_examples": 1500,
        "class_names": [str(digit) for digit in range(10)],
    }


@pytest.fixture
def exported(tmp_path):
    gan = kg.models.WGANGP(
        kg.networks.dcgan_generator((8, 8, 1), 4, filters=4),
        kg.networks.dcgan_discriminator((8, 8, 1), filters=4, normalization=None),
        latent_dim=4,
    )
    gan.export(tmp_path / "saved_model")
    return str(tmp_path / "saved_model")


def test_samples_into_a_picture(exported, tmp_path):
    picture = tmp_path / "pictures" / "grid.png"
    arguments = ["sample", exported, "--num", "9", "--output", str(picture)]
    main([*arguments, "--seed", "3"])
    with Image.open(picture) as image:
        assert image.size == (3 * (32 + 2) + 2,) * 2
        first = np.asarray(image)
    main([*arguments, "--seed", "3"])
    np.testing.assert_array_equal(np.asarray(Image.open(picture)), first)


def test_interpolates_into_a_picture_and_an_animation(exported, tmp_path, capsys):
    output = tmp_path / "paths.png"
    options = ["--num", "2", "--steps", "3", "--kind", "linear", "--output", str(output)]
    main(["interpolate", exported, *options])
    assert str(output) in capsys.readouterr().out
    paths = latents.paths(2, kg.load(exported).latent_dim, 3, "linear", seed=0)
    images = kg.load(exported).generate(paths.reshape(6, -1))
    with Image.open(output) as picture:
        np.testing.assert_array_equal(picture, kg.data.image_grid(images, columns=3))
    assert output.with_suffix(".gif").exists()


def test_evaluates_and_prints_the_protocol(exported, capsys):
    options = "--dataset digits --extractor pixels --num 200 --metrics fid,prdc"
    main(["evaluate", exported, *options.split()])
    out = capsys.readouterr().out
    for line in (r"frechet_distance +\d", r"coverage +\d", "real +200", "generated +200"):
        assert re.search(line, out), line
    assert re.search("split +digits, test", out)
    assert re.search("extractor +pixels", out)


def test_evaluating_against_other_images_is_refused(exported, tmp_path):
    folder = tmp_path / "pictures"
    folder.mkdir()
    kg.data.save_grid(np.zeros((1, 4, 4, 3)), folder / "black.png")
    with pytest.raises(SystemExit, match=r"`--dataset`.*\(8, 8, 1\).*\(16, 16, 1\)"):
        main(["evaluate", exported, "--dataset", str(folder), "--image-size", "16"])


def test_list_names_what_there_is_to_train(capsys):
    main(["list"])
    out = capsys.readouterr().out
    assert {"gan", "wgan_gp", "conditional_wgan_gp", "alae", "vae"} <= set(trainable())
    assert not {"cycle_gan", "semi_supervised_gan", "text_gan"} & set(trainable())
    assert all(name in out for name in [*trainable(), "digits"])


class TestPresets:
    """`train --preset`: a recipe, with any of its numbers changed, on its data or on others."""

    def options(self, *extra):
        return options_and_preset("train", "--preset", "wgan_gp_digits", "--output", "x", *extra)

    def built(self, *extra, source="digits", **kwargs):
        options, preset = self.options(*extra)
        return build(preset, kg.data.load(source, **kwargs)[1], options)

    def test_gives_all_that_the_options_do_not(self):
        options, preset = self.options("--batch-size", "8")
        given = options.dataset, options.epochs, options.steps_per_epoch, options.batch_size
        assert given == ("digits", preset.epochs, preset.steps_per_epoch, 8)

    def test_any_argument_objective_technique_and_rate(self):
        gan = self.built(
            *("--set", "n_critic=2", "--set", "one_sided=True", "--filters", "4"),
            *("--technique", "InstanceNoise(stddev=0.3)", "--technique", "HistoricalAveraging"),
            *("--learning-rate", "1e-3", "--learning-rate", "d_optimizer=2e-3"),
        )
        assert (gan.n_critic, gan.one_sided) == (2, True)
        kinds = [type(technique) for technique in gan.techniques]
        assert kinds == [kg.techniques.InstanceNoise, kg.techniques.HistoricalAveraging]
        assert float(gan.techniques[0].stddev) == pytest.approx(0.3)
        assert gan.g_optimizer._learning_rate.learning_rate == 1e-3
        assert gan.d_optimizer._learning_rate.learning_rate == 2e-3

    def test_a_models_constant_rate_is_set(self):
        options, preset = options_and_preset(
            *("train", "gan", "--output", "x", *SMALL),
            *("--learning-rate", "3e-3", "--objective", "hinge"),
        )
        gan = build(preset, kg.data.load("digits")[1], options)
        assert float(gan.g_optimizer.learning_rate) == pytest.approx(3e-3)
        assert gan.objective.name == "hinge"

    def test_other_images_of_any_size(self):
        images = np.zeros((4, 12, 10, 3), "uint8")
        gan = self.built("--filters", "4", source=images, batch_size=2)
        assert gan.sample(2).shape == (2, 12, 10, 3)

    @pytest.mark.parametrize(
        ("extra", "message"),
        [
            (["--set", "n_critics=2"], "n_critics"),
            (["--technique", "Noise"], "`--technique` must be one of .*InstanceNoise"),
            (["--learning-rate", "optimizer=1e-3"], "`--learning-rate` must be one of .*d_opt"),
            (["--objective", "hinges"], "`--objective`|objective"),
        ],
    )
    def test_what_there_is_not_is_refused(self, extra, message, tmp_path):
        arguments = ["train", "--preset", "wgan_gp_digits", "--output", str(tmp_path / "run")]
        with pytest.raises(SystemExit, match=message):
            main([*arguments, *extra])
        assert not (tmp_path / "run").exists()

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ([], "either MODEL or --preset"),
            (["gan", "--preset", "wgan_gp_digits"], "either MODEL or --preset"),
            (["gan", "--set", "n_critic"], "must be like n_critic=3"),
            (["gan", "--technique", "R1(x)"], "must be like R1"),
            (["gan", "--learning-rate", "-1"], "must be like 1e-4"),
        ],
    )
    def test_malformed_options_are_refused(self, arguments, message, capsys):
        with pytest.raises(SystemExit):
            parse(["train", "--output", "x", *arguments])
        assert message in capsys.readouterr().err

    def test_a_wrong_name_is_refused(self, tmp_path):
        with pytest.raises(SystemExit, match=r"`--preset` must be one of .*wgan_gp_digits"):
            main(["train", "--preset", "wgan", "--output", str(tmp_path / "run")])

    @pytest.mark.slow
    def test_ends_in_a_preset_with_a_card(self, tmp_path, capsys):
        small = ["--filters", "4", "--epochs", "1", "--steps-per-epoch", "2"]
        arguments = ["train", "--preset", "wgan_gp_digits", *small, "--output"]
        main([*arguments, str(tmp_path / "run")])
        folder = tmp_path / "run" / "saved_model"
        assert {"samples.png", "nearest.png", "README.md"} <= {p.name for p in folder.iterdir()}
        facts = cards.read(folder)
        assert facts["training"]["steps"] == 2
        assert facts["training"]["command"].endswith(str(tmp_path / "run"))
        check = facts["quality"]["check"]
        again = presets.get("wgan_gp_digits").measure(kg.load(folder), only_check=True)
        measured, stated = again["results"][check], facts["quality"]["results"][check]
        assert measured == pytest.approx(stated, rel=facts["quality"]["tolerance"])
        gan = kg.models.from_preset(folder)
        assert gan.generator.count_params() == facts["parameters"]["generator"]
        main(["sample", str(tmp_path / "run"), "--output", str(tmp_path / "grid.png")])

    @pytest.mark.slow
    def test_what_comes_before_a_training_comes_once(self, tmp_path, monkeypatch):
        calls = []

        def prepare(preset, model, batches, callbacks):
            calls.append((model.compiled, next(iter(batches)).shape))

        monkeypatch.setattr(presets.ImagePreset, "prepare", prepare)
        arguments = ["train", "--preset", "wgan_gp_digits", "--filters", "4"]
        arguments += ["--steps-per-epoch", "2", "--output", str(tmp_path / "run")]
        for epochs in ("1", "2"):
            main([*arguments, "--epochs", epochs])
        assert calls == [(True, (presets.get("wgan_gp_digits").batch_size, 8, 8, 1))]

    @pytest.mark.slow
    def test_a_stop_before_the_first_step_keeps_nothing_half_prepared(self, tmp_path, monkeypatch):
        arguments = ["train", "--preset", "wgan_gp_digits", "--filters", "4", "--epochs", "1"]
        arguments += ["--steps-per-epoch", "2", "--output", str(tmp_path / "run")]
        with monkeypatch.context() as patched, pytest.raises(SystemExit) as ended:
            patched.setattr(
                presets.ImagePreset,
                "prepare",
                lambda *arguments: os.kill(os.getpid(), signal.SIGTERM),
            )
            main(arguments)
        assert ended.value.code == 128 + signal.SIGTERM
        assert not (tmp_path / "run" / "model.keras").exists()
        main(arguments)
        assert (tmp_path / "run" / "model.keras").exists()

    @pytest.mark.slow
    def test_own_pictures_of_mixed_sizes_in_color(self, tmp_path):
        pictures = pictures_of_mixed_sizes(tmp_path / "pictures")
        train_on_pictures("wgan_gp_digits", pictures, tmp_path / "run")
        folder = tmp_path / "run" / "saved_model"
        assert kg.load(folder).sample(2).shape == (2, 16, 16, 3)
        facts = cards.read(folder)
        assert "quality" not in facts
        assert "data" not in facts
        assert facts["title"] == "WGANGP, pictures, by the recipe of wgan_gp_digits"
        assert "summary" not in facts
        assert (folder / "nearest.png").exists()

    @pytest.mark.slow
    @pytest.mark.parametrize("name", ["lapgan_mnist", "r3gan_mnist", "stylegan2_mnist"])
    @pytest.mark.parametrize("classes", [(), ("cats", "dogs")])
    def test_pictures_with_and_without_classes(self, name, classes, tmp_path):
        for kind in classes or ("",):
            pictures_of_mixed_sizes(tmp_path / "pictures" / kind)
        train_on_pictures(name, tmp_path / "pictures", tmp_path / "run")
        generator = kg.load(tmp_path / "run" / "saved_model")
        assert generator.sample(2, labels=[0, 1] if classes else None).shape == (2, 16, 16, 3)
        assert generator.class_names == (classes or None)

    def test_a_recipe_for_classes_and_pictures_without(self, tmp_path):
        pictures = pictures_of_mixed_sizes(tmp_path / "pictures")
        with pytest.raises(SystemExit, match=r"`--dataset` must have classes.*'pictures', which"):
            train_on_pictures("biggan_mnist", pictures, tmp_path / "run")
        assert not (tmp_path / "run").exists()

    @pytest.mark.slow
    def test_half_precision_ends_in_float32(self, tmp_path):
        small = ["--filters", "4", "--epochs", "1", "--steps-per-epoch", "2"]
        arguments = ["--preset", "wgan_gp_digits", "--precision", "mixed_bfloat16", *small]
        main(["train", *arguments, "--output", str(tmp_path / "run")])
        config = keras.models.load_model(tmp_path / "run" / "saved_model" / "model.keras")
        assert {layer.compute_dtype for layer in config.generator.layers} == {"float32"}
        trained = keras.models.load_model(tmp_path / "run" / "model.keras")
        assert "bfloat16" in {layer.compute_dtype for layer in trained.generator.layers}


def pictures_of_mixed_sizes(folder):
    """Random ones in color."""
    folder.mkdir(parents=True)
    random = np.random.default_rng(0)
    for i, size in enumerate([(20, 30), (40, 16), (17, 17), (64, 32)] * 3):
        pixels = random.integers(0, 256, (*size, 3), "uint8")
        Image.fromarray(pixels).save(folder / f"{i}.png")
    return folder


def train_on_pictures(preset, pictures, output):
    main(
        [
            *("train", "--preset", preset, "--output", str(output)),
            *("--dataset", str(pictures), "--image-size", "16", "--batch-size", "4"),
            *("--filters", "4", "--epochs", "1", "--steps-per-epoch", "2"),
        ]
    )


def test_draws_what_texts_say(tmp_path, capsys):
    gan = every_model.make("StackGAN")
    gan.export(tmp_path / "model")
    picture = tmp_path / "grid.png"
    command = ["sample", str(tmp_path / "model"), "--num", "4", "--output", str(picture)]
    main([*command, "--labels", "a red circle,a blue square"])
    height, width, _ = gan.example_shape
    with Image.open(picture) as grid:
        sides = [(side - 2) // 2 - 2 for side in grid.size]  # two columns, of scaled images
    assert sides[0] % width == 0 and sides[1] % height == 0
    main(["interpolate", *command[1:4], "--output", str(picture), "--labels", "a red circle"])
    with pytest.raises(SystemExit, match=r"`--labels` must say what to draw"):
        main(command)


@pytest.mark.slow
@pytest.mark.mnist
def test_evaluates_what_draws_no_latents_as_its_card_is(capsys):
    main(["evaluate", "cyclegan_mnist_outlines"])
    assert re.search(r"read_right_in_a +\d", capsys.readouterr().out)


def test_what_is_measured_as_its_card_is_takes_no_choice_of_metrics():
    with pytest.raises(SystemExit, match=r"`--metrics` must be left out .* \['fid'\]"):
        main(["evaluate", "cyclegan_mnist_outlines", "--metrics", "fid"])


def test_evaluates_a_trained_model_by_name(capsys):
    options = "--extractor pixels --num 200 --metrics fid"
    main(["evaluate", "wgan_gp_digits", *options.split()])
    assert re.search(r"frechet_distance +\d", capsys.readouterr().out)


@pytest.mark.slow
def test_config_is_readable(tmp_path):
    train(tmp_path, 1)
    config = json.loads((tmp_path / "config.json").read_text())
    assert config["model"] == "wgan_gp"
    assert config["steps_per_epoch"] == 2


class TestOptions:
    """What is wrong with options is said before anything heavy is imported."""

    @pytest.fixture
    def command(self, tmp_path, repository):
        """Start `python -m keras_gans` where the first import of Keras never ends."""
        (tmp_path / "keras.py").write_text(
            "import time\nprint('importing Keras', flush=True)\ntime.sleep(600)"
        )
        for name in ("numpy", "tensorflow"):
            (tmp_path / f"{name}.py").write_text("raise SystemExit('imported')")
        path = os.pathsep.join([str(tmp_path), str(repository)])

        def start(*arguments):
            return subprocess.Popen(
                [sys.executable, "-m", "keras_gans", *arguments],
                env={**os.environ, "PYTHONPATH": path},
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )

        return start

    @pytest.mark.parametrize("name", [None, *commands.COMMANDS])
    def test_help(self, name, command):
        process = command(*filter(None, [name]), "--help")
        out, err = process.communicate(timeout=60)
        assert (process.returncode, err) == (0, "")
        assert "usage: python -m keras_gans" in out

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ("", "required: COMMAND"),
            ("train --output run", "either MODEL or --preset"),
            ("train gan", "required: --output"),
            ("train gan --output run --epochs 0", "--epochs: must be an integer from 1"),
            ("train gan --output run --ema-decay 2", r"--ema-decay: must be a number in \[0, 1\)"),
            ("train gan --output run --filters 2147483648", "--filters: must be an integer"),
            ("sample run --num many", "--num: must be an integer from 1"),
            ("sample run --seed -1", "--seed: expected one argument|--seed: must be an integer"),
            ("sample run --labels 1,,2", "--labels: must be names or numbers"),
            ("interpolate run --steps 1", "--steps: must be an integer from 2"),
            ("evaluate run --dataset digits --metrics nope", "--metrics: must be of fid, kid"),
            ("evaluate run --dataset digits --extractor pixels", "--metrics must leave out is"),
            ("train gan --output a --metrics is --extractor pixels", "--metrics must leave out is"),
            (
                "train gan --output a --metrics sharpness",
                "--metrics: must be of fid, kid, is, prdc",
            ),
            ("evaluate run --dataset=", "--dataset: must not be empty"),
        ],
    )
    def test_bad_ones(self, arguments, message, command):
        process = command(*arguments.split())
        _, err = process.communicate(timeout=60)
        assert process.returncode == 2
        assert re.search(message, err.splitlines()[-1])

    def test_an_interrupt_while_tensorflow_is_imported_is_silent(self, command):
        process = command("list")
        assert process.stdout.readline() == "importing Keras\n"
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
        assert (process.returncode, err) == (-signal.SIGINT, "")

    def test_names_are_those_of_the_commands(self):
        assert __main__.EXTRACTORS == tuple(evaluation.EXTRACTORS)
        assert inspect.signature(kg.metrics.evaluate).parameters["metrics"].default == (
            __main__.METRICS
        )

    def test_names_may_hold_commas_and_paths_a_tilde(self, monkeypatch):
        monkeypatch.setenv("HOME", "/home/me")
        options = parse(["sample", "~/run", "--labels", 'cat, "dog, small"', "--output=~/a.png"])
        assert options.labels == ["cat", "dog, small"]
        assert (options.run, options.output) == ("/home/me/run", "/home/me/a.png")

    @pytest.mark.parametrize(
        ("message", "expected"),
        [
            ("`image_size` must be given. Received: image_size=None", "no --image-size"),
            (
                "`batch_size` must be less. Received: batch_size=5",
                "`--batch-size` .*--batch-size 5",
            ),
            ("on_error='skip' leaves out others", "^--on-error skip leaves out others$"),
            ("`source` must exist", "^`--dataset` must exist$"),
            ("`model` must be one", "^`MODEL` must be one$"),
            ("`filepath` must end in .png", "^`--output` must"),
            ("`nothing` of that=1", "^`nothing` of that=1$"),
        ],
    )
    def test_messages_speak_of_them(self, message, expected):
        options = parse(["train", "gan", "--output", "run"])
        assert re.search(expected, in_options(message, options))


class TestErrors:
    """What can go wrong ends in one line, without a traceback."""

    @pytest.mark.parametrize("name", ["nope", "text_gan", "generative_model", "WGANGP"])
    def test_a_model_that_cannot_be_trained(self, name, tmp_path):
        with pytest.raises(SystemExit, match=r"^Error: `MODEL` must be one of .*'gan'") as error:
            main(["train", name, "--output", str(tmp_path / "run")])
        assert name in str(error.value).partition("Received")[2]
        assert not (tmp_path / "run").exists()

    def test_an_option_that_the_model_does_not_take(self, tmp_path):
        arguments = ["train", "vae", "--ema-decay", "0.5", "--output", str(tmp_path / "run")]
        with pytest.raises(
            SystemExit, match=r"^Error: `--ema-decay` must be left out: vae has none.*0.5"
        ):
            main(arguments)
        assert not (tmp_path / "run").exists()

    @pytest.mark.parametrize(
        ("error", "message"),
        [
            (RuntimeError("no network"), "^Error: no network$"),
            (OSError(28, "No space left on device"), "No space left on device"),
            (MemoryError(), "^Error: MemoryError"),
            (ImportError("no such package"), "no such package"),
            (NotImplementedError(), "NotImplementedError"),
            (RecursionError(), "^Error: RecursionError: something is nested too deeply"),
            (RuntimeError("a\n  b\n"), "^Error: a b$"),
            (UnicodeDecodeError("utf-8", b"\xe9", 0, 1, "invalid"), "^Error: 'utf-8' codec can't"),
            (json.JSONDecodeError("Expecting value", "", 0), "^Error: Expecting value"),
            (tf.errors.ResourceExhaustedError(None, None, "OOM"), "ResourceExhaustedError: .*OOM"),
            (tf.errors.UnavailableError(None, None, "no server"), "UnavailableError: .*no server"),
        ],
    )
    def test_of_foreseen_kinds(self, error, message, monkeypatch):
        def fail(options):
            raise error

        monkeypatch.setitem(commands.COMMANDS, "list", fail)
        with pytest.raises(SystemExit, match=message):
            main(["list"])

    def test_an_interrupt(self, monkeypatch, capsys):
        def interrupt(options):
            os.kill(os.getpid(), signal.SIGINT)

        before = signal.getsignal(signal.SIGINT)
        monkeypatch.setitem(commands.COMMANDS, "list", interrupt)
        with pytest.raises(SystemExit) as stop:
            main(["list"])
        assert stop.value.code == 128 + signal.SIGINT
        assert capsys.readouterr().err == "Interrupted.\n"
        assert signal.getsignal(signal.SIGINT) is before

    def test_an_interrupt_that_is_ignored_stays_so(self):
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)
        try:
            with __main__.on_interrupt(signal.default_int_handler):
                assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
        finally:
            signal.signal(signal.SIGINT, before)

    def test_a_full_disk_under_what_is_printed(self, monkeypatch):
        with open("/dev/full", "w") as full:
            monkeypatch.setattr(sys, "stdout", full)
            with pytest.raises(SystemExit, match=r"Error: .*No space left"):
                main(["list"])

    def test_a_reader_that_has_gone(self, monkeypatch):
        reader, writer = os.pipe()
        os.close(reader)
        with open(writer, "w") as pipe:
            monkeypatch.setattr(sys, "stdout", pipe)
            with pytest.raises(SystemExit) as stop:
                main(["list"])
        assert stop.value.code == 141


class TestFolders:
    """Where a run is, and what it is trained on."""

    @pytest.mark.parametrize("output", ["mnist", "mnist/run", "./mnist/", "mnist/samples/x"])
    def test_a_run_under_the_name_of_its_dataset(self, output, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        with pytest.raises(
            SystemExit, match=r"`--output` must be outside of 'mnist', .*`--dataset`"
        ):
            main(["train", "dcgan", "--dataset", "mnist", "--output", output])
        assert not list(tmp_path.iterdir())

    def test_a_run_among_its_pictures(self, tmp_path):
        pictures = tmp_path / "pictures"
        kg.data.save_grid(np.zeros((1, 8, 8, 3)), pictures / "a.png")
        arguments = ["train", "gan", "--dataset", str(pictures), "--image-size", "8"]
        with pytest.raises(SystemExit, match="`--output` must be outside of"):
            main([*arguments, "--output", str(pictures / "run")])
        assert len(list(pictures.iterdir())) == 1

    def test_a_run_on_its_own_samples(self, tmp_path):
        with pytest.raises(ValueError, match="`output` must be outside"):
            check_folders(str(tmp_path / "samples"), Run(tmp_path))

    def test_a_run_where_nothing_can_be_written_reads_no_data(self, tmp_path, monkeypatch):
        monkeypatch.setattr(kg.data, "load", lambda *_, **__: pytest.fail("data were read"))
        (tmp_path / "file").touch()
        with pytest.raises(SystemExit, match=r"^Error: .*file"):
            train(tmp_path / "file" / "run", 1)

    def test_others_are_free(self, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        check_folders("digits", Run("digits"))
        check_folders("photographs", Run("photographs"))
        check_folders("mnist", Run("runs/mnist"))
        check_folders("pictures", Run("."))

    @pytest.mark.parametrize("command", ["train gan --output run", "evaluate saved_model"])
    def test_the_folder_of_a_run_is_no_dataset(self, command, exported, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        Run("mnist").claim({"seed": 0})
        with pytest.raises(SystemExit, match="`--dataset` must not be the folder of a run"):
            main([*command.split(), "--dataset", "mnist"])

    @pytest.mark.parametrize("name", ["digits", "photographs"])
    def test_a_run_may_have_the_name_of_what_is_never_a_folder(self, name, tmp_path, monkeypatch):
        """It is gone on with as any other."""
        monkeypatch.chdir(tmp_path)
        Run(name).claim({"seed": 0})
        options = argparse.Namespace(dataset=name, on_error="raise")
        assert load(options)[1].name == name

    def test_a_folder_without_a_size(self, tmp_path):
        kg.data.save_grid(np.zeros((1, 8, 8, 3)), tmp_path / "pictures" / "a.png")
        arguments = ["train", "gan", "--dataset", str(tmp_path / "pictures")]
        with pytest.raises(SystemExit, match="`--image-size` must be given"):
            main([*arguments, "--output", str(tmp_path / "run")])

    @pytest.mark.slow
    def test_a_folder_in_gray(self, tmp_path):
        save_pictures(tmp_path / "pictures", {"": np.zeros(8)})
        arguments = ["train", "gan", "--dataset", str(tmp_path / "pictures"), *SMALL]
        options = ["--image-size", "8", "--channels", "1", "--epochs", "1"]
        main([*arguments, *options, "--output", str(tmp_path / "run")])
        assert kg.load(tmp_path / "run" / "saved_model").example_shape == (8, 8, 1)

    def test_a_folder_without_classes(self, tmp_path):
        save_pictures(tmp_path / "pictures", {"": np.zeros(8)})
        arguments = ["train", "conditional_gan", "--dataset", str(tmp_path / "pictures"), *SMALL]
        with pytest.raises(SystemExit, match="`--dataset` must have classes for ConditionalGAN"):
            main([*arguments, "--image-size", "8", "--output", str(tmp_path / "run")])
        assert not (tmp_path / "run").exists()


class TestTrainedModels:
    def test_a_run_is_found_by_its_folder(self, exported, tmp_path):
        expected = kg.load(exported).sample(2, seed=0)
        for place in (tmp_path, exported, tmp_path / "model.keras"):
            np.testing.assert_array_equal(trained(place).sample(2, seed=0), expected)

    def test_what_is_none(self, tmp_path):
        run = tmp_path / "run"
        Run(run).claim({"seed": 0})
        keras_file = tmp_path / "gan.keras"
        keras_file.touch()
        for place, hint in (
            (tmp_path, "which holds neither"),
            (tmp_path / "new", "which does not exist"),
            (run, "run `train` again"),
            (keras_file, "a Keras file, whose model must be exported first"),
        ):
            with pytest.raises(SystemExit, match=f"^Error: `RUN` must be .*{hint}"):
                main(["sample", str(place)])

    def test_a_model_that_translates(self, tmp_path):
        def generator():
            return kg.networks.translation_generator((8, 8, 1), 1, 2, 1)

        def critic():
            return kg.networks.patch_discriminator((8, 8, 1), 2, 1)

        gan = kg.models.CycleGAN(generator(), generator(), critic(), critic())
        gan.export(tmp_path / "saved_model")
        with pytest.raises(SystemExit, match=r"`RUN` must hold a model .*translate_ab"):
            main(["sample", str(tmp_path)])

    def test_samples_are_made_in_parts(self, exported, tmp_path, monkeypatch):
        sizes, load = [], saved_model.load

        def counting(path):
            generator = load(path)
            (generate,) = generator._server.verbs["generate"]

            def counted(z, *labels):
                sizes.append(len(z))
                return generate.function(z, *labels)

            generator._server.verbs["generate"] = [dataclasses.replace(generate, function=counted)]
            return generator

        monkeypatch.setattr(saved_model, "load", counting)
        main(["sample", exported, "--num", "600", "--seed", "3", "--output", f"{tmp_path}/a.png"])
        assert sizes == [256, 256, 88]
        kg.data.save_grid(kg.load(exported).sample(600, seed=3), tmp_path / "expected.png")
        assert (tmp_path / "a.png").read_bytes() == (tmp_path / "expected.png").read_bytes()
        sizes.clear()
        options = ["--num", "3", "--steps", "100", "--output", f"{tmp_path}/b.png"]
        main(["interpolate", exported, *options])
        assert sizes == [256, 44]

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ("sample --output grid", "`--output` must end in .png"),
            ("sample --output taken/grid.png", "taken"),
            ("sample --output folder.png", "folder.png is a folder"),
            (
                "sample --output grid.png --num 1000000",
                "`--num` must be less for images of shape .* which are about 86,505 images",
            ),
            ("sample --output grid.png --num 2000000000", "`--num` must be"),
            ("sample --output grid.png --labels 1", "`--labels` must be left out"),
            ("interpolate --output paths.gif", "`--output` must not end in .gif"),
            ("interpolate --output paths.png --steps 1000000", "`--num` must be less"),
        ],
    )
    def test_what_cannot_be_written_is_not_computed(
        self, arguments, message, exported, tmp_path, monkeypatch
    ):
        monkeypatch.chdir(tmp_path)
        (tmp_path / "taken").touch()
        (tmp_path / "folder.png").mkdir()
        monkeypatch.setattr(Server, "call", lambda *_: pytest.fail("computed"))
        command, *others = arguments.split()
        with pytest.raises(SystemExit, match=f"^Error: .*{message}"):
            main([command, exported, *others])


def save_pictures(folder, shades):
    """Pictures of one shade each, in class folders."""
    for name, values in shades.items():
        for i, value in enumerate(values):
            kg.data.save_grid(
                np.full((1, 8, 8, 3), value), folder / name / f"{i:03d}.png", padding=0, scale=1
            )


def exported_classes(path, class_names):
    """A SavedModel that draws class k of 3 in the shade k − 1, of 4×4 pixels."""
    latents, labels = keras.Input((2,)), keras.Input((), dtype="int32")
    shade = keras.layers.Embedding(3, 4 * 4 * 3, embeddings_initializer="zeros")
    drawn = keras.layers.Reshape((4, 4, 3))(shade(labels))
    generator = keras.Model([latents, labels], drawn)
    shade.set_weights([np.repeat([[-1.0], [0.0], [1.0]], 48, axis=1)])
    gan = kg.models.ConditionalGAN(
        generator,
        kg.networks.mlp_discriminator((4, 4, 3), (2,), num_classes=3),
        latent_dim=2,
        class_names=class_names,
    )
    gan.export(path)
    return str(path)


class TestClasses:
    @pytest.mark.slow
    def test_names_of_folders_reach_samples(self, tmp_path):
        save_pictures(tmp_path / "pets", {"cat": np.zeros(4), "dog": np.ones(4)})
        run = tmp_path / "run"
        arguments = ["train", "conditional_gan", "--dataset", str(tmp_path / "pets"), *SMALL]
        main([*arguments, "--image-size", "8", "--epochs", "1", "--output", str(run)])
        assert json.loads((run / "config.json").read_text())["class_names"] == ["cat", "dog"]
        served = kg.load(run / "saved_model")
        assert served.class_names == ("cat", "dog")
        for labels, expected in (("dog", [1] * 4), ("dog,cat", [1, 0] * 2), ("1,0", [1, 0] * 2)):
            picture = tmp_path / f"{labels}.png"
            options = ["--num", "4", "--seed", "0", "--output", str(picture)]
            main(["sample", str(run), "--labels", labels, *options])
            kg.data.save_grid(served.sample(4, expected, 0), tmp_path / "expected.png")
            assert picture.read_bytes() == (tmp_path / "expected.png").read_bytes()
        with pytest.raises(SystemExit, match=r"`--labels` must be of cat, dog, .*: cow"):
            main(["sample", str(run), "--labels", "cow"])

    def test_every_class_is_drawn_by_default_in_a_column_of_its_own(self, tmp_path):
        model = exported_classes(tmp_path / "saved_model", None)
        for command, num in (("sample", 12), ("interpolate", 4)):
            picture = tmp_path / f"{command}.png"
            main([command, model, "--num", str(num), "--output", str(picture)])
        with Image.open(tmp_path / "sample.png") as grid:
            assert grid.size == (3 * 34 + 2, 4 * 34 + 2)
            shades = np.asarray(grid)[18::34, 18::34, 0]
        np.testing.assert_array_equal(shades, np.tile([0, 128, 255], (4, 1)))
        with Image.open(tmp_path / "interpolate.png") as paths:
            shades = np.asarray(paths)[18::34, 18, 0]
        np.testing.assert_array_equal(shades, [0, 128, 255, 0])


class TestEvaluation:
    """Of all the pictures, whatever their order, and of classes in their shares."""

    def evaluate(self, capsys, model, dataset, *others):
        options = ["--extractor", "pixels", "--metrics", "fid", "--num", "300", *others]
        main(["evaluate", model, "--dataset", str(dataset), *options])
        out = capsys.readouterr().out
        found = re.findall(r"^(\w+) +(\S.*)$", out, re.MULTILINE)
        return dict(found)

    def test_classes_have_the_shares_of_the_pictures(self, tmp_path, capsys):
        """Fewer than 100 pictures, the last classes last; the model draws them as they are."""
        model = exported_classes(tmp_path / "saved_model", None)
        save_pictures(tmp_path / "data", {"a": -np.ones(8), "b": np.zeros(2), "c": np.ones(10)})
        report = self.evaluate(capsys, model, tmp_path / "data")
        assert report["real"] == "20"
        assert float(report["frechet_distance"]) < 0.1

    def test_classes_are_found_by_their_names(self, tmp_path, capsys):
        model = exported_classes(tmp_path / "saved_model", ("dark", "gray", "light"))
        save_pictures(tmp_path / "data", {"gray": np.zeros(8), "light": np.ones(8)})
        assert float(self.evaluate(capsys, model, tmp_path / "data")["frechet_distance"]) < 0.1
        save_pictures(tmp_path / "data", {"white": np.ones(8)})
        with pytest.raises(SystemExit, match=r"`--dataset` must have .*dark.*white"):
            self.evaluate(capsys, model, tmp_path / "data")

    def test_a_class_that_is_never_drawn_counts_whatever_is_taken(self, tmp_path, capsys):
        """More pictures than are compared: a random subset, not the first class."""
        model = exported_classes(tmp_path / "saved_model", None)
        save_pictures(tmp_path / "data", {"": np.repeat([-1.0, 1.0], 40)})
        report = self.evaluate(capsys, model, tmp_path / "data", "--num", "40")
        assert (report["real"], report["labels"]) == ("40", "all classes alike")
        # Samples of −1, 0, 1 alike against −1 and 1: (1 − √(2/3))² on each of 48 pixels, in a line.
        assert float(report["frechet_distance"]) < 8

    def test_more_classes_than_the_model_has(self, tmp_path, capsys):
        model = exported_classes(tmp_path / "saved_model", None)
        save_pictures(tmp_path / "data", {name: np.zeros(1) for name in "abcd"})
        with pytest.raises(SystemExit, match="`--dataset` must have at most the model's 3 classes"):
            self.evaluate(capsys, model, tmp_path / "data")

    def test_pictures_get_the_size_and_the_channels_of_the_model(self, exported, tmp_path, capsys):
        kg.data.save_grid(-np.ones((5, 9, 9, 3)), tmp_path / "data" / "a.png")
        kg.data.save_grid(-np.ones((1, 9, 9, 3)), tmp_path / "data" / "b.png")
        assert self.evaluate(capsys, exported, tmp_path / "data")["real"] == "2"

    @pytest.mark.parametrize(
        ("dataset", "extractor"),
        [("mnist", "mnist"), ("mnist:3.0.1", "mnist"), ("MNIST", "mnist"), ("digits", "inception")],
    )
    def test_extractors(self, dataset, extractor, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        assert extractor_for(dataset) == extractor
        (tmp_path / dataset).mkdir()
        assert extractor_for(dataset) == "inception"

    def test_stacked_digits_have_an_extractor_of_their_own(self):
        assert extractor_for("stacked_mnist") == "stacked_mnist"
        assert EXTRACTORS["stacked_mnist"]()(np.zeros((1, 28, 28, 3), "float32")).shape == (1, 192)

    def test_weights_that_cannot_be_downloaded(self, exported, monkeypatch):
        def no_network(**kwargs):
            raise OSError("no network")

        monkeypatch.setattr(keras.applications, "InceptionV3", no_network)
        with pytest.raises(SystemExit, match="Error: The InceptionV3 weights must be downloaded"):
            main(["evaluate", exported, "--dataset", "digits"])
