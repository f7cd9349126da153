"""The graph from task to answer, with a scripted model and real library, sandbox and checkpoints."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Protocol

import pytest
from pydantic import JsonValue

from skillweave.agent import Agent, Event, Literal, Plan, Ref, Settings, Step
from skillweave.agent.profiles.base import Planned, Prompt
from skillweave.agent.profiles.scripted import ScriptedProfile, script
from skillweave.agent.result import Finished, PlanMade, SkillLearned, StepFinished, StepStarted
from skillweave.agent.scripted import ScriptedModel
from skillweave.agent.trace import read_trace, trace_file
from skillweave.skills.errors import ServerError, SkillNotFoundError, UserError
from skillweave.skills.sandbox import Sandbox
from skillweave.store.embed import HashEmbedder
from skillweave.store.library import Library

Case = tuple[dict[str, JsonValue], JsonValue]
TOOLS: dict[str, tuple[str, str, list[Case]]] = {
    "count-words": (
        "count the words in",
        "def count_words(text: str) -> int:\n    return len(text.split())\n",
        [({"text": "a b"}, 2)],
    ),
    "multiply": (
        "multiply by",
        "def multiply(a: float, b: float) -> float:\n    return a * b\n",
        [({"a": 2, "b": 3}, 6)],
    ),
    "divide": (
        "divide by",
        "def divide(a: float, b: float) -> float:\n    return a / b\n",
        [({"a": 6, "b": 3}, 2)],
    ),
    "uppercase": (
        "uppercase the text",
        "def uppercase(text: str) -> str:\n    return text.upper()\n",
        [({"text": "a"}, "A")],
    ),
    "reverse-text": (
        "reverse the text",
        "def reverse_text(text: str) -> str:\n    return text[::-1]\n",
        [({"text": "ab"}, "ba")],
    ),
}


def write_tool(
    folder: Path,
    name: str,
    description: str,
    source: str,
    cases: list[Case],
    metadata: Mapping[str, str] = {},
) -> Path:
    """A tool's folder."""
    home = folder / name
    (home / "scripts").mkdir(parents=True)
    (home / "evals").mkdir()
    extra = "".join(f"  {key}: {value}\n" for key, value in metadata.items())
    (home / "SKILL.md").write_text(
        f"---\nname: {name}\ndescription: {description}\nmetadata:\n  skillweave-kind: tool\n"
        f"{extra}---\n"
    )
    (home / "scripts" / "tool.py").write_text(source)
    lines = [json.dumps({"arguments": arguments, "expected": value}) for arguments, value in cases]
    (home / "evals" / "cases.jsonl").write_text("\n".join(lines))
    return home


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    with Library(tmp_path / "library", embedder=HashEmbedder(), builtin=False) as opened:
        for name, (description, source, cases) in TOOLS.items():
            write_tool(tmp_path / "tools", name, description, source, cases)
        opened.add_all(tmp_path / "tools", state="active")
        yield opened


class MakeAgent(Protocol):
    def __call__(
        self, answers: Mapping[str, str | Plan], *, does_steps: bool = False, **options: float
    ) -> Agent: ...


@pytest.fixture
def make(tmp_path: Path, library: Library, sandbox: Sandbox) -> Iterator[MakeAgent]:
    agents: list[Agent] = []

    def build(
        answers: Mapping[str, str | Plan], *, does_steps: bool = False, **options: float
    ) -> Agent:
        settings = Settings.load(state_dir=tmp_path / "state", min_match=0.5, **options)
        profile = ScriptedProfile(does_steps=does_steps)
        model = ScriptedModel(script(answers))
        agent = Agent(library, model, settings, profile=profile, sandbox=sandbox)
        agents.append(agent)
        return agent

    yield build
    for agent in agents:
        agent.close()


def step(number: int, goal: str, *inputs: str | int) -> Step:
    values = tuple(Ref(step=i) if isinstance(i, int) else Literal(text=i) for i in inputs)
    return Step(id=number, goal=goal, inputs=values)


COUNT = Plan(
    steps=(
        step(1, "count the words in {}", "'to be or not to be'"),
        step(2, "multiply {} by {}", 1, "seven"),
    )
)


def kinds(events: list[Event]) -> list[str]:
    return [event.kind for event in events]


