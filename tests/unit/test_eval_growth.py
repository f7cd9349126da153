"""The growth stream and its figures, with records made up."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from skillweave.evals.growth import ARMS, GROWTH, NOTHING, Setting, figures, load_families
from skillweave.evals.growth_tasks import ANSWERS, STREAM, stream
from skillweave.evals.order import in_order
from skillweave.evals.record import Key, Record
from skillweave.skills.errors import SkillFormatError


def test_families_return_in_new_guises() -> None:
    tasks = stream()
    counts = Counter(task.family for task in tasks)
    assert len(tasks) == 300
    assert set(counts.values()) == {20}
    assert counts.keys() == ANSWERS.keys()
    first, second = tasks[0], tasks[15]
    assert first.family == second.family
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
    samples = stream(number=30)
    trace = tmp_path / "trace.jsonl"
    trace.write_text('{"kind": "ask"}\n{"kind": "ask"}\n{"kind": "ended"}\n')
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
    found = figures(records, samples, (0, 1), tmp_path, setting)
    by_arm = {arm.arm: arm for arm in found.arms}
    grown, nothing = by_arm[GROWTH.name], by_arm[NOTHING.name]
    assert len(found.arms) == len(ARMS)
    assert (grown.success, nothing.success) == (0.5, 0.0)
    assert [block.success for block in grown.blocks] == [0.0, 1.0]
    assert grown.calls_per_solved == 4.0  # two of them, and every second task is solved
    assert (grown.tokens_per_solved, nothing.tokens_per_solved) == (20.0, None)
    assert (grown.learned, grown.used_learned) == (1.0, 30)
    assert grown.against_nothing is not None
    assert grown.against_nothing.difference == pytest.approx(0.5)
    assert nothing.against_nothing is None


def test_fewer_families_are_taken_from_all_over() -> None:
    few = {sample.family for sample in load_families(5).samples}
    assert few == {
        "shout-longest", "acronym-back", "slug-length", "median-plus", "factorial-digits",
    }  # fmt: skip
    assert len(load_families(None).samples) == 300
