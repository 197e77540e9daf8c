"""Every example in a docstring runs, and every public name has one."""

import doctest
import importlib
import inspect
import pkgutil

import pytest

import keras_gans

MODULES = ["keras_gans"] + [
    module.name
    for module in pkgutil.walk_packages(keras_gans.__path__, "keras_gans.")
    if not module.name.endswith("__main__")
]
EXAMPLES = [
    pytest.param(test, id=test.name, marks=[pytest.mark.slow] * (".models." in test.name))
    for module in MODULES
    for test in doctest.DocTestFinder().find(importlib.import_module(module))
    if test.examples
]
PUBLIC = [
    f"{module}.{name}"
    for module in MODULES
    for name in getattr(importlib.import_module(module), "__all__", [])
    if not inspect.ismodule(getattr(importlib.import_module(module), name))
]


@pytest.mark.parametrize("example", EXAMPLES)
def test_example_runs(example, tmp_path, repository, monkeypatch, capsys):
    reads_repository = "saved_models/" in example.docstring
    monkeypatch.chdir(repository if reads_repository else tmp_path)
    failed = doctest.DocTestRunner(verbose=False).run(example).failed
    assert not failed, capsys.readouterr().out


def test_every_public_name_has_an_example():
    for path in PUBLIC:
        module, name = path.rsplit(".", 1)
        documentation = getattr(importlib.import_module(module), name).__doc__
        assert documentation and ">>>" in documentation, path
