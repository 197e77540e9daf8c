"""The examples in the docstrings run as printed."""

import doctest
import importlib

import pytest

MODULES = (
    "discriminator",
    "gaussian",
    "information",
    "kernel_density",
    "mmd",
    "sinkhorn",
    "sliced",
    "transport",
    "wavelet",
)


@pytest.mark.parametrize("name", MODULES)
def test_examples(name):
    module = importlib.import_module(f"keras_gans.divergences.{name}")
    results = doctest.testmod(module)
    assert results.attempted > 0
    assert results.failed == 0
