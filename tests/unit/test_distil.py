"""Insights out of runs: contrast and votes, a model's operations, raw experiences, and their use."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import JsonValue
from typer.testing import CliRunner

from skillweave.agent.api import Agent
from skillweave.agent.cli.app import app
from skillweave.agent.cli.options import Options
from skillweave.agent.growth import distil as distil_module
from skillweave.agent.growth.distil_advice import advised
from skillweave.agent.growth.distil_ballot import Ballot, Insight, Operation
from skillweave.agent.growth.distil_contrast import contrast, operations, tries_of
from skillweave.agent.growth.distil_raw import RAW, raw_of
from skillweave.agent.plan import Literal, Plan, Ref, Step
from skillweave.agent.profiles.base import Planned
from skillweave.agent.profiles.scripted import ScriptedProfile, script
from skillweave.agent.result import Attempt, Finished, Outcome, Result, StepReport, Verdict
from skillweave.agent.scripted import ScriptedModel
from skillweave.agent.settings import Settings
from skillweave.agent.state import Candidate
from skillweave.agent.trace import Trace, trace_file
from skillweave.skills.sandbox import Sandbox
from skillweave.store import HashEmbedder, Library

HELD = Verdict(ok=True, method="cases", detail="all 3 declared cases hold")
UNSURE = Verdict(ok=True, method="types", detail="the value has the declared type")


class KilledError(Exception):
    """Stands for the end of the process."""


def tried(skill: str, error: str = "", value: JsonValue = 1, **arguments: JsonValue) -> Attempt:
    verdict = None if error else HELD
    return Attempt(skill=f"{skill}@0123456789ab", kind="tool", error=error, value=value,
                   verdict=verdict, arguments=arguments)  # fmt: skip


def ran(run: str, goal: str, *attempts: Attempt, task: str = "count the stars of 'x'") -> Result:
    """A run of two steps: the attempts, then a sure one."""
    steps = (
        Step(id=1, goal=goal, inputs=(Literal(text="x"),)),
        Step(id=2, goal="double {}", inputs=(Ref(step=1),)),
    )
    ok = attempts[-1].ok
    outcome: Outcome = "solved" if ok else "failed"
    reports = [StepReport(id=1, goal=goal, ok=ok, attempts=attempts, value=1 if ok else None)]
    if ok:
        reports.append(StepReport(id=2, goal="double 1", ok=True, attempts=(tried("double"),)))
    return Result(run=run, task=task, outcome=outcome, answer="", plan=Plan(steps=steps),
                  steps=tuple(reports))  # fmt: skip


GOAL = "Count the stars of {}"
RETRIED = [
    ran(f"r{n}", GOAL, tried("count-item", "ValueError: no list"), tried("count-letter"))
    for n in range(3)
]


def test_what_fails_where_another_succeeds_is_found() -> None:
    found = contrast([one for result in RETRIED for one in tries_of(result)])
    assert [one.insight.avoid for one in found] == ["count-item"]
    insight = found[0].insight
    assert insight.prefer == "count-letter"
    assert insight.goal == "count the stars of"
    assert "ValueError: no list" in insight.text
    assert found[0].speaks_for == ("r0", "r1", "r2")


def test_what_was_not_verified_says_nothing() -> None:
    unsure = tried("count-letter").model_copy(update={"verdict": UNSURE})
    assert [t.skill for t in tries_of(ran("r", GOAL, unsure))] == ["double"]


def test_a_property_of_failing_arguments_is_found() -> None:
    tries = [ran(f"b{n}", GOAL, tried("root", "ValueError: no root", n=-n)) for n in (1, 2)]
    tries += [ran(f"g{n}", GOAL, tried("root", n=n)) for n in (1, 2)]
    found = contrast([one for result in tries for one in tries_of(result)])
    texts = [one.insight.text for one in found if one.insight.avoid_when]
    assert texts == ["root fails when n is negative: ValueError: no root."]
    tries.append(ran("g3", GOAL, tried("root", n=-9)))
    again = contrast([one for result in tries for one in tries_of(result)])
    assert not [one for one in again if one.insight.avoid_when]  # one exception, and it is no rule


def test_a_run_votes_once_and_a_success_votes_against() -> None:
    tries = [one for result in RETRIED[:2] for one in tries_of(result)]
    ballot = Ballot().changed(operations(contrast(tries), Ballot()))
    assert ballot.insights[0].votes == 2
    assert operations(contrast(tries), ballot) == []
    more = [*tries, *tries_of(RETRIED[2])]
    ballot = ballot.changed(operations(contrast(more), ballot))
    assert ballot.insights[0].votes == 3
    good = ran("g", GOAL, tried("count-item"))
    made = operations(contrast([*more, *tries_of(good)]), ballot)
    assert [one.op for one in made] == ["remove"]
    assert ballot.changed(made).insights[0].votes == 2


def test_an_edit_keeps_the_votes() -> None:
    one = Insight(id="a", text="Old.", votes=2)
    new = Operation(op="edit", id="a", insight=Insight(id="b", text="New."))
    edited = Ballot(insights=(one,)).changed([new]).insights[0]
    assert (edited.id, edited.text, edited.votes) == ("a", "New.", 3)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox.open(workers=1) as opened:
        yield opened


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(library=tmp_path / "library", state_dir=tmp_path / "state")


@pytest.fixture
def library(settings: Settings) -> Iterator[Library]:
    with Library(settings.library, embedder=HashEmbedder(), builtin=False) as opened:
        yield opened


def happened(settings: Settings, *results: Result) -> None:
    for result in results:
        with Trace(trace_file(settings.state_dir, result.run)) as trace:
            trace.event(Finished(result=result))


def agent_of(library: Library, sandbox: Sandbox, settings: Settings, *said: str) -> Agent:
    profile = "chat" if said else "nano"
    model = ScriptedModel(said, profile_name=profile)  # type: ignore[arg-type]
    return Agent(library, model, settings, sandbox=sandbox)


def states(library: Library) -> dict[str, str]:
    return {e.skill.name: e.state for e in library.entries() if e.skill.kind == "experience"}


def test_insights_come_and_go_with_their_votes(
    library: Library, sandbox: Sandbox, settings: Settings
) -> None:
    happened(settings, RETRIED[0])
    with agent_of(library, sandbox, settings) as agent:
        assert agent.grow.distil(raw=False).added == ()  # one vote is not enough
        happened(settings, *RETRIED[1:])
        first = agent.grow.distil(raw=False)
        assert len(first.added) == 1
        name = first.added[0]
        assert states(library) == {name: "probation"}
        assert library.get(name).metadata["skillweave-avoid"] == "count-item"
        again = agent.grow.distil(raw=False)
        assert (again.added, again.operations) == ((), {})
        happened(settings, *(ran(f"z{n}", GOAL, tried("count-item")) for n in range(3)))
        assert agent.grow.distil(raw=False).archived == (name,)
        assert states(library) == {name: "archived"}


def test_a_kill_before_the_votes_are_saved_loses_nothing(
    library: Library, sandbox: Sandbox, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    happened(settings, *RETRIED)

    def killed(self: Ballot, file: Path) -> None:
        raise KilledError

    with agent_of(library, sandbox, settings) as agent:
        with monkeypatch.context() as patch:
            patch.setattr(Ballot, "save", killed)
            with pytest.raises(KilledError):
                agent.grow.distil()
        before = states(library)
        assert "probation" in before.values()
        agent.grow.distil()
        assert states(library) == before
    assert not library.check()


def test_a_model_votes_on_the_list(library: Library, sandbox: Sandbox, settings: Settings) -> None:
    happened(settings, *RETRIED)
    said = json.dumps({"operations": [
        {"op": "add", "number": 0, "text": "Stars are letters, not items.",
         "use_when": "stars are counted", "avoid_when": "the value is a list"},
        {"op": "agree", "number": 1, "text": "", "use_when": "", "avoid_when": ""},
        {"op": "remove", "number": 9, "text": "", "use_when": "", "avoid_when": ""},
    ]})  # fmt: skip
    with agent_of(library, sandbox, settings, said) as agent:
        found = agent.grow.distil(raw=False)
        assert found.operations == {"add": 2, "agree": 1}
        assert [one.votes for one in found.insights] == [4, 2]
        assert agent.grow.distil(raw=False).operations == {}  # these runs were read
    bodies = [library.get(name).body for name in found.added]
    assert any("Stars are letters" in b and "Not: the value is a list." in b for b in bodies)


def test_nonsense_of_a_model_changes_nothing(
    library: Library, sandbox: Sandbox, settings: Settings
) -> None:
    happened(settings, *RETRIED)
    with agent_of(library, sandbox, settings, "I think so.") as agent:
        assert agent.grow.distil(raw=False, dry=True).operations == {"add": 1}


def test_raw_experiences_are_refined_and_pruned(
    library: Library, sandbox: Sandbox, settings: Settings
) -> None:
    happened(settings, RETRIED[0])
    with agent_of(library, sandbox, settings) as agent:
        name = agent.grow.distil().added[0]
        assert library.get(name).metadata[RAW]
        assert "ValueError: no list" in library.get(name).body
        happened(settings, ran("s", GOAL, tried("count-letter")))
        assert agent.grow.distil().added == (name,)  # the same plan in fewer attempts
        assert "ValueError" not in library.get(name).body
        for _ in range(6):
            library.record(name, "failed")
        assert agent.grow.distil().archived == (name,)
    unsure = tried("count-letter").model_copy(update={"verdict": UNSURE})
    assert raw_of(ran("u", GOAL, unsure)) is None


def test_advice_orders_and_drops_nothing() -> None:
    near = [Candidate(skill=f"{name}@1", kind="tool") for name in ("item", "letter", "word")]
    skill = distil_module.as_experience(
        Insight(id="a", text="T.", goal="count it", prefer="word", avoid="item")
    ).skill
    names = [one.skill for one in advised(near, [skill], "Count it")]
    assert names == ["word@1", "letter@1", "item@1"]
    assert [one.skill for one in advised(near, [skill], "Count them")] == [c.skill for c in near]
    assert advised(near, [skill], "Count it", pinned=("item",))[0].skill == "item@1"


COUNTERS = '''
def count_a(text: str) -> int:
    """Count the stars of a text."""
    raise ValueError("not stars")


def count_b(text: str) -> int:
    """Count the stars of a text.

    >>> count_b("*")
    1
    """
    return text.count("*")
'''


def test_the_agent_follows_what_was_distilled(
    library: Library, sandbox: Sandbox, settings: Settings, tmp_path: Path
) -> None:
    file = tmp_path / "counters.py"
    file.write_text(COUNTERS)
    library.add_all(file, state="active")
    plan = Plan(steps=(Step(id=1, goal="Count the stars of {}", inputs=(Literal(text="**"),)),))
    model = ScriptedModel(script({"plan: how many": plan}))
    relaxed = settings.model_copy(update={"min_match": 0.0})
    with Agent(library, model, relaxed, profile=ScriptedProfile(), sandbox=sandbox) as agent:
        for _ in range(2):
            result = agent.run("how many")
            assert [a.skill[:7] for a in result.steps[0].attempts] == ["count-a", "count-b"]
            for _ in range(9):  # elsewhere it is good: its rate does not tell
                library.record("count-a", "succeeded")
        assert agent.grow.distil().added
        result = agent.run("how many")
        assert [a.skill[:7] for a in result.steps[0].attempts] == ["count-b"]
        assert result.steps[0].attempts[0].experiences


def test_the_command_lists_the_votes(
    library: Library, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    happened(settings, *RETRIED)
    monkeypatch.setattr(
        Options,
        "open_library",
        lambda options: Library(settings.library, embedder=HashEmbedder(), builtin=False),
    )
    monkeypatch.setenv("SKILLWEAVE_STATE_DIR", str(settings.state_dir))
    done = CliRunner().invoke(app, ["skills", "distil", "--dry-run"])
    assert done.exit_code == 0, done.output
    assert "+3 votes  “count the stars of” is not for count-item" in done.output
    assert "3 runs; 1 add" in done.output
    assert states(library) == {}


def test_runs_are_distilled_on_the_way(
    library: Library, sandbox: Sandbox, settings: Settings
) -> None:
    happened(settings, *RETRIED)
    often = settings.model_copy(update={"distil_every": 2})
    model = ScriptedModel([Planned(say="hello").model_dump_json()] * 2)
    with Agent(library, model, often, profile=ScriptedProfile(), sandbox=sandbox) as agent:
        agent.run("hi")
        assert not any(name.startswith("insight") for name in states(library))
        agent.run("hi")
        assert any(name.startswith("insight") for name in states(library))
