"""The figures of a run as tables of words, for Markdown, HTML and the terminal."""

from __future__ import annotations

from collections.abc import Sequence

from skillweave.evals.compare import Comparison
from skillweave.evals.record import STATUSES
from skillweave.evals.suite import Table
from skillweave.evals.summary import ArmFigures, Summary

HOLM = "p is that of the exact sign test, after Holm's correction for the arms compared."


def arms_table(summary: Summary) -> Table:
    """Every arm with its interval, and its difference from the reference."""
    differences = {one.arm: one for one in summary.differences}
    rows = []
    for arm in summary.arms:
        told = [arm.arm, share(arm.score), interval(arm.low, arm.high), str(arm.samples)]
        one = differences.get(arm.arm)
        if one is None:
            told += ["", "", "", "", ""]
        else:
            pair = one.paired
            told += [
                points(pair.difference),
                f"{points(pair.low)} to {points(pair.high)}",
                f"{pair.wins} / {pair.losses}",
                f"{one.p_holm:.3g}",
                needed(pair.needed, pair.pairs, one.p_holm),
            ]
        rows.append((*told, f"{arm.tokens:.0f}", unfair(arm)))
    return Table(
        title="Arms",
        note=f"Intervals at 95 %. Differences are from {summary.reference}, paired by sample, in "
        f"points; {HOLM} An error counts as no success, and is left out of the differences.",
        columns=(
            "arm", "success", "interval", "samples", "difference", "its interval",
            "won / lost", "p", "samples to show it", "tokens", "not fair",
        ),
        rows=tuple(rows),
    )  # fmt: skip


def families_table(summary: Summary) -> Table:
    """Success by family and arm."""
    families = list(dict.fromkeys(one.family for one in summary.families))
    arms = [arm.arm for arm in summary.arms]
    found = {(one.family, one.arm): one for one in summary.families}
    rows = [
        (
            family,
            max(found[family, arm].samples for arm in arms),
            *(share(found[family, arm].score) for arm in arms),
        )
        for family in families
    ]
    columns = ("family", "samples", *arms)
    return Table(title="Families", note="", columns=columns, rows=tuple(rows))


def seeds_table(summary: Summary) -> Table:
    """Success under every seed, and how far the seeds are apart."""
    rows = [
        (arm.arm, *(share(one) for one in arm.by_seed), points(max(arm.by_seed) - min(arm.by_seed)))
        for arm in summary.arms
        if arm.by_seed
    ]
    return Table(
        title="Seeds",
        note="The intervals above are over samples, each with its mean over these seeds.",
        columns=("arm", *(f"seed {seed}" for seed in summary.seeds), "apart"),
        rows=tuple(rows),
    )


def comparison_table(found: Sequence[Comparison]) -> Table:
    """What changed between two runs."""
    rows = [
        (
            one.suite,
            one.arm,
            share(one.before),
            share(one.after),
            points(one.paired.difference),
            f"{points(one.paired.low)} to {points(one.paired.high)}",
            f"{one.paired.wins} / {one.paired.losses}",
            f"{one.p_holm:.3g}",
            one.change,
            str(one.left_out),
        )
        for one in found
    ]
    return Table(
        title="Comparison",
        note=f"Differences are after minus before, paired by sample, in points. {HOLM}",
        columns=(
            "suite", "arm", "before", "after", "difference", "its interval", "won / lost", "p",
            "change", "left out",
        ),
        rows=tuple(rows),
    )  # fmt: skip


def markdown(table: Table) -> str:
    """A table in Markdown, with its title and note."""
    note = [table.note, ""] if table.note else []
    return "\n".join([f"### {table.title}", "", *note, rows_in_markdown(table), ""])


def rows_in_markdown(table: Table) -> str:
    """A table in Markdown, alone."""
    lines = [f"| {' | '.join(map(_escaped, table.columns))} |"]
    lines.append(f"|{' --- |' * len(table.columns)}")
    lines += [f"| {' | '.join(_escaped(cell(one)) for one in row)} |" for row in table.rows]
    return "\n".join(lines)


def cell(value: str | float | None) -> str:
    """A value in words; shares of a suite's own table have two decimals."""
    if value is None:
        return ""
    return f"{value:.2f}" if isinstance(value, float) else str(value)


def share(value: float) -> str:
    """``61.5 %``."""
    return f"{value:.1%}".replace("%", " %")


def points(value: float) -> str:
    """``+4.0``: a difference of shares in points."""
    return f"{100 * value:+.1f}"


def interval(low: float, high: float) -> str:
    """``52 to 70 %``."""
    return f"{100 * low:.0f} to {100 * high:.0f} %"


def needed(pairs: int | None, had: int, p: float) -> str:
    """How many samples would show the difference; nothing when these did."""
    if pairs is None or p < 0.05:
        return ""
    return str(max(pairs, had + 1))


def unfair(arm: ArmFigures) -> str:
    """What was no fair trial: ``2 error, 1 timeout, 5 not run``."""
    odd = [f"{arm.statuses.get(s, 0)} {s}" for s in STATUSES[1:] if arm.statuses.get(s, 0)]
    return ", ".join([*odd, *([f"{arm.missing} not run"] if arm.missing else [])])


def _escaped(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
