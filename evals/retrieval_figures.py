"""What `skillweave eval retrieval` writes about quality and cost."""

from __future__ import annotations

from pydantic import Field

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
    """What is compared with the threshold; ``logistic`` weighs several signs of one order."""
    threshold: float
    separation: float
    signs: dict[str, float] = Field(default_factory=dict)
    """Weights of the logistic model, per standard deviation of each sign; it is fitted on the tools
    that the threshold is chosen on."""
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


class Times(Frozen):
    """Milliseconds by the clock, and the processor's own at the median.

    The two differ where other programs want the processor too.
    """

    p50: float
    p95: float
    cpu50: float


class Size(Frozen):
    """The cost of a library of one size; times in seconds unless they say otherwise."""

    skills: int
    views: int
    build: float | None
    """From folders to a library that answers, embeddings known; None: it was there before."""
    sync_unchanged: float
    sync_cpu: float | None = None
    """The processor's own time of it; None: measured before this was."""
    add_one: float
    rebuild: float | None
    """None: left out."""
    start: float
    """Opening it again, up to the first answer."""
    search: Times
    """The query's embedding included."""
    search_known: Times
    """The same without the embedding."""
    recall10: float
    """Share of the ten nearest views by exact search that the index finds too."""
    disk_mb: float
    index_mb: float
    memory_mb: float
    """Resident, of the whole process, after the searches."""


class ScaleFigures(Frozen):
    """What `skillweave eval retrieval --part scale` writes."""

    command: str
    made: str
    machine: Machine
    data: dict[str, str]
    sizes: tuple[Size, ...]
    notes: tuple[str, ...] = (
        "The vectors of skills were computed in bfloat16 (cosines within 0.005) before anything was"
        " timed; those of queries as a library does it.",
    )
