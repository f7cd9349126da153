"""The charts of a report as PNG files, for slides and papers; needs the extra ``plots``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from skillweave.evals.charts import colour
from skillweave.evals.summary import Curve, Summary
from skillweave.skills.errors import UserError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

DPI = 150
Draw = Callable[["Axes"], None]


def plots(summary: Summary, folder: Path) -> list[Path]:
    """Write the charts of one run to ``folder/SUITE-*.png``.

    Raises:
        UserError: matplotlib is not installed.
    """
    drawings = drawings_of(summary)
    folder.mkdir(parents=True, exist_ok=True)
    return [
        _written(folder / f"{summary.suite}-{name}.png", title, draw)
        for name, title, draw in drawings
    ]


def drawings_of(summary: Summary) -> list[tuple[str, str, Draw]]:
    """Name, title and drawing of every chart."""
    arms = [arm.arm for arm in summary.arms]
    found: list[tuple[str, str, Draw]] = [
        ("families", "success by family", lambda axes: _families(axes, summary, arms)),
        ("cost", "success against cost", lambda axes: _cost(axes, summary, arms)),
    ]
    if summary.curves:
        score = _curves(summary.curves, arms, "score", "success so far")
        learned = _curves(summary.curves, arms, "learned", "skills learned so far")
        found += [
            ("growth", "success as the library grows", score),
            ("learned", "skills learned", learned),
        ]
    return found


def _written(path: Path, title: str, draw: Draw) -> Path:
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise UserError("plots need matplotlib: pip install 'skillweave[plots]'") from None
    figure = Figure(figsize=(8, 4.5), layout="constrained")
    axes = figure.add_subplot()
    axes.set_title(title)
    draw(axes)
    unfinished = path.with_name(f".{path.name}")
    figure.savefig(unfinished, dpi=DPI, format="png")
    unfinished.replace(path)
    return path


def _families(axes: Axes, summary: Summary, arms: Sequence[str]) -> None:
    families = list(dict.fromkeys(one.family for one in summary.families))
    height = 0.8 / len(arms)
    for number, arm in enumerate(arms):
        own = {one.family: one for one in summary.families if one.arm == arm and one.samples}
        shown = [name for name in families if name in own]
        scores = [own[name].score for name in shown]
        # An interval may lie to one side of the score by the rounding of its arithmetic.
        below = [max(0.0, own[name].score - own[name].low) for name in shown]
        above = [max(0.0, own[name].high - own[name].score) for name in shown]
        places = [families.index(name) + height * number for name in shown]
        axes.barh(
            places,
            scores,
            height,
            xerr=[below, above],
            label=arm,
            color=colour(arms, arm),
            error_kw={"linewidth": 1},
        )
    axes.set_yticks([place + 0.4 - height / 2 for place in range(len(families))], families)
    axes.invert_yaxis()
    axes.set_xlim(0, 1)
    axes.set_xlabel("success, with its interval at 95 %")
    axes.legend(fontsize="small")


def _cost(axes: Axes, summary: Summary, arms: Sequence[str]) -> None:
    for arm in summary.arms:
        spread = [[max(0.0, arm.score - arm.low)], [max(0.0, arm.high - arm.score)]]
        shade = colour(arms, arm.arm)
        axes.errorbar([arm.tokens], [arm.score], yerr=spread, fmt="o", label=arm.arm, color=shade)
    axes.set_ylim(0, 1)
    axes.set_xlabel("tokens a sample")
    axes.set_ylabel("success")
    axes.legend(fontsize="small")


def _curves(curves: Sequence[Curve], arms: Sequence[str], what: str, told: str) -> Draw:
    def draw(axes: Axes) -> None:
        for one in curves:
            heights = one.score if what == "score" else one.learned
            axes.plot(one.tried, heights, label=one.arm, color=colour(arms, one.arm))
        axes.set_xlabel("samples tried")
        axes.set_ylabel(told)
        axes.set_ylim(bottom=0)
        axes.legend(fontsize="small")

    return draw
