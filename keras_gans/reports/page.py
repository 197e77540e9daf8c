"""The page of a report: one file that loads nothing else, and that is read back to go on with."""

import dataclasses
import html
import json
import pathlib
from collections.abc import Iterable, Sequence
from html.parser import HTMLParser
from typing import Any

from keras_gans.reports.charts import chart, number
from keras_gans.reports.curves import Curves

#: The element whose JSON is read back.
DATA = "keras-gans-report"

#: How long a text in a table may be.
MOST_CHARACTERS = 1000

_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"

_STYLE = """
:root { color-scheme: light; }
* { box-sizing: border-box; }
body { max-width: 1180px; margin: 0 auto; padding: 24px 16px 48px; background: #fff;
  color: #1f2933; font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
h1 { margin: 0; font-size: 26px; font-weight: 650; overflow-wrap: anywhere; }
h2 { margin: 36px 0 12px; padding-bottom: 6px; border-bottom: 1px solid #e4e7eb;
  font-size: 18px; font-weight: 600; }
h3 { margin: 20px 0 6px; font-size: 14px; font-weight: 600; color: #52606d; }
p { margin: 4px 0; }
.status { color: #52606d; }
.notice { margin: 12px 0; padding: 8px 12px; border-left: 4px solid #d64545; background: #fdf3f3; }
.charts { display: grid; gap: 20px 24px;
  grid-template-columns: repeat(auto-fill, minmax(min(100%, 320px), 1fr)); }
figure { margin: 0; min-width: 0; }
figcaption { display: flex; flex-wrap: wrap; justify-content: space-between; gap: 0 12px;
  font-size: 13px; overflow-wrap: anywhere; }
figcaption b { font-weight: 600; }
.key-0 { color: #2563eb; } .key-1 { color: #c2610c; }
svg { display: block; width: 100%; height: auto; }
svg text { font-size: 11px; fill: #616e7c; }
.grid { stroke: #e9ecef; } .axis { stroke: #9aa5b1; }
polyline { fill: none; stroke-width: 1.5; stroke-linejoin: round; }
polyline.line-0 { stroke: #2563eb; } circle.line-0 { fill: #2563eb; }
polyline.line-1 { stroke: #c2610c; } circle.line-1 { fill: #c2610c; }
.lost { fill: #d64545; }
.samples { display: grid; gap: 20px 24px; align-items: start;
  grid-template-columns: repeat(auto-fill, minmax(min(100%, 240px), 1fr)); }
.samples .newest { grid-column: 1 / -1; max-width: 720px; }
.samples img { display: block; width: 100%; height: auto; border: 1px solid #e4e7eb; }
ol { margin: 4px 0; padding-left: 28px; font: 13px/1.45 ui-monospace, Menlo, monospace;
  overflow-wrap: anywhere; white-space: pre-wrap; }
.table { overflow-x: auto; }
table { border-collapse: collapse; font-size: 14px; }
th, td { padding: 4px 20px 4px 0; text-align: left; vertical-align: top;
  border-bottom: 1px solid #f0f2f4; }
th { font-weight: 500; color: #52606d; white-space: nowrap; }
td { overflow-wrap: anywhere; min-width: 60px; }
td.command { font: 13px/1.45 ui-monospace, Menlo, monospace; }
@media print { body { max-width: none; } figure, tr { break-inside: avoid; } }
"""


@dataclasses.dataclass(frozen=True)
class Sample:
    """What a model made after an epoch: a picture or texts.

    Attributes:
        epoch: Integer, counted from 0.
        picture: String, a `data:` URI; empty if there is none.
        texts: Tuple of strings.
    """

    epoch: int
    picture: str = ""
    texts: tuple[str, ...] = ()


