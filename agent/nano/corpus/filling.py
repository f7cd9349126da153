"""Filling a tool's parameters: a step with lettered values, a signature, and which value goes where.

subtract<< A 3>> from<< B 10>>
subtract(number: number, amount: number)        ->    number=B amount=A
"""

from __future__ import annotations

import random
import re
from dataclasses import dataclass

from skillweave.agent.nano.corpus import discourse, values
from skillweave.agent.nano.corpus.operations import Form, Operation, invent, invented_name, known
from skillweave.agent.nano.corpus.words import Side, invented, word
from skillweave.agent.nano.corpus.writer import ELIDABLE
from skillweave.agent.nano.literals import unquoted

LETTERS = "ABCDEFGH"
PREVIEW = 32
"""Characters of a value that the question shows."""

_SLOT = re.compile(r"( ?)\{(\w)(:s)?\}")
_MAIN_NAMES = {
    "text": "text text string s value content sentence phrase input source_text word",
    "number": "number number value x n a amount base first",
    "list": "items items numbers values data list xs elements sequence",
    "table": "table table csv rows data csv_text",
    "date": "date date day start_date when birth_date",
    "json": "data json document obj json_text",
    "code": "text code value encoded",
    "time": "time time start_time duration value",
}
_TYPES = {
    "text": "string",
    "number": "number",
    "list": "array",
    "table": "string",
    "date": "string",
}
_NAMES = {
    "n": "n number count amount factor times width size digits percent exponent shift days places k length b by second divisor limit position window minutes years weeks step",
    "w": "word letter separator delimiter pattern needle sub char value target sep find language",
    "q": "word letter separator delimiter pattern needle sub char value target sep find label",
    "t": "other other_text suffix prefix addition second_text b",
    "l": "other others other_items second_list weights b right",
    "d": "end end_date other until other_date second_date on_date",
    "c": "column field column_name key header",
    "k": "key field path name",
    "z": "end end_time other until second_time",
}
_START = "start start_date start_time first from_date begin".split()
_END = "end end_date end_time second to_date until".split()
_TELLING = (
    (re.compile(r"from \{n\} to \{x\}"), {"n": "old start before initial from_value", "x": "new end after final to_value"}),
    (re.compile(r"percent(?:age)? of \{n\}"), {"n": "whole total base of", "x": "part share value portion"}),
)  # fmt: skip
"""Names that say which of two numbers is which, where the phrase does."""
_NEW_FIRST = re.compile(r"^substitute|wherever|instead of")
"""Of two words, the one to put in comes before the one to take out."""
_GIVEN_UNIT = re.compile(r"(?:\{x\}|from) $")
_SOURCE_UNIT = "from_unit source_unit unit_from source unit"
_TARGET_UNIT = "to_unit target_unit unit_to target to"
_SWITCHES = (
    ("descending", "in descending order"), ("reverse", "in reverse"), ("ignore_case", "ignoring case"), ("strict", "strictly"),
    ("keep_order", "keeping the order"), ("sorted", "and sort it"), ("unique", "without repeats"), ("signed", "with a sign"),
    ("case_sensitive", "minding the case"), ("skip_header", "without the header"), ("inclusive", "inclusive"),
)  # fmt: skip
_OPTIONAL = (
    "digits",
    "limit",
    "separator",
    "width",
    "start",
    "step",
    "encoding",
    "fill",
    "base",
    "seed",
    "locale",
)
_NOTES = (
    "when {about}, use {name} = {value}",
    "use {name} = {value} for {about}",
    "{about}: {name} = {value}",
    "for {about} set {name} = {value} because that is what people expect",
    "if nothing is said about {about}, {name} = {value}",
)


@dataclass(frozen=True)
class Filling:
    question: str
    answer: str


def preview(text: str) -> str:
    """The start of a value, on one line."""
    flat = " ".join(text.split())
    return flat if len(flat) <= PREVIEW else flat[: PREVIEW - 1] + "…"


def label(letter: str, text: str) -> str:
    """A lettered slot of the question."""
    return f"<< {letter} {preview(text)}>>"


def _type_of(slot: str, main: str) -> str:
    if slot == "x":
        return _TYPES.get(main, "string")
    return {"n": "number", "l": "array"}.get(slot, "string")


def _names(
    rng: random.Random, side: Side, slots: list[str], operation: Operation, template: str
) -> list[str]:
    """A telling name for every slot of the template; now and then a stranger's."""
    telling = next((pools for pattern, pools in _TELLING if pattern.search(template)), {})
    names: list[str] = []
    for index, slot in enumerate(slots):
        if slot in telling and rng.random() < 0.7:
            pool = telling[slot].split()
        elif slot in "xdz" and {"d", "z"} & set(slots) and rng.random() < 0.7:
            pool = _END if {"x", "d", "z"} & set(slots[:index]) else _START
        elif slot == "x":
            pool = _MAIN_NAMES.get(operation.main, _MAIN_NAMES["text"]).split()
        elif slot == "u":
            given = _GIVEN_UNIT.search(template[: [*_SLOT.finditer(template)][index].start(2) - 1])
            pool = (_SOURCE_UNIT if given else _TARGET_UNIT).split()
        elif slot == "w" and slots.count("w") == 2:
            puts_in = ("w" in slots[:index]) != bool(_NEW_FIRST.search(template))
            pool = (
                "new replacement new_text".split()
                if puts_in
                else "old find old_text search".split()
            )
        else:
            pool = _NAMES[slot].split()
        chosen = rng.choice(pool) if rng.random() < 0.9 else invented(rng, side)
        while chosen in names:
            chosen = rng.choice((invented(rng, side), chosen + "_2"))
        names.append(chosen)
    return names


