"""The life of a skill after the gate: probation, active, stale, archived; pinned ones are exempt."""

from __future__ import annotations

import time
from collections.abc import Collection
from math import sqrt
from typing import NamedTuple

from skillweave.skills.model import Frozen, SkillState
from skillweave.store.ledger import Counts
from skillweave.store.library import Library
from skillweave.store.reading import Entry

DAY = 86_400.0


class Rules(Frozen):
    """When a skill changes its state."""

    proven: int = 3
    """Verified uses that end the probation."""
    tried: int = 4
    """Uses before a posterior counts against a skill."""
    floor: float = 0.5
    """Success rate that a skill must plausibly have."""
    idle_days: float = 90.0
    """Without use so long, a skill goes stale; twice as long, into the archive."""


class Change(NamedTuple):
    """A skill's next state, and why."""

    skill: str
    state: SkillState
    reason: str


def plausible(counts: Counts) -> float:
    """The success rate one standard deviation above the mean of its posterior, from Beta(1, 1)."""
    a, b = 1.0 + counts.succeeded, 1.0 + counts.failed
    mean = a / (a + b)
    return mean + sqrt(mean * (1.0 - mean) / (a + b + 1.0))


def next_state(
    state: SkillState, counts: Counts, idle: float, rules: Rules
) -> tuple[SkillState, str] | None:
    """The state that follows after ``idle`` days without use; None when it stays."""
    told = counts.succeeded + counts.failed
    failing = told >= rules.tried and plausible(counts) < rules.floor
    rate = f"{counts.succeeded} of {told} uses succeeded"
    match state:
        case "probation" | "active" if failing:
            return "stale", rate
        case "probation" if counts.succeeded >= rules.proven and plausible(counts) >= rules.floor:
            return "active", f"proven: {rate}"
        case "probation" | "active" if idle > rules.idle_days:
            return "stale", f"not used for {idle:.0f} days"
        case "stale" if idle > 2 * rules.idle_days:
            return "archived", f"not used for {idle:.0f} days"
        case "stale" if told >= 2 * rules.tried and failing:
            return "archived", rate
        case "stale" if counts.succeeded >= rules.proven and not failing and idle < 1.0:
            return "active", f"in use again: {rate}"
    return None


def due(library: Library, entry: Entry, now: float, rules: Rules) -> Change | None:
    """What is due for one skill; nothing for pinned and built-in ones."""
    if entry.pinned or entry.origin == "builtin":
        return None
    counts = Counts(entry.used, entry.succeeded, entry.failed)
    events = library.history(entry.skill.name)
    used = max((e.at for e in events if e.kind in ("added", "updated", "used")), default=now)
    found = next_state(entry.state, counts, (now - used) / DAY, rules)
    return Change(entry.skill.name, *found) if found else None


def advance(
    library: Library,
    names: Collection[str] | None = None,
    *,
    now: float | None = None,
    rules: Rules | None = None,
) -> list[Change]:
    """Give the skills of these names (all when None) the state that is due, with its reason."""
    if names is None:
        entries = library.entries()
    else:
        entries = [library.entry(n) for n in sorted({name.partition("@")[0] for name in names})]
    at = time.time() if now is None else now
    changes = []
    for entry in entries:
        change = due(library, entry, at, rules or Rules())
        if change is not None:
            library.set_state(change.skill, change.state, change.reason, author="gate")
            changes.append(change)
    return changes
