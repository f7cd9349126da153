"""A* over typed tools from examples: order, equivalence, limits, and hostile tools."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from pydantic import JsonValue

from skillweave.agent.growth.compile import Tool
from skillweave.agent.growth.search import Limit, Outcome, Progress, Question, search
from skillweave.agent.growth.search_pool import Constant
from skillweave.agent.growth.search_program import Program, compile_program
from skillweave.agent.growth.search_runner import Observer, Trial
from skillweave.agent.growth.search_skill import (
    Answer,
    NotFoundError,
    Wanted,
    find,
    find_skill,
)
from skillweave.agent.growth.search_space import Block, Class, Space
from skillweave.agent.growth.source import Argument, Call
from skillweave.agent.parts import Given, open_parts
from skillweave.agent.scripted import ScriptedModel
from skillweave.agent.settings import Settings
from skillweave.agent.trace import Trace
from skillweave.skills.drop import WrappedSkill
from skillweave.skills.errors import UserError
from skillweave.skills.folder import TOOL_FILE
from skillweave.skills.model import Case, Skill
from skillweave.skills.sandbox import Sandbox
from skillweave.skills.signature import signature_of
from skillweave.store import HashEmbedder, Library

SOURCES = {
    "words": "def words(text: str) -> list[str]:\n    return text.split()\n",
    "size": "def size(text: str) -> int:\n    return len(text)\n",
    "count": "def count(items: list[str]) -> int:\n    return len(items)\n",
    "upper": "def upper(text: str) -> str:\n    return text.upper()\n",
    "back": "def back(text: str) -> str:\n    return text[::-1]\n",
    "head": "def head(text: str, number: int) -> str:\n    return text[:number]\n",
    "add": "def add(first: float, second: float) -> float:\n    return first + second\n",
    "double": "def double(number: float) -> float:\n    return number + number\n",
    "join": "def join(items: list[str], by: str = '+') -> str:\n    return by.join(items)\n",
}
HANGS = "def hangs(text: str) -> str:\n    while True:\n        pass\n"
LEAVES = "import os\ndef leaves(text: str) -> str:\n    os._exit(0)\n"
SPOILS = "def spoils(items: list[str]) -> list[str]:\n    items.clear()\n    return ['x']\n"


def tool(name: str, source: str) -> Tool:
    skill = Skill(
        name=name,
        description=name,
        kind="tool",
        digest=name.ljust(64, "0"),
        signature=signature_of(source, name),
    )
    return Tool(skill=skill, source=source)


def named(*tools: Tool) -> dict[str, Tool]:
    return {one.skill.versioned_name: one for one in tools}


TOOLS = named(*(tool(name, source) for name, source in SOURCES.items()))
TEXTS = ("to be or not", "a b", "the last of them all", "one more", "red", "so it goes then")


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox.open(workers=1) as opened:
        yield opened


def examples(outputs: list[JsonValue]) -> tuple[Case, ...]:
    pairs = zip(TEXTS, outputs, strict=True)
    return tuple(Case(arguments={"text": text}, expected=output) for text, output in pairs)


def found(
    sandbox: Sandbox, outputs: list[JsonValue], request: str = "", **tools: Tool
) -> tuple[str, Answer]:
    wanted = Wanted(name="found", examples=examples(outputs), request=request)
    some = {**TOOLS, **named(*tools.values())}
    answer = find(wanted, some, sandbox, Limit(steps=3, nodes=50_000))
    program = answer.outcome.program
    return (program.text() if program else ""), answer


def test_two_calls_are_found(sandbox: Sandbox) -> None:
    text, _ = found(sandbox, [len(t.split()) for t in TEXTS])
    assert text == "count(items=words(text=text))"


def test_the_fewest_calls_win_and_then_the_smallest(sandbox: Sandbox) -> None:
    text, _ = found(sandbox, [2 * len(t) for t in TEXTS])
    assert text == "double(number=size(text=text))"
    text, _ = found(sandbox, [len(t) + 2 for t in TEXTS])
    assert text == "add(first=size(text=text), second=2)"


def test_constants_come_from_the_request(sandbox: Sandbox) -> None:
    text, _ = found(sandbox, [len(t) + 417 for t in TEXTS], "the length and 417")
    assert text == "add(first=size(text=text), second=417)"
    assert found(sandbox, [len(t) + 417 for t in TEXTS])[0] == ""


def test_an_optional_parameter_takes_a_constant(sandbox: Sandbox) -> None:
    text, _ = found(sandbox, ["-".join(t.split()) for t in TEXTS])
    assert text == "join(items=words(text=text), by='-')"


def test_an_input_used_twice_is_one_parameter(sandbox: Sandbox) -> None:
    glue = "def glue(first: str, second: str) -> str:\n    return first + second\n"
    outputs: list[JsonValue] = [t.upper() + t[::-1] for t in TEXTS]
    text, answer = found(sandbox, outputs, glue=tool("glue", glue))
    assert text == "glue(first=upper(text=text), second=back(text=text))"
    assert answer.compiled is not None
    assert answer.compiled.skill.signature is not None
    assert answer.compiled.skill.signature.text() == "found(text: string)"
    assert sandbox.run(answer.compiled.source, "found", {"text": "abc"}).value == "ABCcba"


def test_what_fits_by_chance_is_refused_by_the_examples_kept_back(sandbox: Sandbox) -> None:
    question = Wanted(name="found", examples=examples([t.upper() for t in TEXTS])).question()
    shown = [case.arguments["text"] for case in question.given]
    lucky = f"def lucky(text: str) -> str:\n    return text.upper() if text in {shown!r} else ''\n"
    wanted = Wanted(name="found", examples=examples([t.upper() for t in TEXTS]))
    plain = {name: one for name, one in TOOLS.items() if not name.startswith("upper@")}
    answer = find(wanted, {**plain, **named(tool("lucky", lucky))}, sandbox, Limit(steps=1))
    assert answer.outcome.program is None
    assert answer.outcome.rejected == 1
    answer = find(wanted, {**TOOLS, **named(tool("lucky", lucky))}, sandbox, Limit(steps=1))
    assert answer.outcome.program is not None
    assert answer.outcome.program.text() == "upper(text=text)"


CHAINS = ("count words", "double size", "back upper", "size join words", "upper join words")


@pytest.mark.parametrize("chain", CHAINS)
def test_what_a_few_calls_make_is_found_with_no_more(chain: str, sandbox: Sandbox) -> None:
    outputs: list[JsonValue] = []
    for text in TEXTS:
        value: JsonValue = text
        for name in reversed(chain.split()):
            one = TOOLS[_name(name)]
            given = {one.signature.parameters[0].name: value}
            value = sandbox.run(one.source, name, given).value
        outputs.append(value)
    _, answer = found(sandbox, outputs)
    assert answer.outcome.program is not None
    assert len(answer.outcome.program.calls) <= len(chain.split())
    assert answer.compiled is not None
    made = [sandbox.run(answer.compiled.source, "found", {"text": text}).value for text in TEXTS]
    assert made == outputs


def test_a_class_is_full_before_it_is_used(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    used: set[Class] = set()
    late: list[Class] = []
    entered: list[Class] = []
    enter, trials = Space.enter, Space.trials

    def watch_enter(space: Space, where: Class, expression: int) -> None:
        entered.append(where)
        late.extend({where} & used)
        enter(space, where, expression)

    def watch_trials(space: Space, block: Block) -> Iterator[Trial]:
        used.update(block.classes)
        return trials(space, block)

    monkeypatch.setattr(Space, "enter", watch_enter)
    monkeypatch.setattr(Space, "trials", watch_trials)
    wanted = Wanted(name="found", examples=examples([f"{n}?" for n in range(len(TEXTS))]))
    assert find(wanted, TOOLS, sandbox, Limit(steps=3)).outcome.stopped == "exhausted"
    assert len(used) > 10
    assert max(entered).steps == 2
    assert late == []


def test_expressions_that_give_the_same_are_one(sandbox: Sandbox) -> None:
    nothing: list[JsonValue] = [f"{n}?" for n in range(len(TEXTS))]
    _, plain = found(sandbox, nothing)
    _, twice = found(
        sandbox, nothing, again=tool("again", SOURCES["upper"].replace("upper(t", "again(t"))
    )
    assert plain.outcome.stopped == twice.outcome.stopped == "exhausted"
    assert plain.outcome.kept == twice.outcome.kept
    assert plain.outcome.nodes < twice.outcome.nodes


def test_hostile_tools_do_not_stop_the_search(sandbox: Sandbox) -> None:
    hostile = named(tool("hangs", HANGS), tool("leaves", LEAVES), tool("spoils", SPOILS))
    wanted = Wanted(name="found", examples=examples([len(t.split()) for t in TEXTS]))
    answer = find(wanted, {**hostile, **TOOLS}, sandbox, Limit(steps=2))
    assert answer.outcome.program is not None
    assert answer.outcome.program.text() == "count(items=words(text=text))"


def test_a_call_that_kills_its_process_costs_only_itself(sandbox: Sandbox) -> None:
    tools = {**TOOLS, **named(tool("leaves", LEAVES))}
    by_name = {name.partition("@")[0]: name for name in tools}
    trials = [Trial(by_name[name], (("text", 0),)) for name in ("size", "leaves", "upper", "back")]
    observed = Observer(sandbox, tools).observe(trials, [["ab", "c"]], [0])
    assert [(t.tool.partition("@")[0], v) for t, v in observed] == [
        ("size", [2, 1]),
        ("upper", ["AB", "C"]),
        ("back", ["ba", "c"]),
    ]


def test_only_hits_leaves_out_the_rest(sandbox: Sandbox) -> None:
    trials = [Trial(name, (("text", 0),)) for name in TOOLS if name[:4] in ("size", "uppe", "back")]
    observed = Observer(sandbox, TOOLS).observe(trials, [["ab", "c"]], ["AB"], only_hits=True)
    assert [vector for _, vector in observed] == [["AB", "C"]]


def test_limits_stop_the_search(sandbox: Sandbox) -> None:
    wanted = Wanted(name="found", examples=examples([f"{n}?" for n in range(len(TEXTS))]))
    few = find(wanted, TOOLS, sandbox, Limit(nodes=20)).outcome
    assert (few.program, few.stopped, few.nodes) == (None, "nodes", 20)
    short = find(wanted, TOOLS, sandbox, Limit(seconds=1e-6)).outcome
    assert (short.program, short.stopped) == (None, "seconds")


def test_progress_goes_from_few_calls_to_many(sandbox: Sandbox) -> None:
    heard: list[Progress] = []
    wanted = Wanted(name="found", examples=examples([f"{n}?" for n in range(len(TEXTS))]))
    find(wanted, TOOLS, sandbox, Limit(steps=2), heard.append)
    assert [one.steps for one in heard] == sorted(one.steps for one in heard)
    assert {one.steps for one in heard} == {1, 2}
    assert [one.nodes for one in heard] == sorted({one.nodes for one in heard})


def test_fragments_come_first(sandbox: Sandbox) -> None:
    calls = (
        Call(result="result_1", component=_name("words"), arguments={"text": Argument(name="t")}),
        Call(
            result="result_2",
            component=_name("count"),
            arguments={"items": Argument(name="result_1")},
        ),
    )
    made = compile_program(
        Program(parameters=("t",), calls=calls), TOOLS, name="word-count", author="mine"
    )
    skill = made.skill.model_copy(update={"digest": made.chain})
    more = {skill.versioned_name: Tool(skill=skill, source=made.source)}
    outcome = _searched(sandbox, {**TOOLS, **more})
    assert outcome.phase == "fragments"
    assert outcome.program is not None
    assert outcome.program.text() == "word-count(t=text)"
    assert outcome.nodes < _searched(sandbox, TOOLS).nodes


def _name(tool_name: str) -> str:
    return next(name for name in TOOLS if name.startswith(f"{tool_name}@"))


def _searched(sandbox: Sandbox, tools: dict[str, Tool]) -> Outcome:
    cases = examples([len(t.split()) for t in TEXTS])
    question = Question(given=cases[:4], kept=cases[4:], constants=(Constant(value=1, size=2),))
    return search(question, tools, Observer(sandbox, tools), lambda _: True)


def test_what_is_found_is_admitted_with_all_examples_as_cases(
    tmp_path: Path, sandbox: Sandbox
) -> None:
    settings = Settings(library=tmp_path / "library", state_dir=tmp_path / "state")
    wanted = Wanted(name="word-count", examples=examples([len(t.split()) for t in TEXTS]))
    with (
        Library(settings.library, embedder=HashEmbedder(), builtin=False) as library,
        Trace(tmp_path / "trace.jsonl") as trace,
    ):
        for one in TOOLS.values():
            files = {TOOL_FILE: one.source.encode()}
            library.add(WrappedSkill(skill=one.skill, files=files, source=Path(one.skill.name)))
        given_parts = Given(library=library, model=ScriptedModel(()), sandbox=sandbox)
        with ExitStack() as stack:
            deps = open_parts(given_parts, settings, None, stack).deps(trace)
            skill, outcome = asyncio.run(find_skill(wanted, deps))
            assert library.entry("word-count").state == "probation"
            assert len(library.get("word-count").cases) == len(TEXTS)
            assert outcome.stopped == "found"
            assert "count(items=words(text=text))" in skill.body
            with pytest.raises(UserError, match="another skill named"):
                asyncio.run(find_skill(wanted, deps))
            nothing = examples([f"{n}?" for n in range(len(TEXTS))])
            with pytest.raises(NotFoundError, match="fits the examples"):
                asyncio.run(find_skill(Wanted(name="no", examples=nothing), deps, Limit(steps=1)))
