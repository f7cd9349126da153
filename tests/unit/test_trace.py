"""What outlives a run: its trace, its entry in the register, its checkpoints, checked cases."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest
from langgraph.types import Send
from pydantic import JsonValue

from skillweave.agent.checked import CheckedCases
from skillweave.agent.handle import Answer
from skillweave.agent.plan import Literal, Plan, Ref, Step
from skillweave.agent.profiles.base import Done, Message, Planned, Prompt
from skillweave.agent.result import Attempt, StepReport, StepStarted, Token, Verdict
from skillweave.agent.runs import Runs
from skillweave.agent.state import Candidate, Folded, add_up, append, by_id, serializer
from skillweave.agent.trace import Trace, read_trace, trace_file
from skillweave.skills.errors import UserError
from skillweave.skills.model import Case, Frozen, Skill
from skillweave.skills.sandbox import Lane, ToolOutcome
from skillweave.skills.signature import signature_of


def test_a_trace_is_appended_to(tmp_path: Path) -> None:
    path = trace_file(tmp_path, "r1")
    for _ in range(2):
        with Trace(path) as trace:
            trace.event(StepStarted(id=1, goal="grüß", skill="a@1"))
            trace.event(Token(text="left out"))
            prompt = Prompt(messages=(Message(role="user", content="hi"),))
            trace.asked(prompt, Answer(text="ho", tokens=1))
            trace.found(1, "greet", (Candidate(skill="a@1", kind="tool"),))
    records = list(read_trace(path))
    assert [record["kind"] for record in records] == ["step_started", "ask", "candidates"] * 2
    assert records[0]["goal"] == "grüß"
    assert records[2]["candidates"] == [
        {"skill": "a@1", "kind": "tool", "toolkit": None, "score": 0.0, "match": 0.0}
    ]


def test_a_line_cut_off_by_a_kill_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "trace.jsonl"
    path.write_text('{"kind": "a"}\n{"kin')
    assert list(read_trace(path)) == [{"kind": "a"}]


def test_the_register_of_runs(tmp_path: Path) -> None:
    runs = Runs(tmp_path)
    first = runs.begin("one", "talk")
    second = runs.begin("two")
    assert (first.status, first.thread) == ("running", "talk")
    assert second.thread == second.id
    assert runs.last("talk") is None
    runs.end(first.id, "solved")
    last = Runs(tmp_path).last("talk")
    assert last is not None
    assert (last.id, last.status) == (first.id, "solved")
    assert [run.task for run in runs.list()] == ["two", "one"]
    assert runs.get(second.id[:-1]).id == second.id
    for wrong in ("", "nothing", "%"):
        with pytest.raises(UserError):
            runs.get(wrong)


def test_only_one_may_hold_a_run(tmp_path: Path) -> None:
    runs = Runs(tmp_path)
    run = runs.begin("one").id
    with runs.hold(run), pytest.raises(UserError, match="still at work"), runs.hold(run):
        pass
    with runs.hold(run):
        pass


STEP = Step(id=2, goal="add {} to {}", inputs=(Ref(step=1), Literal(text="3")), expects="number")
ATTEMPT = Attempt(
    skill="a@1", kind="tool", arguments={"x": [1, None]}, verdict=Verdict(ok=True, method="cases")
)
VALUES: list[Frozen] = [
    Plan(steps=(STEP.model_copy(update={"id": 3}),)),
    Done(step=STEP, value={"a": [1.5, "b"]}),
    Planned(say="hi"),
    StepReport(id=2, goal="g", value=[1], ok=True, attempts=(ATTEMPT,)),
    Candidate(skill="a@1", kind="adapter", toolkit="t"),
    Folded(step=1, skill="a@1", parameters=("x",)),
]


@pytest.mark.parametrize("value", VALUES, ids=lambda value: type(value).__name__)
def test_checkpoints_give_back_what_was_put_in(
    value: Frozen, caplog: pytest.LogCaptureFixture
) -> None:
    serde = serializer()
    assert serde.loads_typed(serde.dumps_typed(value)) == value
    assert caplog.records == []


@pytest.mark.parametrize("value", [2**63 - 1, 2**64, -(2**70), 3**9000])
def test_checkpoints_hold_integers_of_any_size(value: int) -> None:
    serde = serializer()
    done = Done(step=Step(id=1, goal="raise"), value=[value, {"more": value}])
    state = {"history": [done], "next": [Send("step", {"values": [value]})]}
    assert serde.loads_typed(serde.dumps_typed(state)) == state


def test_what_no_checkpoint_can_hold_is_an_error() -> None:
    with pytest.raises(TypeError):
        serializer().dumps_typed({"value": object()})


def test_checkpoints_make_no_other_types() -> None:
    serde = serializer()
    skill = Skill(name="a", description="b", kind="tool")
    assert not isinstance(serde.loads_typed(serde.dumps_typed(skill)), Skill)


def test_reducers() -> None:
    old, new = StepReport(id=1, goal="a"), StepReport(id=1, goal="b", ok=True)
    other = StepReport(id=0, goal="c")
    # Pending writes come back from a checkpoint as lists.
    assert by_id([old], (new, other)) == (other, new)
    assert append([ATTEMPT], (ATTEMPT,)) == (ATTEMPT, ATTEMPT)
    assert add_up(1, 2) == 3


class CountingSandbox:
    """Says 4 to everything."""

    lane: Lane = "bubblewrap"

    def __init__(self) -> None:
        self.calls = 0

    def run(self, source: str, function: str, arguments: Mapping[str, JsonValue]) -> ToolOutcome:
        self.calls += 1
        return ToolOutcome(ok=True, value=4)


def test_cases_are_run_once_per_version(tmp_path: Path) -> None:
    source = "def four() -> int:\n    return 4\n"
    (tmp_path / "four" / "scripts").mkdir(parents=True)
    (tmp_path / "four" / "scripts" / "tool.py").write_text(source)
    skill = Skill(
        name="four",
        description="four",
        kind="tool",
        digest="1" * 64,
        path=tmp_path / "four",
        signature=signature_of(source, "four"),
        cases=(Case(expected=4), Case(expected=5)),
    )
    sandbox, file = CountingSandbox(), tmp_path / "checked.jsonl"
    for _ in range(2):
        checked = CheckedCases(file).check(sandbox, skill)
        assert (checked.passed, checked.total, checked.ok) == (1, 2, False)
        assert checked.failure == "case 2: expected 5, got 4"
    assert sandbox.calls == 2
    file.write_text(file.read_text() + '{"cut')
    assert CheckedCases(file).check(sandbox, skill).total == 2
    assert len(json.loads(file.read_text().splitlines()[0])) == 5
    CheckedCases(file).check(sandbox, skill.model_copy(update={"digest": "2" * 64}))
    assert sandbox.calls == 4