def test_a_task_becomes_a_verified_answer(make: MakeAgent, library: Library) -> None:
    agent = make({"plan: count them": COUNT})
    result = agent.run("count them")
    assert result.outcome == "solved"
    assert result.value == 42
    assert result.answer == "42\n\nVerified: the tool's own cases hold (count-words, multiply)."
    assert [name.partition("@")[0] for name in result.skills] == ["count-words", "multiply"]
    assert result.plan == COUNT
    first, second = (report.attempts[-1] for report in result.steps)
    assert first.arguments == {"text": "to be or not to be"}
    assert second.arguments == {"a": 6, "b": 7}
    assert second.verdict is not None
    assert second.verdict.detail == "all 1 declared cases hold; the value has the declared type"
    events = [event.kind for event in library.history("multiply")]
    assert events == ["added", "used", "succeeded"]
    assert agent.runs()[0].status == "solved"


def test_events_and_trace_tell_the_same(make: MakeAgent, tmp_path: Path) -> None:
    agent = make({"plan: count them": COUNT})
    events = list(agent.stream("count them"))
    started = [e.skill.partition("@")[0] for e in events if isinstance(e, StepStarted)]
    assert started == ["count-words", "multiply"]
    assert kinds(events)[0] == "plan"
    assert isinstance(events[-2], SkillLearned)
    assert isinstance(events[-1], Finished)
    run = events[-1].result.run
    records = list(read_trace(trace_file(tmp_path / "state", run)))
    told = [record["kind"] for record in records if record["kind"] in kinds(events)]
    assert told == kinds(events)
    candidates = [record for record in records if record["kind"] == "candidates"]
    assert [record["step"] for record in candidates] == [1, 2]


def test_of_several_readings_the_one_that_the_library_can_do_wins(
    tmp_path: Path, library: Library, sandbox: Sandbox
) -> None:
    short = Plan(steps=(COUNT.steps[0], step(2, "multiply {}", 1)))
    odd = Plan(steps=(COUNT.steps[0], step(2, "frobnicate {} by {}", 1, "seven")))
    warm = iter([odd, *[COUNT] * 7])

    def say(prompt: Prompt, adapter: str | None) -> str:
        plan = next(warm) if prompt.temperature else short
        return Planned(plan=plan).model_dump_json()

    settings = Settings.load(state_dir=tmp_path / "state", min_match=0.5)
    model = ScriptedModel(say)
    with Agent(library, model, settings, profile=ScriptedProfile(), sandbox=sandbox) as agent:
        assert agent.run("count them").value == 42
        assert len(model.prompts) == 9


async def test_async_ways_in(make: MakeAgent) -> None:
    agent = make({"plan: count them": COUNT})
    assert (await agent.arun("count them")).value == 42
    events = [event async for event in agent.astream("count them")]
    assert isinstance(events[-1], Finished)
    # The plain methods work in a running loop too, as in Jupyter.
    assert agent.run("count them").value == 42


def test_steps_that_are_ready_run_at_the_same_time(make: MakeAgent, library: Library) -> None:
    plan = Plan(
        steps=(
            step(1, "uppercase the text {}", "abc"),
            step(2, "reverse the text {}", "abc"),
            step(3, "uppercase the text {}", 2),
        )
    )
    agent = make({"plan: both": plan})
    events = list(agent.stream("both"))
    order = [e.kind for e in events if isinstance(e, StepStarted | StepFinished)]
    assert order[:2] == ["step_started", "step_started"]
    last = events[-1]
    assert isinstance(last, Finished)
    assert last.result.value == ["ABC", "CBA"]
    assert last.result.answer.startswith(
        "uppercase the text abc: ABC\nuppercase the text cba: CBA\n"
    )


@pytest.mark.parametrize(
    ("said", "outcome", "words"),
    [
        ('{"say": "Hello!"}', "answered", "Hello!"),
        ('{"beyond": true}', "declined", "--model"),
        ("nonsense", "declined", "no plan"),
    ],
)
def test_no_plan(make: MakeAgent, said: str, outcome: str, words: str) -> None:
    result = make({"plan: hi": said}).run("hi")
    assert result.outcome == outcome
    assert words in result.answer


