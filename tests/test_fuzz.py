"""Malformed arguments: no call crashes, hangs or gives NaN in silence.

`benchmarks/guards/fuzz.py` makes a thousand of each.
"""

import numpy as np
import pytest

from tests.fuzz.call import Call
from tests.fuzz.calls import CALLS, public_names
from tests.fuzz.outcomes import Defect, outcome
from tests.fuzz.search import search, working_folder

EXAMPLES = 5


def test_every_public_name_is_called():
    assert not set(public_names()) - set(CALLS)


#: The first call of each module, in the first tier.
FIRST = {name.split(".")[0]: name for name in reversed(CALLS)}.values()


def tiers(names):
    slow = pytest.mark.slow
    return [name if name in FIRST else pytest.param(name, marks=slow) for name in names]


@pytest.mark.parametrize("name", tiers(CALLS))
def test_malformed_arguments_are_refused_or_harmless(name):
    """Beginning with arguments that are right."""
    call = CALLS[name]
    if name not in ("load", "metrics.InceptionFeatures"):  # of a file that is not there
        with working_folder():
            assert outcome(call, call.valid_arguments()) == "result"
    outcomes, defects = search(name, max(1, EXAMPLES // CALLS[name].cost))
    assert outcomes
    assert not defects


@pytest.mark.parametrize(
    "function, finding",
    [
        (lambda x: [][x], "IndexError"),
        (lambda x: {}[x], "KeyError"),
        (lambda x: x.shape, "AttributeError"),
        (lambda x: {"a": (1.0, np.array([np.nan]))}, "NaN"),
        (lambda x: np.float32(np.inf), "infinity"),
    ],
)
def test_defects_are_found(function, finding):
    with pytest.raises(Defect, match=finding):
        outcome(Call(function), {"x": 0})


def test_a_hang_is_a_defect(monkeypatch):
    monkeypatch.setattr("tests.fuzz.outcomes.DEADLINE", 0.1)

    def hang():
        while True:
            pass

    with pytest.raises(Defect, match="hangs"):
        outcome(Call(hang), {})


def test_errors_are_counted_by_whose_they_are():
    def refuse():
        raise ValueError("a value")

    assert outcome(Call(refuse), {}) == "ValueError of a library"
    assert outcome(Call(refuse), {"surprise": 1}) == "TypeError of Python"
    assert outcome(CALLS["data.swiss_roll"], {"noise": "a"}) == "TypeError of keras_gans"
