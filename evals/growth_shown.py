"""A person who was not served shows examples; the agent makes a skill of them, or keeps them as they are.

The growing agent looks for a program first (``/search`` of the chat) and trains an adapter (``/teach``)
when there is none and the examples are enough. The agent of raw records keeps the same examples word for
word as an experience.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

from skillweave.agent.growth.search import Limit
from skillweave.agent.growth.teach import Lesson, Limits
from skillweave.agent.growth.teach_base import Base, base_of
from skillweave.agent.growth.teach_skill import teach
from skillweave.evals.growth_tasks import Shown, shown_for
from skillweave.evals.journal import replace_file
from skillweave.evals.suite import Seen
from skillweave.skills.drop import WrappedSkill
from skillweave.skills.errors import UserError
from skillweave.skills.model import Case, Frozen, Skill

ENOUGH = 36
"""Examples from which an adapter is tried; when the gate refuses it, again at twice as many."""
# By steps and not by seconds, so that a busy machine learns the same.
SEARCH = Limit(nodes=30_000, seconds=600.0, steps=3)
TEACH = Limits(steps=100, seconds=600)


class Page(Frozen):
    """What was shown of one kind so far."""

    cases: tuple[Case, ...] = ()
    searched: bool = False
    taught_with: int = 0
    """Examples of the last attempt to teach."""


class Notebook:
    """All pages of one agent, in a file beside its runs."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "shown.json"

    def page(self, name: str) -> Page:
        """What was shown under a name."""
        return self._pages().get(name, Page())

    def write(self, name: str, page: Page) -> None:
        """Put a page in the place of the one before."""
        told = {**self._pages(), name: page}
        rows = {one: page.model_dump(mode="json") for one, page in told.items()}
        self._file.parent.mkdir(parents=True, exist_ok=True)
        replace_file(self._file, json.dumps(rows))

    def _pages(self) -> dict[str, Page]:
        if not self._file.is_file():
            return {}
        rows = json.loads(self._file.read_text(encoding="utf-8"))
        return {name: Page.model_validate(row) for name, row in rows.items()}


def after(seen: Seen) -> tuple[str, ...]:
    """Show and learn, where the answer was wrong and there is something to show."""
    shown = shown_for(seen.sample)
    if seen.score.value or shown is None:
        return ()
    if seen.arm.learn == "trajectories":
        seen.agent.library.add(raw_record(seen.sample.id, shown), state="active", author="eval")
        return ()
    book = Notebook(seen.agent.settings.state_dir)
    page = book.page(shown.name)
    page = page.model_copy(update={"cases": (*page.cases, *shown.cases)})
    page, learned = _learned(seen, shown, page)
    book.write(shown.name, page)
    return learned


def raw_record(name: str, shown: Shown) -> WrappedSkill:
    """The examples as an experience, word for word."""
    lines = [
        f"- {case.input or json.dumps(case.arguments)} -> {case.expected}" for case in shown.cases
    ]
    skill = Skill(
        name=f"shown-{name}",
        description=f"Examples of the {shown.words} of something.",
        kind="experience",
        body="\n".join((f"What the {shown.words} is:", "", *lines, "")),
    )
    return WrappedSkill(skill=skill, files={}, source=Path(skill.name))


def _learned(seen: Seen, shown: Shown, page: Page) -> tuple[Page, tuple[str, ...]]:
    """By a search, once; else by teaching, when there are enough examples for another attempt."""
    if page.cases[0].input is None:
        if page.searched:
            return page, ()
        page = page.model_copy(update={"searched": True})
        return page, _search(seen, shown, page)
    if len(page.cases) < max(ENOUGH, 2 * page.taught_with):
        return page, ()
    page = page.model_copy(update={"taught_with": len(page.cases)})
    return page, _teach(seen, shown, page)


def _search(seen: Seen, shown: Shown, page: Page) -> tuple[str, ...]:
    try:
        skill = seen.agent.search(
            shown.name, page.cases, request=f"the {shown.words} of", limit=SEARCH
        )
    except UserError:  # there is no such program, or the gate refused it: both are on the trace
        return ()
    return (skill.name,)


def _teach(seen: Seen, shown: Shown, page: Page) -> tuple[str, ...]:
    lesson = Lesson(
        name=shown.name,
        examples=page.cases,
        description=f"Tell the {shown.words} of a text.",
        requests=(f"the {shown.words} of",),
    )
    try:
        taught = teach(lesson, seen.agent.library, _base(seen.agent.settings.model), limits=TEACH)
    except UserError:  # the gate refused it, and has that on record
        return ()
    return (taught.skill.name,)


@cache
def _base(model: str) -> Base:
    return base_of(model)