def test_a_plan_that_is_too_uncertain_is_shown_and_not_tried(make: MakeAgent) -> None:
    result = make({"plan: count them": COUNT}, min_confidence=0.999).run("count them")
    assert result.outcome == "declined"
    assert not result.steps
    assert result.answer.startswith(
        "I am not sure that I read this right: #1 count the words in 'to be or not to be'; "
        "#2 multiply #1 by seven."
    )


class Doubtful(ScriptedProfile):
    """Plans must be likely (`ScriptedModel` gives every token 0.99), and the library near to their steps."""

    min_confidence = 0.5


@pytest.mark.parametrize(
    ("goal", "outcome", "words"),
    [
        ("multiply {} by {}", "solved", "42"),
        ("multiply {} by {} or so", "declined", "“multiply 6 by 7 or so”; the nearest is multiply"),
    ],
)
def test_a_plan_is_tried_if_the_library_is_near_to_its_steps(
    tmp_path: Path, library: Library, sandbox: Sandbox, goal: str, outcome: str, words: str
) -> None:
    plan = Plan(steps=(step(1, goal, "6", "7"),))
    settings = Settings.load(state_dir=tmp_path / "state", min_match=0.5)
    model = ScriptedModel(script({"plan: it": plan}))
    with Agent(library, model, settings, profile=Doubtful(), sandbox=sandbox) as agent:
        result = agent.run("it")
        meant = agent.run("it", skills=[result.nearest]) if result.nearest else result
    assert result.outcome == outcome
    assert words in result.answer
    assert meant.outcome == "solved"


def test_a_step_that_no_skill_fits_is_declined(make: MakeAgent) -> None:
    plan = Plan(steps=(step(1, "apply the frobnication to {}", "x"),))
    result = make({"plan: frob": plan}).run("frob")
    assert result.outcome == "declined"
    assert "apply the frobnication to x" in result.answer
    assert "skills add" in result.answer
    assert result.steps[0].attempts == ()


def test_a_large_model_does_what_no_skill_fits(make: MakeAgent) -> None:
    plan = Plan(steps=(step(1, "write a poem about {}", "rain"),))
    agent = make({"plan: poem": plan, "do: write a poem about rain": "Drip."}, does_steps=True)
    events = list(agent.stream("poem"))
    last = events[-1]
    assert isinstance(last, Finished)
    assert last.result.value == "Drip."
    assert last.result.skills == ()
    assert "Not verified" in last.result.answer
    assert "token" in kinds(events)


def test_a_failing_step_is_tried_with_the_next_candidate(
    make: MakeAgent, library: Library, tmp_path: Path
) -> None:
    broken = "def shout(text: str) -> str:\n    raise ValueError('hoarse')\n"
    library.add(write_tool(tmp_path, "shout", "uppercase the text loudly", broken, []))
    plan = Plan(steps=(step(1, "uppercase the text loudly {}", "abc"),))
    result = make({"plan: loud": plan}).run("loud")
    tried = [attempt.skill.partition("@")[0] for attempt in result.steps[0].attempts]
    assert tried == ["shout", "uppercase"]
    assert result.steps[0].attempts[0].error == "ValueError: hoarse"
    assert result.value == "ABC"


def test_a_tool_whose_own_cases_fail_is_refused(
    make: MakeAgent, library: Library, tmp_path: Path
) -> None:
    source = "def shout(text: str) -> str:\n    return text\n"
    cases: list[Case] = [({"text": "a"}, "A")]
    library.add(write_tool(tmp_path, "shout", "shout out", source, cases))
    plan = Plan(steps=(step(1, "shout out {}", "abc"),))
    result = make({"plan: loud": plan}, max_replans=0).run("loud")
    assert result.outcome == "failed"
    assert "0 of 1 declared cases hold; case 1: expected 'A', got 'a'" in result.answer


@pytest.mark.parametrize(("source", "ok"), [("a + a", True), ("a", False)])
def test_recomputation_by_an_equivalent_tool(
    make: MakeAgent, library: Library, tmp_path: Path, source: str, ok: bool
) -> None:
    twice = "def twice(a: float) -> float:\n    return a * 2\n"
    other = f"def double(a: float) -> float:\n    return {source}\n"
    library.add(write_tool(tmp_path, "twice", "two times", twice, []))
    metadata = {"skillweave-equivalent": "twice"}
    library.add(write_tool(tmp_path, "double", "something else", other, [], metadata))
    plan = Plan(steps=(step(1, "two times {}", "4"),))
    result = make({"plan: x": plan}, max_replans=0).run("x")
    verdict = result.steps[0].attempts[0].verdict
    assert verdict is not None
    assert (verdict.method, verdict.ok) == ("recomputation", ok)
    assert ("recomputed by another skill (twice)" in result.answer) == ok


