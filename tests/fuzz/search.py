"""Searches for calls with malformed arguments that do what they must not do."""

import collections
import contextlib
import io
import os
import pathlib
import tempfile
import zlib

import hypothesis
from hypothesis import strategies as st

from tests.fuzz.calls import CALLS
from tests.fuzz.malformed import malformed
from tests.fuzz.outcomes import Defect, outcome

#: A keyword that no function has.
UNKNOWN_KEYWORD = "surprise"


def search(name, number, seed=0):
    """Make `number` malformed calls.

    Returns:
        A `collections.Counter` of what came of them, and a dictionary of the defects found, each
        with the exchanged arguments of the first call that showed it.
    """
    call = CALLS[name]
    outcomes, defects = collections.Counter(), {}

    @hypothesis.seed(zlib.crc32(name.encode()) + seed)
    @hypothesis.settings(
        max_examples=number,
        database=None,
        deadline=None,
        phases=[hypothesis.Phase.generate],
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    @hypothesis.given(st.data())
    def make_one_call(data):
        valid = call.valid_arguments()
        names = st.sampled_from([*4 * sorted(set(valid) - set(call.kept)), UNKNOWN_KEYWORD])
        exchanged = {
            argument: data.draw(malformed(valid.get(argument)))
            for argument in data.draw(st.lists(names, min_size=1, max_size=2))
        }
        try:
            with contextlib.redirect_stdout(io.StringIO()):
                outcomes[outcome(call, {**valid, **exchanged})] += 1
        except Defect as defect:
            outcomes["defect"] += 1
            defects.setdefault(str(defect), repr(exchanged)[:500])

    with working_folder():
        make_one_call()
    return outcomes, defects


@contextlib.contextmanager
def working_folder():
    """Work in a new folder, whose parent is new, too, for those who write to `..`."""
    before = pathlib.Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        inner = pathlib.Path(folder, "inner")
        inner.mkdir()
        os.chdir(inner)
        try:
            yield
        finally:
            os.chdir(before)
