"""The page: whole, safe, alone, and read back."""

import dataclasses
import itertools
import math
from html.parser import HTMLParser

import pytest

from keras_gans.reports import page
from keras_gans.reports.page import History, Sample, Table

EVIL = '</script><script>alert("1")</script><img src="https://example.com/a.png">&amp;'
VOID = ("meta", "img", "br")


class Reader(HTMLParser):
    """All elements with their attributes, all text, and whether tags are closed in order."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.texts, self.open = [], [], []
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if not {"script", "style"} & set(self.open):
            self.texts.append(data)

    def all(self, tag, **attributes):
        return [
            found
            for kind, found in self.elements
            if kind == tag and attributes.items() <= found.items()
        ]


def assert_loads_nothing(text):
    """No element of a page asks for anything from elsewhere."""
    reader = Reader(text)
    for tag, attributes in reader.elements:
        assert tag not in ("link", "iframe", "object", "embed", "base", "video", "audio", "form")
        for name in (
            "src",
            "href",
            "srcset",
            "data",
            "action",
            "xlink:href",
            "style",
            "background",
        ):
            assert (attributes.get(name) or "data:").startswith("data:")
        assert not [name for name in attributes if name.startswith("on")]
    assert "url(" not in text and "@import" not in text
    assert [s.get("type") for s in reader.all("script")] == ["application/json"]
    return reader


def history(epochs=3, **values):
    made = History(starts=[("2026-01-01 10:00 UTC", 0)], seconds=12.0)
    for epoch in range(epochs):
        made.losses.add(epoch, {"d_loss": 1.0 / (epoch + 1), "g_loss": epoch, **values})
        made.course.add(epoch, {"seconds per epoch": 4.0 + epoch, "learning rate of a": 0.1})
    return made


def write(folder, made, title="Title", status="Status.", tables=(), steps=None):
    page.write(folder / "report.html", title, status, made, tables, steps)
    return (folder / "report.html").read_text(encoding="utf-8")


def test_is_one_file_that_loads_nothing(tmp_path):
    made = history()
    made.add_sample(Sample(0, "data:image/png;base64,AAAA"), most=9)
    reader = assert_loads_nothing(write(tmp_path, made, tables=[Table("T", [["a", 1]])]))
    (policy,) = reader.all("meta", **{"http-equiv": "Content-Security-Policy"})
    assert policy["content"].startswith("default-src 'none'")


def test_shows_what_it_was_given(tmp_path):
    made = history()
    made.add_sample(Sample(1, "data:image/png;base64,AAAA"), most=9)
    made.add_sample(Sample(2, texts=("to be", "or not")), most=9)
    made.metrics.add(2, {"fid": 3.25})
    table = Table("Networks", [["generator", "1,234"]], ["network", "parameters"])
    reader = Reader(write(tmp_path, made, tables=[table, Table("Empty", [])], steps=100))
    assert {"Title", "Status.", "Losses", "Metrics", "Samples", "Networks"} < set(reader.texts)
    assert {"generator", "1,234", "parameters", "to be", "or not", "3.25"} < set(reader.texts)
    assert "Empty" not in reader.texts
    assert [svg["aria-label"] for svg in reader.all("svg")] == [
        "d_loss",
        "g_loss",
        "fid",
        "seconds per epoch",  # the learning rate stays as it is
    ]
    assert [img["data-epoch"] for img in reader.all("img")] == ["1"]
    assert "step" in reader.texts


def test_held_out_values_are_beside_those_of_training(tmp_path):
    reader = Reader(write(tmp_path, history(val_d_loss=2.0, val_fid=7.0)))
    assert [s["aria-label"] for s in reader.all("svg")][:3] == ["d_loss", "g_loss", "val_fid"]
    assert "held out 2" in reader.texts
    assert len(reader.all("polyline", **{"class": "line-1"})) == 1


def test_an_empty_history_makes_a_page(tmp_path):
    reader = assert_loads_nothing(write(tmp_path, History()))
    assert not reader.all("svg") and "Title" in reader.texts
    assert not page.read(tmp_path / "report.html").losses.by_name


def test_what_users_write_stays_text(tmp_path):
    made = history(**{EVIL: 1.0})
    made.add_sample(Sample(0, f"data:image/png;base64,{EVIL}", (EVIL,)), most=9)
    made.metrics.add(0, {EVIL: math.nan})
    table = Table(EVIL, [[EVIL, EVIL]], [EVIL])
    reader = assert_loads_nothing(write(tmp_path, made, EVIL, EVIL, [table]))
    assert len(reader.all("img")) == 1
    assert reader.texts.count(EVIL) >= 7
    again = page.read(tmp_path / "report.html")
    assert EVIL in again.losses.by_name and again.samples == made.samples


def test_names_that_are_no_unicode_are_shown_somehow(tmp_path):
    write(tmp_path, history(), title="pictures/\udce9")
    assert page.read(tmp_path / "report.html").seconds == 12.0


def test_numbers_that_are_not_finite_are_named(tmp_path):
    made = history()
    made.losses.add(3, {"d_loss": math.nan, "g_loss": 1.0})
    reader = Reader(write(tmp_path, made))
    assert "NaN or infinite from the first time on: d_loss (epoch 4)." in reader.texts
    assert not any("NaN or inf" in text for text in Reader(write(tmp_path, history())).texts)


def test_is_read_back_as_it_was(tmp_path):
    made = history()
    made.metrics.add(1, {"fid": 2.0})
    made.add_sample(Sample(0, "data:image/jpeg;base64,AB+/="), most=9)
    made.add_sample(Sample(2, texts=("a <b>", "c\nd")), most=9)
    write(tmp_path, made)
    again = page.read(tmp_path / "report.html")
    for curves in ("losses", "metrics", "course"):
        found, expected = getattr(again, curves), getattr(made, curves)
        assert found.to_json() == expected.to_json()
    assert again.samples == made.samples
    assert (again.starts, again.seconds) == (made.starts, made.seconds)


def test_a_long_run_makes_a_small_page(tmp_path):
    made = History()
    for epoch in range(100_000):
        made.losses.add(epoch, {"d_loss": epoch % 7, "g_loss": 1 / (epoch + 1)})
    text = write(tmp_path, made)
    assert len(text) < 150_000
    assert max(page.read(tmp_path / "report.html").losses.by_name["d_loss"]) == 99_999


@pytest.mark.parametrize(
    "text",
    [
        "",
        "<html>a page</html>",
        f'<script id="{page.DATA}">{{}}</script>',
        f'<script id="{page.DATA}">[1]</script>',
        f'<script id="{page.DATA}">{"[" * 100_000}</script>',
        "<![a",
    ],
)
def test_another_page_is_refused(text, tmp_path):
    path = tmp_path / "report.html"
    path.write_text(text)
    with pytest.raises(ValueError, match="is no report"):
        page.read(path)


def test_samples_that_are_kept_are_spread(tmp_path):
    made = History()
    for epoch in range(1000):
        made.add_sample(Sample(epoch), most=9)
    epochs = [sample.epoch for sample in made.samples]
    assert len(epochs) == 9 and (epochs[0], epochs[-1]) == (0, 999)
    gaps = [b - a for a, b in itertools.pairwise(epochs)]
    assert max(gaps) < 300


def test_a_cut_forgets_what_will_be_made_again():
    made = history()
    made.starts.append(("2026-01-02", 2))
    made.add_sample(Sample(0), most=9)
    made.add_sample(Sample(2), most=9)
    made.cut(2)
    assert list(made.losses.by_name["d_loss"]) == [0, 1]
    assert made.samples == [Sample(0)]
    assert made.starts == [("2026-01-01 10:00 UTC", 0)] and made.seconds == 12.0
    made.cut(0)
    assert dataclasses.astuple(made)[3:] == ([], [], 0.0)
