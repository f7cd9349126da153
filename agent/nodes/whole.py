"""A goal may hold two: ``how many divisors has 360`` asks for a list and then for its length.

Nothing in the words tells that; what the library has does. Where the best skill for a goal gives a list
and says nothing of counting, the count is a step of its own (also of a table's rows), and so is taking ``the
second line``; where it takes numbers and a text holds them, finding them is.
"""

from __future__ import annotations

import re
from typing import Final

from skillweave.agent.deps import Deps
from skillweave.agent.nodes.doable import best_skill
from skillweave.agent.numbers import ORDINALS
from skillweave.agent.plan import SLOT, Input, Literal, Plan, Ref, Step
from skillweave.agent.tables import takes_table
from skillweave.skills.model import Skill

_HOW_MANY: Final = "how many(?! (?:more|fewer|less))|number of|counts?"
_ASKED: Final = tuple(
    (re.compile(rf"\b(?:{words})\b", re.IGNORECASE), rest)
    for words, rest in (
        (_HOW_MANY, f"count the items of {SLOT}"),
        (r"sum|total|add(?: \S+)? up", f"the sum of {SLOT}"),
        ("(?:highest|largest|biggest|greatest|max(?:imum)?)(?! first)", f"the largest of {SLOT}"),
        ("(?:lowest|smallest|min(?:imum)?)(?! first)", f"the smallest of {SLOT}"),
        ("average|mean", f"the mean of {SLOT}"),
    )
)
"""What makes one value of a list, by the words that ask for it."""
_ASKED_OF_ROWS: Final = ((re.compile(rf"\b(?:{_HOW_MANY})\b", re.I), f"count the rows of {SLOT}"),)
_PLACE: Final = re.compile(rf"\bthe ({'|'.join(ORDINALS)}|last) [a-z]", re.IGNORECASE)
_NUMBERS: Final = f"find the numbers in {SLOT}"
_NUMBER: Final = re.compile(r"(?<![\w.])-?\d+(?:\.\d+)?\b")
_WORD: Final = re.compile(r"[^\W\d_]{2,}")


async def whole(plan: Plan, deps: Deps) -> Plan:
    """The plan with another step wherever a goal's skill does only half of it; steps are numbered anew."""
    steps: list[Step] = []
    results: dict[int, Ref] = {}

    def add(goal: str, inputs: tuple[Input, ...]) -> Ref:
        steps.append(Step(id=plan.steps[0].id + len(steps), goal=goal, inputs=inputs))
        return Ref(step=steps[-1].id)

    for step in plan.steps:
        skill = await best_skill(step, deps)
        inputs = tuple(
            results.get(given.step, given) if isinstance(given, Ref) else given
            for given in step.inputs
        )
        if _wants_numbers(skill) and _holds_numbers(step):
            inputs = (add(_NUMBERS, inputs),)
        results[step.id] = add(step.goal, inputs)
        if rest := _rest(step.goal, skill):
            results[step.id] = add(rest, (results[step.id],))
    return plan if len(steps) == len(plan.steps) else Plan(steps=tuple(steps))


def _rest(goal: str, skill: Skill | None) -> str:
    """What is left to be done once ``skill`` has given its list or table; empty where nothing is."""
    if skill is None or skill.signature is None or not skill.signature.parameters:
        return ""
    returns = skill.signature.returns.get("type")
    rows = returns == "string" and takes_table(skill.signature)
    if not rows and returns != "array":
        return ""
    described = f"{skill.name} {skill.description} {skill.use_when}"
    for asked, rest in _ASKED_OF_ROWS if rows else _ASKED:
        if asked.search(goal) and not asked.search(described):
            return rest
    if rows:
        return ""
    takes_number = any(p.type in ("integer", "number") for p in skill.signature.parameters[1:])
    place = None if takes_number else _PLACE.search(goal)
    return f"the {place.group(1)} item of {SLOT}" if place else ""


def _wants_numbers(skill: Skill | None) -> bool:
    if skill is None or skill.signature is None:
        return False
    lists = [p.json_schema.get("items") for p in skill.signature.parameters if p.type == "array"]
    return any(isinstance(of, dict) and of.get("type") in ("number", "integer") for of in lists)


def _holds_numbers(step: Step) -> bool:
    """Whether its only value is a text with several numbers among its words."""
    if len(step.inputs) != 1 or not isinstance(step.inputs[0], Literal):
        return False
    text = step.inputs[0].text
    return len(_NUMBER.findall(text)) > 1 and bool(_WORD.search(text)) and "{" not in text
