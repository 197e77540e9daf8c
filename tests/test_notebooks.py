"""Notebooks say what their scripts say, and run."""

import ast
import importlib.util
import os
import pathlib

import nbformat
import pytest

from tests.test_examples import cut

ROOT = pathlib.Path(__file__).parents[1]
spec = importlib.util.spec_from_file_location("notebooks", ROOT / "docs" / "notebooks.py")
notebooks = importlib.util.module_from_spec(spec)
spec.loader.exec_module(notebooks)

SCRIPT = '''\
"""
Title: A title
Author: Nobody
Description: What it is about.
"""

"""
## First

Prose.
"""

import sys

DATASET = sys.argv[1] if len(sys.argv) > 1 else "digits"


def double(x):
    """Not prose."""
    return 2 * x


"""
More prose.
"""
"""
Still more.
"""

# A comment.
print(double(3), DATASET)
'''


@pytest.fixture
def script(tmp_path):
    def written(source):
        path = tmp_path / "script.py"
        path.write_text(source)
        return path

    return written


def sources(notebook, kind):
    return [cell.source for cell in notebook.cells if cell.cell_type == kind]


def test_docstrings_of_the_module_are_prose_and_all_else_is_code(script):
    notebook = notebooks.notebook(script(SCRIPT))
    heading, *prose = sources(notebook, "markdown")
    assert heading.startswith("# A title\n\nWhat it is about.\n\n*Author: Nobody*\n\n")
    assert prose == ["## First\n\nProse.", "More prose.", "Still more."]
    definitions, call = sources(notebook, "code")
    assert definitions.startswith('DATASET = "digits"\n')
    assert definitions.endswith('    """Not prose."""\n    return 2 * x')
    assert call == "# A comment.\nprint(double(3), DATASET)"
    kinds = [cell.cell_type for cell in notebook.cells]
    assert kinds == ["markdown", "markdown", "code", "markdown", "markdown", "code"]


def test_what_else_is_taken_of_sys_is_imported(script):
    source = SCRIPT + "print(sys.platform)\n"
    assert sources(notebooks.notebook(script(source)), "code")[0].startswith("import sys\n")


def test_pictures_are_shown_if_there_are_any(script):
    source = SCRIPT + 'save(OUTPUT / "grid.png")\n'
    assert "display(Image(" in sources(notebooks.notebook(script(source)), "code")[-1]


@pytest.mark.parametrize("source", ["x = 1\n", '"""Prose."""\n'])
def test_a_script_without_a_title_is_refused(script, source):
    with pytest.raises(ValueError, match=r"`script` must begin .* `Title: …`. Received: script.py"):
        notebooks.notebook(script(source))


def test_there_is_a_notebook_for_every_script_but_those_that_start_others():
    names = {path.stem for path in notebooks.NOTEBOOKS.glob("*.ipynb")}
    assert names | notebooks.LEFT_OUT == {path.stem for path in (ROOT / "examples").glob("*.py")}
    assert not names & notebooks.LEFT_OUT


@pytest.mark.parametrize("script", notebooks.scripts(), ids=lambda path: path.stem)
def test_a_notebook_is_that_of_its_script(script):
    path = notebooks.NOTEBOOKS / f"{script.stem}.ipynb"
    assert path.read_text(encoding="utf-8") == notebooks.text(script), (
        "Write the notebooks again: python docs/notebooks.py"
    )
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    for source in sources(notebook, "code"):
        ast.parse(source)
        assert "sys.argv" not in source
    made = [node for source in sources(notebook, "code") for node in ast.parse(source).body]
    said = ast.parse(notebooks.without_arguments(script.read_text(encoding="utf-8"))).body
    said = [node for node in said if not notebooks.is_prose(node)]
    assert [*map(ast.dump, made)][: len(said)] == [*map(ast.dump, said)]


@pytest.mark.slow
def test_a_notebook_runs_and_shows_its_pictures(tmp_path, monkeypatch):
    nbclient = pytest.importorskip("nbclient")
    constants = {"HIDDEN_UNITS": (16,), "ROUNDS": 1, "STEPS_PER_ROUND": 20}
    notebook = notebooks.notebook(pathlib.Path(cut(ROOT, tmp_path, "vae.py", constants)))
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    monkeypatch.setenv("PYTHONPATH", path)
    folder = {"metadata": {"path": str(tmp_path)}}
    nbclient.NotebookClient(notebook, timeout=300, resources=folder).execute()
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    printed = "".join(output.get("text", "") for output in outputs)
    assert "Held-out ELBO" in printed
    shown = [o for o in notebook.cells[-1].outputs if "image/png" in o.get("data", {})]
    assert len(shown) == len(list((tmp_path / "output" / "vae_digits").glob("*.png"))) == 4