@dataclasses.dataclass
class History:
    """What a page keeps of a training, to go on with.

    Attributes:
        losses: `Curves` of what Keras logs.
        metrics: `Curves` of what was measured for the report.
        course: `Curves` of seconds and learning rates.
        samples: List of `Sample`s in the order of epochs.
        starts: List of pairs, the date of each start and the epoch that it began with.
        seconds: Float, time spent in epochs, those that were made again included.
    """

    losses: Curves = dataclasses.field(default_factory=Curves)
    metrics: Curves = dataclasses.field(default_factory=Curves)
    course: Curves = dataclasses.field(default_factory=Curves)
    samples: list[Sample] = dataclasses.field(default_factory=list)
    starts: list[tuple[str, int]] = dataclasses.field(default_factory=list)
    seconds: float = 0.0

    def cut(self, epoch: int) -> None:
        """Drop what is of an epoch, and of those after it."""
        for curves in (self.losses, self.metrics, self.course):
            curves.cut(epoch)
        self.samples = [sample for sample in self.samples if sample.epoch < epoch]
        self.starts = [start for start in self.starts if start[1] < epoch]
        if not self.starts:
            self.seconds = 0.0

    def add_sample(self, sample: Sample, most: int) -> None:
        """Add a sample. The first and the newest are kept, and between them about evenly spaced."""
        self.samples.append(sample)
        while len(self.samples) > most:
            epochs = [sample.epoch for sample in self.samples]
            inner = range(1, len(epochs) - 1)
            del self.samples[min(inner, key=lambda i: epochs[i + 1] - epochs[i - 1])]


@dataclasses.dataclass(frozen=True)
class Table:
    """A table: its heading, and rows of a name and texts; the names of the columns come first.

    Attributes:
        heading: String.
        rows: List of lists of strings.
        columns: List of strings, names of the columns; empty if they need none.
    """

    heading: str
    rows: Sequence[Sequence[Any]]
    columns: Sequence[str] = ()


