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


def test_rooms_are_there_without_further_imports():
    rooms = ["callbacks", "constraints", "data", "divergences", "layers", "losses", "metrics"]
    for room in [*rooms, "models", "networks", "penalties"]:
        assert getattr(kg, room).__name__ == f"keras_gans.{room}"
        assert room in dir(kg)
    assert not hasattr(kg, "kitchen")