def test_inverse_check(make: MakeAgent, library: Library, tmp_path: Path) -> None:
    shift = "def shift(text: str, by: int) -> str:\n    return text[by:] + text[:by]\n"
    back = "def back(text: str, by: int) -> str:\n    return text[-by:] + text[:-by]\n"
    metadata = {"skillweave-inverse": "back"}
    library.add(write_tool(tmp_path, "shift", "shift the letters of by", shift, [], metadata))
    library.add(write_tool(tmp_path, "back", "unrelated", back, []))
    plan = Plan(steps=(step(1, "shift the letters of {} by {}", "abc", "1"),))
    result = make({"plan: x": plan}).run("x")
    assert result.value == "bca"
    verdict = result.steps[0].attempts[0].verdict
    assert verdict is not None
    assert verdict.detail.startswith("back leads back to the input")


def test_a_failing_step_is_planned_anew(make: MakeAgent) -> None:
    plan = Plan(
        steps=(
            step(1, "count the words in {}", "a b c d"),
            step(2, "divide {} by {}", 1, "0"),
        )
    )
    # The new plan tells the finished step again, as nano does.
    anew = Plan(
        steps=(
            step(1, "count the words in {}", "a b c d"),
            step(2, "multiply {} by {}", 1, "10"),
        )
    )
    agent = make({"plan: x": plan, "replan: divide #1 by 0": anew})
    result = agent.run("x")
    assert result.value == 40
    assert result.replans == 1
    assert result.plan is not None
    assert [s.id for s in result.plan.steps] == [1, 3]
    assert len(result.steps) == 2


def test_the_last_failure_is_said(make: MakeAgent) -> None:
    plan = Plan(steps=(step(1, "divide {} by {}", "5", "0"),))
    result = make({"plan: x": plan, "replan: divide 5 by 0": plan}).run("x")
    assert result.outcome == "failed"
    assert "“divide 5 by 0” did not work: ZeroDivisionError" in result.answer
    assert result.replans == 2


def test_a_skill_that_never_ran_did_not_fail(make: MakeAgent) -> None:
    plan = Plan(steps=(step(1, "divide {} by {}", "pole", "2"),))
    result = make({"plan: x": plan, "replan: divide pole by 2": plan}).run("x")
    assert result.outcome == "failed"
    assert result.answer.startswith("No skill here can “divide pole by 2”: add one with ")
    assert "The nearest, divide, does not take these values: a: 'pole'" in result.answer


def test_a_conversation_goes_on(make: MakeAgent) -> None:
    first = Plan(steps=(step(1, "reverse the text {}", "abc"),))
    second = Plan(steps=(step(2, "uppercase the text {}", 1),))
    agent = make({"plan: reverse": first, "plan: now uppercase it": second})
    assert agent.run("reverse", thread="talk").value == "cba"
    assert agent.run("now uppercase it", thread="talk").value == "CBA"
    # Another conversation knows nothing of it.
    assert agent.run("now uppercase it", thread="other").outcome == "declined"


def test_pinned_skills_go_first(make: MakeAgent) -> None:
    plan = Plan(steps=(step(1, "reverse the text {}", "abc"),))
    agent = make({"plan: x": plan})
    assert agent.run("x", skills=["uppercase"]).value == "ABC"
    with pytest.raises(SkillNotFoundError):
        agent.run("x", skills=["unknown"])


@pytest.mark.parametrize(
    ("options", "words"),
    [({"max_steps": 1}, "max_steps = 1"), ({"max_tokens": 3}, "max_tokens = 3")],
)
def test_limits_end_a_run_with_one_line(
    make: MakeAgent, options: dict[str, float], words: str
) -> None:
    result = make({"plan: count them": COUNT}, does_steps=False, **options).run("count them")
    assert result.outcome == "failed"
    assert words in result.answer


