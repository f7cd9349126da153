"""How nano is asked, and how its answers are read. The languages are those of its corpus."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Final

from pydantic import JsonValue

from skillweave.agent.handle import Answer
from skillweave.agent.nano.corpus import plan_question
from skillweave.agent.nano.corpus.filling import LETTERS, label
from skillweave.agent.nano.literals import Masked, kind_of, mask, plain, unquoted
from skillweave.agent.nano.reader import Reader
from skillweave.agent.nano.tokenizer import CLOSE, OPEN
from skillweave.agent.plan import SLOT, Input, Literal, Plan, Ref, Step
from skillweave.agent.profiles import clues
from skillweave.agent.profiles.assign import Assignment, value_of
from skillweave.agent.profiles.base import Done, Filled, Message, Planned, Prompt, Structure
from skillweave.agent.profiles.coverage import faults
from skillweave.agent.profiles.grammar import fill_grammar, plan_grammar
from skillweave.skills.errors import PlanError, UserError
from skillweave.skills.model import Parameter, Signature, Skill

LONGEST: Final = 3000
"""Characters of a request, its values not counted, that surely fit beside history and plan."""
WINDOW: Final = 3
"""Steps of earlier turns that a planning question shows."""

_SLOT: Final = re.compile(re.escape(OPEN) + r"(.*?)" + re.escape(CLOSE), re.DOTALL)
_LINE: Final = re.compile(r"#(\d+)")
_ASSIGNMENT: Final = re.compile(rf" (\w+)=({re.escape(OPEN)}.*?{re.escape(CLOSE)}|\S+)", re.DOTALL)
_TYPES: Final = {"integer": "number", "object": "string", "any": "string", "null": "string"}
_MAX_PLAN_TOKENS: Final = 640


def read(request: str) -> Masked:
    """The request as nano reads it, with letters for its values.

    Raises:
        UserError: even without its values it is too long for nano.
    """
    masked = mask(" " + request.replace("\r\n", "\n").strip())
    if len(masked.text) > LONGEST:
        raise UserError(
            f"the request has {len(masked.text)} characters besides its values and nano reads at most "
            f"{LONGEST}; put the text to work on in quotes, or name a larger model with --model"
        )
    return masked


@cache
def reader() -> Reader:
    """The reader of this process, loaded at the first request."""
    return Reader()


class NanoProfile:
    """Prompts and readers for nano and its larger sister."""

    name = "nano"
    does_steps = False
    min_confidence = 0.07
    """Chosen on ``evals/data/development_free.jsonl``."""

    # -- planning --------------------------------------------------------------------------

    def plan(self, request: str, history: Sequence[Done], hints: Sequence[Skill]) -> Prompt:
        shown = _Window(history)
        text = read(request).text
        grammar = plan_grammar(text, shown.next, shown.numbers)
        return _ask("plan", plan_question(text, shown.lines()), grammar, _MAX_PLAN_TOKENS)

    def readings(self, request: str, history: Sequence[Done]) -> Sequence[Answer]:
        """What nano's reader makes of a request, see `skillweave.agent.nano.reader`."""
        shown = _Window(history)
        question = plan_question(read(request).text, shown.lines())
        return [
            Answer(
                text=one.text,
                tokens=one.signs,
                mean_logprob=one.logprob / one.signs,
                model="reader",
            )
            for one in reader().read(question, shown.next, frozenset(shown.numbers))
        ]

    def replan(
        self, request: str, history: Sequence[Done], done: Sequence[Done], failed: Step, why: str
    ) -> Prompt:
        """The same question with the finished steps given, answered with some chance."""
        shown = _Window(history)
        masked = read(request)
        text = masked.text
        numbers = shown.mapping | {d.step.id: shown.next + i for i, d in enumerate(done)}
        prefix = "".join(f"{_line(d.step, numbers, masked)}\n" for d in done)
        first = shown.next + len(done)
        grammar = plan_grammar(
            text, first, sorted(set(numbers.values())), prefix=prefix, talk=False
        )
        asked = _ask("plan", plan_question(text, shown.lines()), grammar, _MAX_PLAN_TOKENS)
        return asked.model_copy(update={"temperature": 0.8})

    def read_plan(self, text: str, request: str, history: Sequence[Done]) -> Planned:
        said = text.strip("\n")
        if said.strip() == "beyond":
            return Planned(beyond=True)
        if said.startswith("say "):
            return Planned(say=said.removeprefix("say ").strip())
        shown = _Window(history)
        shift = (history[-1].step.id if history else 0) + 1 - shown.next
        values = {x: v.text for x, v in read(request).values.items()}
        lines = [line for line in said.split("\n") if line.strip()]
        steps = [_read_line(line, values, shown, shift) for line in lines]
        if not steps:
            raise PlanError(f"nano wrote no step: {said[:80]!r}")
        return Planned(plan=Plan(steps=tuple(steps)).without_repeats())

    def faults(self, text: str, request: str) -> float:
        return faults(text, read(request).text)

    # -- arguments -------------------------------------------------------------------------

    def fill(
        self, step: Step, values: Sequence[JsonValue], signature: Signature, notes: Sequence[str]
    ) -> Prompt | None:
        ways = clues.ways(step, values, signature)
        advice = clues.advice(notes, step, signature)
        if not signature.parameters or (
            len(ways) == 1 and not (advice or _open(signature, ways[0]))
        ):
            return None
        slots = [label(LETTERS[i], _text(v)) for i, v in enumerate(values)]
        head = " " + _uncapitalised(_words_with(step, slots).strip())
        tail = [f" note: {one}" for one in advice]
        question = "\n".join([head, f" {_signature(signature)}", *tail])
        plain = "\n".join([_SLOT.sub("", head), *tail])
        given = [{n: "+".join(LETTERS[i] for i in way) for n, way in w.items()} for w in ways]
        names = [p.name for p in signature.parameters]
        return _ask("fill", question, fill_grammar(plain, names, LETTERS[: len(values)], given), 96)

    def read_fill(
        self, text: str | None, step: Step, values: Sequence[JsonValue], signature: Signature
    ) -> Filled:
        by_name = {p.name: p for p in signature.parameters}
        arguments: dict[str, JsonValue] = {}
        if text is None:
            way = next(iter(clues.ways(step, values, signature)), {})
            arguments = {name: value_of(chosen, values) for name, chosen in way.items()}
        for name, said in _ASSIGNMENT.findall(text or ""):
            if name in by_name and name not in arguments:
                arguments[name] = _value(said, values, by_name[name])
        for parameter in signature.parameters:
            if parameter.name not in arguments:
                arguments |= clues.mentioned(parameter, step)
        return Filled(arguments=arguments)

    # -- steps and answers -----------------------------------------------------------------

    def do(
        self, step: Step, values: Sequence[JsonValue], skill: Skill | None, notes: Sequence[str]
    ) -> Prompt:
        """An adapter of nano reads the bare text that it should work on."""
        text = " ".join(_text(v) for v in values) if values else step.goal
        return _ask("do", " " + plain(text).strip(), None, 192)

    def answer(self, request: str, results: Sequence[Done]) -> Prompt | None:
        return None


