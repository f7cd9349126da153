"""For one step: the skills that may do it, best first, and the experiences that help."""

from __future__ import annotations

from collections.abc import Sequence

from langgraph.runtime import Runtime
from pydantic import JsonValue

from skillweave.agent.deps import Deps, tell
from skillweave.agent.growth.distil_advice import advised
from skillweave.agent.growth.reuse import CHAIN
from skillweave.agent.numbers import parse_number
from skillweave.agent.plan import SLOT, Literal, Step
from skillweave.agent.profiles.assign import IMPOSSIBLE, misfit
from skillweave.agent.result import StepFinished, StepReport
from skillweave.agent.spelled import spelled_out
from skillweave.agent.state import MODEL, Candidate, StepState
from skillweave.agent.tables import is_table, takes_table
from skillweave.agent.words import goal_in_words
from skillweave.skills.model import Skill, SkillKind
from skillweave.store.ranking import Hit

CANDIDATES = 5
POOL = 20
ATTEMPTS = 3
MARGIN = 0.15
"""How much lower than the best a cosine may be for the skill to be tried when the best one fails."""
TABLE_BONUS = 0.2
"""How much lower the relevance of a tool for tables may be for a table."""
COMPOSITE_MATCH = 0.9
"""A composite does several things; for a single step it is right only when the goal names it, as
its cosine says."""
NOTES = 2
NOTE_LENGTH = 600


async def retrieve(state: StepState, runtime: Runtime[Deps]) -> StepState:
    """Search the library with the words of the step's goal."""
    deps, step = runtime.context, state["step"]
    queries = queries_of(step)
    folded = state.get("folded")
    if folded is not None:
        candidates: tuple[Candidate, ...] = (Candidate(skill=folded.skill, kind="tool", match=1.0),)
    else:
        candidates = await _candidates(state, queries, deps)
    deps.trace.found(step.id, queries[-1], candidates)
    if not candidates:
        report = StepReport(id=step.id, goal=goal_in_words(step, state["values"]))
        tell(runtime, StepFinished(step=report))
        return {"candidates": (), "reports": (report,)}
    notes = await _experiences(queries, deps)
    return {
        "candidates": advised(candidates, notes, queries[0], state.get("pinned", ())),
        "notes": tuple(skill.body.strip()[:NOTE_LENGTH] for skill in notes),
        "experiences": tuple(skill.versioned_name for skill in notes),
    }


def queries_of(step: Step) -> tuple[str, ...]:
    """The goal without its values, and with those that are words: ``convert to``, ``convert to miles``.

    A word may say what is wanted (a unit) or be mere data (``reverse drawer``). Nothing tells which,
    so the library is asked both; the better match counts.
    """
    bare = " ".join(step.goal.replace(SLOT, " ").split())
    shown = [
        value.text if isinstance(value, Literal) and _is_word(value.text) else ""
        for value in step.inputs
    ]
    pieces = step.goal.split(SLOT)
    worded = " ".join("".join(a + b for a, b in zip(pieces, [*shown, ""], strict=True)).split())
    return tuple(dict.fromkeys(query for query in (bare, worded) if query)) or (bare,)


def _is_word(text: str) -> bool:
    return len(text) <= 20 and len(text.split()) <= 2 and parse_number(text) is None


async def _candidates(
    state: StepState, queries: Sequence[str], deps: Deps
) -> tuple[Candidate, ...]:
    kinds = usable(deps)
    hits = await search(queries, kinds, POOL, deps)
    near = _near([hit for hit in hits if fits(hit, deps, state["values"])], state)[:CANDIDATES]
    pinned = await _pinned(state, hits, kinds, deps, alone=state.get("alone", False) or not near)
    names = {one.skill for one in pinned}
    ranked = [*pinned, *(one for one in near if one.skill not in names)][:ATTEMPTS]
    if deps.profile.does_steps:
        ranked = [*ranked, Candidate(skill=MODEL, kind="model")][:ATTEMPTS]
    return tuple(ranked)


def _near(hits: Sequence[Hit], state: StepState) -> list[Candidate]:
    """The best hit and those about as close, those first that suit the values of the step best.

    What cannot take a value is tried only where nothing else is near: its error may lead to another plan.
    """
    misfits = {hit.skill.name: _misfit(hit.skill, state) for hit in hits}
    able = [hit for hit in hits if misfits[hit.skill.name] < IMPOSSIBLE] or hits
    ranked = sorted(able, key=lambda hit: misfits[hit.skill.name] - hit.score)
    return [_candidate(hit.skill, hit) for hit in ranked if hit.dense >= ranked[0].dense - MARGIN]


def _misfit(skill: Skill, state: StepState) -> float:
    if skill.signature is None:
        return 0.0
    _, values = spelled_out(state["step"], state["values"], skill.signature)
    return misfit(values, skill.signature)


async def search(
    queries: Sequence[str], kinds: frozenset[SkillKind], k: int, deps: Deps
) -> list[Hit]:
    """What any of the queries finds, best first."""
    return best_hits([await deps.search(query, kinds, k) for query in queries])


def best_hits(found: Sequence[Sequence[Hit]]) -> list[Hit]:
    """One hit for every skill that any query found, its best; by falling score, then by name."""
    best: dict[str, Hit] = {}
    for hit in (hit for hits in found for hit in hits):
        known = best.get(hit.skill.name)
        if known is None or hit.score > known.score:
            best[hit.skill.name] = hit
    return sorted(best.values(), key=lambda hit: (-hit.score, hit.skill.name))


async def _pinned(
    state: StepState, hits: Sequence[Hit], kinds: frozenset[SkillKind], deps: Deps, *, alone: bool
) -> list[Candidate]:
    """The skills the user named, where they fit; without a better choice they always do."""
    skills = [await deps.get(name) for name in state.get("pinned", ())]
    by_name = {hit.skill.name: hit for hit in hits}
    found = []
    for skill in skills:
        hit = by_name.get(skill.name)
        fits = hit is not None and hit.relevance >= deps.settings.min_match
        if skill.kind in kinds and (fits or alone):
            found.append(_candidate(skill, hit))
    return sorted(found, key=lambda one: -one.score)


def usable(deps: Deps) -> frozenset[SkillKind]:
    """Tools always; adapters where the server takes them; guides where the model reads them."""
    kinds: set[SkillKind] = {"tool"}
    if deps.model.supports_adapters:
        kinds.add("adapter")
    if deps.profile.does_steps:
        kinds.add("guide")
    return frozenset(kinds)


def fits(hit: Hit, deps: Deps, values: Sequence[JsonValue]) -> bool:
    """Whether what was found is near enough to be tried.

    Where one of the values is a table, less will do of a tool for tables.
    """
    skill = hit.skill
    if skill.adapter is not None and skill.adapter.base not in ("", deps.model.base_hash):
        return False
    if CHAIN in skill.metadata and hit.dense < COMPOSITE_MATCH:
        return False
    least = deps.settings.min_match
    if skill.signature and takes_table(skill.signature) and any(map(is_table, values)):
        least -= TABLE_BONUS
    return hit.relevance >= least


def _candidate(skill: Skill, hit: Hit | None) -> Candidate:
    return Candidate(
        skill=skill.versioned_name,
        kind=skill.kind,
        toolkit=skill.toolkit,
        score=hit.score if hit else 0.0,
        match=hit.relevance if hit else 0.0,
    )


async def _experiences(queries: Sequence[str], deps: Deps) -> list[Skill]:
    hits = await search(queries, frozenset({"experience"}), NOTES, deps)
    return [hit.skill for hit in hits if hit.relevance >= deps.settings.min_match][:NOTES]
