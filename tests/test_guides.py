"""The code of the how-to guides runs, in shorter trainings."""

import pathlib
import re

import pytest

import keras_gans as kg

DOCS = pathlib.Path(__file__).parents[1] / "docs"


@pytest.mark.slow
@pytest.mark.parametrize("guide", ["evaluation", "extending"])
def test_the_code_of_a_guide_runs(guide, tmp_path, monkeypatch):
    whole_fit = kg.models.GenerativeModel.fit

    def fit(self, *args, **kwargs):
        return whole_fit(self, *args, **{**kwargs, "epochs": 1, "steps_per_epoch": 2, "verbose": 0})

    monkeypatch.setattr(kg.models.GenerativeModel, "fit", fit)
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"(?ms)^```python\n(.*?)^```", (DOCS / f"{guide}.md").read_text("utf-8"))
    assert blocks
    names = {}
    for block in blocks:
        exec(block, names)
    if guide == "extending":
        assert set(names["gan"].history.history) == {"g_loss", "d_loss", "ink"}
