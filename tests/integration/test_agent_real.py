"""The whole chain on real parts: nano on vLLM, Chroma, MiniLM, LangGraph, the sandbox."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from skillweave.agent import Agent, Settings
from skillweave.agent.models import open_model
from skillweave.agent.result import Result, StepReport
from skillweave.agent.trace import read_trace, trace_file
from skillweave.evals.workbench import HELD_OUT, is_right, load_tasks
from skillweave.store.intake import Admitted, Notice
from skillweave.store.library import Library

FLOOR = 0.3
"""Share of the development tasks below which something is broken. The goal is 0.9; nano's card and
``evals/figures`` say how far the shipped weights are from it."""

SLOW = '''import time


def stamp_text(text: str) -> str:
    """Stamp a text.

    >>> stamp_text("a")
    '<a>'
    """
    time.sleep(1.0)
    return f"<{text}>"
'''

README = Path(__file__).parents[2] / "README.md"
EXAMPLE = re.compile(r"<!-- skill: (\S+) -->\n```python\n(.*?)```", re.DOTALL)
KNOTS = '''def knots_to_kmh(knots: float) -> float:
    """Convert a speed from knots to kilometres per hour.

    >>> knots_to_kmh(10.0)
    18.52
    """
    return round(knots * 1.852, 3)
'''

KILLED = """
import sys
from skillweave.agent import Agent, Settings
settings = Settings.load(library=sys.argv[1], state_dir=sys.argv[2], model=sys.argv[3])
with Agent(settings=settings) as agent:
    for event in agent.stream(sys.argv[4]):
        print(event.kind, flush=True)
