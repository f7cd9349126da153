"""Parts that recur over verified runs: read from traces, cut out, generalised, offered."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import JsonValue

from skillweave.agent.growth.compile import Tool
from skillweave.agent.growth.fragments import Episode, Fragment, mine
from skillweave.agent.growth.fragments_offer import compile_fragment, offer
from skillweave.agent.growth.fragments_traces import episode_of, read_episodes
from skillweave.agent.growth.search_skill import library_tools
from skillweave.agent.growth.wiring import NotCompiledError
from skillweave.agent.plan import Literal, Plan, Ref, Step
from skillweave.agent.result import Attempt, Finished, Method, Result, StepReport, Verdict
from skillweave.agent.trace import Trace, trace_file
from skillweave.skills.drop import WrappedSkill
from skillweave.skills.folder import TOOL_FILE
from skillweave.skills.model import Case, Signature, Skill
from skillweave.skills.sandbox import Sandbox
from skillweave.skills.signature import signature_of
from skillweave.store import HashEmbedder, Library

SOURCES = {
    "words": "def words(text: str) -> list[str]:\n    return text.split()\n",
    "take": "def take(items: list[str], count: int) -> list[str]:\n    return items[:count]\n",
    "join": "def join(items: list[str]) -> str:\n    return '+'.join(items)\n",
    "upper": "def upper(text: str) -> str:\n    return text.upper()\n",
}


def tool(name: str, source: str) -> Tool:
    skill = Skill(
        name=name,
        description=name,
        kind="tool",
        digest=name.ljust(64, "0"),
        signature=signature_of(source, name),
    )
    return Tool(skill=skill, source=source)


TOOLS = {t.skill.versioned_name: t for t in (tool(n, s) for n, s in SOURCES.items())}
FULL = {name.partition("@")[0]: name for name in TOOLS}


def signature(name: str) -> Signature | None:
    return TOOLS[name].signature if name in TOOLS else None


def report(
    number: int,
    name: str,
    arguments: dict[str, JsonValue],
    value: JsonValue,
    method: Method = "cases",
) -> StepReport:
    verdict = Verdict(ok=True, method=method)
    attempt = Attempt(
        skill=FULL[name], kind="tool", arguments=arguments, value=value, verdict=verdict
    )
    return StepReport(id=number, goal=name, value=value, ok=True, attempts=(attempt,))


def run(
    number: int, text: str, count: int = 2, last: str = "join", method: Method = "cases"
) -> Result:
    """``words``, the first ``count`` of them, joined; or only in capitals."""
    words: list[JsonValue] = list(text.split())
    some = words[:count]
    plan = Plan(
        steps=(
            Step(id=1, goal="split {}", inputs=(Literal(text=text),)),
            Step(id=2, goal="first {} of {}", inputs=(Literal(text=str(count)), Ref(step=1))),
            Step(id=3, goal="join {}", inputs=(Ref(step=2),)),
            Step(id=4, goal="{} in capitals", inputs=(Ref(step=3),)),
        )[: 4 if last == "upper" else 3]
    )
    joined = "+".join(map(str, some))
    steps = (
        report(1, "words", {"text": text}, words),
        report(2, "take", {"items": words, "count": count}, some, method),
        report(3, "join", {"items": some}, joined),
        report(4, "upper", {"text": joined}, joined.upper()),
    )[: len(plan.steps)]
    return Result(
        run=f"run-{number}", task=text, outcome="solved", answer="", plan=plan, steps=steps
    )


def episodes(*results: Result) -> list[Episode]:
    found = [episode_of(result, signature) for result in results]
    return [episode for episode in found if episode is not None]


def told(fragments: tuple[Fragment, ...]) -> list[tuple[tuple[str, ...], str]]:
    return [(f.program.parameters, f.program.text()) for f in fragments]


WHOLE = "join(items=take(count=count, items=words(text=text)))"


def test_what_recurs_is_cut_out_and_generalised() -> None:
    found = mine(episodes(run(1, "a b c", 1), run(2, "d e f"), run(3, "g h i j", 3, "upper")))
    assert told(found) == [(("text", "count"), WHOLE)]
    assert found[0].runs == ("run-1", "run-2", "run-3")
    assert found[0].cases[2].arguments == {"count": 3, "text": "g h i j"}
    assert found[0].cases[2].expected == "g+h+i"
    assert found[0].name == "words-then-take-then-join"


def test_what_never_differs_is_a_constant() -> None:
    found = mine(episodes(run(1, "a b c"), run(2, "d e f"), run(3, "g h i j")))
    assert told(found) == [(("text",), WHOLE.replace("count=count", "count=2"))]
    assert found[0].name == "words-then-take-2-then-join"


def test_the_same_request_again_says_nothing_new() -> None:
    assert mine(episodes(run(1, "a b c"), run(2, "a b c"), run(3, "d e f"))) == ()


def test_support_is_what_was_asked_for() -> None:
    two = episodes(run(1, "a b c", 1), run(2, "d e f"))
    assert mine(two) == ()
    assert len(mine(two, least_support=2)) == 1


def test_a_step_that_was_not_checked_is_not_part_of_anything() -> None:
    runs = [run(n, text, method="types") for n, text in enumerate(("a b c", "d e f", "g h i"))]
    assert mine(episodes(*runs)) == ()
    again = [run(n, f"{n} b c", n, "upper", "types") for n in (1, 2, 3)]
    assert [text for _, text in told(mine(episodes(*again)))] == ["upper(text=join(items=items))"]


def test_a_smaller_part_stands_alone_where_it_also_occurs_elsewhere() -> None:
    uppers = [run(n, f"{n} b c", n, "upper") for n in (1, 2, 3)]
    others = [run(n, f"{n} x y", n) for n in (4, 5)]
    texts = [text for _, text in told(mine(episodes(*uppers, *others)))]
    assert texts[0] == WHOLE
    assert f"upper(text={WHOLE})" in texts
    assert len(texts) == 2


def test_unsolved_runs_and_unknown_tools_are_left_out() -> None:
    failed = run(1, "a b").model_copy(update={"outcome": "failed"})
    assert episode_of(failed, signature) is None
    assert episode_of(run(1, "a b"), lambda name: None) is None


def test_runs_are_read_from_their_traces(tmp_path: Path) -> None:
    for number, text in enumerate(("a b c", "d e f", "g h i")):
        with Trace(trace_file(tmp_path, f"run-{number}")) as trace:
            trace.write("started")
            trace.event(Finished(result=run(number, text)))
    with Trace(trace_file(tmp_path, "run-9")) as trace:
        trace.write("started")
    with Trace(trace_file(tmp_path, "run-8")) as trace:
        trace.write("finished", result={"run": "of an older version"})
    found = list(read_episodes(tmp_path, signature))
    assert [episode.run for episode in found] == ["run-0", "run-1", "run-2"]
    assert found[0].values["step_3"] == "a+b"
    assert len(mine(found)) == 1


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox.open(workers=1) as opened:
        yield opened


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    with Library(tmp_path / "library", embedder=HashEmbedder(), builtin=False) as opened:
        yield opened


def test_fragments_are_offered_as_candidates(library: Library, sandbox: Sandbox) -> None:
    for one in TOOLS.values():
        files = {TOOL_FILE: one.source.encode()}
        library.add(WrappedSkill(skill=one.skill, files=files, source=Path(one.skill.name)))
    found = mine(episodes(*(run(n, f"{n} b c d", n) for n in (1, 2, 3))))
    offered = offer(found, TOOLS, library, sandbox)
    assert [skill.name for skill in offered.added] == ["words-then-take-then-join"]
    entry = library.entry("words-then-take-then-join")
    assert entry.state == "candidate"
    assert entry.skill.metadata["skillweave-author"] == "mine"
    assert library.search("words then take then join", k=9) != []
    assert entry.skill.name not in [h.skill.name for h in library.search("words take join", k=9)]
    assert entry.skill.versioned_name in library_tools(library)
    again = offer(found, TOOLS, library, sandbox)
    assert again.added == ()
    assert again.refused[0].reason == "words-then-take-then-join does the same"


def test_a_fragment_that_does_not_hold_is_refused(library: Library, sandbox: Sandbox) -> None:
    found = mine(episodes(*(run(n, f"{n} b c d", n) for n in (1, 2, 3))))[0]
    wrong = Case(arguments=found.cases[0].arguments, expected="something else")
    offered = offer([found.model_copy(update={"cases": (wrong,)})], TOOLS, library, sandbox)
    assert offered.added == ()
    assert "not 'something else'" in offered.refused[0].reason
    with pytest.raises(NotCompiledError, match="not in use"):
        compile_fragment(found, {}, sandbox)
