"""Checks of arguments: one order of their own arguments, one kind of error."""

import importlib
import inspect
import pkgutil
import re

import numpy as np
import pytest

import keras_gans
from keras_gans import _checks, divergences

MODULES = [
    module.name
    for module in pkgutil.walk_packages(keras_gans.__path__, "keras_gans.")
    if module.name.split(".")[-1] in ("_checks", "_inputs", "checks")
]


@pytest.mark.parametrize("module", MODULES)
def test_the_name_comes_before_the_value(module):
    module = importlib.import_module(module)
    for function in vars(module).values():
        if inspect.isfunction(function) and function.__module__ == module.__name__:
            parameters = list(inspect.signature(function).parameters)
            assert "name" not in parameters or parameters[0] == "name"


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda x: divergences.sliced_wasserstein_distance(x, x, num_projections=2.5),
            TypeError,
            "`num_projections` must be a positive integer. Received: num_projections=2.5",
        ),
        (
            lambda x: divergences.sinkhorn_divergence(x, x, max_iterations=True),
            TypeError,
            "`max_iterations` must be a positive integer. Received: max_iterations=True",
        ),
        (
            lambda x: divergences.maximum_mean_discrepancy(x, x, num_permutations=2**31),
            ValueError,
            "`num_permutations` must be an integer of at least 0 below 2**31.",
        ),
        (
            lambda x: divergences.maximum_mean_discrepancy(x, x, unbiased=1),
            TypeError,
            "`unbiased` must be True or False. Received: unbiased=1",
        ),
        (
            lambda x: divergences.KernelDensity(x, kernel="cosine"),
            ValueError,
            "`kernel` must be one of ['gaussian'",
        ),
    ],
)
def test_divergences_refuse_counts_and_choices_as_all_modules_do(call, error, message):
    with pytest.raises(error, match=re.escape(message)):
        call(np.arange(4.0)[:, None])


@pytest.mark.parametrize(
    ("arguments", "interval"),
    [
        ({}, r"\(-inf, inf\)"),
        ({"low": 0.0}, r"\[0, inf\)"),
        ({"low": 0.0, "high": 1.0}, r"\[0, 1\]"),
    ],
)
def test_no_interval_in_a_message_holds_what_is_refused(arguments, interval):
    with pytest.raises(ValueError, match=rf"in {interval}\. Received: size=inf"):
        _checks.real_number("size", np.inf, **arguments)


@pytest.mark.parametrize(
    ("value", "kind"),
    [(["a", "b"], "U"), ([b"a"], "S"), ([["a"], [3]], "O"), (("a", None), "O"), ([1, 2], "i")],
)
def test_numbers_beside_strings_are_not_strings(value, kind):
    assert _checks.as_array(value).dtype.kind == kind
