"""The views of a skill: the texts under which it can be found."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

from skillweave.skills.model import Skill

ViewLabel = Literal["description", "name", "body", "signature", "use-when", "request", "experience"]
DESCRIBING: frozenset[ViewLabel] = frozenset(
    {"description", "name", "body", "signature", "use-when"}
)
"""Views that say what the skill does; the others are what people asked."""

VIEWS_FORMAT = 3
"""Count this up when `views_of` gives other texts: libraries are then indexed anew."""
BODY_CHARACTERS = 1200
"""More than the embedding model reads (256 tokens)."""
MAX_REQUESTS = 64
MAX_OWN = len(DESCRIBING) + MAX_REQUESTS
"""Views that a skill's folder can have; its experiences come after them."""
MAX_EXPERIENCES = 1000


class View(NamedTuple):
    """One text of a skill and what it is."""

    label: ViewLabel
    text: str


def spoken(name: str) -> str:
    """A name as words: ``add-days`` and ``add_days`` read ``add days``."""
    return name.replace("-", " ").replace("_", " ")


def views_of(skill: Skill, solved: Sequence[str] = ()) -> tuple[View, ...]:
    """All views, without repetition, those that describe first; the first is name and description.

    ``solved`` are past requests that the skill is known to have solved.
    """
    name = spoken(skill.name)
    views = [View("description", f"{name}: {skill.description}"), View("name", name)]
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
    views += [View("experience", text) for text in solved[:MAX_EXPERIENCES]]
    unique = {view.text: view for view in reversed(views) if view.label != "name"}
    if name not in unique:  # what people asked tells more than a name in the same words
        unique[name] = views[1]
    return tuple(sorted(unique.values(), key=views.index))
