"""The examples in the public docstrings run."""

import doctest
import inspect

import keras
import pytest

from keras_gans import metrics

PUBLIC = [name for name in metrics.__all__ if ">>>" in inspect.getdoc(getattr(metrics, name))]


@pytest.mark.parametrize("name", PUBLIC)
def test_example(name):
    names = {**vars(metrics), "keras": keras}
    finder = doctest.DocTestFinder(recurse=False)
    (example,) = finder.find(getattr(metrics, name), name, globs=names)
    assert doctest.DocTestRunner().run(example).failed == 0


def test_every_public_class_has_an_example():
    assert set(metrics.__all__) - set(PUBLIC) == {"format_table"}
