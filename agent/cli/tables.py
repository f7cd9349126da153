"""Tables of skills and of search results."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from pydantic import JsonValue
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from skillweave.agent.cli.summary import one_line
from skillweave.skills.model import Skill

if TYPE_CHECKING:
    from skillweave.store import Entry, Event, Hit, Version


SHOWN = 0.005
"""A smaller term of a score reads 0."""


def skills_table(entries: Sequence[Entry]) -> Table:
    """Name, kind, state, how often used and with what success, description."""
    table = _table("name", "kind", "state", "used", "ok", "description")
    for entry in entries:
        table.add_row(
            Text(entry.skill.name, "magenta"),
            entry.skill.kind,
            _standing(entry),
            str(entry.used or ""),
            _rate(entry),
            Text(one_line(entry.skill.description, 200)),
        )
    return table


def hits_table(hits: Sequence[Hit], *, explain: bool = False) -> Table:
    """Search results, best first; ``explain`` shows all terms of a score, and the nearest view.

    Terms that are 0 for all of them stand together below.
    """
    names = tuple(dict.fromkeys(name for hit in hits for name in hit.terms)) if explain else ()
    terms = [name for name in names if any(abs(hit.terms[name]) >= SHOWN for hit in hits)]
    table = _table("score", "name", "kind", *terms, "view" if explain else "description")
    for hit in hits:
        table.add_row(
            f"{hit.score:.2f}",
            Text(hit.skill.name, "magenta"),
            hit.skill.kind,
            *(f"{hit.terms[name]:+.2f}" for name in terms),
            Text(one_line(hit.view if explain else hit.skill.description, 200)),
        )
    silent = ", ".join(name for name in names if name not in terms)
    table.caption = Text(f"0 for all: {silent}") if silent else None
    table.caption_justify = "left"
    return table


def hit_json(hit: Hit) -> dict[str, JsonValue]:
    """A hit for a program: the skill by name, version and description, and the score's parts."""
    return {
        "name": hit.skill.name,
        "version": hit.skill.digest,
        "kind": hit.skill.kind,
        "description": hit.skill.description,
        "score": hit.score,
        "dense": hit.dense,
        "lexical": hit.lexical,
        "view": hit.view,
        "terms": dict(hit.terms),
    }


def entry_json(entry: Entry) -> dict[str, JsonValue]:
    """A skill for a program, without its body."""
    skill = entry.skill
    facts = entry.model_dump(mode="json", exclude={"skill"})
    return {
        "name": skill.name,
        "version": skill.digest,
        "kind": skill.kind,
        "description": skill.description,
        **facts,
    }


def skill_view(skill: Skill, entry: Entry) -> RenderableType:
    """Everything about one skill that a person wants to know before using it.

    ``skill`` may be an earlier version of the one in ``entry``.
    """
    facts = [
        ("kind", skill.kind),
        ("version", skill.digest[:12]),
        ("state", _standing(entry) if skill.digest == entry.skill.digest else "earlier version"),
        ("used", f"{entry.used} times, {entry.succeeded} succeeded, {entry.failed} failed"),
        ("signature", skill.signature.text() if skill.signature else ""),
        ("adapter", _adapter(skill)),
        ("use when", skill.use_when),
        ("avoid when", skill.avoid_when),
        ("requires", " ".join(skill.requires)),
        ("toolkit", skill.toolkit or ""),
        ("requests", "\n".join(skill.requests[:5])),
        ("cases", str(len(skill.cases) or "")),
        ("license", skill.license or ""),
        ("folder", str(skill.path or "")),
        ("warnings", "\n".join(skill.warnings)),
    ]
    grid = Table.grid(padding=(0, 2))
    for label, text in facts:
        if text:
            grid.add_row(Text(label, "dim"), Text(text))
    head = Text(skill.name, "bold magenta").append(f"  {skill.description}", "not bold default")
    body = [Text(""), Text(skill.body.strip())] if skill.body.strip() else []
    return Group(head, grid, *body)


def _standing(entry: Entry) -> str:
    notes = [entry.state, "pinned" if entry.pinned else ""]
    return ", ".join(note for note in [*notes, entry.origin] if note not in ("", "library"))


def _rate(entry: Entry) -> str:
    judged = entry.succeeded + entry.failed
    return f"{entry.succeeded / judged:.0%}" if judged else ""


def _adapter(skill: Skill) -> str:
    info = skill.adapter
    if info is None:
        return ""
    where = ", ".join(info.targets)
    return f"rank {info.rank}, alpha {info.alpha:g}, {info.parameters:,} parameters on {where}"


def event_line(event: Event) -> str:
    """``2026-11-20 10:11:37  succeeded  @1f2e3d4c5b6a  run 20261120-101130-ab12cd``."""
    facts = [
        f"{datetime.fromtimestamp(event.at):%Y-%m-%d %H:%M:%S}",
        event.kind,
        f"@{event.digest[:12]}" if event.digest else "",
        f"now {event.state}" if event.state else "",
        f"by {event.author}" if event.author else "",
        f"run {event.run}" if event.run else "",
        event.detail,
    ]
    return "  ".join(fact for fact in facts if fact)


def version_line(version: Version) -> str:
    """``2  2026-11-20 10:11:37  @1f2e3d4c5b6a  by human  current``."""
    facts = [
        f"{version.number:3}",
        f"{datetime.fromtimestamp(version.at):%Y-%m-%d %H:%M:%S}",
        f"@{version.digest[:12]}",
        f"by {version.author}" if version.author else "",
        "current" if version.current else "",
        "" if version.kept else "files not kept",
    ]
    return "  ".join(fact for fact in facts if fact)


def _table(*columns: str) -> Table:
    """The last column takes the room that is left, and is cut where it needs more."""
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", expand=True)
    for column in columns[:-1]:
        table.add_column(column, no_wrap=True)
    table.add_column(columns[-1], no_wrap=True, overflow="ellipsis", ratio=1)
    return table
