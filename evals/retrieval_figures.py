"""What `skillweave eval retrieval` writes about quality."""

from __future__ import annotations

from skillweave.evals.machine import Machine
from skillweave.evals.retrieval_metrics import Row
from skillweave.evals.thresholds import Rate
from skillweave.skills.model import Frozen


class Stage(Frozen):
    """The library at one size of its past."""

    solved: int
    rows: tuple[Row, ...]
    far: tuple[Row, ...]
    """Of the queries without a near copy among the solved ones."""


class Abstention(Frozen):
    """Saying "nothing fits" below a threshold that was chosen on other tools than it is judged on."""

    score: str
    threshold: float
    separation: float
    precision: Rate
    """Of the refused queries, those whose tool the library lacks."""
    recall: Rate
    """Of the queries whose tool it lacks, the refused."""
    kept: Rate
    """Of the queries whose tool it has, those not refused."""


class RetrievalFigures(Frozen):
    """All but the terms, the shadowing and the scale."""

    command: str
    made: str
    machine: Machine
    data: dict[str, str]
    """sha256 by file."""
    seeds: int
    asked: int
    skills: int
    baselines: tuple[Row, ...]
    growth: tuple[Stage, ...]
    two_tools: tuple[Row, ...]
    two_tools_all_solved: tuple[Row, ...]
    bfcl: tuple[Row, ...]
    together: tuple[Row, ...] = ()
    """Both pools in one library without a past."""
    unseen_tools: tuple[Row, ...]
    """Tools without a past, among others that have all of theirs: asked for the first, the second."""
    abstention: tuple[Abstention, ...]
    notes: tuple[str, ...] = (
        "Two-tool recall@5 is of Library.select; its parts' joining words and their weight were chosen"
        " with a look at these queries, there are no others.",
        "MetaTool and BFCL have no avoid-when, toolkits, requirements or failures: what these terms are"
        " worth stands in retrieval-terms.json.",
        "Other pools, not comparable: ToolRet nDCG@10 MiniLM 16.3, NV-Embed 33.8 (43,215 tools);"
        " SkillRet fine-tuned 83.5 (17,810 skills); SkillRouter hit@1 74.0 (about 80,000 skills).",
    )
