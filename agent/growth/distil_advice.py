"""What an insight does without a model that reads it: it orders the candidates of the step it is about."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from skillweave.agent.state import Candidate
from skillweave.skills.folder import PREFIX
from skillweave.skills.model import Skill

GOAL = f"{PREFIX}goal"
"""Metadata of an experience: the words of the step it is about."""
PREFER = f"{PREFIX}prefer"
AVOID = f"{PREFIX}avoid"


def advised(
    candidates: Sequence[Candidate],
    experiences: Sequence[Skill],
    goal: str,
    pinned: Collection[str] = (),
) -> tuple[Candidate, ...]:
    """The candidates in the order that experiences with this very goal advise; none is left out.

    What the user named stays in front.
    """
    own = [one.metadata for one in experiences if one.metadata.get(GOAL) == goal.casefold()]
    prefer = {metadata.get(PREFER, "") for metadata in own} - {""}
    avoid = {metadata.get(AVOID, "") for metadata in own} - prefer

    def place(candidate: Candidate) -> int:
        name = candidate.skill.partition("@")[0]
        if name in pinned:
            return 0
        return 1 if name in prefer else 3 if name in avoid else 2

    return tuple(sorted(candidates, key=place))
