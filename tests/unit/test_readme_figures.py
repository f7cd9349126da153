"""The README's figures are those of the committed files, to the letter."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from skillweave.evals.headline import in_readme, render

ROOT = Path(__file__).parents[2]
FIGURES = ROOT / "evals" / "figures"
README = (ROOT / "README.md").read_text(encoding="utf-8")
PROSE = " ".join(README.split())


def read(name: str) -> Any:
    return json.loads((FIGURES / name).read_text(encoding="utf-8"))


def of_growth(name: str, *arms: str) -> list[str]:
    """The success of arms of a stream, in percent."""
    success = {arm["arm"]: arm["success"] for arm in read(name)["arms"]}
    return [f"{100 * success[arm]:.0f}" for arm in arms]


def of_suite(name: str, *arms: str) -> list[str]:
    """The scores of arms of a suite, in percent."""
    scores = {arm["arm"]: arm["score"] for arm in read(f"suites/{name}.json")["summary"]["arms"]}
    return [f"{100 * scores[arm]:.0f}" for arm in arms]


def of_families(name: str, *wanted: tuple[str, str]) -> list[str]:
    """The scores of families of samples in arms, in percent."""
    rows = read(f"suites/{name}.json")["summary"]["families"]
    scores = {(row["family"], row["arm"]): row["score"] for row in rows}
    return [f"{100 * scores[one]:.0f}" for one in wanted]


def first_hits() -> list[str]:
    """How often the right tool comes first: with no experience, with all, without near-copies; MiniLM."""
    figures = read("retrieval.json")
    least, *_, most = figures["growth"]
    (plain,) = (one for one in figures["baselines"] if one["system"].startswith("MiniLM"))
    rows = least["rows"][0], most["rows"][0], most["far"][0], plain
    return [f"{row['hit1']['mean']:.0f}" for row in rows]


def at_100_000() -> list[str]:
    """Sync, search and recall of the largest library."""
    one = read("retrieval-scale.json")["sizes"][-1]
    assert one["skills"] > 100_000
    times = (
        f"{one['sync_cpu']:.1f}",
        f"{one['search']['p50']:.0f}",
        f"{one['search_known']['p50']:.0f}",
    )
    return [*times, f"{one['recall10']:.3f}"]


def test_the_table_is_not_stale() -> None:
    now = in_readme(README, render(FIGURES))
    assert now == README, "run `skillweave eval headline`"


@pytest.mark.parametrize(
    ("words", "values"),
    [
        (
            r"(\d+) % were solved with growth, (\d+) % without, (\d+) % with raw records",
            of_growth("growth.json", "growth", "nothing", "trajectories"),
        ),
        (
            r"nano wins (\d+) %, and (\d+) % with adapters .* (\d+) % by the same records word for word"
            r" and (\d+) % with random skills",
            of_growth("growth-games.json", "nothing", "growth", "trajectories", "random"),
        ),
        (
            r"first call served (\d+) % with nothing learned, (\d+) % with verified experiences, (\d+) %"
            r" with raw records",
            of_growth("growth-queries.json", "nothing", "growth", "trajectories"),
        ),
        (
            r"(\d+) % end as they should.* where no tool is found, (\d+) %",
            of_suite("calls", "library", "none"),
        ),
        (r"(\d+) % end in just the calls that are meant", of_suite("several", "library")),
        (
            r"makes (\d+) % of the single calls .* and (\d+) % when those of all samples are; .* of one"
            r" function (\d+) % come out whole.* it declines (\d+) %, and (\d+) % when all are offered",
            of_families(
                "bfcl",
                ("simple_python", "given"),
                ("simple_python", "pooled"),
                ("parallel", "given"),
                ("irrelevance", "given"),
                ("irrelevance", "pooled"),
            ),
        ),
        (r"raise nano from (\d+) to (\d+) %", of_suite("babyai", "none", "library")),
        (
            r"first for (\d+) % with no experience and (\d+) % with all, (\d+) % where .* reaches (\d+) %",
            first_hits(),
        ),
        (
            r"takes (\S+) s of processor time, a search (\d+) ms \((\d+) ms .* finds (\S+) of the ten",
            at_100_000(),
        ),
    ],
    ids=["growth", "games", "queries", "calls", "several", "bfcl", "babyai", "retrieval", "scale"],
)  # fmt: skip
def test_what_the_text_says_is_in_the_files(words: str, values: list[str]) -> None:
    found = re.search(words, PROSE)
    assert found is not None, f"the README no longer says: {words}"
    assert list(found.groups()) == values
