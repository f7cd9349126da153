"""The growth stream and its figures, with records made up."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from pathlib import Path

import pytest

from skillweave.agent import Agent, Settings
from skillweave.agent.growth.search_skill import Wanted, find
from skillweave.agent.profiles.base import Message, Prompt
from skillweave.agent.result import Result
from skillweave.agent.scripted import ScriptedModel
from skillweave.evals.growth import Setting, figures
from skillweave.evals.growth_shown import SEARCH, Notebook, after
from skillweave.evals.growth_tasks import (
    ANSWERS,
    KNOWN_TIMES,
    MORE,
    NEW_TIMES,
    STREAM,
    families_of,
    shown_for,
    stream,
)
from skillweave.evals.order import in_order
from skillweave.evals.record import Key, Record
from skillweave.evals.remembered import ROUND, Remembered
from skillweave.evals.search_tasks import builtin_tools
from skillweave.evals.suite import Arm, Sample, Score, Seen
from skillweave.evals.suites.growth import GROWTH, GROWTH_TASKS, NOTHING, RECORDS, load_families
from skillweave.skills.errors import SkillFormatError
from skillweave.skills.model import Case
from skillweave.skills.sandbox import Sandbox
from skillweave.store import HashEmbedder, Library


def test_families_return_in_new_guises() -> None:
    tasks = stream()
    counts = Counter(task.family for task in tasks)
    words = {family.name: family.words for family in families_of()}
    assert len(tasks) == 300
    assert all(counts[name] == (NEW_TIMES if words[name] else KNOWN_TIMES) for name in words)
    assert counts.keys() == words.keys() >= ANSWERS.keys()
    first, second = (
        task for task in tasks if task.family == "shout-longest" and task.id[-1] in "01"
    )
    assert first.request.split("'")[0] != second.request.split("'")[0]
    assert len({task.id for task in tasks}) == 300


def test_the_answers_are_right() -> None:
    by_request = {task.request: task.expected for task in stream()}
    assert (
        by_request[
            "Take the longest word of 'harbour saddle valley island shadow' and write it in capital letters."
        ]
        == "HARBOUR"
    )
    assert by_request["What is 20 percent of 144? Add 19 to it."] == pytest.approx(47.8)
    assert by_request["Compute the factorial of 7 and add up its digits."] == 9
    assert (
        by_request["What is the greatest common divisor of 48 and 276, as a Roman numeral?"]
        == "XII"
    )
    assert by_request["Find the shelf mark of 'pencil thunder silver'."] == "revlis-rednuht-licnep"
    assert by_request["Find the crew number of 32, 14, 75, 9 and 46."] == "CLXXVI"


def test_what_is_shown_is_right_and_new() -> None:
    tasks = {task.id: task for task in stream()}
    assert shown_for(tasks["growth-total-times-00"]) is None
    for task in tasks.values():
        shown = shown_for(task)
        if shown is None:
            continue
        own, *more = shown.cases
        assert own.expected == task.expected
        assert len(more) == MORE
        asked = [str(case.input or case.arguments.get("text")) for case in more]
        assert not [one for one in asked if f"'{one}'" in task.request]
    case = next(iter(shown_for(tasks["growth-dock-figure-00"]).cases))  # type: ignore[union-attr]
    assert case == Case(arguments={"numbers": [56, 82, 23, 79, 58]}, expected=37)


def test_a_person_shows_only_after_a_wrong_answer(tmp_path: Path) -> None:
    sample = next(task for task in stream() if task.family == "call-sign")
    with Library(tmp_path, embedder=HashEmbedder(), builtin=False) as library:
        agent = Agent(library, ScriptedModel(()), Settings(state_dir=tmp_path / "state"))

        def seen(score: float, arm: Arm, task: Sample = sample) -> Seen:
            result = Result(run="r", task=task.request, outcome="failed", answer="")
            return Seen(agent, arm, task, result, Score(value=score))

        assert after(seen(1.0, RECORDS)) == ()
        assert not library.list()
        after(seen(0.0, RECORDS))
        (record,) = library.list()
        assert (record.kind, "-> FWJY" in record.body) == ("experience", True)
        tone = [task for task in stream() if task.family == "message-tone"]
        for task in tone[:3]:  # too few to teach
            assert after(seen(0.0, GROWTH, task)) == ()
        assert len(Notebook(agent.settings.state_dir).page("message-tone").cases) == 3 * (1 + MORE)


def test_two_examples_of_the_stream_are_found_by_search(tmp_path: Path) -> None:
    sample = next(task for task in stream() if task.family == "shelf-mark")
    tools = {
        name: tool
        for name, tool in builtin_tools().items()
        if name.startswith(("slugify@", "reverse-text@"))
    }
    shown = shown_for(sample)
    assert shown is not None
    with Sandbox.open(workers=1) as sandbox:
        answer = find(Wanted(name=shown.name, examples=shown.cases), tools, sandbox, SEARCH)
    assert answer.outcome.program is not None
    assert "reverse-text" in answer.outcome.program.text()


def test_no_task_is_one_that_measures_or_trains() -> None:
    told = {task.request.casefold() for task in stream()}
    for name in ("workbench.jsonl", "held_out.jsonl", "development.jsonl"):
        lines = (STREAM.parent / name).read_text().splitlines()
        assert not told & {json.loads(line)["task"].casefold() for line in lines}


def test_a_family_without_answers_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "stream.txt"
    file.write_text("juggling | text\nJuggle '{text}'.\n")
    with pytest.raises(SkillFormatError, match="juggling has no guises or no answers"):
        stream(file)


def test_costs_are_shared_among_the_solved(tmp_path: Path) -> None:
    samples = stream()[:30]
    trace = tmp_path / "trace.jsonl"
    ask = '{"kind": "ask", "answer": {"seconds": 1.5}}\n'
    trace.write_text(f'{ask}{ask}{{"kind": "ended"}}\n')
    records: dict[Key, Record] = {}
    for order in (0, 1):
        for place, sample in enumerate(in_order(samples, order)):
            for arm in (NOTHING, GROWTH):
                right = arm is GROWTH and place >= 15
                record = Record(
                    arm=arm.name, seed=order, sample=sample.id, family=sample.family, status="scored",
                    score=float(right), tokens=10, seconds=2.0, trace=trace.name,
                    new_skills=("both",) if arm is GROWTH and place == 14 else (),
                    skills=("both",) if right else (),
                )  # fmt: skip
                records[record.key] = record
    setting = Setting(command="c", model="m", block=15)
    found = figures(GROWTH_TASKS, records, samples, (0, 1), tmp_path, setting)
    by_arm = {arm.arm: arm for arm in found.arms}
    grown, nothing = by_arm[GROWTH.name], by_arm[NOTHING.name]
    assert list(by_arm) == [NOTHING.name, GROWTH.name]
    assert grown.model_seconds_per_solved == 6.0
    assert found.families["shout-longest"].keys() == by_arm.keys()
    assert (grown.success, nothing.success) == (0.5, 0.0)
    assert [block.success for block in grown.blocks] == [0.0, 1.0]
    assert grown.calls_per_solved == 4.0  # two of them, and every second task is solved
    assert (grown.tokens_per_solved, nothing.tokens_per_solved) == (20.0, None)
    assert (grown.learned, grown.used_learned) == (1.0, 30)
    assert grown.against_nothing is not None
    assert grown.against_nothing.difference == pytest.approx(0.5)
    assert nothing.against_nothing is None


def test_fewer_families_are_taken_from_all_over() -> None:
    few = {sample.family for sample in load_families(3).samples}
    assert few == {"shout-longest", "median-plus", "house-style"}
    assert len(load_families(None).samples) == 300


def test_every_arm_hears_the_same_answers() -> None:
    model = Remembered(ScriptedModel(str(number) for number in range(99)))
    cold = Prompt(messages=(Message(role="user", content="plan: x"),))
    warm = cold.model_copy(update={"temperature": 0.7})

    def say(prompt: Prompt, adapter: str | None = None) -> str:
        return asyncio.run(model.ask(prompt, adapter)).text

    assert say(cold) == say(cold) != say(cold, "tone@1")
    first = [say(warm) for _ in range(ROUND)]
    assert len(set(first)) == ROUND
    assert [say(warm) for _ in range(ROUND)] == first