def _combined(rng: random.Random, side: Side) -> Filling:
    """Two or three results brought together, for one list parameter or for several parameters."""
    template = rng.choice(
        discourse.COMBINE.train if side == "train" else discourse.COMBINE.held_out
    )
    template = template.replace("VERB", word(rng, side)).replace("NOUN", word(rng, side))
    template = template.replace(" with {w}", "")
    size = rng.choice((2, 2, 3))
    kind = rng.choice(("number", "text"))
    letters = LETTERS[:size]
    slots = "".join(label(x, unquoted(values.MAIN[kind](rng, side))) for x in letters)
    function = (
        invented_name(rng, side)
        if rng.random() < 0.5
        else "_".join(template.split()[:2]).replace("_{x}", "")
    )
    if rng.random() < 0.5:
        name = rng.choice(_MAIN_NAMES["list"].split())
        signature, answer = f"{function}({name}: array)", f" {name}={'+'.join(letters)}"
    else:
        names = rng.choice(
            (
                ("a", "b", "c"),
                ("first", "second", "third"),
                ("x", "y", "z"),
                ("left", "right", "other"),
            )
        )[:size]
        signature = f"{function}({', '.join(f'{n}: {_TYPES[kind]}' for n in names)})"
        answer = "".join(f" {n}={x}" for n, x in zip(names, letters, strict=True))
    return Filling(f" {template.replace(' {x}', slots)}\n {signature}", answer)


def _function_name(rng: random.Random, side: Side, template: str) -> str:
    words = re.sub(r"\{.*?\}|[^a-z ]", "", template).split()
    if rng.random() < 0.4 or not words:
        return invented_name(rng, side)
    return "_".join(rng.sample(words, min(len(words), rng.randint(1, 3))))


def _known(rng: random.Random, side: Side) -> Operation:
    """An operation of the phrase file; those with several values, where there is more to learn, oftener."""
    held_out = side == "held-out" and rng.random() < 0.5
    pool = [o for o in known() if o.held_out == held_out]
    return rng.choices(pool, [1 + 2 * (_most_slots(o) > 2) for o in pool])[0]


def _most_slots(operation: Operation) -> int:
    return max(t.count("{") for templates in operation.phrases.values() for t in templates)


def filling(rng: random.Random, side: Side) -> Filling:
    """A random step, signature and assignment."""
    if rng.random() < 0.15:
        return _combined(rng, side)
    operation: Operation = invent(rng, side)
    if rng.random() < 0.7:
        operation = _known(rng, side)
    form: Form = rng.choice(list(operation.phrases))
    templates = rng.sample(operation.phrases[form], k=min(2, len(operation.phrases[form])))
    if rng.random() < 0.5:
        templates.sort(key=lambda t: -t.count("{"))
    template = templates[0].replace("{x:s}", "{x}")
    if form == "V" and rng.random() < 0.15 and (found := ELIDABLE.search(template)):
        template = template[: found.start()] + template[found.end() :] + "{x}"
    slots = [m.group(2) for m in _SLOT.finditer(template)]
    letters = dict(zip(range(len(slots)), LETTERS, strict=False))
    index = -1

    def one(match: re.Match[str]) -> str:
        nonlocal index
        index += 1
        make = (
            values.MAIN.get(operation.main, values.text)
            if match.group(2) == "x"
            else values.SLOT[match.group(2)]
        )
        return label(letters[index], unquoted(make(rng, side)))

    step = _SLOT.sub(one, template)
    names = _names(rng, side, slots, operation, template)
    order = (
        sorted(range(len(slots)), key=lambda i: slots[i] != "x")
        if rng.random() < 0.85
        else rng.sample(range(len(slots)), len(slots))
    )
    parameters = [f"{names[i]}: {_type_of(slots[i], operation.main)}" for i in order]
    answer = "".join(f" {names[i]}={letters[i]}" for i in order)
    note = ""
    if rng.random() < 0.15:
        switch, said = rng.choice(_SWITCHES)
        parameters.append(f"{switch}: boolean = False")
        if rng.random() < 0.6:
            step += " " + said
            answer += f" {switch}=true"
    if rng.random() < 0.3:
        optional = rng.choice([o for o in _OPTIONAL if o not in names])
        parameters.append(
            f"{optional}: {rng.choice(('integer', 'number', 'string'))} = {rng.choice(('0', '2', '10', 'None', ','))}"
        )
        if rng.random() < 0.55:
            value = rng.choice((str(rng.randint(0, 20)), str(rng.randint(0, 20)), word(rng, side)))
            about = " ".join(word(rng, side) for _ in range(rng.randint(1, 3)))
            mentioned = rng.random() < 0.75
            name = optional if mentioned else rng.choice([o for o in _OPTIONAL if o != optional])
            note = "\n note: " + rng.choice(_NOTES).format(about=about, name=name, value=value)
            answer += f" {optional}=<< {value}>>" if mentioned else ""
    return Filling(
        f" {step}\n {_function_name(rng, side, template)}({', '.join(parameters)}){note}", answer
    )
