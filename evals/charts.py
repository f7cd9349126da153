"""Charts of a report as inline SVG: pure functions from numbers to text."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import NamedTuple

COLOURS = ("#4269d0", "#efb118", "#ff725c", "#6cc5b0", "#3ca951", "#a463f2", "#97bbf5", "#9c6b4e")
WIDTH, BAR, GAP, LEFT = 760, 14, 12, 130
LETTER, LONGEST = 6.5, 42
"""Width of a letter, amply; letters of a heading that are shown."""


class Bar(NamedTuple):
    """A share with its interval."""

    label: str
    score: float
    low: float
    high: float
    title: str


class Group(NamedTuple):
    """Bars under one heading."""

    name: str
    bars: Sequence[Bar]


class Line(NamedTuple):
    """A curve over the number of samples tried."""

    label: str
    xs: Sequence[float]
    ys: Sequence[float]


class Dot(NamedTuple):
    """A score at a cost."""

    label: str
    cost: float
    score: float
    low: float
    high: float


def colour(labels: Sequence[str], label: str) -> str:
    """The colour of one of several labels."""
    return COLOURS[list(labels).index(label) % len(COLOURS)]


def bars(groups: Sequence[Group], labels: Sequence[str]) -> str:
    """Horizontal bars from 0 to 1 with their intervals, by group."""
    parts: list[str] = []
    y, right = 4, WIDTH - 60
    names = [_short(group.name) for group in groups]
    left = max([LEFT, *(12 + LETTER * len(name) for name in names)])
    for group, name in zip(groups, names, strict=True):
        middle = y + len(group.bars) * BAR / 2 + 4
        parts.append(_text(left - 8, middle, name, "end"))
        for bar in group.bars:
            x, low, high = (_at(v, left, right) for v in (bar.score, bar.low, bar.high))
            parts.append(
                f'<g><title>{escape(bar.title)}</title><rect x="{left:.1f}" y="{y}" height="{BAR - 3}" '
                f'width="{max(0.5, x - left):.1f}" fill="{colour(labels, bar.label)}"/>'
                f'<path d="M{low:.1f} {y + 5.5}H{high:.1f}" stroke="#222" stroke-width="1.2"/></g>'
            )
            parts.append(_text(right + 6, y + 9, f"{bar.score:.0%}"))
            y += BAR
        y += GAP
    for share in (0, 0.25, 0.5, 0.75, 1):
        x = _at(share, left, right)
        parts.insert(0, f'<path d="M{x:.1f} 0V{y}" stroke="#ddd"/>')
        parts.append(_text(x, y + 12, f"{share:.0%}", "middle"))
    return _svg(y + 18, parts)


def curves(lines: Sequence[Line], labels: Sequence[str], *, shares: bool, unit: str) -> str:
    """Lines over the number of samples."""
    most_x = max((x for line in lines for x in line.xs), default=1) or 1
    most_y = 1.0 if shares else max((y for line in lines for y in line.ys), default=1) or 1
    parts, bottom, right = _frame(shares, most_y), 220, WIDTH - 20
    for line in lines:
        points = " ".join(
            f"{_at(x / most_x, LEFT, right):.1f},{bottom - 200 * y / most_y:.1f}"
            for x, y in zip(line.xs, line.ys, strict=True)
        )
        parts.append(
            f'<polyline points="{points}" fill="none" stroke-width="2" '
            f'stroke="{colour(labels, line.label)}"><title>{escape(line.label)}</title></polyline>'
        )
    parts.append(_text(right, bottom + 16, f"{most_x:.0f} {unit}", "end"))
    return _svg(bottom + 24, parts)


def scatter(dots: Sequence[Dot], labels: Sequence[str], unit: str) -> str:
    """Scores against cost, with their intervals."""
    most = max((dot.cost for dot in dots), default=1) or 1
    parts, bottom, right = _frame(True, 1.0), 220, WIDTH - 120
    for dot in dots:
        x = _at(dot.cost / most, LEFT, right)
        y, low, high = (bottom - 200 * v for v in (dot.score, dot.low, dot.high))
        shade = colour(labels, dot.label)
        parts.append(
            f"<g><title>{escape(dot.label)}: {dot.score:.1%} at {dot.cost:.1f} {escape(unit)}</title>"
            f'<path d="M{x:.1f} {low:.1f}V{high:.1f}" stroke="{shade}" stroke-width="1.5"/>'
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="5" fill="{shade}"/></g>'
        )
        parts.append(_text(x + 8, y + 4, dot.label))
    parts.append(_text(right, bottom + 16, f"{most:.0f} {unit}", "end"))
    return _svg(bottom + 24, parts)


def _frame(shares: bool, most: float) -> list[str]:
    parts = []
    for share in (0, 0.25, 0.5, 0.75, 1):
        y = 220 - 200 * share
        told = f"{share:.0%}" if shares else f"{share * most:.1f}"
        parts.append(f'<path d="M{LEFT} {y}H{WIDTH - 20}" stroke="#ddd"/>')
        parts.append(_text(LEFT - 8, y + 4, told, "end"))
    return parts


def _short(name: str) -> str:
    return name if len(name) <= LONGEST else f"{name[: LONGEST - 1]}…"


def _at(share: float, left: float, right: float) -> float:
    return left + min(1.0, max(0.0, share)) * (right - left)


def _text(x: float, y: float, words: str, anchor: str = "start") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(words)}</text>'


def _svg(height: float, parts: Sequence[str]) -> str:
    return (
        f'<svg viewBox="0 0 {WIDTH} {height:.0f}" width="{WIDTH}" role="img" '
        f'xmlns="http://www.w3.org/2000/svg">{"".join(parts)}</svg>'
    )
