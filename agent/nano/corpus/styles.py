"""The shapes of a request: clauses in sequence, nested questions, branches, lists of tasks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from skillweave.agent.nano.corpus import discourse as d
from skillweave.agent.nano.corpus.words import word
from skillweave.agent.nano.corpus.writer import MAIN_TYPES, Arg, Writer, sentence_ended

DEEPEST = 2
"""Noun phrases within one another that a request holds: ``the length of the reverse of 'abc'``."""


def in_sequence(w: Writer, steps: int) -> str:
    """``Reverse 'abc', then count its vowels.``"""
    opening = w.wording(d.PREAMBLE) if w.rng.random() < 0.4 else ""
    depth = w.rng.randint(0, min(steps - 1, DEEPEST)) if w.rng.random() < 0.3 else 0
    base = w.base()
    first = w.noun(depth, base.type, base, inner=True) if depth else base
    capital = not opening and w.rng.random() < 0.8
    quiet = base is w.memory and not depth and w.rng.random() < 0.15
    body = w.chain(first, steps - depth, capital=capital, left_out=quiet)
    return (" " + opening if opening else "") + body


def about_given(w: Writer, steps: int) -> str:
    """``Here is a list: 3, 1, 2. Sort it and sum it.``"""
    literal = w.literal(w.rng.choice(MAIN_TYPES), bare=False)
    noun = w.rng.choice(d.TYPE_NOUN.get(literal.type, d.TYPE_NOUN["other"]))
    given = w.wording(d.GIVEN).replace("{type}", noun)
    if "here is {x}" in given and w.rng.random() < 0.5:
        given = given.replace("here is", f"here is the {noun}:")
    head, tail = given.split("{x}")
    said = head + literal.surface.lstrip(" ") + tail
    first = w.renamed(literal, d.IT)
    ends = tail.endswith((".", "\n"))
    if w.rng.random() < 0.25:
        return " " + said + " " + question(w, steps, first)
    if head.startswith(d.WITHIN):
        quiet = w.rng.random() < 0.6
        return " " + said + w.chain(first, steps, follows=True, left_out=quiet)
    return " " + said + w.chain(first, steps, capital=ends and w.rng.random() < 0.8, follows=True)


def given_last(w: Writer, steps: int) -> str:
    """``Sort these numbers and add them up: 3, 1, 2``: what is worked on stands at the end."""
    literal = w.literal(w.rng.choice(MAIN_TYPES))
    noun = w.rng.choice(d.TYPE_NOUN.get(literal.type, d.TYPE_NOUN["other"]))
    said = w.rng.choice(d.HERE).format(noun=noun)
    first = Arg(" " + said, literal.slot, literal.type, "", True)
    opening = w.wording(d.PREAMBLE) if w.rng.random() < 0.3 else ""
    body = w.chain(first, steps, capital=not opening and w.rng.random() < 0.8)
    end = w.rng.choice((":", ":", ":", ":\n", ".\n"))
    shown = literal.surface.lstrip(" ") if end.endswith("\n") else literal.surface
    return (" " + opening if opening else "") + body + end + shown


def question(w: Writer, steps: int, base: Arg | None = None) -> str:
    """``How many vowels are in the reverse of 'abc'``, perhaps with more to do afterwards."""
    base = base or w.base()
    inside = min(steps, w.rng.randint(1, DEEPEST + 1))
    if w.rng.random() < 0.4:
        operation, template = w.pick(None, "Q", terminal=inside == steps)
        start = base if inside > 1 or base.is_reference else None
        inner = w.noun(inside - 1, operation.main, start, inner=True)
        text = w.clause(template, inner, capital=w.rng.random() < 0.6)
        kind = operation.result
    else:
        noun = w.noun(inside, None, base)
        text, kind = w.ask(noun.surface) + noun.surface, noun.type
    if inside < steps:
        text += w.joint(asked=True, last=inside + 1 == steps)
        follow = w.it(w.next_id - 1, kind)
        text += w.chain(follow, steps - inside, capital=sentence_ended(text), follows=True)
    return text.lstrip(" ")


def in_parallel(w: Writer, steps: int) -> str:
    """``Reverse 'abc' and uppercase 'def', then join both``: branches, perhaps brought together."""
    combine = steps >= 3 and w.rng.random() < 0.6
    left = steps - combine
    branches = w.rng.randint(2, left) if left > 2 else 2
    sizes = [1] * branches
    for _ in range(left - branches):
        sizes[w.rng.randrange(branches)] += 1
    as_nouns = max(sizes) <= DEEPEST and w.rng.random() < 0.45
    shared = w.base() if w.rng.random() < 0.3 else None
    text, ends = "", list[int]()
    for index, size in enumerate(sizes):
        start = shared or w.literal(w.rng.choice(MAIN_TYPES), bare=False)
        if shared and index:
            words = d.AGAIN if not as_nouns or w.rng.random() < 0.3 else d.IT
            start = w.renamed(shared, words)
        if index:
            text += w.wording(d.AND) if index == branches - 1 or not as_nouns else ","
        if as_nouns:
            noun = w.noun(size, None, start).surface
            text += noun if index else w.ask(noun) + noun
        else:
            text += w.chain(start, size, capital=sentence_ended(text) or not index)
        ends.append(w.next_id - 1)
    return text.lstrip(" ") + (bring_together(w, text, ends) if combine else "")


def several_of(w: Writer, steps: int) -> str:
    """``the sum and the average of 3, 4, 5``: phrases that share the value at their end."""
    base, text = w.base(), ""
    ends = (" of {x}", " in {x}")
    end = w.rng.choices(ends, (4, 1))[0]
    for index in range(steps):
        while True:
            _, template = w.pick(base.type if base.type != "code" else None, "N")
            if template.endswith(end) and template.count("{") == 1:
                break
        said = w.clause(template, base)
        if index < steps - 1:
            said = said.removesuffix(base.intro + base.surface).removesuffix(end[:3])
        if index:
            text += " and" if index == steps - 1 else ","
        text += said
    both = " both" if steps == 2 and w.rng.random() < 0.3 else ""
    return (w.ask(both + text) + both + text).lstrip(" ")


def bring_together(w: Writer, text: str, ends: Sequence[int]) -> str:
    """A last clause over the results of all branches, or of two of them."""
    wordings = d.COMBINE if w.rng.random() < 0.7 else d.COMBINE_TWO
    template = w.wording(wordings)
    for role in ("VERB", "NOUN"):
        template = template.replace(role, word(w.rng, w.side))
    join = w.wording(d.JOIN)
    slots: dict[str, Arg] = {}
    if wordings is d.COMBINE:
        both = "them" if len(ends) > 2 else w.rng.choice(d.BOTH)
        slots["x"] = Arg(" " + both, "".join(f"<<#{e}>>" for e in ends), is_reference=True)
    else:
        two = w.rng.sample(range(min(len(ends), 5)), 2)
        noun = w.rng.choice(("", " result", " one", " value"))
        for slot, index in zip("xn", two, strict=True):
            slots[slot] = Arg(
                f" {d.ORDINALS[index]}{noun}", f"<<#{ends[index]}>>", is_reference=True
            )
    return join + w.clause(template, slots["x"], slots, capital=sentence_ended(join))


def as_task_list(w: Writer, steps: int) -> str:
    """Numbered lines over one given value."""
    literal = w.literal(w.rng.choice(MAIN_TYPES))
    head = w.rng.choice(("with", "for", "on", "using")) + literal.surface + " "
    text = head + w.wording(d.TASK_LIST)
    mark = w.rng.choice(("{}. ", "{}) ", "- ", "({}) ", "step {}: ", "* "))
    current = w.renamed(literal, d.IT)
    for index in range(steps):
        operation, template = w.pick(current.type, "V", terminal=index == steps - 1)
        main = w.it(w.next_id - 1, current.type) if index else current
        text += "\n" + mark.format(index + 1).rstrip(" ")
        text += w.clause(template, main, capital=w.rng.random() < 0.4)
        current = w.result("", operation.result)
    return text


def after_doing(w: Writer, steps: int) -> str:
    """``After reversing 'abc', count its vowels``."""
    operation, template = w.pick(None, "V", terminal=False)
    verb, _, rest = template.partition(" ")
    first = w.clause(f"{_gerund(verb)} {rest}", w.literal(operation.main))
    opening = w.wording(d.AFTER)
    follow = w.it(w.next_id - 1, operation.result)
    return opening + first + "," + w.chain(follow, steps - 1, follows=True)


def _gerund(verb: str) -> str:
    if verb.endswith("e") and not verb.endswith("ee"):
        return verb[:-1] + "ing"
    if verb in ("get", "split", "cut", "put", "sum", "drop", "strip", "swap", "flip", "pad"):
        return verb + verb[-1] + "ing"
    return verb + "ing"


class Style(NamedTuple):
    write: Callable[[Writer, int], str]
    weight: float
    least_steps: int


STYLES = (
    Style(in_sequence, 4, 1),
    Style(about_given, 2, 1),
    Style(given_last, 1.5, 1),
    Style(question, 3, 1),
    Style(in_parallel, 2.2, 2),
    Style(several_of, 0.7, 2),
    Style(as_task_list, 0.5, 2),
    Style(after_doing, 0.6, 2),
)


def draw_style(w: Writer, steps: int) -> str:
    """A request of ``steps`` steps in a random shape."""
    possible = [s for s in STYLES if steps >= s.least_steps]
    style = w.rng.choices(possible, [s.weight for s in possible])[0]
    return style.write(w, steps)
