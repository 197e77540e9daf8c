"""Docstrings as Griffe reads them: examples are indented, and comments `#:` belong to names."""

import re

import griffe

SECTION = re.compile(r"[A-Z][A-Za-z]*:( |$)")


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
    lines, is_example = [], False
    for line in joined_names(text).splitlines():
        if SECTION.match(line):
            is_example = line == "Example:"
            line = "Examples:" if is_example else line
            line = re.sub(r"^(Logs): ", r"**\1:** ", line)
        elif is_example and line:
            line = f"    {line}"
        lines.append(line)
    return re.sub(r"(?m)^Examples:\n\n", "Examples:\n", "\n".join(lines))


def joined_names(text):
    """The text with every list of argument names, which are described as one, on one line."""
    return re.sub(r"(?m)^(    [\w*, ]+,)\n        (?=[\w*, ]+:)", r"\1 ", text)
