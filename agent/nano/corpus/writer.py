"""Writes clauses: the words of a request and, beside them, the lines of its plan."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping
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
from skillweave.agent.nano.corpus.words import Side
from skillweave.agent.nano.literals import mask
from skillweave.skills.errors import PlanError

Kind = Literal["train", "compositions", "phrases", "templates", "long", "longer", "written"]

MAIN_TYPES = (
    ("text",) * 5
    + ("number",) * 3
    + ("list",) * 4
    + ("table", "date", "date", "json", "code", "time")
)

_SLOT = re.compile(r"( ?)\{(\w)(:s)?\}")
_ASKED = re.compile(
    r"^ (?:what is|what are|what's|how much is|(?:tell me|give me|show me|find out|find|compute|calculate"
    r"|determine|get|work out|return|print)(?= (?:the|how|what|which|whether|if)\b))(?= |<<)",
    re.IGNORECASE,
)
_FORMS: tuple[Form, ...] = ("V", "N", "Q")
_ROOM: dict[Form, re.Pattern[str]] = {
    "V": re.compile(r"\{x\}$|\{x\} (?:to|with|by|from|into|in|at|using|against|times|and)\b"),
    "N": re.compile(
        r"\{x\}$|between \{x\} and\b"
        r"|(?:sum|product|quotient|divisor|multiple|gcd|union|intersection) of \{x\} and\b"
    ),
    "Q": re.compile(r"\{x\}$"),
}
"""Phrases in which a longer value can stand and be told from what follows: a verb keeps what stands
at its end, while ``the NOUN of the NOUN of X with 3`` could be read in two ways."""
ELIDABLE = re.compile(r"( (to|from|of|in|with|by|on|for|at|into|between|among))? \{x\}")


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
        rare = wordings.rarer and self.rng.random() < 0.5
        return self.rng.choice(wordings.rarer if rare else wordings.train)

    def pick(
        self,
        kind: str | None,
        form: Form,
        *,
        terminal: bool = True,
        nested: bool = False,
        inner: bool = False,
    ) -> tuple[Operation, str]:
        """An operation that takes a ``kind`` of value (None: any), and a phrase for it.

        Args:
            terminal: nothing works on its result, so that it may be a yes or no.
            nested: the value is a noun phrase. ``the reverse of 'abc' in capitals`` could be read in two
                ways, so no phrase that starts with its value is chosen.
            inner: other words follow, so that the phrase must end with its value.
        """
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
            phrase = self._phrase(chosen, form)
            if nested and (phrase.startswith("{x}") or not _ROOM[form].search(phrase)):
                continue
            if inner and not phrase.endswith("{x}"):
                continue
            self.special |= unseen
            self.previous = chosen
            return chosen, phrase
        raise PlanError(f"no operation can be said in form {form}")

    def _draw(self, kind: str | None) -> Operation:
        if self.rng.random() < 0.4:
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

    def literal(self, kind: str, *, bare: bool = True) -> Arg:
        """A value of a kind; ``bare``: it may stand in bare words, without quotes."""
        make: Callable[[random.Random, Side], str] = values.MAIN.get(kind, values.text)
        side: Side = "train" if self.kind == "train" else "held-out"
        text = make(self.rng, side)
        while not bare and mask(text).text.count("<<") != 1:
            text = make(self.rng, side)
        intro = ""
        if kind == "list" and bare and self.rng.random() < 0.12:
            one, two = values.number(self.rng, side), values.number(self.rng, side)
            return Arg(f" {one} and {two}", f"<< {one}>> and<< {two}>>", kind)
        if self.rng.random() < 0.2:
            noun = self.rng.choice(d.TYPE_NOUN.get(kind, d.TYPE_NOUN["other"]))
            intro = " " + self.rng.choice(d.INTRO).format(noun=noun)
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

        Words that only ask (``what is``, ``find the``) are no part of a goal.

        ``left_out``: the main value goes without saying (``and add 25``); in the plan it stands last.
        """
        if not main.is_reference:
            template = template.replace("{x:s}", "{x}")
        surface, plan, end = "", "", 0
        if left_out and (found := ELIDABLE.search(template)):
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
        plan = _ASKED.sub("", plan)
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

    def noun(
        self,
        depth: int,
        kind: str | None = None,
        base: Arg | None = None,
        *,
        inner: bool = False,
    ) -> Arg:
        """A value that ``depth`` steps make: noun phrases within noun phrases, around a literal.

        ``inner``: more words of the same clause follow.
        """
        if depth == 0:
            return base or self.literal(kind or "text")
        operation, template = self.pick(None, "N", terminal=False, nested=depth > 1, inner=inner)
        extra: dict[str, Arg] = {}
        left = depth - 1
        if depth > 1 and "{n}" in template and self.rng.random() < 0.5:
            left = self.rng.randint(0, depth - 1)
        main = self.noun(left, operation.main, base, inner=not template.endswith("{x}"))
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
            nested = not index and first.is_reference is False and first.slot.startswith("<<#")
            operation, template = self.pick(
                current.type, form, terminal=index == steps - 1, nested=nested
            )
            main, extra = current, dict[str, Arg]()
            if index:
                main = self.it(self.next_id - 1, current.type)
                if not first.slot.startswith("<<#") and self.rng.random() < 0.05:
                    main = self.renamed(first, d.AGAIN)
            direct = main.slot == current.slot
            if index >= 2 and "{n}" in template and self.rng.random() < 0.15:
                extra["n"] = self.ordinal(start)
            elif index and main.type != "number" and "{n}" in template and self.rng.random() < 0.04:
                main, extra, direct = self.literal(operation.main), {"n": main}, False
            if index:
                text += self.joint(asked, last=index == steps - 1)
            big = sentence_ended(text) if index else capital
            if form == "N":
                ask = (self.ask(template) or "tell me") if index or follows or big else ""
                text += " " + (ask[:1].upper() + ask[1:] if big else ask) if ask else ""
            quiet = left_out if not index else direct and self.rng.random() < 0.15
            text += self.clause(
                template, main, extra, capital=big and form != "N", left_out=quiet and form != "Q"
            )
            asked = form == "Q" or (form == "N" and self.rng.random() < 0.5)
            current = self.result("", operation.result)
        return text

    def ask(self, asked: str) -> str:
        """Words that ask for a noun phrase; ``find`` and its like only where no clause can begin so."""
        plain = asked.lstrip().startswith(("the ", "how "))
        return self.wording(d.FIND if plain and self.rng.random() < 0.5 else d.ASK)

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

    def base(self, kind: str | None = None) -> Arg:
        """What a request starts from: a literal, or the last result of the conversation."""
        if self.memory is not None and self.rng.random() < 0.8:
            return self.memory
        return self.literal(kind or self.rng.choice(MAIN_TYPES))


def sentence_ended(text: str) -> bool:
    """Whether the next word starts a sentence."""
    return text.endswith((".", "\n", "!", "?"))
