"""Files and names that others have made run no code and reach nothing outside their place."""

import ast
import json
import tempfile
import warnings
import zipfile

import keras
import numpy as np
import pytest
import tensorflow_datasets as tfds

import keras_gans as kg
from keras_gans.__main__ import main
from keras_gans._progress import Progress
from keras_gans.runs import Run

FORBIDDEN_MODULES = {
    *("pickle", "_pickle", "cPickle", "cloudpickle", "dill", "joblib", "marshal", "shelve"),
    "torch",
}


def offences(code):
    """What of a module's code could run code that comes in a file."""
    found = []
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or ""]
        else:
            names = []
        found += [name for name in names if name.split(".")[0] in FORBIDDEN_MODULES]
        if isinstance(node, ast.Attribute) and node.attr == "enable_unsafe_deserialization":
            found.append(node.attr)
        if isinstance(node, ast.Call):
            found += _offences_of_call(node)
    return found


def _offences_of_call(call):
    named = {k.arg: getattr(k.value, "value", None) for k in call.keywords}
    found = []
    if ast.unparse(call.func) in ("np.load", "numpy.load") and "allow_pickle" not in named:
        found.append("np.load")
    if named.get("allow_pickle", False) is not False:
        found.append("allow_pickle")
    if named.get("safe_mode", True) is not True:
        found.append("safe_mode")
    return found


class TestCode:
    def test_reads_nothing_that_could_be_code(self, repository):
        modules = [
            path
            for folder in ("keras_gans", "examples", "benchmarks")
            for path in (repository / folder).rglob("*.py")
        ]
        assert len(modules) > 80
        assert not {str(m): o for m in modules if (o := offences(m.read_text(encoding="utf-8")))}

    @pytest.mark.parametrize(
        "code, offence",
        [
            ("import pickle", "pickle"),
            ("import os, torch.nn as nn", "torch.nn"),
            ("def f():\n    from joblib import load", "joblib"),
            ("np.load(path)", "np.load"),
            ("np.load(path, allow_pickle=True)", "allow_pickle"),
            ("np.load(path, allow_pickle=trusted)", "allow_pickle"),
            ("keras.models.load_model(path, safe_mode=False)", "safe_mode"),
            ("keras.config.enable_unsafe_deserialization()", "enable_unsafe_deserialization"),
        ],
    )
    def test_an_offence_would_be_found(self, code, offence):
        assert offences(code) == [offence]


def test_arrays_of_objects_are_refused_by_numpy(tmp_path):
    np.save(tmp_path / "objects.npy", np.array([print]))
    np.savez(tmp_path / "objects.npz", objects=np.array([print]))
    with pytest.raises(ValueError, match="Object arrays cannot be loaded"):
        np.load(tmp_path / "objects.npy", allow_pickle=False)
    with (
        np.load(tmp_path / "objects.npz", allow_pickle=False) as kept,
        pytest.raises(ValueError, match="Object arrays cannot be loaded"),
    ):
        kept["objects"]


def make_gan(**kwargs):
    gan = kg.models.GAN(
        kg.networks.mlp_generator((2,), 2, (4,)),
        kg.networks.mlp_discriminator((2,), (4,)),
        latent_dim=2,
        **kwargs,
    )
    gan.compile()
    return gan


def rewritten(path, change=lambda config: None, **members):
    """Change the configuration in a Keras file, and add members."""
    with zipfile.ZipFile(path) as archive:
        contents = {name: archive.read(name) for name in archive.namelist()}
    config = json.loads(contents["config.json"])
    change(config["config"])
    contents["config.json"] = json.dumps(config).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in {**contents, **members}.items():
            archive.writestr(name, content)


def function(module, name):
    return {
        "module": module,
        "class_name": "function",
        "config": name,
        "registered_name": name,
    }


def calls(module, name):
    return {"module": module, "class_name": name, "config": {}, "registered_name": name}


def lambda_layer(config):
    """Make the generator's activation a Python lambda, as Keras writes it: marshalled code."""
    marshalled = keras.layers.Lambda(lambda x: x + 1, name="re_lu")
    (layer,) = [x for x in config["generator"]["config"]["layers"] if x["class_name"] == "ReLU"]
    layer.update(keras.saving.serialize_keras_object(marshalled), name=layer["name"])


def foreign_loss(config):
    config["objective"] = keras.saving.serialize_keras_object(kg.losses.minimax)
    config["objective"]["config"]["generator"] = function("os", "getcwd")


def foreign_class(config):
    config["objective"] = calls("subprocess", "Popen")


def foreign_technique(config):
    config["techniques"] = [calls("os", "abort")]


def download(config):
    config["objective"] = keras.saving.serialize_keras_object(kg.losses.minimax)
    config["objective"]["config"]["generator"] = function("keras.utils", "get_file")


REFUSED = {
    lambda_layer: "Lambda",
    foreign_loss: "Could not locate function 'getcwd'",
    foreign_class: "Could not locate class 'Popen'",
    foreign_technique: "Could not locate class 'abort'",
    download: "not a modeling function",
}


