"""Lines over a field, as SVG: for the few places where a picture says more than a table."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape, quoteattr

Points = Sequence[tuple[float, float]]
WIDTH, HEIGHT = 720, 360
LEFT, RIGHT, TOP, BOTTOM = 70, 36, 44, 52
LEGEND = 220  # wide is a line's name
COLOURS = ("#1f6feb", "#c2410c", "#15803d")
DASHES = ("none", "7 4", "2 3")  # lines differ without colours, too
MOST_TICKS = 6


@dataclass(frozen=True, slots=True)
class Axis:
    """What an axis says. A logarithmic one has a tick at each power of ten; a linear one begins at zero."""

    label: str
    is_logarithmic: bool = False

    def scale(self, values: Iterable[float]) -> Scale:
        """The scale on which all these are seen."""
        found = list(values)
        if self.is_logarithmic:
            first, last = math.floor(math.log10(min(found))), math.ceil(math.log10(max(found)))
            return Scale(self, first, max(last, first + 1), [10.0**power for power in range(first, last + 1)])
        step = _step(max(found) or 1.0)
        count = math.ceil((max(found) or 1.0) / step)
        return Scale(self, 0.0, count * step, [number * step for number in range(count + 1)])


@dataclass(frozen=True, slots=True)
class Scale:
    """An axis with its ends (powers of ten where it is logarithmic) and its ticks."""

    axis: Axis
    first: float
    last: float
    ticks: Sequence[float]

    def part(self, value: float) -> float:
        """Where a value is: 0 at the beginning, 1 at the end."""
        place = math.log10(value) if self.axis.is_logarithmic else value
        return (place - self.first) / (self.last - self.first)


def plot(title: str, across: Axis, up: Axis, lines: Mapping[str, Points]) -> str:
    """The picture of some lines by their names. Raises ValueError where there is no point, or too many lines."""
    if len(lines) > len(COLOURS):
        raise ValueError("nobody could tell so many lines apart")
    points = [point for line in lines.values() for point in line]
    if not points:
        raise ValueError("there is nothing to show")
    x, y = across.scale(x for x, _ in points), up.scale(y for _, y in points)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}"'
        f' role="img" aria-label={quoteattr(title)} font-family="sans-serif" font-size="13">',
        f"<title>{escape(title)}</title>",
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
        *(_tick_up(y, value) for value in y.ticks),
        *(_tick_across(x, value) for value in x.ticks),
        _text(LEFT + _inner_width() / 2, HEIGHT - 12, across.label),
        f'<g transform="translate(18 {TOP + _inner_height() / 2}) rotate(-90)">{_text(0, 0, up.label)}</g>',
    ]
    for number, (name, line) in enumerate(lines.items()):
        parts += _line(number, name, [(_x(x, a), _y(y, b)) for a, b in line])
    return "\n".join([*parts, "</svg>", ""])


def _line(number: int, name: str, places: Points) -> list[str]:
    colour, dashes = COLOURS[number], DASHES[number]
    stroke = f'fill="none" stroke="{colour}" stroke-width="2" stroke-dasharray="{dashes}"'
    left = LEFT + number * LEGEND
    return [
        f'<polyline {stroke} points="{" ".join(f"{a:.1f},{b:.1f}" for a, b in places)}"/>',
        f'<path {stroke} d="M{left:.0f} 20h26"/>',
        _text(left + 32, 24, name, "start"),
    ]


def _tick_up(scale: Scale, value: float) -> str:
    place = _y(scale, value)
    return f'<path stroke="#d9dde3" d="M{LEFT} {place:.1f}H{WIDTH - RIGHT}"/>' + _text(
        LEFT - 8, place + 4, _number(value), "end"
    )


def _tick_across(scale: Scale, value: float) -> str:
    place = _x(scale, value)
    return f'<path stroke="#d9dde3" d="M{place:.1f} {TOP}V{HEIGHT - BOTTOM}"/>' + _text(
        place, HEIGHT - BOTTOM + 18, _number(value)
    )


def _text(x: float, y: float, text: str, anchor: str = "middle") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="#24292f">{escape(text)}</text>'


def _x(scale: Scale, value: float) -> float:
    return LEFT + scale.part(value) * _inner_width()


def _y(scale: Scale, value: float) -> float:
    return HEIGHT - BOTTOM - scale.part(value) * _inner_height()


def _inner_width() -> float:
    return WIDTH - LEFT - RIGHT


def _inner_height() -> float:
    return HEIGHT - TOP - BOTTOM


def _step(most: float) -> float:
    """The smallest of 1, 2, 5, 10, 20 … that needs no more than so many ticks."""
    power = 10.0 ** math.floor(math.log10(most / MOST_TICKS))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power * MOST_TICKS >= most)


def _number(value: float) -> str:
    return f"{value:,.10g}"
