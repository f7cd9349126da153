"""The table of figures in the README, made from the committed files alone.

It stands between ``<!-- figures -->`` and ``<!-- /figures -->``; a test compares the two.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple

from pydantic import JsonValue

from skillweave.evals.kept import Kept, kept_in
from skillweave.evals.paths import number
from skillweave.evals.suite import Table
from skillweave.evals.tables import points, rows_in_markdown, share
from skillweave.skills.errors import UserError
from skillweave.skills.statistics import wilson

BEGIN, END = "<!-- figures -->", "<!-- /figures -->"


class Rate(NamedTuple):
    """A share with its interval, in a figure file."""

    what: str
    file: str
    path: str


class Times(NamedTuple):
    """How many times faster, in a figure file."""

    what: str
    file: str
    path: str


class Percent(NamedTuple):
    """A mean in percent with its interval, in a figure file."""

    what: str
    file: str
    path: str


class Count(NamedTuple):
    """How many of how many, in a figure file."""

    what: str
    file: str
    path: str
    of: str


DECODE = "rows.[load=decode-heavy]"
Figure = Rate | Percent | Times | Count
FIGURES: tuple[Figure, ...] = (
    Count("everyday requests answered right", "workbench.json", "right.steps", "count.steps"),
    Count("requests beyond nano declined", "workbench.json", "right.beyond", "count.beyond"),
    Count(
        "functions found from examples, by a search over tools",
        "search.json",
        "with_fragments.solved",
        "with_fragments.solvable",
    ),
    *(
        Rate(
            f"SCAN, {split}: rules learned from train, their form by hand",
            "scan.json",
            f"splits.[split={split}].test",
        )
        for split in ("length", "jump", "turn left", "around right")
    ),
    Rate("sound candidates admitted by the gate", "gate.json", "report.sound_admitted"),
    Rate("faulty candidates kept out by the gate", "gate.json", "report.faulty_kept_out"),
    Percent(
        "right skill first, of 199 that nobody has used (MetaTool)",
        "retrieval.json",
        "growth.0.rows.[system=skillweave].hit1",
    ),
    Percent(
        "the same when its library has solved other requests",
        "retrieval.json",
        "growth.-1.rows.[system=skillweave].hit1",
    ),
    Times("8 adapters in a batch, against stock vLLM", "serving.json", f"{DECODE}.times_stock"),
    Times("8 adapters in a batch, against PEFT", "serving.json", f"{DECODE}.times_peft"),
    Times("a merge of four adapters, against PEFT", "merges.json", "rows.[size=1024]"),
)


def render(figures: Path) -> str:
    """The block of the README, without its marks."""
    parts = []
    kept = kept_in(figures)
    if kept:
        parts.append(rows_in_markdown(suites_table(kept)))
    rows = [(one.what, told, f"`{one.file}`") for one in FIGURES if (told := _told(figures, one))]
    if rows:
        columns = ("measured", "result", "in `evals/figures/`")
        table = Table(title="", note="", columns=columns, rows=tuple(rows))
        parts.append(rows_in_markdown(table))
    if not parts:
        raise UserError(f"{figures}: there are no figures")
    return "\n\n".join(parts)


def suites_table(kept: list[Kept]) -> Table:
    """Each suite without skills and with them; one whose reference has no skills tells nothing here."""
    return Table(
        title="",
        note="",
        columns=("suite", "samples x seeds", "no skills", "with", "difference (95 %)", "p"),
        rows=tuple(_suite(one) for one in kept if one.summary.reference != "none"),
    )


def in_readme(readme: str, block: str) -> str:
    """The README with a new block.

    Raises:
        UserError: it has no marks.
    """
    before, begin, rest = readme.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise UserError(f"the README has no place for figures: put {BEGIN} and {END} into it")
    return f"{before}{BEGIN}\n{block}\n{END}{after}"


def _suite(kept: Kept) -> tuple[str, ...]:
    summary = kept.summary
    arms = {arm.arm: arm for arm in summary.arms}
    best = arms.get(summary.reference)
    bare = arms.get("none")
    size = f"{summary.samples} x {len(summary.seeds)}"
    told = f"{share(best.score)} ({summary.reference})" if best else ""
    difference = next((one for one in summary.differences if one.arm == "none"), None)
    if bare is None or difference is None:
        return summary.suite, size, "", told, "", ""
    # The summary holds "none" minus the reference.
    pair = difference.paired
    gain = f"{points(-pair.difference)} ({points(-pair.high)} to {points(-pair.low)})"
    return summary.suite, size, share(bare.score), told, gain, f"{difference.p_holm:.2g}"


def _told(figures: Path, one: Figure) -> str:
    path = figures / one.file
    if not path.is_file():
        return ""
    data: JsonValue = json.loads(path.read_text(encoding="utf-8"))
    if isinstance(one, Count):
        right, of = round(number(data, one.path)), round(number(data, one.of))
        between = wilson(right, of)
        return f"{right} of {of}, {share(right / of)} ({_ends(*between)})"
    if isinstance(one, Rate):
        low, high = (number(data, f"{one.path}.{end}") for end in ("low", "high"))
        return f"{share(number(data, f'{one.path}.share'))} ({_ends(low, high)})"
    if isinstance(one, Percent):
        mean, low, high = (number(data, f"{one.path}.{end}") for end in ("mean", "low", "high"))
        return f"{mean:.1f} % ({low:.0f} to {high:.0f})"
    median = "ratio" if one.file == "merges.json" else "median"
    return f"{number(data, f'{one.path}.{median}'):.2g} times the speed"


def _ends(low: float, high: float) -> str:
    return f"{100 * low:.0f} to {100 * high:.0f}"