"""


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    home = tmp_path_factory.mktemp("home")
    return Settings.load(library=home / "library", state_dir=home / "state")


@pytest.fixture(scope="module")
def notices() -> list[Notice]:
    return []


@pytest.fixture(scope="module")
def agent(settings: Settings, notices: list[Notice]) -> Iterator[Agent]:
    with (
        Library(settings.library) as library,
        open_model("nano", settings) as model,
        Agent(library=library, model=model, settings=settings) as agent,
        agent.watch(notices.append),
    ):
        yield agent


def drop(settings: Settings, name: str, text: str) -> Path:
    path = settings.library / "drop" / name
    path.write_text(text, "utf-8")
    return path


def notice_within(notices: list[Notice], seconds: float, before: int) -> Notice:
    """The first notice after ``before`` others."""
    end = time.monotonic() + seconds
    while len(notices) <= before:
        if time.monotonic() > end:
            pytest.fail(f"no word of the dropped file within {seconds} s")
        threading.Event().wait(0.02)
    return notices[before]


def test_multi_step_tasks_are_solved(agent: Agent, settings: Settings) -> None:
    tasks = [t for t in load_tasks(HELD_OUT) if t.sort == "steps" and t.min_steps >= 2]
    assert len(tasks) >= 40
    results = [agent.run(t.task) for t in tasks]
    wrong = [
        f"{t.task} -> {r.value!r} instead of {t.expected!r}"
        for t, r in zip(tasks, results, strict=True)
        if not is_right(t, r)
    ]
    assert len(wrong) <= len(tasks) * (1 - FLOOR), wrong
    for result in results:
        if result.outcome == "solved":
            check_trace(result, settings)


def check_trace(result: Result, settings: Settings) -> None:
    """The trace on disk says which skills ran, with what, and what was checked."""
    records = list(read_trace(trace_file(settings.state_dir, result.run)))
    kinds = [r["kind"] for r in records]
    assert {"ask", "read"} & set(kinds)
    assert "plan" in kinds
    finished = [
        StepReport.model_validate(r["step"]) for r in records if r["kind"] == "step_finished"
    ]
    attempts = [attempt for step in finished for attempt in step.attempts]
    ran = {name for a in attempts for name in (a.skill, *a.experiences)}
    assert ran >= set(result.skills) - {"model"}
    for step in result.steps:
        assert step.attempts[-1].verdict is not None
        assert step.attempts[-1].verdict.ok


def test_an_adapter_does_a_step(agent: Agent) -> None:
    result = agent.run("Tell the voice of 'The letter was read by Anna.'")
    assert result.outcome == "solved"
    assert result.value == "passive"
    attempt = result.steps[0].attempts[-1]
    assert attempt.kind == "adapter"
    assert attempt.model == attempt.skill
    assert attempt.skill.startswith("sentence-voice@")


def test_adapter_and_tool_work_together(agent: Agent) -> None:
    result = agent.run("Tell the tense of 'The farmer will sell the car.' and reverse it.")
    assert result.value == "erutuf"
    assert [s.attempts[-1].kind for s in result.steps] == ["adapter", "tool"]


def test_what_lies_beyond_is_declined_with_a_way_on(agent: Agent) -> None:
    result = agent.run("Write an essay about the history of tea.")
    assert result.outcome == "declined"
    assert "--model" in result.answer


def test_a_skill_nobody_has_is_named(agent: Agent) -> None:
    result = agent.run("Apply the frobnication to 'abc'.")
    assert result.outcome == "declined"
    assert "frobnication" in result.answer


def test_small_talk_is_answered_directly(agent: Agent) -> None:
    result = agent.run("Hello!")
    assert result.outcome == "answered"
    assert result.steps == ()


def test_a_conversation_refers_back(agent: Agent) -> None:
    first = agent.run("Reverse the text 'drawer'.", thread="talk")
    assert first.value == "reward"
    second = agent.run("Now make it uppercase.", thread="talk")
    assert second.value == "REWARD"


def test_a_verified_plan_becomes_a_skill_of_later_tasks(agent: Agent) -> None:
    first = agent.run("Reverse the text 'stressed' and then make it uppercase.")
    assert first.value == "DESSERTS"
    again = agent.run("Reverse the text 'diaper' and then make it uppercase.")
    assert again.value == "REPAID"
    learned = [s for s in again.skills if agent.library.get(s).metadata.get("skillweave-author")]
    composites = [s for s in learned if s not in first.skills]
    assert len(again.steps) == 1
    assert composites


def test_a_dropped_skill_is_used_within_two_seconds(
    agent: Agent, settings: Settings, notices: list[Notice]
) -> None:
    before = len(notices)
    drop(settings, "knots.py", KNOTS)
    notice = notice_within(notices, 10.0, before)
    assert isinstance(notice, Admitted)
    result = agent.run("Convert 10 knots to kilometres per hour.", skills=["knots-to-kmh"])
    assert result.value == pytest.approx(18.52)
    assert result.skills[0].startswith("knots-to-kmh@")


def test_a_dropped_tool_of_a_foreign_subject_is_called(
    agent: Agent, settings: Settings, notices: list[Notice]
) -> None:
    name, source = EXAMPLE.findall(README.read_text("utf-8"))[0]
    (request,) = re.findall(r'skillweave run "(My [^"]+)"', README.read_text("utf-8"))
    assert agent.run(request).outcome == "declined"
    before = len(notices)
    drop(settings, name, source)
    assert isinstance(notice_within(notices, 10.0, before), Admitted)
    result = agent.run(request)
    assert result.value == 112
    assert result.read_as == "tank volume (length 80, width 35, depth 40)"
    assert result.read_as in README.read_text("utf-8")
    twice = "How many litres does an aquarium of 80 by 35 by 40 hold, and one of 100 by 50 by 60?"
    assert agent.run(twice).value == [112, 300]
    rounded = (
        "The aquarium is 80 long, 35 wide and 40 deep. How many litres is that, rounded to tens?"
    )
    assert agent.run(rounded).value == 110
    assert agent.run("What fish should I buy for my aquarium?").outcome == "declined"


def test_a_bad_drop_is_reported_in_one_line_and_left_alone(
    agent: Agent, settings: Settings, notices: list[Notice]
) -> None:
    before = len(notices)
    text = "def broken(x: int) -> int:\n    return x +\n"
    path = drop(settings, "broken.py", text)
    notice = notice_within(notices, 10.0, before)
    assert not isinstance(notice, Admitted)
    assert "broken.py:2" in notice.message
    assert "\n" not in notice.message
    assert path.read_text("utf-8") == text
    path.unlink()


def test_a_tool_that_breaks_its_own_cases_is_refused(
    agent: Agent, settings: Settings, notices: list[Notice]
) -> None:
    before = len(notices)
    path = drop(settings, "liar.py", KNOTS.replace("1.852", "1.9").replace("knots_to", "liar_to"))
    notice = notice_within(notices, 10.0, before)
    assert not isinstance(notice, Admitted)
    assert "case 1" in notice.message
    path.unlink()


def test_a_killed_run_is_resumed(agent: Agent, settings: Settings, notices: list[Notice]) -> None:
    before = len(notices)
    drop(settings, "slow.py", SLOW)
    assert isinstance(notice_within(notices, 10.0, before), Admitted)
    model = agent_url(agent)
    task = "Reverse the text 'drawer', then stamp it."
    arguments = [str(settings.library), str(settings.state_dir), model, task]
    with subprocess.Popen(
        [sys.executable, "-c", KILLED, *arguments],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "SKILLWEAVE_LEARN": "false"},
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if line.strip() == "step_finished":
                break
        process.send_signal(signal.SIGKILL)
    run = agent.runs(1)[0]
    assert (run.task, run.status) == (task, "running")
    result = agent.resume(run.id)
    assert (result.outcome, result.value) == ("solved", "<reward>")
    records = list(read_trace(trace_file(settings.state_dir, run.id)))
    started = [r["skill"] for r in records if r["kind"] == "step_started"]
    assert [str(s).split("@")[0] for s in started].count("reverse-text") == 1


def agent_url(agent: Agent) -> str:
    """The running server, as another process attaches to it."""
    model = agent._given.model
    return f"vllm:{model.url}#nano"  # type: ignore[union-attr]


def test_the_command_line_answers_in_json(settings: Settings, agent: Agent) -> None:
    command = [str(Path(sys.executable).with_name("skillweave"))]
    ran = subprocess.run(
        [
            *command,
            "run",
            "Count the words in 'to be or not to be'.",
            "--json",
            *("--model", agent_url(agent)),
            *("--library", str(settings.library)),
        ],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "SKILLWEAVE_STATE_DIR": str(settings.state_dir)},
    )
    assert ran.returncode == 0, ran.stderr
    said = json.loads(ran.stdout)
    assert said["value"] == 6
    assert said["outcome"] == "solved"