def test_time_is_limited(make: MakeAgent, library: Library, tmp_path: Path) -> None:
    source = "def sleep(text: str) -> str:\n    import time\n    time.sleep(1)\n    return text\n"
    library.add(write_tool(tmp_path, "sleep", "sleep over", source, []))
    plan = Plan(steps=(step(1, "sleep over {}", "it"),))
    result = make({"plan: x": plan}, max_seconds=0.3).run("x")
    assert result.outcome == "failed"
    assert "max_seconds = 0.3" in result.answer


def test_a_run_that_broke_off_goes_on_where_it_was(make: MakeAgent, library: Library) -> None:
    answers: dict[str, str | Plan] = {
        "plan: poem": Plan(
            steps=(
                step(1, "count the words in {}", "a b"),
                step(2, "write a poem of {} lines", 1),
            )
        )
    }
    agent = make(answers, does_steps=True)
    with pytest.raises(Exception, match="no answer to 'do: write a poem"):
        agent.run("poem")
    run = agent.runs()[0]
    assert run.status == "interrupted"
    agent.close()
    answers.pop("plan: poem")
    answers["do: write a poem of #1 lines"] = "Rain.\nDrops."
    result = make(answers, does_steps=True).resume(run.id)
    assert result.outcome == "solved"
    assert result.value == "Rain.\nDrops."
    used = [event.kind for event in library.history("count-words")]
    assert used.count("used") == 1
    assert agent.resume(run.id) == result
    with pytest.raises(UserError, match="there is no run"):
        agent.resume("nothing")


KILLED = """
import os, signal, sys
from skillweave.agent import Agent, Settings
from skillweave.agent.profiles.base import Planned, Prompt
from skillweave.agent.profiles.scripted import ScriptedProfile
from skillweave.agent.scripted import ScriptedModel
from skillweave.store.embed import HashEmbedder
from skillweave.store.library import Library

def say(prompt, adapter):
    asked = prompt.messages[-1].content
    if asked.startswith("do:"):
        os.kill(os.getpid(), signal.SIGKILL)
    return sys.argv[3]

library = Library(sys.argv[1], embedder=HashEmbedder(), builtin=False)
settings = Settings.load(state_dir=sys.argv[2], min_match=0.5)
profile = ScriptedProfile(does_steps=True)
Agent(library, ScriptedModel(say), settings, profile=profile).run("poem")
"""


