"""The documentation is built without a warning, and has every public name."""

import importlib
import pathlib
import pkgutil
import subprocess
import sys
import zlib

import pytest

import keras_gans


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)]
    root = pathlib.Path(__file__).parents[1]
    built = subprocess.run(command, cwd=root, capture_output=True, text=True)
    assert built.returncode == 0, built.stdout + built.stderr
    return folder


def public_names():
    """Paths of all that is in `__all__` of the package and its modules, but for the modules."""
    paths = {module.name for module in pkgutil.iter_modules(keras_gans.__path__)}
    yield from (f"keras_gans.{name}" for name in set(keras_gans.__all__) - paths)
    for module in set(keras_gans.__all__) & paths:
        module = importlib.import_module(f"keras_gans.{module}")
        yield from (f"{module.__name__}.{name}" for name in module.__all__)


def test_every_public_name_has_its_place(site):
    *_, entries = (site / "objects.inv").read_bytes().split(b"\n", maxsplit=4)
    documented = {line.split()[0] for line in zlib.decompress(entries).decode().splitlines()}
    assert len(documented) > 150
    assert set(public_names()) <= documented


def test_pages_of_the_repository_are_pages_of_the_site(site):
    home = (site / "index.html").read_text(encoding="utf-8")
    assert 'href="long_runs/"' in home
    assert (site / "saved_models" / "r3gan_mnist" / "samples.png").exists()
    assert "Huang et al." in (site / "saved_models" / "r3gan_mnist" / "index.html").read_text()
    assert (site / "examples" / "wgan_gp.py").exists()
    assert (site / "examples" / "notebooks" / "wgan_gp.ipynb").exists()
    guides = ("long_runs", "serving", "explorer", "trained_models", "tutorials", "evaluation")
    for page in ("contributing", "changelog", "studies", "extending", "own_pictures", *guides):
        assert (site / page / "index.html").exists()


def test_examples_logs_and_references_are_set_apart(site):
    page = (site / "api" / "models" / "index.html").read_text(encoding="utf-8")
    assert "<strong>Logs:</strong>" in page
    assert "<strong>Reference:</strong>" in page
    assert '<span class="gp">&gt;&gt;&gt; </span>' in page
    assert "<blockquote>" not in page
