"""Charts of numbers over epochs, as SVG that stands inside a page."""

import html
import itertools
import math
from collections.abc import Sequence

#: Size of a chart, and what is around its lines: room for labels.
WIDTH, HEIGHT = 360, 190
LEFT, RIGHT, TOP, BOTTOM = 60, 20, 10, 38

#: How many times the least number the greatest is from which on the axis is logarithmic.
MANY_TIMES = 1e3

#: Beyond it differences overflow.
_LARGEST = 1e300


def chart(name: str, lines: Sequence[dict[int, float]], steps_per_epoch: int | None = None) -> str:
    """Draw one line or more over the epochs, which are counted from 1 on the axis.

    Numbers that are not finite are marked at the upper edge.

    Args:
        name: What is drawn.
        lines: Numbers by epoch, in order; at least one. CSS knows their lines as `line-0`, ….
        steps_per_epoch: Positive integer, for a second row of labels. Defaults to `None`, no row.

    Returns:
        An SVG element.
    """
    epochs = [epoch + 1 for points in lines for epoch in points]
    across = _Axis(min(epochs), max(epochs), LEFT, WIDTH - RIGHT, least=1.0)
    finite = [value for points in lines for value in points.values() if math.isfinite(value)]
    up = _vertical_axis(finite)
    parts = [*_horizontal_labels(across, steps_per_epoch), *_vertical_labels(up, bool(finite))]
    for i, points in enumerate(lines):
        parts += _line(f"line-{i}", points, across, up)
    for points in lines:
        parts += [
            _mark(e, value, across) for e, value in points.items() if not math.isfinite(value)
        ]
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{html.escape(name)}">'
        f"{''.join(parts)}</svg>"
    )


def number(value: float, step: float | None = None, size: float | None = None) -> str:
    """A number as it is read: `1.5k`, `0.25`, `−3.1e−5`.

    Args:
        value: Float.
        step: Positive float, that between the labels of an axis, which are told apart. Defaults to
            `None`: a number by itself, of four digits.
        size: Positive float, the largest of these labels, which all have one unit. Defaults to
            `None`, that of the number.
    """
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else "∞" if value > 0 else "−∞"
    unit, suffix = _unit(size or abs(value))
    if suffix is None:
        digits = 3 if step is None else _digits(abs(value) or step, step)
        text = f"{value:.{digits}e}" if value else "0"
        mantissa, _, exponent = text.partition("e")
        text = f"{mantissa}e{int(exponent)}" if exponent else mantissa
    elif step is None:
        text = f"{value / unit:.4g}{suffix}"
    else:
        text = f"{value / unit:.{_digits(unit, step)}f}{suffix}" if value else "0"
    return text.replace("-", "−")


def _unit(size):
    """What large numbers are counted in; no suffix for those that have an exponent instead."""
    if 1e-3 <= size < 1e4 or size == 0:
        return 1.0, ""
    for unit, suffix in ((1e3, "k"), (1e6, "M"), (1e9, "G")):
        if unit <= size < 1e3 * unit:
            return unit, suffix
    return 1.0, None


def _digits(unit, step):
    """Digits behind the point with which multiples of `step` are told apart, counted in `unit`."""
    return max(0, math.floor(math.log10(unit) + 1e-9) - math.floor(math.log10(step) + 1e-9))


class _Axis:
    """A range of numbers, and the range of pixels that shows it."""

    def __init__(self, low, high, start, end, least, is_logarithmic=False):
        if high - low < least:
            middle = low / 2 + high / 2
            low, high = middle - least / 2, middle + least / 2
        self.low, self.high, self.start, self.end = low, high, start, end
        self.is_logarithmic = is_logarithmic

    def __call__(self, value):
        """The pixel of a number."""
        value = math.log10(value) if self.is_logarithmic else min(max(value, -_LARGEST), _LARGEST)
        share = (value - self.low) / (self.high - self.low)
        return self.start + share * (self.end - self.start)

    def ticks(self, most, whole=False):
        """Round numbers in the range, and the distance between two."""
        step = 10.0 ** math.floor(math.log10((self.high - self.low) / most))
        steps = (factor * step for factor in (1, 2, 5, 10, 20, 50))
        step = next(s for s in steps if self._count(s) <= most and (s >= 1 or not whole))
        first = math.ceil(self.low / step - 1e-9)
        return [(first + i) * step for i in range(self._count(step))], step

    def _count(self, step):
        first, last = math.ceil(self.low / step - 1e-9), math.floor(self.high / step + 1e-9)
        return last - first + 1


def _vertical_axis(finite):
    bottom, top = HEIGHT - BOTTOM, TOP + 4
    low, high = min(finite, default=0.0), max(finite, default=1.0)
    if low > 0 and high / low >= MANY_TIMES:
        return _Axis(math.log10(low), math.log10(high), bottom, top, 1.0, is_logarithmic=True)
    low, high = (min(max(value, -_LARGEST), _LARGEST) for value in (low, high))
    largest = max(abs(low), abs(high))
    return _Axis(low, high, bottom, top, least=max(1e-3 * largest, 1e-30) if largest else 1.0)


def _vertical_labels(up, has_numbers):
    if not has_numbers:
        return [_text(LEFT + 8, HEIGHT / 2 - 10, "no finite number", "start")]
    values, step = up.ticks(most=5, whole=up.is_logarithmic)
    size, parts = max(map(abs, values)), []
    for value in values:
        if up.is_logarithmic:
            value = size = step = 10.0 ** round(value)
        y = up(value)
        parts.append(f'<path class="grid" d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}"/>')
        parts.append(_text(LEFT - 6, y + 3.5, number(value, step, size), "end"))
    return parts


def _horizontal_labels(across, steps_per_epoch):
    bottom = HEIGHT - BOTTOM
    parts = [f'<path class="axis" d="M{LEFT} {bottom}H{WIDTH - RIGHT}"/>']
    rows = [("epoch", 1, 14)]
    if steps_per_epoch is not None:
        rows.append(("step", steps_per_epoch, 28))
    epochs, _ = across.ticks(most=6, whole=True)
    for name, times, below in rows:
        parts.append(_text(LEFT - 22, bottom + below, name, "end"))
        for epoch in epochs:
            parts.append(_text(across(epoch), bottom + below, _count(epoch * times), "middle"))
    return parts


def _count(num):
    """A whole number in few letters."""
    return f"{num:.0f}" if num < 1e4 else number(num)


def _line(kind, points, across, up):
    """The numbers of one line, with gaps where they are not finite."""
    parts = []
    pairs = ((epoch + 1, value) for epoch, value in points.items())
    for is_finite, run in itertools.groupby(pairs, lambda pair: math.isfinite(pair[1])):
        if not is_finite:
            continue
        places = [(across(epoch), up(value)) for epoch, value in run]
        if len(places) == 1:
            ((x, y),) = places
            parts.append(f'<circle class="{kind}" cx="{x:.1f}" cy="{y:.1f}" r="2.5"/>')
        else:
            listed = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
            parts.append(f'<polyline class="{kind}" points="{listed}"/>')
    return parts


def _mark(epoch, value, across):
    x = across(epoch + 1)
    return (
        f'<path class="lost" d="M{x - 4:.1f} {TOP - 6}h8l-4 8z">'
        f"<title>epoch {epoch + 1}: {number(value)}</title></path>"
    )


def _text(x, y, text, anchor):
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{html.escape(text)}</text>'
