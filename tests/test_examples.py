"""Examples run from start to end, cut to a few steps."""

import contextlib
import os
import re
import runpy
import signal
import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

import keras_gans as kg


def cut(repository, folder, name, constants):
    """Write an example to `folder` with some of its constants replaced."""
    lines = (repository / "examples" / name).read_text().splitlines()
    for constant, value in constants.items():
        places = [i for i, line in enumerate(lines) if line.startswith(f"{constant} = ")]
        assert len(places) == 1, f"{name} should set {constant} in one place"
        lines[places[0]] = f"{constant} = {value!r}"
    script = folder / name
    script.write_text("\n".join(lines))
    return str(script)


@pytest.fixture
def run_example(repository, tmp_path, monkeypatch, capsys):
    """Run an example in the test's folder, and return what it prints."""
    monkeypatch.chdir(tmp_path)

    def run(name, **constants):
        script = cut(repository, tmp_path, name, constants)
        monkeypatch.setattr(sys, "argv", [script])
        runpy.run_path(script, run_name="__main__")
        return capsys.readouterr().out

    return run


@pytest.fixture
def run_example_alone(repository, tmp_path):
    """Run an example that sets up devices, in a process of its own."""

    def run(name, **constants):
        path = os.pathsep.join([str(repository), *sys.path])
        with subprocess.Popen(
            [sys.executable, cut(repository, tmp_path, name, constants)],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": path},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        ) as process:
            try:
                out, errors = process.communicate(timeout=300)
            finally:
                with contextlib.suppress(ProcessLookupError):  # whatever it has started ends, too
                    os.killpg(process.pid, signal.SIGKILL)
        assert process.returncode == 0, errors[-5000:]
        return out

    return run


def test_every_example_is_run(repository):
    """By a test of this module, named as the example; the server has a module of its own."""
    examples = {path.stem for path in (repository / "examples").glob("*.py")} - {"serve"}
    assert examples == {name.removeprefix("test_") for name in globals()} & examples


@pytest.mark.quick
def test_wgan_gp(run_example, tmp_path):
    out = run_example(
        "wgan_gp.py", FILTERS=4, CRITIC_FILTERS=4, RUNS=[(2e-4, 2)], STEPS_PER_ROUND=10
    )
    folder = tmp_path / "output" / "wgan_gp_digits"
    assert "load" in out
    assert Image.open(folder / "grid.png").size == (10 * (32 + 2) + 2,) * 2
    assert (folder / "samples" / "animation.gif").exists()
    assert (folder / "model.keras").exists()
    assert (folder / "saved_model" / "saved_model.pb").exists()


def test_distances(run_example, repository, tmp_path):
    run_example("distances.py")
    names = {path.name for path in (tmp_path / "output").rglob("*.png")}
    kept = {path.name for path in (repository / "examples/figures/distances").glob("*.png")}
    assert names == kept


def test_game_dynamics(run_example, repository, tmp_path):
    run_example("game_dynamics.py")
    names = {path.name for path in (tmp_path / "output").rglob("*.png")}
    kept = {path.name for path in (repository / "examples/figures/game_dynamics").glob("*.png")}
    assert names == kept


def test_dcgan(run_example, tmp_path):
    out = run_example("dcgan.py", FILTERS=4, ROUNDS=1, STEPS_PER_ROUND=10)
    assert "by the discriminator's features" in out
    assert (tmp_path / "output" / "dcgan_digits" / "grid.png").exists()


def test_stackgan(run_example, tmp_path):
    out = run_example(
        "stackgan.py",
        NUM=96,
        ROUNDS=(1, 1),
        STEPS_PER_ROUND=2,
        FILTERS=(4, 2),
        CONDITIONING_DIM=4,
        DISCRIMINATOR_FILTERS=2,
    )
    folder = tmp_path / "output" / "stackgan"
    assert re.search(r"[\d.]+% of 1000 generated images", out)
    assert (folder / "sentences.png").exists()
    assert (folder / "stage_two" / "animation.gif").exists()
    served = kg.load(folder / "saved_model")
    assert served.sample(2, "a small red circle", seed=0).shape == (2, 32, 32, 3)


def test_conditional_wgan(run_example, tmp_path):
    constants = {"FILTERS": 4, "ROUNDS": 1, "STEPS_PER_ROUND": 10}
    out = run_example("conditional_wgan.py", **constants)
    assert "of 1000 generated images are read as the class asked for" in out
    folder = tmp_path / "output" / "conditional_wgan_digits"
    assert Image.open(folder / "grid.png").size == (10 * (32 + 2) + 2,) * 2
    between = Image.open(folder / "between_classes.png")
    assert between.size == (11 * (32 + 2) + 2, 10 * (32 + 2) + 2)
    assert out.count("of the way, ") == 3
    assert kg.load(folder / "saved_model").num_classes == 10


def test_biggan(run_example, tmp_path):
    constants = {"FILTERS": 1, "LATENT_DIM": 4, "ROUNDS": 1, "STEPS_PER_ROUND": 10, "SAMPLES": 40}
    out = run_example("biggan.py", **constants)
    assert out.count("of 40 generated images are read as the class asked for") == 4
    folder = tmp_path / "output" / "biggan_digits"
    for truncation in (None, 1.0, 0.5, 0.1):
        picture = Image.open(folder / f"truncation_{truncation}.png")
        assert picture.size == (10 * (32 + 2) + 2,) * 2
    assert kg.load(folder / "saved_model").sample(2, labels=7, truncation=0.5).shape[0] == 2


@pytest.mark.slow
def test_r3gan(run_example, tmp_path):
    constants = {"FILTERS": 2, "LATENT_DIM": 4, "ROUNDS": 2, "STEPS_PER_ROUND": 10}
    out = run_example("r3gan.py", DATASET="digits", **constants)
    assert "γ is 0.010 from here on." in out
    folder = tmp_path / "output" / "r3gan_digits"
    assert Image.open(folder / "grid.png").size == (10 * (32 + 2) + 2,) * 2
    assert np.abs(kg.load(folder / "saved_model").sample(8, labels=7)).max() <= 1


def test_stylegan2(run_example, tmp_path):
    steps = {"STEPS_PER_ROUND": 10, "PROJECTION_STEPS": 2}
    constants = {"DATASET": "digits", "FILTERS": 2, "LATENT_DIM": 4, "ROUNDS": 1, **steps}
    out = run_example("stylegan2.py", **constants)
    assert "images of 4 styles" in out
    assert out.count(" dB.") == 3
    folder = tmp_path / "output" / "stylegan2_digits"
    assert Image.open(folder / "mixing.png").size == (9 * (32 + 2) + 2,) * 2
    for name, rows in {"truncation": 4, "projections": 3}.items():
        assert Image.open(folder / f"{name}.png").size == (12 * 34 + 2, rows * 34 + 2)
    assert kg.load(folder / "saved_model").sample(2, truncation=0.5).shape == (2, 8, 8, 1)


@pytest.mark.slow
def test_little_data(run_example, tmp_path):
    constants = {"FILTERS": 2, "LATENT_DIM": 4, "STEPS": 40, "NUM_IMAGES": 50}
    out = run_example("little_data.py", DATASET="digits", **constants)
    assert "50 images of (8, 8, 1) to learn from" in out
    assert out.count(": Fréchet distance ") == 3
    for name in ("none", "differentiable", "adaptive"):
        picture = Image.open(tmp_path / "output" / "little_data_digits" / f"{name}.png")
        assert picture.size == (10 * 34 + 2, 10 * 34 + 2)


def test_minibatch_discrimination(run_example, tmp_path):
    constants = {"UNITS": (8, 8), "STEPS": 20}
    out = run_example("minibatch_discrimination.py", **constants)
    assert out.count("recall") == 2
    pictures = {p.name for p in (tmp_path / "output/minibatch_discrimination").iterdir()}
    assert pictures == {"one_image_at_a_time.png", "minibatch_discrimination.png"}


def test_semi_supervised_gan(run_example, tmp_path):
    out = run_example("semi_supervised_gan.py", EPOCHS=2)
    assert "semi-supervised GAN, with 1500 unlabeled images" in out
    assert (tmp_path / "output" / "semi_supervised_gan" / "grid.png").exists()


def test_vae(run_example, tmp_path):
    constants = {"HIDDEN_UNITS": (16,), "ROUNDS": 1, "STEPS_PER_ROUND": 20}
    out = run_example("vae.py", **constants)
    assert "Held-out ELBO" in out
    folder = tmp_path / "output" / "vae_digits"
    names = {path.name for path in folder.iterdir()}
    assert {"grid.png", "between.png", "between.gif", "walk.gif", "interpolations"} <= names
    assert Image.open(folder / "between.png").size == (12 * 34 + 2, 8 * 34 + 2)
    with Image.open(folder / "walk.gif") as walk:
        assert walk.n_frames > 50
    assert Image.open(folder / "map.png").size == (20 * (32 + 2) + 2,) * 2
    assert Image.open(folder / "codes.png").size == (700, 600)


def test_text_gan(run_example, tmp_path):
    constants = {"FILTERS": 4, "BLOCKS": 1, "ROUNDS": 2, "STEPS_PER_ROUND": 5}
    out = run_example("text_gan.py", **constants)
    assert "words are words of the text" in out
    rows = [line.split() for line in out.splitlines() if re.match(r"(1|2|real) ", line)]
    assert [row[0] for row in rows] == ["1", "2", "real"]
    divergences = np.array([row[1:] for row in rows], float)
    assert (divergences[2] < divergences[1]).all()
    folder = tmp_path / "output" / "text_gan_python"
    assert len((folder / "samples.txt").read_text().splitlines()) == 1000
    assert kg.load(folder / "saved_model").sample(2).dtype.kind == "U"


def test_cyclegan(run_example, tmp_path):
    out = run_example("cyclegan.py", FILTERS=2, BLOCKS=1, EPOCHS=1, BATCH_SIZE=50)
    assert out.count("cycle error") == 2
    assert out.count("reads") == 8
    folder = tmp_path / "output" / "cyclegan"
    assert Image.open(folder / "grid.png").size == (12 * (72 + 2) + 2, 6 * (72 + 2) + 2)
    assert kg.load(folder / "saved_model").endpoints == ["translate_ab", "translate_ba"]


def test_label_maps(run_example, tmp_path):
    constants = {"FILTERS": 2, "NUM_IMAGES": 100, "ROUNDS": 1, "STEPS_PER_ROUND": 10}
    out = run_example("label_maps.py", **constants)
    assert out.count("are read as the map says") == 2
    assert out.count("pictures of one map: ± ") == 2
    folder = tmp_path / "output" / "label_maps"
    assert Image.open(folder / "grid.png").size == (8 * (96 + 2) + 2, 6 * (96 + 2) + 2)
    assert kg.load(folder / "saved_model").latent_dim == 16


def test_srgan(run_example, tmp_path):
    steps = {"CLASSIFIER_STEPS": 2, "PRETRAINING_STEPS": 4, "ADVERSARIAL_STEPS": 4}
    out = run_example("srgan.py", FILTERS=2, BLOCKS=1, BATCH_SIZES=(2, 4), **steps)
    assert out.count("Fréchet distance") == 3
    assert "served: (1, 48, 48, 3) (1, 96, 96, 3)" in out
    folder = tmp_path / "output" / "srgan"
    assert Image.open(folder / "grid.png").size == (8 * (96 + 2) + 2, 5 * (96 + 2) + 2)
    assert kg.load(folder / "saved_model").example_shape == (None, None, 3)


def test_alae(run_example, tmp_path):
    constants = {"FILTERS": 2, "ROUNDS": 1, "STEPS_PER_ROUND": 10}
    out = run_example("alae.py", **constants)
    assert "128 images have codes of shape (128, 64)" in out
    folder = tmp_path / "output" / "alae_digits"
    assert Image.open(folder / "reconstructions.png").size == (12 * 34 + 2, 10 * 34 + 2)
    assert Image.open(folder / "mixing.png").size == (9 * 34 + 2,) * 2
    assert kg.load(folder / "saved_model").latent_dim == 32


def test_lapgan(run_example, tmp_path):
    out = run_example("lapgan.py", FILTERS=2, ROUNDS=1, STEPS_PER_ROUND=10)
    assert "Levels of [(4, 4), (8, 8)] give the image within" in out
    folder = tmp_path / "output" / "lapgan_digits"
    assert Image.open(folder / "levels.png").size == (10 * 34 + 2, 2 * 34 + 2)
    assert Image.open(folder / "refinements.png").size == (10 * 34 + 2, 6 * 34 + 2)
    assert kg.load(folder / "saved_model").latent_dim == 64 + 8 * 8


def test_progressive_gan(run_example, tmp_path):
    constants = {"FILTERS": 2, "MAX_FILTERS": 4, "STEPS_PER_PHASE": 10, "LAST_PHASES": 1}
    out = run_example("progressive_gan.py", **constants)
    assert "(4, 16, 16, 1) are samples at level 2." in out
    folder = tmp_path / "output" / "progressive_gan_digits"
    assert Image.open(folder / "growth.png").size == (12 * (32 + 2) + 2, 5 * (32 + 2) + 2)
    assert Image.open(folder / "grid.png").size == (10 * (32 + 2) + 2,) * 2


def test_multi_gpu(run_example_alone, tmp_path):
    constants = {"FILTERS": 4, "ROUNDS": 1, "STEPS_PER_ROUND": 5}
    out = run_example_alone("multi_gpu.py", **constants)
    assert "2 replicas share batches of 64." in out
    assert float(re.search(r"no weight differs by more than (\S+)\.\n", out)[1]) < 1e-5
    assert (tmp_path / "output" / "multi_gpu" / "grid.png").exists()


def test_multi_worker(run_example_alone, tmp_path):
    constants = {"FILTERS": 4, "ROUNDS": 2, "STEPS_PER_ROUND": 5}
    out = run_example_alone("multi_worker.py", **constants)
    assert sorted(re.findall(r"of 2 replicas, chief: (True|False)", out)) == ["False", "True"]
    folder = tmp_path / "output" / "multi_worker"
    assert (folder / "grid.png").exists()
    assert len((folder / "log.csv").read_text().splitlines()) == 3
    assert keras.models.load_model(folder / "model.keras").g_optimizer.iterations.numpy() == 10


def test_simultaneous_steps_on_ab_circle_and_do_not_converge():
    """v(a, b) = ab: each step turns, and lengthens the radius by (1 + rate²)^½."""
    rate, steps = 0.1, 200
    a, b = tf.Variable(1.0, dtype=tf.float64), tf.Variable(0.5, dtype=tf.float64)
    radius = [np.hypot(a, b)]
    angles = []
    for _ in range(steps):
        with tf.GradientTape() as tape:
            value = a * b
        slope_a, slope_b = tape.gradient(value, [a, b])
        before = np.arctan2(b, a)
        a.assign_sub(rate * slope_a)
        b.assign_add(rate * slope_b)
        radius.append(np.hypot(a, b))
        angles.append((np.arctan2(b, a) - before) % (2 * np.pi))
    np.testing.assert_allclose(radius, radius[0] * (1 + rate**2) ** (np.arange(steps + 1) / 2))
    np.testing.assert_allclose(angles, np.arctan(rate))
    assert sum(angles) > 3 * 2 * np.pi
