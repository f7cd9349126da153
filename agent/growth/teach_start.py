"""Where a training begins: at the base, or at existing adapters that do something like it.

PSEC (https://arxiv.org/abs/2502.05932): compose the skills there are in the space of the weights,
then train what is missing. The composition is exact, and compressed to the rank of the new adapter.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import TYPE_CHECKING, NamedTuple

from skillweave.agent.growth.teach_base import Base
from skillweave.agent.nano.batches import Encoded
from skillweave.skills.errors import AdapterError, UserError
from skillweave.skills.factors import Adapter, compress, read_factors, weighted_sum
from skillweave.skills.mix import Mix, Term, parse_mix
from skillweave.skills.model import Skill
from skillweave.store.library import Library

if TYPE_CHECKING:
    from skillweave.agent.growth.teach import Lesson

NEAREST = 3


class Start(NamedTuple):
    """What a training begins from."""

    name: str
    """A mix expression, or ``none``."""
    adapter: Adapter | None


SCRATCH = Start("none", None)


def near_adapters(library: Library, text: str, base: Base, without: str = "") -> list[Skill]:
    """The adapters for this base whose descriptions lie closest, nearest first."""
    hits = library.search(text, kinds={"adapter"}, k=NEAREST + 1)
    return [hit.skill for hit in hits if hit.skill.name != without and _fits(hit.skill, base)]


def start_of(
    lesson: Lesson, library: Library, base: Base, rows: Sequence[Encoded], goal: str, rank: int
) -> Start:
    """The start that the lesson asks for; ``nearest`` is the best by its loss on the training part.

    Raises:
        UserError: the lesson names an adapter that is not there, or is for another base model.
    """
    if lesson.start == "none":
        return SCRATCH
    if lesson.start != "nearest":
        return _composed(_terms(lesson.start), library, base, rank)
    from skillweave.agent.nano.adapted import adapted
    from skillweave.agent.nano.lora import mean_loss

    names = [skill.name for skill in near_adapters(library, goal, base, lesson.name)][:NEAREST]
    mixes: list[tuple[Term, ...]] = [(Term(name=name),) for name in names]
    mixes += [(_half(a), _half(b)) for a, b in combinations(names, 2)]
    best, least = SCRATCH, mean_loss(base.exact, rows, base.pad)
    for mix in mixes:
        start = _composed(mix, library, base, rank)
        with adapted(base.exact, start.adapter or {}):
            loss = mean_loss(base.exact, rows, base.pad)
        if loss < least:
            best, least = start, loss
    return best


def _terms(text: str) -> tuple[Term, ...]:
    mix = parse_mix(text)
    if mix.gate != "constant":
        raise UserError(f"{text}: a training cannot begin from a gate; name a sum of adapters")
    return tuple(mix.terms)


def _half(name: str) -> Term:
    return Term(name=name, weight=0.5)


def _composed(terms: Sequence[Term], library: Library, base: Base, rank: int) -> Start:
    skills = [library.get(term.reference) for term in terms]
    for skill in skills:
        if skill.adapter is None or skill.path is None:
            raise AdapterError(f"{skill.name} is no adapter; a training begins from adapters only")
        if not _fits(skill, base):
            raise AdapterError(f"{skill.name} was trained for another base model than {base.name}")
    adapters = [read_factors(skill.path / "adapter") for skill in skills if skill.path]
    total = weighted_sum(adapters, [term.weight for term in terms])
    return Start(str(Mix(terms=tuple(terms))), compress(total, rank))


def _fits(skill: Skill, base: Base) -> bool:
    return skill.adapter is not None and skill.adapter.base in ("", base.hash)