def _ask(task: str, text: str, grammar: str | None, max_tokens: int) -> Prompt:
    return Prompt(
        messages=(Message(role="system", content=task), Message(role="user", content=text)),
        structure=Structure(grammar=grammar) if grammar else None,
        max_tokens=max_tokens,
    )


class _Window:
    """The last steps of the conversation, numbered from 1 (or 2, when one looks further back)."""

    def __init__(self, history: Sequence[Done]) -> None:
        self.shown = list(history)[-WINDOW:]
        ids = {d.step.id for d in self.shown}
        beyond = any(n not in ids for d in self.shown for n in d.step.needs)
        first = 2 if beyond else 1
        self.mapping = {d.step.id: first + i for i, d in enumerate(self.shown)}
        self.next = first + len(self.shown)
        self.numbers = sorted(self.mapping.values())

    def lines(self) -> str:
        return "\n".join(_line(d.step, self.mapping) for d in self.shown)

    def real(self, number: int, shift: int) -> int:
        """The id in the conversation of the step that the model calls ``number``."""
        back = {shown: real for real, shown in self.mapping.items()}
        return back.get(number, number + shift)


def _uncapitalised(words: str) -> str:
    return words[0].lower() + words[1:] if words[:2].istitle() else words


def _words_with(step: Step, slots: Sequence[str]) -> str:
    """The goal with its slots put in; a slot brings its own blank."""
    parts = step.goal.replace(" " + SLOT, SLOT).split(SLOT)
    return parts[0] + "".join(s + p for s, p in zip(slots, parts[1:], strict=True))


def _line(step: Step, numbers: dict[int, int], masked: Masked | None = None) -> str:
    """A step as a plan line; without a request its values show only what they are."""

    def slot(value: Input) -> str:
        if isinstance(value, Ref):
            return f"{OPEN}#{numbers.get(value.step, 1)}{CLOSE}"
        if masked is None:
            return f"{OPEN}{kind_of(value.text)}{CLOSE}"
        known = (x for x, v in masked.values.items() if unquoted(v.text) == value.text)
        return f"{OPEN}{next(known, ' ' + plain(value.text))}{CLOSE}"

    words = _words_with(step, [slot(i) for i in step.inputs])
    gap = "" if words.startswith((OPEN, " ")) else " "
    return f"#{numbers[step.id]}{gap}{words}"


def _read_line(line: str, values: Mapping[str, str], shown: _Window, shift: int) -> Step:
    head = _LINE.match(line)
    if head is None:
        raise PlanError(f"not a step: {line[:80]!r}")
    inputs: list[Input] = []

    def one(match: re.Match[str]) -> str:
        inside = match.group(1)
        reference = re.fullmatch(r"#(\d+)", inside)
        if reference:
            inputs.append(Ref(step=shown.real(int(reference.group(1)), shift)))
        else:
            inputs.append(Literal(text=unquoted(values.get(inside, inside))))
        return "\0"

    goal = _SLOT.sub(one, line[head.end() :])
    goal = goal.replace("{", "(").replace("}", ")").replace("\0", f" {SLOT} ")
    return Step(id=int(head.group(1)) + shift, goal=" ".join(goal.split()), inputs=tuple(inputs))


def _text(value: JsonValue) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _open(signature: Signature, way: Assignment) -> bool:
    """Whether a switch is left that the words of the goal may set."""
    return any(p.type == "boolean" and p.name not in way for p in signature.parameters)


def _signature(signature: Signature) -> str:
    parts = [
        f"{p.name}: {_TYPES.get(p.type, p.type)}" + ("" if p.required else f" = {p.default}")
        for p in signature.parameters
    ]
    return f"{signature.function}({', '.join(parts)})"


def _value(said: str, values: Sequence[JsonValue], parameter: Parameter) -> JsonValue:
    if said in ("true", "false"):
        return said == "true"
    inside = _SLOT.fullmatch(said)
    if inside:
        return unquoted(inside.group(1))
    chosen = [values[LETTERS.index(x)] for x in said.split("+") if x in LETTERS[: len(values)]]
    if len(chosen) == 1:
        return chosen[0]
    return chosen if parameter.type == "array" else " ".join(_text(v) for v in chosen)
