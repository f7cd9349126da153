"""The stream of queries on a small pool: what each arm learns, and from what."""

from __future__ import annotations

from pathlib import Path

import pytest

from skillweave.agent import Settings
from skillweave.agent.scripted import ScriptedModel
from skillweave.agent.trace import Trace
from skillweave.evals.retrieval_data import Pool, Query
from skillweave.evals.sources import DataMissingError
from skillweave.evals.suite import Arm, Sample, Solving
from skillweave.evals.suites.growth_queries import (
    GROWTH,
    GROWTH_QUERIES,
    MISFILED,
    NOTHING,
    load,
    ranked,
    samples_of,
    score,
    solve,
)
from skillweave.evals.workplace import trajectory
from skillweave.skills.drop import WrappedSkill
from skillweave.skills.model import Skill
from skillweave.store import HashEmbedder, Library

TOLD = {"kitchen": "Recipes for dinner.", "sky": "Weather tomorrow.", "bank": "Money and rates."}
QUERY = "umbrella needed in oslo"


def filled(root: Path) -> Library:
    library = Library(root, embedder=HashEmbedder(), builtin=False)
    for name, text in TOLD.items():
        skill = Skill(name=name, description=text, kind="guide", body=text)
        library.add(WrappedSkill(skill=skill, files={}, source=Path(name)), state="active")
    return library


def asked(library: Library, arm: Arm, folder: Path) -> Solving:
    sample = Sample(id="q", request=QUERY, family="often asked", right=("sky",))
    trace = Trace(folder / "trace.jsonl")
    model, settings = ScriptedModel(()), Settings(state_dir=folder)
    return Solving(model, library, settings, arm, 0, sample, "run", trace)


def test_a_query_that_was_served_is_served_at_once_when_it_returns(tmp_path: Path) -> None:
    with filled(tmp_path / "library") as library:
        trial = asked(library, GROWTH, tmp_path)
        with trial.trace:
            first = solve(trial)
        assert first.outcome == "solved"
        assert first.steps[0].attempts[-1].skill == "sky"
        assert ranked(library, QUERY)[0] == "sky"
        again = solve(trial)
    assert (again.value, len(again.steps[0].attempts)) == ("sky", 1)
    assert score(trial.sample, again).value == 1.0


@pytest.mark.parametrize("arm", [NOTHING, MISFILED])
def test_without_the_right_place_nothing_is_learned_of_it(arm: Arm, tmp_path: Path) -> None:
    with filled(tmp_path / "library") as library:
        trial = asked(library, arm, tmp_path)
        with trial.trace:
            solve(trial)
        told = {entry.skill.name: entry.succeeded for entry in library.entries()}
    assert told["sky"] == 0
    assert sum(told.values()) == (arm is MISFILED)


def test_a_raw_record_stands_for_the_tool_that_served_in_it(tmp_path: Path) -> None:
    with filled(tmp_path / "library") as library:
        trial = asked(library, NOTHING, tmp_path)
        with trial.trace:
            result = solve(trial)
        library.add(trajectory(result), state="active", author="eval")
        assert ranked(library, QUERY)[0] == "sky"
        assert set(ranked(library, QUERY)) <= TOLD.keys()


def test_the_stream_is_the_same_whatever_the_order_of_the_file() -> None:
    queries = [Query(f"query {number}", (f"tool-{number % 3}",)) for number in range(9)]
    one = samples_of(Pool((), tuple(queries)), 5)
    other = samples_of(Pool((), tuple(reversed(queries))), 5)
    assert len(one) == 5
    assert {sample.id for sample in one} == {sample.id for sample in other}


def test_without_data_it_says_where_they_are(tmp_path: Path) -> None:
    with pytest.raises(DataMissingError, match="metatool"):
        load(tmp_path)
    assert GROWTH_QUERIES.reference == NOTHING.name
