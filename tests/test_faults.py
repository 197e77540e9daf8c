"""What goes wrong deep inside a command ends it in one line, whatever the command."""

import contextlib
import errno
import json
import re
import resource
import warnings

import numpy as np
import pytest
import tensorflow as tf

import keras_gans as kg
from keras_gans import __main__
from keras_gans._server import Server
from keras_gans.commands import training
from keras_gans.data import images
from keras_gans.runs import Run

pytestmark = pytest.mark.slow

#: Something deep inside of each command: where it fails.
DEEP = [
    ("train", Run, "claim"),
    ("sample", Server, "call"),
    ("interpolate", images, "to_uint8"),
    ("evaluate", kg.metrics.PrecisionRecall, "add_samples"),
    ("list", training, "trainable"),
]

FAULTS = {
    "disk": (OSError(errno.ENOSPC, "No space left on device", "a.png"), 1, "No space.*'a.png'"),
    "rights": (PermissionError(errno.EACCES, "Permission denied", "a.png"), 1, "denied: 'a.png'"),
    "device memory": (
        tf.errors.ResourceExhaustedError(None, None, "OOM when\nallocating"),
        1,
        "ResourceExhaustedError: .*OOM when allocating",
    ),
    "memory": (MemoryError(), 1, "MemoryError"),
    "array": (np._core._exceptions._ArrayMemoryError((9,), np.dtype(int)), 1, "Unable to alloc"),
    "nesting": (RecursionError("maximum recursion depth"), 1, "nested too deeply"),
    "text": (UnicodeDecodeError("utf-8", b"\xe9", 0, 1, "invalid"), 1, "codec can't decode"),
    "JSON": (json.JSONDecodeError("Expecting value", "", 0), 1, "Expecting value"),
    "interrupt": (KeyboardInterrupt(), 130, "^Interrupted.$"),
    "reader": (BrokenPipeError(errno.EPIPE, "Broken pipe"), 141, "^$"),
}


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    folder = tmp_path_factory.mktemp("exported") / "saved_model"
    gan = kg.models.WGANGP(
        kg.networks.dcgan_generator((8, 8, 1), 4, filters=4),
        kg.networks.dcgan_discriminator((8, 8, 1), filters=4, normalization=None),
        latent_dim=4,
    )
    gan.export(folder)
    return str(folder)


@pytest.fixture
def arguments(exported, tmp_path):
    """The arguments of a command that would be done in a moment, by its name."""
    small = "--filters 4 --steps-per-epoch 1 --batch-size 4 --latent-dim 4 --epochs 1"
    output = ["--output", str(tmp_path / "out" / "a.png")]
    evaluation = "--dataset digits --extractor pixels --metrics prdc --num 20"
    return {
        "train": ["train", "dcgan", *small.split(), "--output", str(tmp_path / "run")],
        "sample": ["sample", exported, "--num", "4", *output],
        "interpolate": ["interpolate", exported, "--num", "2", "--steps", "2", *output],
        "evaluate": ["evaluate", exported, *evaluation.split()],
        "list": ["list"],
    }


def ended(arguments, capsys):
    """Run a command. Returns its exit code and what it says on stderr."""
    try:
        __main__.main(arguments)
        code = 0
    except SystemExit as stop:
        code = stop.code
    errors = capsys.readouterr().err
    if isinstance(code, str):  # which Python prints when it ends
        code, errors = 1, f"{errors}{code}\n"
    return code, errors


@pytest.mark.parametrize(
    ("command", "owner", "name", "fault"),
    [
        *((*place, fault) for place in DEEP for fault in FAULTS),
        ("train", kg.models.DCGAN, "discriminator_loss", "device memory"),  # in a graph
        ("train", kg.models.DCGAN, "discriminator_loss", "nesting"),
    ],
)
def test_of_any_kind_in_any_command(
    command, owner, name, fault, arguments, monkeypatch, capsys, tmp_path
):
    error, code, message = FAULTS[fault]

    def fail(*args, **kwargs):
        raise error

    monkeypatch.setattr(owner, name, fail)
    found, errors = ended(arguments[command], capsys)
    assert re.search(message, errors.rstrip("\n"))
    assert found == code
    assert len(errors.splitlines()) == bool(errors)
    assert "Traceback" not in errors
    assert not (tmp_path / "out").exists()


@contextlib.contextmanager
def full_disk(size):
    """Let no file grow beyond `size` bytes."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


@pytest.mark.parametrize(
    ("command", "size", "file"),
    [
        ("train", 0, "run/config.json"),
        ("train", 2000, "run/model.keras"),
        ("sample", 50, "out/a.png"),
        ("interpolate", 50, "out/a.png"),
    ],
)
def test_a_full_disk_names_the_file(command, size, file, arguments, capsys, tmp_path):
    with full_disk(size), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found, errors = ended(arguments[command], capsys)
    assert (found, len(errors.splitlines())) == (1, 1)
    assert "File too large" in errors
    assert f"'{tmp_path / file}'" in errors or f"'{tmp_path / file}'" in errors.replace(".new", "")
    assert not list(tmp_path.rglob(".writing-*"))


def test_a_full_disk_under_an_export(exported, tmp_path):
    gan = kg.models.GAN(
        kg.networks.mlp_generator((40,), 2, (400,)),
        kg.networks.mlp_discriminator((40,), (4,)),
        latent_dim=2,
    )
    with full_disk(20_000), pytest.raises(OSError) as failed:
        gan.export(tmp_path / "saved_model")
    assert str(failed.value).startswith(f"{tmp_path / 'saved_model'} cannot be written: ")
    assert "File too large" in str(failed.value)
    assert not list(tmp_path.iterdir())