def test_a_killed_run_goes_on_in_another_process(
    make: MakeAgent, library: Library, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    plan = Plan(
        steps=(step(1, "count the words in {}", "a b"), step(2, "write a poem of {} lines", 1))
    )
    said = Planned(plan=plan).model_dump_json()
    arguments = [str(library.root), str(tmp_path / "state"), said]
    command = [sys.executable, "-c", KILLED, *arguments]
    assert subprocess.run(command, check=False).returncode == -signal.SIGKILL
    agent = make({"do: write a poem of #1 lines": "Rain."}, does_steps=True)
    run = agent.runs()[0]
    assert run.status == "running"
    result = agent.resume(run.id[:-2])
    assert (result.outcome, result.value) == ("solved", "Rain.")
    assert [event.kind for event in library.history("count-words")].count("used") == 1
    assert caplog.records == []


def test_closing_the_stream_cancels_the_run_and_not_the_agent(make: MakeAgent) -> None:
    agent = make({"plan: count them": COUNT})
    with closing(agent.stream("count them")) as events:
        assert isinstance(next(events), PlanMade)
    assert agent.run("count them").value == 42
    statuses = {run.status for run in agent.runs()}
    assert statuses <= {"cancelled", "solved"}
    cancelled = [run for run in agent.runs() if run.status == "cancelled"]
    for run in cancelled:
        assert agent.resume(run.id).value == 42


async def test_cancelling_async(make: MakeAgent) -> None:
    agent = make({"plan: count them": COUNT})
    task = asyncio.create_task(agent.arun("count them"))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (await agent.arun("count them")).value == 42


def test_a_verified_plan_becomes_a_skill_and_is_used(make: MakeAgent, library: Library) -> None:
    again = Plan(
        steps=(
            step(1, "count the words in {}", "one two"),
            step(2, "multiply {} by {}", 1, "100"),
        )
    )
    agent = make({"plan: count them": COUNT, "plan: count again": again})
    learned = agent.run("count them").new_skills
    assert [name.partition("@")[0] for name in learned] == ["count-words-then-multiply"]
    assert library.entry("count-words-then-multiply").state == "probation"
    result = agent.run("count again")
    assert result.value == 200
    assert [name.partition("@")[0] for name in result.skills] == ["count-words-then-multiply"]
    assert result.plan is not None
    assert (
        result.plan.steps[0].render()
        == "count the words in one two, then multiply the result by 100"
    )
    assert result.new_skills == ()


def test_what_the_gate_refuses_is_not_learned(
    make: MakeAgent, library: Library, tmp_path: Path
) -> None:
    dice = (
        "import random\ndef dice(sides: int) -> int:\n"
        "    return random.SystemRandom().randrange(sides) + 1\n"
    )
    library.add(write_tool(tmp_path, "dice", "throw a dice", dice, [({"sides": 1}, 1)]))
    plan = Plan(steps=(step(1, "throw a dice {}", "1"), step(2, "multiply {} by {}", 1, "7")))
    result = make({"plan: luck": plan}).run("luck")
    assert (result.value, result.new_skills) == (7, ())
    noted = [e for e in library.history("throw-dice-then-multiply") if e.kind == "verdict"]
    assert "the same input gives two values" in noted[0].detail


def test_uses_that_hold_end_the_probation(make: MakeAgent, library: Library) -> None:
    agent = make({"plan: count them": COUNT})
    name = agent.run("count them").new_skills[0].partition("@")[0]
    states = [(agent.run("count them"), library.entry(name).state)[1] for _ in range(3)]
    assert states == ["probation", "probation", "active"]


def test_a_composite_that_fails_is_taken_apart(make: MakeAgent, library: Library) -> None:
    agent = make({"plan: count them": COUNT})
    name = agent.run("count them").new_skills[0].partition("@")[0]
    skill = library.get(name)
    assert skill.path is not None
    file = skill.path / "scripts" / "tool.py"
    head, _, _ = file.read_text().rpartition("    return")
    file.write_text(head + "    raise ValueError('broken')\n")
    library.sync()
    result = agent.run("count them")
    assert result.value == 42
    assert [name.partition("@")[0] for name in result.skills] == ["count-words", "multiply"]


def test_saving_under_a_name(make: MakeAgent, library: Library) -> None:
    agent = make({"plan: count them": COUNT})
    with pytest.raises(UserError, match="no task was solved"):
        agent.save("times-words")
    learned = agent.run("count them").new_skills[0].partition("@")[0]
    assert agent.save("times-words").name == "times-words"
    assert library.entry(learned).state == "archived"
    with pytest.raises(UserError, match="another skill named multiply"):
        agent.save("multiply")


def test_learning_can_be_switched_off(make: MakeAgent) -> None:
    assert make({"plan: count them": COUNT}, learn=False).run("count them").new_skills == ()


def test_server_errors_are_raised(make: MakeAgent, library: Library, tmp_path: Path) -> None:
    model = ScriptedModel([])
    settings = Settings.load(state_dir=tmp_path / "state")
    with Agent(library, model, settings, profile=ScriptedProfile()) as agent:
        with pytest.raises(ServerError):
            agent.run("x")
        with pytest.raises(UserError, match="empty"):
            agent.run("  ")


def test_a_large_model_with_its_own_profile(
    library: Library, sandbox: Sandbox, tmp_path: Path
) -> None:
    steps = [
        {"id": 1, "goal": "count the words in {}", "inputs": [{"literal": "a b"}], "expects": ""},
        {"id": 2, "goal": "write {} rhymes", "inputs": [{"step": 1}], "expects": "string"},
    ]
    said = [
        json.dumps({"kind": "plan", "say": "", "steps": steps}),
        "rain, pain",
        json.dumps({"why": "They rhyme.", "ok": True}),
    ]
    model = ScriptedModel(said, profile_name="chat")
    settings = Settings.load(state_dir=tmp_path / "state", min_match=0.5)
    with Agent(library, model, settings, sandbox=sandbox) as agent:
        result = agent.run("Write as many rhymes as 'a b' has words.")
    assert result.value == "rain, pain"
    assert result.answer.endswith(
        "Verified: the tool's own cases hold (count-words); only judged by the model (model)."
    )
    assert [len(report.attempts) for report in result.steps] == [1, 1]
    assert model.prompts[1][0].messages[1].content == "write $1 rhymes\n\n$1:\n2"
