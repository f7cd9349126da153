"""The views of a skill: the texts under which it can be found."""

from __future__ import annotations

from typing import Literal, NamedTuple

from skillweave.skills.model import Skill

ViewLabel = Literal["description", "body", "signature", "use-when", "request"]

VIEWS_FORMAT = 1
"""Count this up when `views_of` gives other texts: libraries are then indexed anew."""
BODY_CHARACTERS = 1200
"""More than the embedding model reads (256 tokens)."""
MAX_REQUESTS = 64


class View(NamedTuple):
    """One text of a skill and what it is."""

    label: ViewLabel
    text: str


def spoken(name: str) -> str:
    """A name as words: ``add-days`` and ``add_days`` read ``add days``."""
    return name.replace("-", " ").replace("_", " ")


def views_of(skill: Skill) -> tuple[View, ...]:
    """All views, without repetition; the first is always name and description."""
    views = [View("description", f"{spoken(skill.name)}: {skill.description}")]
    if skill.body.strip():
        views.append(View("body", skill.body.strip()[:BODY_CHARACTERS]))
    if skill.signature is not None:
        parameters = ", ".join(
            spoken(p.name) + (f" ({p.description})" if p.description else "")
            for p in skill.signature.parameters
        )
        summary = skill.signature.summary or spoken(skill.signature.function)
        views.append(View("signature", f"{summary} Given {parameters}." if parameters else summary))
    if skill.use_when:
        views.append(View("use-when", skill.use_when))
    views += [View("request", text) for text in skill.requests[:MAX_REQUESTS]]
    unique = {view.text: view for view in reversed(views)}
    return tuple(reversed(unique.values()))
