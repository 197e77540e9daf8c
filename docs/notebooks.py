"""The examples as notebooks: their prose in Markdown cells, what is between it in code cells.

    python docs/notebooks.py

writes examples/notebooks anew. What a script takes from the command line is its default there, and
a last cell shows the pictures. Run it after a change of an example: a test compares.
"""

import ast
import pathlib
import re

import nbformat
from nbformat import v4

ROOT = pathlib.Path(__file__).parents[1]
NOTEBOOKS = ROOT / "examples" / "notebooks"
#: Scripts that start others of their kind, or are commands, which a notebook cannot be.
LEFT_OUT = {"multi_worker", "serve"}
#: An argument of the command line, before its default.
ARGUMENT = re.compile(r"sys\.argv\[1\] if len\(sys\.argv\) > 1 else ")
FIELD = re.compile(r"(?m)^(\w+): (.*)$")
PICTURES = """\
from IPython.display import Image, display

for picture in sorted(OUTPUT.glob("*.png")):
    print(picture)
    display(Image(filename=str(picture)))"""


def scripts():
    """Paths of the examples that are notebooks, too."""
    paths = sorted((ROOT / "examples").glob("*.py"))
    return [path for path in paths if path.stem not in LEFT_OUT]


def notebook(script):
    """The notebook of a script.

    Args:
        script: Path of a Python file, whose docstrings at the level of the module are its prose:
            the first names the `Title`, the `Description` and other fields, a line each.

    Returns:
        `nbformat.NotebookNode`, without outputs.

    Raises:
        ValueError: If the script does not begin with such a title.
    """
    source = without_arguments(script.read_text(encoding="utf-8"))
    (kind, title), *others = parts(source)
    if kind != "markdown" or "Title" not in dict(FIELD.findall(title)):
        raise ValueError(
            "`script` must begin with a docstring that has a line `Title: …`. "
            f"Received: {script.name}"
        )
    cells = [("markdown", heading(title, script.name)), *others]
    if "OUTPUT" in source and ".png" in source:
        cells += [("markdown", "## The pictures"), ("code", PICTURES)]
    make = {"markdown": v4.new_markdown_cell, "code": v4.new_code_cell}
    return v4.new_notebook(
        cells=[make[kind](text, id=f"cell-{i}") for i, (kind, text) in enumerate(cells)],
        metadata={
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        },
        nbformat_minor=5,
    )


def without_arguments(source):
    """The code of a script that is started without arguments."""
    source = ARGUMENT.sub("", source)
    return source if re.search(r"\bsys\.", source) else source.replace("import sys\n", "")


def parts(source):
    """`(kind, text)` of all prose and code, in turn; code alone may be missing."""
    lines, end = source.splitlines(), 0
    found = []
    for node in ast.parse(source).body:
        if is_prose(node):
            found.append(("code", "\n".join(lines[end : node.lineno - 1])))
            found.append(("markdown", node.value.value))
            end = node.end_lineno
    found.append(("code", "\n".join(lines[end:])))
    return [(kind, text.strip("\n")) for kind, text in found if text.strip()]


def is_prose(node):
    """Whether a statement is a string that stands alone."""
    value = node.value if isinstance(node, ast.Expr) else None
    return isinstance(value, ast.Constant) and isinstance(value.value, str)


def heading(title, name):
    """The first cell: the fields of a title as Markdown."""
    fields = dict(FIELD.findall(title))
    lines = [f"# {fields.pop('Title')}", fields.pop("Description")]
    lines += [f"*{field}: {value}*" for field, value in fields.items()]
    lines.append(f"Made of [`examples/{name}`](../{name}), which says the same as a script.")
    return "\n\n".join(lines)


def text(script):
    """A notebook as it is written."""
    return nbformat.writes(notebook(script)) + "\n"


def main():
    NOTEBOOKS.mkdir(exist_ok=True)
    for path in NOTEBOOKS.glob("*.ipynb"):
        path.unlink()
    for script in scripts():
        path = NOTEBOOKS / f"{script.stem}.ipynb"
        path.write_text(text(script), encoding="utf-8")
        print(path.relative_to(ROOT))


if __name__ == "__main__":
    main()