def write(
    filepath: pathlib.Path,
    title: str,
    status: str,
    history: History,
    tables: Sequence[Table],
    steps_per_epoch: int | None,
) -> None:
    """Write a page.

    Args:
        filepath: Its path.
        title: What was trained.
        status: How far it has come.
        history: What was logged and made.
        tables: What else there is to know.
        steps_per_epoch: Positive integer, or `None` if unknown.
    """
    parts = [
        f"<h1>{html.escape(title)}</h1>",
        f'<p class="status">{html.escape(status)}</p>',
        *_notices(history),
        *_section("Losses", _charts(history.losses, steps_per_epoch, "losses")),
        *_section("Metrics", _measured(history, steps_per_epoch)),
        *_section("Samples", _samples(history.samples)),
        *_section("Time and learning rates", _courses(history.course, steps_per_epoch)),
        *map(_table, tables),
        _data(history),
    ]
    text = (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{html.escape(title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n"
        + "\n".join(parts)
        + "\n</body>\n</html>\n"
    )
    filepath.write_bytes(text.encode("utf-8", errors="replace"))


def read(filepath: pathlib.Path) -> History:
    """Return what a page keeps of a training.

    Raises:
        OSError: If it cannot be read.
        ValueError: If it is no report, or a damaged one.
    """
    reader = _Reader()
    try:
        reader.feed(filepath.read_text(encoding="utf-8"))
        found = json.loads("".join(reader.data))
        curves = {n: Curves.from_json(found[n]) for n in ("losses", "metrics", "course")}
        samples = [
            Sample(int(epoch), reader.pictures.get(int(epoch), ""), tuple(map(str, texts)))
            for epoch, texts in found["samples"]
        ]
        starts = [(str(date), int(epoch)) for date, epoch in found["starts"]]
        return History(**curves, samples=samples, starts=starts, seconds=float(found["seconds"]))
    except RecursionError:
        raise ValueError(f"{filepath} is no report: it is nested too deeply") from None
    except (ValueError, TypeError, KeyError, AttributeError, AssertionError) as error:
        raise ValueError(f"{filepath} is no report, or a damaged one: {error!r}") from None


class _Reader(HTMLParser):
    """Finds the data of a page, and its pictures by epoch."""

    def __init__(self):
        super().__init__()
        self.data, self.pictures = [], {}
        self._is_data = False

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self._is_data = tag == "script" and attributes.get("id") == DATA
        epoch, source = attributes.get("data-epoch") or "", attributes.get("src") or ""
        if tag == "img" and epoch.isdecimal() and source.startswith("data:image/"):
            self.pictures[int(epoch)] = source

    def handle_endtag(self, tag):
        self._is_data = False

    def handle_data(self, data):
        if self._is_data:
            self.data.append(data)


def _data(history):
    kept = {
        "losses": history.losses.to_json(),
        "metrics": history.metrics.to_json(),
        "course": history.course.to_json(),
        "samples": [[sample.epoch, list(sample.texts)] for sample in history.samples],
        "starts": history.starts,
        "seconds": history.seconds,
    }
    text = json.dumps(kept, separators=(",", ":"))
    for character in "<>&":  # which would end the element
        text = text.replace(character, f"\\u{ord(character):04x}")
    return f'<script type="application/json" id="{DATA}">{text}</script>'


def _section(heading, content):
    return [f"<h2>{heading}</h2>", content] if content else []


def _notices(history):
    """What must not be overlooked: numbers that are not finite."""
    lost = {}
    for curves in (history.losses, history.metrics):
        for name, points in curves.to_json().items():
            epochs = [e for e, v in zip(*points, strict=True) if isinstance(v, str)]
            if epochs:
                lost[name] = epochs[0] + 1
    if not lost:
        return []
    listed = ", ".join(f"{html.escape(name)} (epoch {epoch})" for name, epoch in lost.items())
    return [f'<p class="notice">NaN or infinite from the first time on: {listed}.</p>']


def _charts(curves, steps_per_epoch, kind):
    """A chart of each name; held-out values stand beside those of training."""
    names = [name for name in curves.by_name if not name.startswith("val_")]
    figures = [_figure(curves, [name, f"val_{name}"], steps_per_epoch) for name in names]
    return f'<div class="charts {kind}">{"".join(figures)}</div>' if figures else ""


def _measured(history, steps_per_epoch):
    """Charts of what was measured: for the report, and by an evaluation alone."""
    trained = history.losses.by_name
    alone = [n for n in trained if n.startswith("val_") and n.removeprefix("val_") not in trained]
    figures = [_figure(history.losses, [name], steps_per_epoch) for name in alone]
    figures += [_figure(history.metrics, [n], steps_per_epoch) for n in history.metrics.by_name]
    return f'<div class="charts metrics">{"".join(figures)}</div>' if figures else ""


def _courses(course, steps_per_epoch):
    """Charts of what was not the same in all epochs."""
    names = [name for name in course.by_name if not course.is_constant(name)]
    figures = [_figure(course, [name], steps_per_epoch) for name in names]
    return f'<div class="charts course">{"".join(figures)}</div>' if figures else ""


def _figure(curves, names, steps_per_epoch):
    """A chart of one name or two, under its newest numbers."""
    names = [name for name in names if name in curves.by_name]
    labels = ["", "held out "] if len(names) > 1 else [""]
    newest = "".join(
        f'<span class="key-{i}">{labels[i]}{number(curves.last(name))}</span>'
        for i, name in enumerate(names)
    )
    lines = [curves.by_name[name] for name in names]
    drawn = chart(names[0], lines, steps_per_epoch)
    return (
        f"<figure><figcaption><b>{html.escape(names[0])}</b>{newest}</figcaption>{drawn}</figure>"
    )


def _samples(samples: Sequence[Sample]) -> str:
    """The newest sample, then the others in their order."""
    shown = [sample for sample in samples if sample.picture or sample.texts]
    if not shown:
        return ""
    *others, newest = shown
    return (
        '<div class="samples">'
        + _sample(newest, "newest")
        + "".join(_sample(sample, "earlier") for sample in others)
        + "</div>"
    )


def _sample(sample: Sample, kind: str) -> str:
    name = f"epoch {sample.epoch + 1}"
    content = ""
    if sample.picture:
        content = (
            f'<img data-epoch="{sample.epoch}" alt="Samples after {name}" '
            f'src="{html.escape(sample.picture)}">'
        )
    if sample.texts:
        content += f"<ol>{_items(sample.texts)}</ol>"
    return f'<figure class="{kind}"><figcaption><b>{name}</b></figcaption>{content}</figure>'


def _items(texts: Iterable[str]) -> str:
    return "".join(f"<li>{html.escape(text)}</li>" for text in texts)


def _table(table: Table) -> str:
    head = "".join(f"<th>{html.escape(column)}</th>" for column in table.columns)
    rows = [f"<tr>{head}</tr>"] if head else []
    rows += [_row(row) for row in table.rows]
    if not table.rows:
        return ""
    return (
        f"<h2>{html.escape(table.heading)}</h2>"
        f'<div class="table"><table>{"".join(rows)}</table></div>'
    )


def _row(row):
    name, *texts = map(str, row)
    kind = ' class="command"' if name == "command" else ""
    cells = "".join(f"<td{kind}>{html.escape(_cut(text))}</td>" for text in texts)
    return f"<tr><th>{html.escape(name)}</th>{cells}</tr>"


def _cut(text):
    return text if len(text) <= MOST_CHARACTERS else f"{text[: MOST_CHARACTERS - 1]}…"
