"""Curves over the size of a library as SVG: pure functions from figures to text."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from math import floor, log10
from typing import NamedTuple

COLOURS = ("#4269d0", "#ff725c", "#3ca951", "#a463f2", "#efb118")
WIDTH, HEIGHT = 360, 250
LEFT, RIGHT, TOP, BOTTOM = 46, 16, 40, 40


class Curve(NamedTuple):
    """Points of one colour; the first coordinate counts skills or requests."""

    label: str
    points: Sequence[tuple[float, float]]


class Panel(NamedTuple):
    """A chart with its title; the x axis is logarithmic, 0 stands left of all."""

    title: str
    unit: str
    """Of the x axis."""
    curves: Sequence[Curve]
    log: bool = False
    """Whether the y axis is logarithmic too; otherwise it starts at 0."""


def svg(panels: Sequence[Panel]) -> str:
    """Panels side by side, two in a row."""
    rows = (len(panels) + 1) // 2
    parts = [
        f'<g transform="translate({WIDTH * (at % 2)} {HEIGHT * (at // 2)})">{_panel(panel)}</g>'
        for at, panel in enumerate(panels)
    ]
    width, height = WIDTH * min(2, len(panels)), HEIGHT * rows
    return (
        f'<svg viewBox="0 0 {width} {height}" width="{width}" role="img" font-family="sans-serif"'
        f' font-size="10" xmlns="http://www.w3.org/2000/svg">'
        f'<rect width="{width}" height="{height}" fill="#fff"/>{"".join(parts)}</svg>\n'
    )


def _panel(panel: Panel) -> str:
    xs = sorted({x for curve in panel.curves for x, _ in curve.points})
    ys = [y for curve in panel.curves for _, y in curve.points]
    least_x = min((x for x in xs if x > 0), default=1.0)
    span = (log10(least_x) - (0.5 if 0 in xs else 0.0), log10(max(xs[-1], 10 * least_x)))
    low, high = _span(ys, panel.log)

    def across(x: float) -> float:
        share = (log10(x) - span[0]) / (span[1] - span[0]) if x > 0 else 0.0
        return LEFT + share * (WIDTH - LEFT - RIGHT)

    def up(y: float) -> float:
        at = log10(y) if panel.log else y
        return HEIGHT - BOTTOM - (at - low) / (high - low) * (HEIGHT - TOP - BOTTOM)

    parts = [_text(LEFT, 14, panel.title, "start", "bold")]
    for tick in _ticks(low, high, panel.log):
        parts.append(f'<path d="M{LEFT} {up(tick):.1f}H{WIDTH - RIGHT}" stroke="#ddd"/>')
        parts.append(_text(LEFT - 4, up(tick) + 3, f"{tick:g}", "end"))
    for x in xs:
        parts.append(_text(across(x), HEIGHT - BOTTOM + 14, _short(x), "middle"))
    parts.append(_text(WIDTH - RIGHT, HEIGHT - 10, panel.unit, "end"))
    place = float(LEFT)
    for at, curve in enumerate(panel.curves):
        colour = COLOURS[at % len(COLOURS)]
        line = " ".join(f"{across(x):.1f},{up(y):.1f}" for x, y in curve.points)
        parts.append(f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += [
            f'<circle cx="{across(x):.1f}" cy="{up(y):.1f}" r="2.5" fill="{colour}">'
            f"<title>{escape(curve.label)}: {y:g} at {x:,.0f}</title></circle>"
            for x, y in curve.points
        ]
        parts.append(f'<rect x="{place}" y="22" width="8" height="8" fill="{colour}"/>')
        parts.append(_text(place + 11, 30, curve.label))
        place += 20 + 5.5 * len(curve.label)
    return "".join(parts)


def _span(ys: Sequence[float], log: bool) -> tuple[float, float]:
    if not log:
        return 0.0, max([*ys, 1e-9]) * 1.05
    low, high = floor(log10(min(ys))), floor(log10(max(ys))) + 1
    return float(low), float(high)


def _ticks(low: float, high: float, log: bool) -> list[float]:
    if log:
        return [10.0**power for power in range(int(low), int(high) + 1)]
    step = 10.0 ** floor(log10(high))
    step = next(part * step for part in (0.1, 0.2, 0.5, 1.0, 2.0) if high <= 8 * part * step)
    return [round(at * step, 9) for at in range(int(high / step) + 1)]


def _short(count: float) -> str:
    return f"{count / 1000:g}k" if count >= 1000 else f"{count:g}"


def _text(x: float, y: float, words: str, anchor: str = "start", weight: str = "normal") -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-weight="{weight}">'
        f"{escape(words)}</text>"
    )
