"""Random requests with their plans.

A plan line is the clause of the request as it stands there, with its values between << and >>:

    Reverse 'abc def', then count its vowels   ->   #1 Reverse<< 'abc def'>>
                                                    #2 count<<#1>> vowels

So planning is cutting, copying and resolving references, and never naming a skill: it works for
skills that nobody has thought of yet. Nested noun phrases come out innermost first.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from skillweave.agent.nano.corpus import discourse as d
from skillweave.agent.nano.corpus import values
from skillweave.agent.nano.corpus.operations import (
    Form,
    Operation,
    invent,
    known,
    pair_is_held_out,
    suited,
)
from skillweave.agent.nano.corpus.words import Side, word
from skillweave.skills.errors import PlanError

Kind = Literal["train", "compositions", "phrases", "templates", "long"]

_SLOT = re.compile(r"( ?)\{(\w)(:s)?\}")
MAX_STEPS_IN_TRAINING = 4


@dataclass(frozen=True)
class Example:
    """One request, the steps it looks back on, and the lines of its plan."""

    request: str
    plan: str
    history: str = ""
    steps: int = 0


@dataclass(frozen=True)
class Arg:
    """A value as it stands in the request, and as it stands in the plan."""

    surface: str
    slot: str
    type: str = "text"
    intro: str = ""
    """Words of the clause that announce the value: `` the text``."""
    is_reference: bool = False
    possessive: str = " its"


@dataclass
class Writer:
    """Writes one request; plan lines are numbered in the order in which steps must run."""

    rng: random.Random
    kind: Kind
    next_id: int = 1
    lines: list[str] = field(default_factory=list)
    previous: Operation | None = None
    memory: Arg | None = None
    """The last result of the conversation, which the request may call ``it``."""
    special: bool = False
    """Whether something that training never shows has been used."""

    @property
    def side(self) -> Side:
        return "held-out" if self.kind == "phrases" else "train"

    # -- choices ---------------------------------------------------------------------------

    def wording(self, wordings: d.Wordings) -> str:
        if self.kind == "templates" and self.rng.random() < 0.5:
            self.special = True
            return self.rng.choice(wordings.held_out)
        return self.rng.choice(wordings.train)

    def pick(self, kind: str | None, form: Form, *, terminal: bool = True) -> tuple[Operation, str]:
        """An operation that takes a ``kind`` of value (None: any), and a phrase for it."""
        for _ in range(200):
            chosen = self._draw(kind)
            if form not in chosen.phrases or (chosen.result == "bool" and not terminal):
                continue
            unseen = self.previous is not None and pair_is_held_out(self.previous, chosen)
            if unseen and self.kind != "compositions":
                continue
            wanted = self.kind == "compositions" and self.previous is not None and not self.special
            if wanted and not unseen and self.rng.random() < 0.8:
                continue
            self.special |= unseen
            self.previous = chosen
            return chosen, self._phrase(chosen, form)
        raise PlanError(f"no operation can be said in form {form}")

    def _draw(self, kind: str | None) -> Operation:
        if self.rng.random() < (0.5 if self.kind == "phrases" else 0.3):
            self.special |= self.kind == "phrases"
            return invent(self.rng, self.side)
        held_out = self.kind == "phrases" and self.rng.random() < 0.6
        pool = [o for o in known() if o.held_out == held_out]
        if kind is not None and self.rng.random() < 0.85:
            pool = suited(pool, kind) or pool
        self.special |= held_out
        return self.rng.choice(pool)

    def _phrase(self, operation: Operation, form: Form) -> str:
        kept_out = operation.held_out_phrases.get(form)
        if self.kind == "templates" and kept_out and self.rng.random() < 0.6:
            self.special = True
            return self.rng.choice(kept_out)
        return self.rng.choice(operation.phrases[form])

    # -- values ----------------------------------------------------------------------------

    def literal(self, kind: str) -> Arg:
        make: Callable[[random.Random, Side], str] = values.MAIN.get(kind, values.text)
        text = make(self.rng, "train" if self.kind == "train" else "held-out")
        intro = ""
        if self.rng.random() < 0.2:
            noun = self.rng.choice(d.TYPE_NOUN.get(kind, d.TYPE_NOUN["other"]))
            intro = " " + self.rng.choice(d.INTRO).format(noun=noun, w=word(self.rng, self.side))
        return Arg(" " + text, f"<< {text}>>", kind, intro)

    def further(self, slot: str) -> Arg:
        text = values.SLOT[slot](self.rng, "train" if self.kind == "train" else "held-out")
        return Arg(" " + text, f"<< {text}>>")

    def it(self, step: int, kind: str) -> Arg:
        """A pronoun for the result of a step."""
        words = d.IT.get(kind, d.IT["other"])
        surface = self.rng.choice(words[:3] if self.rng.random() < 0.6 else words)
        if self.rng.random() < 0.04:
            surface = f"the result of step {step}"
        plural = surface in ("them", "those", "these")
        return Arg(" " + surface, f"<<#{step}>>", kind, "", True, " their" if plural else " its")

    def renamed(self, literal: Arg, words: dict[str, tuple[str, ...]]) -> Arg:
        """The same literal, mentioned again by a pronoun or ``the original``."""
        surface = self.rng.choice(words.get(literal.type, words["other"]))
        return Arg(" " + surface, literal.slot, literal.type, "", True)

    # -- clauses ---------------------------------------------------------------------------

    def clause(
        self,
        template: str,
        main: Arg,
        extra: Mapping[str, Arg] | None = None,
        *,
        capital: bool = False,
        left_out: bool = False,
    ) -> str:
        """One clause: its words in the request. Adds the plan line.

        ``left_out``: the main value goes without saying (``and add 25``); in the plan it stands last.
        """
        if not main.is_reference:
            template = template.replace("{x:s}", "{x}")
        surface, plan, end = "", "", 0
        if left_out and (found := _ELIDABLE.search(template)):
            template = template[: found.start()] + template[found.end() :]
            template += self.rng.choice(d.LEFT) if self.rng.random() < 0.2 else ""
        else:
            left_out = False
        template = " " + template
        for match in _SLOT.finditer(template):
            words, name = template[end : match.start()], match.group(2)
            arg = main if name == "x" else (extra or {}).get(name) or self.further(name)
            said, slot = main.possessive if match.group(3) else arg.surface, arg.slot
            if arg.is_reference and words.endswith(said.removeprefix(" the")):
                said = " it"
            said, slot = arg.intro + said, arg.intro + slot
            if not match.group(1):
                said, slot = said.lstrip(" "), slot.replace("<< ", "<<", 1)
            surface, plan, end = surface + words + said, plan + words + slot, match.end()
        surface, plan = surface + template[end:], plan + template[end:]
        if left_out:
            plan += main.slot
        if capital and plan[:2] == surface[:2] and plan[1].isalpha():
            surface = " " + surface[1].upper() + surface[2:]
            plan = " " + plan[1].upper() + plan[2:]
        self.lines.append(f"#{self.next_id}{plan}")
        self.next_id += 1
        return surface

    def result(self, surface: str, kind: str) -> Arg:
        """What the clause just written gives, as the value of another clause."""
        return Arg(surface, f"<<#{self.next_id - 1}>>", kind)

    def noun(self, depth: int, kind: str | None = None, base: Arg | None = None) -> Arg:
        """A value that ``depth`` steps make: noun phrases within noun phrases, around a literal."""
        if depth == 0:
            return base or self.literal(kind or "text")
        operation, template = self.pick(None, "N", terminal=False)
        extra: dict[str, Arg] = {}
        left = depth - 1
        if depth > 1 and "{n}" in template and self.rng.random() < 0.5:
            left = self.rng.randint(0, depth - 1)
        main = self.noun(left, operation.main, base)
        if left < depth - 1:
            extra["n"] = self.noun(depth - 1 - left, "number")
        return self.result(self.clause(template, main, extra), operation.result)

    def chain(
        self,
        first: Arg,
        steps: int,
        *,
        capital: bool = False,
        follows: bool = False,
        left_out: bool = False,
    ) -> str:
        """Clauses that each work on the result of the one before; some of them ask.

        Args:
            follows: the first clause comes after other words.
            left_out: the first clause need not mention its value.
        """
        text, current, start, asked = "", first, self.next_id, False
        for index in range(steps):
            form = self.rng.choices(_FORMS, (7, 2, 1) if index else (8, 1, 1))[0]
            operation, template = self.pick(current.type, form, terminal=index == steps - 1)
            main, extra = current, dict[str, Arg]()
            if index:
                main = self.it(self.next_id - 1, current.type)
                if not first.slot.startswith("<<#") and self.rng.random() < 0.05:
                    main = self.renamed(first, d.AGAIN)
            direct = main.slot == current.slot
            if index >= 2 and "{n}" in template and self.rng.random() < 0.4:
                extra["n"] = self.ordinal(start)
            elif index and main.type != "number" and "{n}" in template and self.rng.random() < 0.04:
                main, extra, direct = self.literal(operation.main), {"n": main}, False
            if index:
                text += self.joint(asked, last=index == steps - 1)
            big = _sentence_ended(text) if index else capital
            if form == "N":
                ask = (self.wording(d.ASK) or "tell me") if index or follows or big else ""
                text += " " + (ask[:1].upper() + ask[1:] if big else ask) if ask else ""
            quiet = left_out if not index else direct and self.rng.random() < 0.15
            text += self.clause(
                template, main, extra, capital=big and form != "N", left_out=quiet and form != "Q"
            )
            asked = form == "Q" or (form == "N" and self.rng.random() < 0.5)
            current = self.result("", operation.result)
        return text

    def joint(self, asked: bool, *, last: bool) -> str:
        """The words between two clauses."""
        if asked and self.rng.random() < 0.7:
            return self.wording(d.JOIN_QUESTION)
        return self.wording(d.LAST if last and self.rng.random() < 0.35 else d.JOIN)

    def ordinal(self, start: int) -> Arg:
        """``the second result``: an earlier step than the last."""
        step = self.rng.randrange(start, self.next_id - 1)
        noun = self.rng.choice((" result", " one", " result", " answer"))
        return Arg(f" {d.ORDINALS[step - start]}{noun}", f"<<#{step}>>", is_reference=True)

    # -- requests --------------------------------------------------------------------------

    def base(self, kind: str | None = None) -> Arg:
        """What a request starts from: a literal, or the last result of the conversation."""
        if self.memory is not None and self.rng.random() < 0.8:
            return self.memory
        return self.literal(kind or self.rng.choice(_MAIN_TYPES))

    def in_sequence(self, steps: int) -> str:
        """``Reverse 'abc', then count its vowels.``"""
        opening = self.wording(d.PREAMBLE) if self.rng.random() < 0.4 else ""
        depth = self.rng.randint(0, steps - 1) if steps > 1 and self.rng.random() < 0.3 else 0
        base = self.base()
        first = self.noun(depth, base.type, base) if depth else base
        capital = not opening and self.rng.random() < 0.8
        quiet = base is self.memory and not depth and self.rng.random() < 0.15
        body = self.chain(first, steps - depth, capital=capital, left_out=quiet)
        return (" " + opening if opening else "") + body

    def about_given(self, steps: int) -> str:
        """``Here is a list: 3, 1, 2. Sort it and sum it.``"""
        literal = self.literal(self.rng.choice(_MAIN_TYPES))
        noun = self.rng.choice(d.TYPE_NOUN.get(literal.type, d.TYPE_NOUN["other"]))
        given = self.wording(d.GIVEN).replace("{type}", noun)
        if "here is {x}" in given and self.rng.random() < 0.5:
            given = given.replace("here is", f"here is the {noun}:")
        head, tail = given.split("{x}")
        said = head + literal.surface.lstrip(" ") + tail
        first = self.renamed(literal, d.IT)
        ends = tail.endswith((".", "\n"))
        if self.rng.random() < 0.25:
            return " " + said + " " + self.question(steps, first)
        if head.split()[0] in d.WITHIN:
            quiet = self.rng.random() < 0.6
            return " " + said + self.chain(first, steps, follows=True, left_out=quiet)
        return (
            " "
            + said
            + self.chain(first, steps, capital=ends and self.rng.random() < 0.8, follows=True)
        )

    def question(self, steps: int, base: Arg | None = None) -> str:
        """``How many vowels are in the reverse of 'abc'`` or ``what is the length of ...``"""
        base = base or self.base()
        if self.rng.random() < 0.4:
            operation, template = self.pick(None, "Q")
            inner = self.noun(
                steps - 1, operation.main, base if steps > 1 or base.is_reference else None
            )
            return self.clause(template, inner, capital=self.rng.random() < 0.6).lstrip(" ")
        ask = self.wording(d.ASK)
        return (ask + self.noun(steps, None, base).surface).lstrip(" ")

    def in_parallel(self, steps: int) -> str:
        """``Reverse 'abc' and uppercase 'def', then join both``: branches, perhaps brought together."""
        combine = steps >= 3 and self.rng.random() < 0.6
        left = steps - combine
        branches = self.rng.randint(2, left) if left > 2 else 2
        sizes = [1] * branches
        for _ in range(left - branches):
            sizes[self.rng.randrange(branches)] += 1
        as_nouns = self.rng.random() < 0.45
        shared = self.base() if self.rng.random() < 0.3 else None
        text, ends = (self.wording(d.ASK) if as_nouns else ""), []
        for index, size in enumerate(sizes):
            start = shared or self.literal(self.rng.choice(_MAIN_TYPES))
            if shared and index:
                words = d.AGAIN if not as_nouns or self.rng.random() < 0.3 else d.IT
                start = self.renamed(shared, words)
            if index:
                text += self.wording(d.AND) if index == branches - 1 or not as_nouns else ","
            if as_nouns or (index and self.rng.random() < 0.15):
                text += self.noun(size, None, start).surface
            else:
                text += self.chain(start, size, capital=_sentence_ended(text) or not index)
            ends.append(self.next_id - 1)
        return text.lstrip(" ") + (self.bring_together(text, ends) if combine else "")

    def several_of(self, steps: int) -> str:
        """``the sum and the average of 3, 4, 5``: phrases that share the value at their end."""
        base, text = self.base(), ""
        ends = (" of {x}", " in {x}")
        end = self.rng.choices(ends, (4, 1))[0]
        for index in range(steps):
            while True:
                _, template = self.pick(base.type if base.type != "code" else None, "N")
                if template.endswith(end) and template.count("{") == 1:
                    break
            said = self.clause(template, base)
            if index < steps - 1:
                said = said.removesuffix(base.intro + base.surface).removesuffix(end[:3])
            if index:
                text += " and" if index == steps - 1 else ","
            text += said
        return (
            self.wording(d.ASK) + (" both" if steps == 2 and self.rng.random() < 0.3 else "") + text
        ).lstrip(" ")

    def bring_together(self, text: str, ends: Sequence[int]) -> str:
        """A last clause over the results of all branches, or of two of them."""
        wordings = d.COMBINE if self.rng.random() < 0.7 else d.COMBINE_TWO
        template = self.wording(wordings)
        for role in ("VERB", "NOUN"):
            template = template.replace(role, word(self.rng, self.side))
        join = self.wording(d.JOIN)
        slots: dict[str, Arg] = {}
        if wordings is d.COMBINE:
            both = "them" if len(ends) > 2 else self.rng.choice(d.BOTH)
            slots["x"] = Arg(" " + both, "".join(f"<<#{e}>>" for e in ends), is_reference=True)
        else:
            two = self.rng.sample(range(min(len(ends), 5)), 2)
            noun = self.rng.choice(("", " result", " one", " value"))
            for slot, index in zip("xn", two, strict=True):
                slots[slot] = Arg(
                    f" {d.ORDINALS[index]}{noun}", f"<<#{ends[index]}>>", is_reference=True
                )
        return join + self.clause(template, slots["x"], slots, capital=_sentence_ended(join))

    def as_task_list(self, steps: int) -> str:
        """Numbered lines over one given value."""
        literal = self.literal(self.rng.choice(_MAIN_TYPES))
        head = self.rng.choice(("with", "for", "on", "using")) + literal.surface + " "
        text = head + self.wording(d.TASK_LIST)
        mark = self.rng.choice(("{}. ", "{}) ", "- ", "({}) ", "step {}: ", "* "))
        current = self.renamed(literal, d.IT)
        for index in range(steps):
            operation, template = self.pick(current.type, "V", terminal=index == steps - 1)
            main = self.it(self.next_id - 1, current.type) if index else current
            text += "\n" + mark.format(index + 1).rstrip(" ")
            text += self.clause(template, main, capital=self.rng.random() < 0.4)
            current = self.result("", operation.result)
        return text

    def after_doing(self, steps: int) -> str:
        """``After reversing 'abc', count its vowels``."""
        operation, template = self.pick(None, "V", terminal=False)
        verb, _, rest = template.partition(" ")
        first = self.clause(f"{_gerund(verb)} {rest}", self.literal(operation.main))
        opening = self.wording(d.AFTER)
        follow = self.it(self.next_id - 1, operation.result)
        return opening + first + "," + self.chain(follow, steps - 1, follows=True)


_FORMS: tuple[Form, ...] = ("V", "N", "Q")
_ELIDABLE = re.compile(r"( (to|from|of|in|with|by|on|for|at|into|between|among))? \{x\}")
_MAIN_TYPES = (
    ("text",) * 5 + ("number",) * 3 + ("list",) * 4 + ("table", "date", "date", "json", "code")
)


def _sentence_ended(text: str) -> bool:
    return text.endswith((".", "\n", "!", "?"))


def _gerund(verb: str) -> str:
    if verb.endswith("e") and not verb.endswith("ee"):
        return verb[:-1] + "ing"
    if verb in ("get", "split", "cut", "put", "sum", "drop", "strip", "swap", "flip", "pad"):
        return verb + verb[-1] + "ing"
    return verb + "ing"


def _draw_style(rng: random.Random, writer: Writer, steps: int) -> str:
    styles: list[tuple[Callable[[int], str], float, int]] = [
        (writer.in_sequence, 4, 1),
        (writer.about_given, 2, 1),
        (writer.question, 3, 1),
        (writer.in_parallel, 2.2, 2),
        (writer.several_of, 0.7, 2),
        (writer.as_task_list, 0.5, 2),
        (writer.after_doing, 0.6, 2),
    ]
    possible = [(make, weight) for make, weight, least in styles if steps >= least]
    make = rng.choices([m for m, _ in possible], [w for _, w in possible])[0]
    return make(steps)


def _earlier(writer: Writer) -> tuple[str, Arg]:
    """Steps of earlier turns: their lines, and the last one's result as the user would call it."""
    rng = writer.rng
    writer.next_id = rng.randint(1, 9)
    for _ in range(rng.randint(1, 3)):
        operation, template = writer.pick(None, "V")
        main = (
            writer.literal(operation.main)
            if rng.random() < 0.5 or writer.next_id < 2
            else Arg("", f"<<#{writer.next_id - 1}>>")
        )
        writer.clause(template, main)
    lines, writer.lines, writer.previous, writer.special = writer.lines, [], None, False
    return "\n".join(lines), writer.it(writer.next_id - 1, operation.result)


def make(rng: random.Random, kind: Kind) -> Example:
    """One random example of a kind; all but ``train`` hold something that training never shows."""
    while True:
        writer = Writer(rng, kind)
        if kind == "long":
            steps = rng.randint(5, 6)
        else:
            steps = rng.choices((1, 2, 3, 4), (2, 4, 4, 3) if kind == "train" else (1, 3, 3, 2))[0]
        history = ""
        if rng.random() < 0.25:
            history, writer.memory = _earlier(writer)
        text = _draw_style(rng, writer, steps).strip(" ")
        if (
            rng.random() < 0.55
            and text[0].isalpha()
            and not writer.lines[0].startswith(f"#{writer.next_id - len(writer.lines)} {text[:2]}")
        ):
            text = text[0].upper() + text[1:]
        text += writer.wording(d.CLOSE)
        if kind in ("train", "long") or writer.special:
            return Example(" " + text, "\n".join(writer.lines), history, steps)
