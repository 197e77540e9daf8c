import csv
import json
import re

import keras
import numpy as np
import pytest
from PIL import Image

import keras_gans as kg
from keras_gans import latents
from keras_gans.__main__ import RECIPES, main, parser

SMALL = ["--filters", "4", "--steps-per-epoch", "2", "--batch-size", "8", "--latent-dim", "4"]


def train(folder, epochs, *extra):
    main(["train", "wgan_gp", "--epochs", str(epochs), "--output", str(folder), *SMALL, *extra])


def test_trains_from_the_command_line_and_resumes(tmp_path, capsys):
    run = tmp_path / "run"
    train(run, 1)
    assert {p.name for p in run.iterdir()} - {".lock"} == {
        "config.json",
        "log.csv",
        "model.keras",
        "samples",
        "saved_model",
    }
    assert kg.load(run / "saved_model").sample(3).shape == (3, 8, 8, 1)
    train(run, 3)
    out = capsys.readouterr().out
    assert "epochs 1 to 1" in out
    assert "epochs 2 to 3" in out
    with open(run / "log.csv") as file:
        assert [row["epoch"] for row in csv.DictReader(file)] == ["0", "1", "2"]
    pictures = sorted(p.name for p in (run / "samples").glob("*.png"))
    assert pictures == [f"epoch_{i:04d}.png" for i in (1, 2, 3)]
    model = keras.models.load_model(run / "model.keras")
    assert int(model.g_optimizer.iterations) == 6
    train(run, 3)
    assert "trained for 3 epochs already" in capsys.readouterr().out


def test_epochs_of_any_length_are_counted_right(tmp_path, capsys):
    arguments = ["train", "gan", "--output", str(tmp_path / "run"), *SMALL]
    arguments += ["--steps-per-epoch", "11"]
    main([*arguments, "--epochs", "1"])
    main([*arguments, "--epochs", "2"])
    assert "epochs 2 to 2" in capsys.readouterr().out
    model = keras.models.load_model(tmp_path / "run" / "model.keras")
    assert int(model.g_optimizer.iterations) == 22


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


def test_another_configuration_is_refused(tmp_path):
    train(tmp_path, 1)
    before = (tmp_path / "model.keras").read_bytes()
    with pytest.raises(SystemExit, match=r"`--output`.*seed=0 \(now 1\)"):
        train(tmp_path, 2, "--seed", "1")
    assert (tmp_path / "model.keras").read_bytes() == before


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [("--batch-size", "5000", "`batch_size`"), ("--ema-decay", "2", "`ema_decay`")],
)
def test_nothing_is_written_for_a_bad_option(tmp_path, option, value, message):
    with pytest.raises(SystemExit, match=message):
        train(tmp_path / "run", 1, option, value)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("name", RECIPES)
def test_every_recipe_builds(name):
    options = parser().parse_args(["train", name, "--output", "unused", *SMALL])
    from keras_gans.__main__ import build

    _, info = kg.data.load("digits")
    model = build(info, options)
    labels = [3, 7] if model.conditional else None
    assert model.sample(2, labels=labels).shape == (2, 8, 8, 1)


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
    points = latents.paths(2, kg.load(exported).latent_dim, 3, "linear", seed=0)
    images = kg.load(exported).generate(points.reshape(6, -1))
    with Image.open(output) as picture:
        np.testing.assert_array_equal(picture, kg.data.image_grid(images, columns=3))
    assert output.with_suffix(".gif").exists()
    with pytest.raises(SystemExit, match="`steps` must be an integer of at least 2"):
        main(["interpolate", exported, "--steps", "1", "--output", str(output)])


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
    for i in range(100):
        kg.data.save_grid(np.zeros((1, 4, 4, 3)), folder / f"{i}.png")
    with pytest.raises(SystemExit, match=r"`--dataset`.*\(8, 8, 1\).*\(16, 16, 3\)"):
        main(["evaluate", exported, "--dataset", str(folder), "--image-size", "16"])


def test_errors_are_one_line(tmp_path):
    with pytest.raises(SystemExit, match="Error: `filepath`"):
        main(["sample", str(tmp_path)])


def test_list_names_every_recipe(capsys):
    main(["list"])
    out = capsys.readouterr().out
    assert all(name in out for name in [*RECIPES, "digits"])


@pytest.mark.parametrize("command", ["train", "sample", "interpolate", "evaluate", "list"])
def test_help_of_every_command(command, capsys):
    with pytest.raises(SystemExit) as stop:
        main([command, "--help"])
    assert stop.value.code == 0
    assert "usage: python -m keras_gans" in capsys.readouterr().out


def test_config_is_readable(tmp_path):
    train(tmp_path, 1)
    config = json.loads((tmp_path / "config.json").read_text())
    assert config["model"] == "wgan_gp"
    assert config["steps_per_epoch"] == 2


def test_conditional_models_from_the_command_line(tmp_path, capsys):
    run = tmp_path / "run"
    main(["train", "conditional_wgan_gp", "--epochs", "1", "--output", str(run), *SMALL])
    served = str(run / "saved_model")
    assert kg.load(served).conditional
    main(["sample", served, "--num", "4", "--labels", "3,7", "--output", str(tmp_path / "a.png")])
    assert Image.open(tmp_path / "a.png").size[0] > 0
    with pytest.raises(SystemExit, match="`labels` must be"):
        main(["sample", served, "--num", "4", "--output", str(tmp_path / "b.png")])
    pixels = ["--num", "20", "--extractor", "pixels", "--metrics", "fid"]
    main(["evaluate", served, "--dataset", "digits", *pixels])
    assert "20" in capsys.readouterr().out
