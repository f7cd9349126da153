"""What was done in earlier tasks as experiences of a library, and a replay of it in a new one.

The replay is written by hand; no model takes part. ``raw`` does again what was done, word for word.
``rebound`` puts the new task's words in the place of the old one's (ExpRAG's use of a retrieved trajectory,
https://arxiv.org/abs/2511.20857), walks to each room by the map that all trajectories together show, and,
where the thing to focus on was found by looking, takes one that served in a like task and is in sight.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from skillweave.evals.suites.scienceworld_env import TASKS, Deed, Play, environment, variations
from skillweave.skills.drop import WrappedSkill
from skillweave.skills.model import Skill

PREFIX = "scienceworld-"
DEMONSTRATIONS = Path(__file__).parents[1] / "data" / "scienceworld.jsonl"
WAITED = 3
"""Steps in which what was set going may come to its end."""
EACH = 2
"""Demonstrations of every task."""
_LINE = re.compile(r"^- in the ([\w' ]*): (.+)$", re.MULTILINE)
_WALK = re.compile(r"(?:open|close) door to .+|go to (?P<to>.+)|go through .+")
_IDLE = re.compile(r"look around|wait\d*|inventory|task|\d+|examine .+")
_FOCUS = re.compile(r"focus on (.+?)(?: in .+)?$")


class Experience(NamedTuple):
    """A task that was solved, and how."""

    task: str
    deeds: tuple[Deed, ...]

    @property
    def target(self) -> str:
        """What was focused on first."""
        found = (_FOCUS.match(deed.action) for deed in self.deeds)
        return next((match[1] for match in found if match), "")


def as_skill(experience: Experience) -> WrappedSkill:
    """For a library."""
    name = PREFIX + hashlib.sha256(repr(experience).encode()).hexdigest()[:12]
    lines = [f"- in the {deed.room}: {deed.action}" for deed in experience.deeds]
    skill = Skill(
        name=name,
        description=experience.task[:1000],
        kind="experience",
        body="\n".join(["What was done:", "", *lines, ""]),
    )
    return WrappedSkill(skill=skill, files={}, source=Path(name))


def read(skill: Skill) -> Experience:
    """What `as_skill` made."""
    deeds = (Deed(*match.groups()) for match in _LINE.finditer(skill.body))
    return Experience(skill.description, tuple(deeds))


def refined(experience: Experience) -> Experience:
    """Without what only looks and waits, and without the walk."""
    kept = (
        deed
        for deed in experience.deeds
        if not (_IDLE.fullmatch(deed.action) or _WALK.fullmatch(deed.action))
    )
    return Experience(experience.task, tuple(kept))


@cache
def demonstrations() -> tuple[Experience, ...]:
    """What every memory begins with; the file is what `recorded` gave."""
    lines = DEMONSTRATIONS.read_text(encoding="utf-8").splitlines()
    found = (json.loads(line) for line in lines)
    return tuple(
        Experience(one["task"], tuple(Deed(*deed) for deed in one["deeds"])) for one in found
    )


def recorded(tasks: Sequence[str] = TASKS, each: int = EACH) -> Iterator[Experience]:
    """Gold paths of the first train variations, played to their end; those that do not solve the task are
    left out."""
    with environment() as env:
        for task in tasks:
            for variation in variations(task, "train")[:each]:
                play = Play(env, task, variation, gold=True)
                raw(play, play.gold)
                if play.solved:
                    yield Experience(play.task, tuple(play.deeds))


def as_line(experience: Experience) -> str:
    """A line of the file."""
    return json.dumps({"task": experience.task, "deeds": experience.deeds}) + "\n"


def raw(play: Play, actions: Sequence[str]) -> None:
    """Do these, until the task is over."""
    for action in actions:
        if play.over:
            return
        play.step(action)


def rebound(play: Play, lead: Experience, known: Sequence[Experience]) -> None:
    """Follow an experience with the new task's words, rooms and things.

    Args:
        known: other experiences, best first: whose targets may serve, and whose walks show the map.
    """
    names = renamed(lead.task, play.task)
    ways = map_of((lead, *known))
    for deed in lead.deeds:
        walk = _WALK.fullmatch(deed.action)
        if play.over or walk or deed.action.isdigit():
            continue
        _go(play, _put(deed.room, names), ways)
        action = _put(deed.action, names)
        focus = _FOCUS.match(action)
        if focus and not _spoken_of(focus[1], play.task):
            thing = next(_in_sight(play.look(), [focus[1], *(one.target for one in known)]), "")
            if not thing:
                return
            names = {**names, lead.target: thing}
            action = _put(deed.action, names)
        if not play.over:
            play.step(action)
    for _ in range(WAITED):
        if not play.over:
            play.step("wait1")


def renamed(old: str, new: str) -> dict[str, str]:
    """Words of an old task that others stand for in a new one.

    >>> renamed("Move it to the red box in the kitchen.", "Move it to the blue box in the bathroom.")
    {'red': 'blue', 'kitchen': 'bathroom'}
    """
    a, b = re.findall(r"[\w'-]+", old), re.findall(r"[\w'-]+", new)
    parts = SequenceMatcher(a=a, b=b, autojunk=False).get_opcodes()
    changed = (
        (" ".join(a[i:j]), " ".join(b[k:m])) for tag, i, j, k, m in parts if tag == "replace"
    )
    return dict(changed)


def map_of(experiences: Sequence[Experience]) -> dict[str, set[str]]:
    """Which rooms lie side by side, by the walks."""
    ways: dict[str, set[str]] = {}
    for experience in experiences:
        for deed in experience.deeds:
            walk = _WALK.fullmatch(deed.action)
            if walk and walk["to"] and deed.room:
                ways.setdefault(deed.room, set()).add(walk["to"])
                ways.setdefault(walk["to"], set()).add(deed.room)
    return ways


def route(ways: Mapping[str, set[str]], here: str, there: str) -> list[str]:
    """The rooms on a shortest way, without the first; where none is known, only the last.

    >>> route({"hall": {"den"}, "den": {"hall", "shed"}, "shed": {"den"}}, "hall", "shed")
    ['den', 'shed']
    """
    before, line = {here: here}, deque([here])
    while line:
        place = line.popleft()
        for other in sorted(ways.get(place, ())):
            if other not in before:
                before[other] = place
                line.append(other)
    if there not in before:
        return [there]
    found = [there]
    while before[found[0]] != here:
        found.insert(0, before[found[0]])
    return found


def _go(play: Play, room: str, ways: Mapping[str, set[str]]) -> None:
    if not room or play.room == room:
        return
    for place in route(ways, play.room, room):
        for action in (f"open door to {place}", f"go to {place}"):
            if not play.over:
                play.step(action)


def _put(text: str, names: Mapping[str, str]) -> str:
    """New names in the place of old ones, all at once."""
    known = sorted(filter(None, names), key=len, reverse=True)
    if not known:
        return text
    pattern = r"(?<!\w)(?:" + "|".join(map(re.escape, known)) + r")(?!\w)"
    return re.sub(pattern, lambda found: names[found[0]], text)


def _spoken_of(thing: str, task: str) -> bool:
    return thing.lower() in task.lower()


def _in_sight(look: str, things: Sequence[str]) -> Iterator[str]:
    """A thing that is a baby is called so twice in actions, once in what is seen."""
    for thing in dict.fromkeys(filter(None, things)):
        seen = " ".join(word for word, _ in groupby(thing.split()))
        if re.search(rf"\b{re.escape(seen)}\b", look):
            yield thing
