"""Charts: lines where the numbers are, and labels that can be read."""

import itertools
import math
import re
import xml.etree.ElementTree

import numpy as np
import pytest

from keras_gans.reports.charts import HEIGHT, LEFT, RIGHT, TOP, WIDTH, chart, number

SVG = "{http://www.w3.org/2000/svg}"
EXTREME = {
    "constant": [0.5] * 4,
    "zero": [0.0] * 4,
    "one": [3.0],
    "tiny": [1e-320, 2e-320],
    "huge": [-1.7e308, 1.7e308],
    "powers": [10.0**-k for k in range(0, 300, 7)],
    "offset": [123456.7, 123456.8],
    "negative": [-3e7, -1e7],
    "nothing": [math.nan, math.inf],
    "long": np.sin(np.arange(1000)).tolist(),
}


def parsed(name, *lines, **arguments):
    points = [dict(enumerate(line)) for line in lines]
    text = chart(name, points, **arguments).replace("<svg", f'<svg xmlns="{SVG[1:-1]}"', 1)
    return xml.etree.ElementTree.fromstring(text)


def texts(svg):
    return [text.text for text in svg.iter(f"{SVG}text")]


def places(svg, kind="line-0"):
    """The points of a line, all segments joined."""
    found = [p.get("points") for p in svg.iter(f"{SVG}polyline") if p.get("class") == kind]
    return [tuple(map(float, place.split(","))) for points in found for place in points.split()]


def labels_up(svg):
    """Heights and texts of the labels of the vertical axis."""
    found = [t for t in svg.iter(f"{SVG}text") if float(t.get("x")) == LEFT - 6]
    return [(float(t.get("y")) - 3.5, t.text) for t in found]


def test_points_are_at_their_numbers_between_the_labels():
    svg = parsed("a", [0.0, 1.0, 4.0])
    (x0, y0), (x1, y1), (x2, y2) = places(svg)
    assert (x0, x2) == (LEFT, WIDTH - RIGHT) and x1 == (x0 + x2) / 2
    np.testing.assert_allclose((y0 - y1) / (y0 - y2), 0.25, atol=0.01)
    heights = {text: y for y, text in labels_up(svg)}
    np.testing.assert_allclose([heights["0"], heights["4"]], [y0, y2], atol=0.1)


def test_many_magnitudes_are_on_a_logarithmic_axis():
    svg = parsed("a", [1.0, 10.0, 100.0, 1000.0])
    steps = np.diff([y for _, y in places(svg)])
    np.testing.assert_allclose(steps, steps[0], atol=0.2)
    assert [text for _, text in labels_up(svg)] == ["1", "10", "100", "1000"]


def test_epochs_count_from_one_and_steps_stand_below():
    found = texts(parsed("a", [1.0, 2.0, 3.0], steps_per_epoch=5000))
    assert found[: found.index("step") + 4] == [
        "epoch",
        "1",
        "2",
        "3",
        "step",
        "5000",
        "10k",
        "15k",
    ]
    assert "step" not in texts(parsed("a", [1.0]))


def test_gaps_are_where_numbers_are_not_finite():
    svg = parsed("a", [1.0, 2.0, math.nan, 3.0, math.inf, 4.0, 5.0])
    assert len(list(svg.iter(f"{SVG}polyline"))) == 2
    assert len(list(svg.iter(f"{SVG}circle"))) == 1
    assert [t.text for t in svg.iter(f"{SVG}title")] == ["epoch 3: NaN", "epoch 5: ∞"]


def test_two_lines_share_the_axes():
    svg = parsed("a", [0.0, 1.0], [2.0, 4.0])
    top = min(y for _, y in places(svg, "line-1"))
    assert top < min(y for _, y in places(svg, "line-0"))


def test_names_are_escaped():
    assert parsed('<b>"&', [1.0]).get("aria-label") == '<b>"&'


@pytest.mark.parametrize("steps_per_epoch", [None, 1, 123_456])
@pytest.mark.parametrize("values", EXTREME.values(), ids=EXTREME)
def test_labels_neither_overlap_nor_leave_the_chart(values, steps_per_epoch):
    svg = parsed("a", values, steps_per_epoch=steps_per_epoch)
    boxes = []
    for text in svg.iter(f"{SVG}text"):
        x, y, width = float(text.get("x")), float(text.get("y")), 6.0 * len(text.text)
        left = x - {"start": 0, "middle": width / 2, "end": width}[text.get("text-anchor")]
        boxes.append((left, left + width, y - 9, y + 1))
        assert left >= 0 and left + width <= WIDTH and y <= HEIGHT, text.text
    for a, b in itertools.combinations(boxes, 2):
        assert a[1] <= b[0] or b[1] <= a[0] or a[3] <= b[2] or b[3] <= a[2], (a, b)
    for x, y in places(svg):
        assert LEFT - 0.1 <= x <= WIDTH - RIGHT + 0.1 and TOP <= y <= HEIGHT


@pytest.mark.parametrize("values", EXTREME.values(), ids=EXTREME)
def test_labels_are_told_apart(values):
    labels = [text for _, text in labels_up(parsed("a", values))]
    assert len(labels) == len(set(labels))
    assert all(re.fullmatch(r"−?[\d.]+(e−?\d+|[kMG])?", label) for label in labels)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0.0, "0"),
        (0.123456, "0.1235"),
        (-2.0, "−2"),
        (1234.5, "1234"),
        (12345.0, "12.35k"),
        (3e6, "3M"),
        (1e-5, "1.000e−5"),
        (-1e20, "−1.000e20"),
        (math.nan, "NaN"),
        (math.inf, "∞"),
        (-math.inf, "−∞"),
    ],
)
def test_numbers_are_short(value, expected):
    assert number(value) == expected