class TestKerasFiles:
    @pytest.mark.parametrize("change", REFUSED, ids=lambda change: change.__name__)
    def test_that_name_code_of_their_own_are_refused(self, tmp_path, change):
        make_gan().save(tmp_path / "model.keras")
        rewritten(tmp_path / "model.keras")
        keras.models.load_model(tmp_path / "model.keras")
        rewritten(tmp_path / "model.keras", change)
        with pytest.raises((ValueError, TypeError), match=REFUSED[change]):
            keras.models.load_model(tmp_path / "model.keras")

    def test_run_no_code_of_theirs_in_a_run_that_goes_on_from_them(self, tmp_path):
        """A run takes numbers from its checkpoint, and makes the model itself."""
        run, gan = Run(tmp_path), make_gan()
        run.save(gan, Progress(epoch=1))
        rewritten(run.checkpoint, lambda_layer)
        with pytest.raises(ValueError, match="Lambda"):
            keras.models.load_model(run.checkpoint)
        again = make_gan()
        assert run.restore(again).epoch == 1
        np.testing.assert_array_equal(again.sample(2, seed=0), gan.sample(2, seed=0))

    def test_functions_of_users_are_loaded_only_if_registered(self, tmp_path):
        def loss(real_logits, fake_logits):
            return keras.ops.mean(fake_logits)

        objective = kg.losses.Objective(kg.losses.wasserstein_discriminator_loss, loss)
        make_gan(objective=objective).save(tmp_path / "model.keras")
        with pytest.raises(TypeError, match="Could not locate function 'loss'"):
            keras.models.load_model(tmp_path / "model.keras")
        again = keras.models.load_model(tmp_path / "model.keras", custom_objects={"loss": loss})
        assert again.objective.generator is loss

    def test_write_nothing_outside(self, tmp_path, monkeypatch):
        temporary = tmp_path / "deep" / "temporary"
        temporary.mkdir(parents=True)
        monkeypatch.setattr(tempfile, "tempdir", str(temporary))
        run = Run(tmp_path / "deep" / "run")
        run.folder.mkdir()
        gan = make_gan()
        run.save(gan, Progress())
        outside = ["../evil", "../../evil", "assets/../../../evil", str(tmp_path / "evil")]
        rewritten(run.checkpoint, **dict.fromkeys(outside, b"evil"), **{"assets/good": b"good"})
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            again = make_gan()
            run.restore(again)
            keras.models.load_model(run.checkpoint)
        assert [w for w in caught if "invalid path" in str(w.message)]
        assert not list(tmp_path.rglob("evil"))
        np.testing.assert_array_equal(again.sample(2, seed=0), gan.sample(2, seed=0))


class TestNames:
    @pytest.mark.parametrize(
        "name",
        [
            "",
            "\0",
            "mnist\0",
            "mnist\n",
            "../../mnist",
            "a/../../b",
            "mnist/..",
            "mnist/.",
            "mnist:../..",
            "/no/such/folder",
            "mnist/data_dir=/tmp",
            "mnist:3.0.1/data_dir=../..",
            "huggingface:mnist",
            "kaggle:mnist",
            "..:mnist",
        ],
    )
    def test_that_lead_elsewhere_never_reach_tfds(self, name, monkeypatch):
        monkeypatch.setattr(tfds, "builder", lambda name: pytest.fail("TFDS was asked"))
        with pytest.raises(ValueError, match=r"`source` must be .* without a namespace"):
            kg.data.load(name)
        if "\n" not in name:  # or it is a text
            with pytest.raises(ValueError, match=r"`source` must be .* without a namespace"):
                kg.data.load_text(name)

    @pytest.mark.parametrize(
        "name",
        [
            *("mnist", "MNIST", "mnist:3.0.1", "mnist:3.*.*", "glue/cola", "glue/cola:2.0.0"),
            *("wikipedia/20230601.en", "lsun/living_room", "d4rl_adroit_door/v0-human"),
        ],
    )
    def test_of_tfds_are_passed_on(self, name, monkeypatch):
        asked = []
        monkeypatch.setattr(tfds, "builder", lambda name: asked.append(name) or 1 / 0)
        with pytest.raises(ValueError, match="`source` must be"):
            kg.data.load(name)
        assert asked == [name]


class TestCommandLine:
    @pytest.mark.slow
    def test_leaves_out_bad_pictures_if_asked(self, tmp_path, capsys):
        pictures = tmp_path / "pictures"
        for i in range(9):
            kg.data.save_grid(np.zeros((1, 8, 8, 3)), pictures / f"{i}.png")
        (pictures / "bad.png").write_bytes(b"")
        arguments = [
            *("train", "gan", "--dataset", str(pictures), "--image-size", "8", "--filters", "2"),
            *("--steps-per-epoch", "1", "--epochs", "1", "--batch-size", "4", "--latent-dim", "4"),
            *("--output", str(tmp_path / "run")),
        ]
        with pytest.raises(SystemExit, match=r"`--dataset` must .*--on-error skip.*bad\.png"):
            main(arguments)
        assert not (tmp_path / "run").exists()
        with pytest.warns(UserWarning, match="1 of 10 pictures"):
            main([*arguments, "--on-error", "skip"])
        assert (tmp_path / "run" / "saved_model").is_dir()
        (pictures / "bad.png").unlink()
        main(arguments)
        assert "trained for 1 epochs already" in capsys.readouterr().out
