"""Docstrings as Griffe reads them: examples are indented, and comments `#:` belong to names."""

import re
import textwrap

import griffe

#: Where a section begins.
SECTION = re.compile(r"(?m)^(?=[A-Z][A-Za-z]*:(?: |$))")

#: The first line of a list of arguments that are described as one.
LIST_OF_NAMES = re.compile(r"(?m)^(    [\w*, ]+,)\n        (?=[\w*, ]+:)")


class Docstrings(griffe.Extension):
    def on_object(self, *, obj, **kwargs):
        if obj.docstring:
            obj.docstring.value = to_google(obj.docstring.value)

    def on_attribute(self, *, attr, **kwargs):
        if attr.docstring is None and (comment := comment_above(attr)):
            attr.docstring = griffe.Docstring(comment, parent=attr)


def comment_above(attr):
    """The lines above an assignment that begin with `#:`."""
    lines = []
    for line in reversed(attr.lines_collection[attr.filepath][: attr.lineno - 1]):
        if not line.lstrip().startswith("#: "):
            break
        lines.insert(0, line.lstrip().removeprefix("#: "))
    return "\n".join(lines)


def to_google(text):
    """The same docstring with other sections."""
    return "".join(map(section_of_google, SECTION.split(text)))


def section_of_google(section):
    """A section with examples indented, and with logs and references as text."""
    title, _, body = section.partition(":")
    match title:
        case "Args":
            return LIST_OF_NAMES.sub(r"\1 ", section)
        case "Example":
            return "Examples:\n" + textwrap.indent(body.lstrip("\n"), "    ")
        case "Logs":
            return f"**Logs:**{body}"
        case "Reference":
            return f"**Reference:** {textwrap.dedent(body).lstrip()}"
        case "References":
            return f"**References:**\n\n{textwrap.dedent(body).lstrip()}"
    return section
