"""`import keras_gans` is quiet, loads no more than it needs, and asks for the right backend."""

import os
import subprocess
import sys

import pytest

import keras_gans as kg


def python(code, **environment):
    return subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
        timeout=120,
    )


def test_import_prints_nothing_and_loads_no_heavy_package():
    result = python(
        "import sys\n"
        "heavy = ['tensorflow_probability', 'tensorflow_datasets', 'ot', 'matplotlib', 'sklearn']\n"
        "sys.modules.update({name: None for name in heavy})  # importing one now fails\n"
        "import keras_gans\n"
    )
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


@pytest.mark.first_cases
@pytest.mark.parametrize(
    "code, environment",
    [
        ("import keras_gans", {"KERAS_BACKEND": "numpy"}),
        ("import keras; keras.backend.backend = lambda: 'numpy'; import keras_gans", {}),
    ],
)
def test_another_backend_is_refused_with_what_to_set(code, environment):
    result = python(code, **environment)
    assert result.returncode == 1
    last = result.stderr.strip().splitlines()[-1]
    assert last.startswith("ImportError: keras_gans needs Keras with the TensorFlow backend.")
    assert "KERAS_BACKEND=tensorflow" in last


MODULES = [
    *("callbacks", "constraints", "data", "divergences", "latents", "layers", "likelihoods"),
    *("losses", "metrics", "models", "networks", "penalties", "presets", "serving"),
    "techniques",
]


@pytest.mark.parametrize("module", MODULES)
def test_modules_are_there_without_further_imports(module):
    assert getattr(kg, module).__name__ == f"keras_gans.{module}"


def test_nothing_else_is_shown():
    assert {name for name in dir(kg) if not name.startswith("__")} == {*MODULES, "load"}
    assert {"__doc__", "__version__"} <= set(dir(kg))
    assert not hasattr(kg, "kitchen")


def test_import_registers_all_that_a_file_may_hold():
    """Whichever module a program looks at, Keras loads the same files."""
    result = python(
        "import keras_gans, keras, importlib, pkgutil\n"
        "registered = set(keras.saving.get_custom_objects())\n"
        "for module in pkgutil.walk_packages(keras_gans.__path__, 'keras_gans.'):\n"
        "    if not module.name.endswith('__main__'):\n"
        "        importlib.import_module(module.name)\n"
        "print(sorted(set(keras.saving.get_custom_objects()) - registered))\n"
        "print('keras_gans>FrechetDistance' in registered)"
    )
    assert result.stdout == "[]\nTrue\n", result.stderr


@pytest.mark.slow
def test_a_model_with_metrics_loads_after_the_import_alone(tmp_path):
    gan = kg.models.WGANGP(
        kg.networks.mlp_generator((2,), 2, (4,)),
        kg.networks.mlp_discriminator((2,), (4,)),
        latent_dim=2,
        techniques=[kg.techniques.InstanceNoise()],
    )
    gan.compile(metrics=[kg.metrics.FrechetDistance()])
    gan.save(tmp_path / "model.keras")
    result = python(
        "import keras_gans, keras\n"
        f"model = keras.models.load_model({str(tmp_path / 'model.keras')!r})\n"
        "print(model.sample_metrics[0].name)"
    )
    assert result.stdout == "frechet_distance\n", result.stderr


@pytest.mark.slow
def test_another_package_that_runs_as_a_command_gets_everything(tmp_path, repository):
    """Only `python -m keras_gans` puts the imports off."""
    package = tmp_path / "other"
    package.mkdir()
    (package / "__init__.py").write_text("import keras_gans, sys\nwas = sys.argv[0]\n")
    (package / "__main__.py").write_text(
        "import keras, other\n"
        "print(other.was, 'keras_gans>WGANGP' in keras.saving.get_custom_objects())"
    )
    path = os.pathsep.join([str(repository), str(tmp_path)])
    result = subprocess.run(
        [sys.executable, "-m", "other", "keras_gans"],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": path},
        timeout=120,
    )
    assert result.stdout == "-m True\n", result.stderr
