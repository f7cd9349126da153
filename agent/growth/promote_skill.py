"""Measure an experience against an adapter trained from its cases, and keep the form that wins."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from skillweave.agent.growth.promote import Arm, Decision, Results, decide
from skillweave.agent.growth.teach import Lesson, Limits, OnProgress, Progress
from skillweave.agent.growth.teach_base import Base
from skillweave.agent.growth.teach_skill import Learned, goal_of, learn, offer
from skillweave.agent.growth.teach_start import near_adapters
from skillweave.agent.nodes.retrieve import NOTE_LENGTH
from skillweave.skills.errors import SkillNotFoundError, UserError
from skillweave.skills.factors import Adapter, read_factors
from skillweave.skills.model import Case, Skill
from skillweave.skills.names import MAX_NAME
from skillweave.store.embed import Embedder
from skillweave.store.library import Library

AUTHOR = "promote"
SUFFIX = "-adapter"


class Promoted(NamedTuple):
    """What was decided, and what is in use now."""

    decision: Decision
    added: Skill | None
    archived: tuple[str, ...]


def adapter_name(text: str) -> str:
    """The adapter that belongs to a text skill."""
    return text[: MAX_NAME - len(SUFFIX)].rstrip("-") + SUFFIX


def promote(
    name: str,
    library: Library,
    base: Base,
    *,
    cases: Sequence[Case] = (),
    limits: Limits | None = None,
    seed: int = 0,
    embedder: Embedder | None = None,
    on_progress: OnProgress = lambda _: None,
) -> Promoted:
    """Train an adapter on part of the cases, measure both forms on the rest, keep the winner's form.

    The loser is archived, never deleted; an adapter that wins must still pass the gate.

    Args:
        cases: pairs of input and output; the skill's own when empty.

    Raises:
        SkillNotFoundError: there is no such skill.
        UserError: it is no text, it has too few cases, or the gate refused the adapter.
    """
    text = library.get(name)
    if text.kind not in ("experience", "guide"):
        raise UserError(f"{name} is a skill of the kind {text.kind}; only text can be promoted")
    lesson = Lesson(
        name=adapter_name(text.name),
        examples=tuple(cases) or text.cases,
        description=text.description,
        requests=text.requests,
        seed=seed,
    )
    learned = learn(lesson, library, base, limits=limits, on_progress=on_progress)
    on_progress(Progress(phase="measuring both forms"))
    decision = decide(measure(text, learned, library, base))
    added = None
    if decision.form in ("adapter", "both"):
        added = offer(learned, library, base, embedder=embedder).skill
    loser = {"adapter": text.name, "text": lesson.name}.get(decision.form, "")
    return Promoted(decision, added, _archived(loser, decision, library))


def measure(text: Skill, learned: Learned, library: Library, base: Base) -> Results:
    """The examples that were kept back, under every condition."""
    goal, held = goal_of(learned.lesson), learned.split.held
    bare = base.rows(held, goal)
    told = base.rows(held, goal, (text.body.strip()[:NOTE_LENGTH],))
    results: dict[Arm, list[bool]] = {
        "neither": base.right(bare, {}),
        "text": base.right(told, {}),
        "adapter": base.right(bare, learned.adapter),
        "both": base.right(told, learned.adapter),
    }
    other = _another(learned.lesson, goal, library, base)
    if other is not None:
        results["wrong"] = base.right(bare, other)
    return results


def _another(lesson: Lesson, goal: str, library: Library, base: Base) -> Adapter | None:
    near = near_adapters(library, goal, base, lesson.name)
    return read_factors(near[0].path) if near and near[0].path else None


def _archived(name: str, decision: Decision, library: Library) -> tuple[str, ...]:
    try:
        if not name or library.entry(name).state == "archived":
            return ()
    except SkillNotFoundError:
        return ()
    library.set_state(name, "archived", decision.line(), author=AUTHOR)
    return (name,)
