"""What the words of a goal, and experiences, say about a tool's parameters, before a model is asked."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from pydantic import JsonValue

from skillweave.agent.numbers import WORDS
from skillweave.agent.plan import SLOT, Literal, Ref, Step
from skillweave.agent.profiles.assign import Assignment, assignments, is_number
from skillweave.agent.tables import TABLE, is_table
from skillweave.skills.model import Parameter, Signature

CONTAINING: Final = re.compile(r"\b(?:in|within|inside|from)$")
"""Words before the value that a skill works on, its first parameter."""
ANNOUNCED: Final[Mapping[str, re.Pattern[str]]] = {
    "exponent": re.compile(r"\b(?:power|power of|raised to|to the)$"),
    "new": re.compile(r"\b(?:with|by|into)$"),
    "old": re.compile(r"\b(?:replace|replacing|change|swap|instead of)$"),
    "whole": re.compile(r"\bout of$"),
    "amount": re.compile(r"(?<!less )(?<!fewer )\bthan$"),
}
"""Words before the value of a parameter, by its name."""
OWN_UNIT: Final = ("from_unit", "source_unit", "unit_from", "source", "unit")
"""Parameters for the unit that a number is given in."""
PLACES: Final = re.compile(
    rf"\b({'|'.join(WORDS)}|no|without(?: any)?) (?:decimal|digit|place)s?\b"
)
"""Words for the parameter ``digits``."""
SIGN_FOR: Final = ("separator", "delimiter", "sep", "glue", "fill", "filler", "pad")
"""Parameters for a sign, which people call by its name."""
SIGNS: Final = tuple(
    (re.compile(rf"\b(?:{words})\b"), sign)
    for words, sign in (
        ("commas? and (?:an? )?(?:space|blank)s?", ", "),
        ("commas?", ","),
        ("semi-?colons?", ";"),
        ("colons?", ":"),
        ("dash(?:es)?|hyphens?", "-"),
        ("underscores?", "_"),
        ("backslash(?:es)?", "\\"),
        ("slash(?:es)?", "/"),
        ("(?:vertical )?bars?|pipes?", "|"),
        ("dots?|periods?|full stops?", "."),
        ("plus(?:es)?|plus signs?", "+"),
        ("stars?|asterisks?", "*"),
        ("ampersands?", "&"),
        ("tabs?", "\t"),
        ("new ?lines?|line breaks?|(?:one|each) (?:\\w+ )?(?:per|on its own|on a new) line", "\n"),
        ("spaces?|blanks?", " "),
        ("zeros?|zeroes", "0"),
    )
)
_SETTING: Final = re.compile(r"(\w+) = \S+")
_BULLET: Final = re.compile(r"^- ", re.MULTILINE)
_STEM: Final = 4
"""Letters of a word that count where words are compared."""


def ways(step: Step, values: Sequence[JsonValue], signature: Signature) -> tuple[Assignment, ...]:
    """The assignments that the types allow and the goal does not exclude.

    What stands ``in 'a text'`` or is taken ``from 10`` is for the first parameter, and some words
    announce others (`ANNOUNCED`). The unit right after a number is the number's own, a table is for the
    parameter of that name. In ``then subtract 7`` the number to work on goes without saying; in nano's
    goals such a result stands last, right after the other value: ``subtract<<7>><<#1>>``. It is for the
    first parameter, too.
    """
    left = assignments(values, signature)
    if not signature.parameters:
        return left
    first = signature.parameters[0].name
    for at, value in enumerate(values):
        if is_table(value):
            left = tuple(way for way in left if way.get(TABLE) == (at,)) or left
    pieces = [piece.lower().rstrip() for piece in step.goal.split(SLOT)][: len(values)]
    for at, before in enumerate(pieces):
        names = [name for name, words in ANNOUNCED.items() if words.search(before)]
        if CONTAINING.search(before):
            names.append(first)
        if at and not before.strip() and is_number(values[at - 1]) and not is_number(values[at]):
            names += OWN_UNIT
        for name in names:
            left = tuple(way for way in left if way.get(name) == (at,)) or left
    if step.goal.endswith(f"{SLOT} {SLOT}"):
        said, unsaid = step.inputs[-2:]
        if isinstance(said, Literal) and isinstance(unsaid, Ref):
            last = len(values) - 1
            left = tuple(way for way in left if way.get(first) == (last,)) or left
    return left


def mentioned(parameter: Parameter, step: Step) -> dict[str, JsonValue]:
    """What the goal says of a parameter in words: a choice (an enum), ``two decimals``, ``with dashes``."""
    goal = step.words().lower()
    if parameter.name == "digits" and (places := PLACES.search(goal)):
        return {parameter.name: WORDS.get(places.group(1), 0)}
    if parameter.name in SIGN_FOR and parameter.type == "string":
        sign = next((sign for words, sign in SIGNS if words.search(goal)), None)
        if sign is not None and sign != str(parameter.default).strip():
            return {parameter.name: sign}
    choices = parameter.json_schema.get("enum")
    if isinstance(choices, list):
        words = set(goal.split())
        for choice in choices:
            if isinstance(choice, str) and choice.lower() in words:
                return {parameter.name: choice}
    return {}


def advice(notes: Sequence[str], step: Step, signature: Signature) -> list[str]:
    """The first sentence of an experience that sets an optional parameter of which the goal says nothing.

    Of a list of such sentences, one for each case, it is the one whose own words the goal shares.
    """
    optional = {p.name for p in signature.parameters if not (p.required or mentioned(p, step))}
    said = {word[:_STEM] for word in re.findall(r"[a-z]{3,}", step.words().lower())}
    for sentence, telling in _sentences(notes):
        setting = _SETTING.search(sentence)
        if setting and setting.group(1) in optional and (telling is None or telling & said):
            return [sentence[0].lower() + sentence[1:].rstrip(".")]
    return []


def _sentences(notes: Sequence[str]) -> Iterator[tuple[str, set[str] | None]]:
    """Sentences; with those of a list come the words that no other one of it has."""
    for note in notes:
        prose, *items = _BULLET.split(note)
        for sentence in re.split(r"(?<=\.)\s+", " ".join(prose.split())):
            if sentence:
                yield sentence, None
        cases = [" ".join(item.split("\n\n")[0].split()) for item in items]
        words = [{w[:_STEM] for w in re.findall(r"[a-z]{3,}", case.lower())} for case in cases]
        count = Counter(word for own in words for word in own)
        for case, own in zip(cases, words, strict=True):
            yield case, {word for word in own if count[word] == 1}
