"""Practice with a scripted planner: proposals, the judge, the curriculum, and what is kept and taught."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from skillweave.agent.api import Agent
from skillweave.agent.cli import start
from skillweave.agent.cli.app import app
from skillweave.agent.deps import Deps
from skillweave.agent.growth.practise_course import Attempted, Course, expected_success, weight
from skillweave.agent.growth.practise_tasks import Proposer, in_words, texts_of
from skillweave.agent.handle import Answer
from skillweave.agent.plan import Literal, Plan, Ref, Step
from skillweave.agent.profiles.base import Planned, Prompt
from skillweave.agent.profiles.scripted import ScriptedProfile
from skillweave.agent.scripted import ScriptedModel
from skillweave.agent.settings import Settings
from skillweave.agent.state import State
from skillweave.skills.drop import WrappedSkill
from skillweave.skills.errors import UserError
from skillweave.skills.folder import TOOL_FILE
from skillweave.skills.model import Case, Skill
from skillweave.skills.sandbox import Sandbox
from skillweave.skills.signature import signature_of
from skillweave.store import HashEmbedder, Library

REVERSE = 'def reverse(text: str) -> str:\n    """Turn a text around."""\n    return text[::-1]\n'
LENGTH = 'def length(text: str) -> int:\n    """Measure a text."""\n    return len(text)\n'
OPENING = (
    'def opening(text: str) -> str:\n    """Take the capitals that a text begins with."""\n'
    "    return text[:3].upper()\n"
)
WORDS = ("amber road", "blue", "cedar tree", "dune grass", "elm")


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox.open(workers=1) as opened:
        yield opened


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    with Library(tmp_path / "library", embedder=HashEmbedder(), builtin=False) as opened:
        reverse = tuple(Case(arguments={"text": w}, expected=w[::-1]) for w in WORDS)
        length = tuple(Case(arguments={"text": w}, expected=len(w)) for w in WORDS)
        opening = tuple(Case(arguments={"text": w}, expected=w[:3].upper()) for w in WORDS)
        for name, source, request, cases in (
            ("opening", OPENING, "open up the text", opening),
            ("reverse", REVERSE, "turn around the text", reverse),
            ("length", LENGTH, "measure the text", length),
        ):
            told = source.split('"""')[1]
            skill = Skill(name=name, description=told, kind="tool", requests=(request,),
                          cases=cases, metadata={"skillweave-function": name},
                          signature=signature_of(source, name))  # fmt: skip
            files = {TOOL_FILE: source.encode()}
            opened.add(WrappedSkill(skill=skill, files=files, source=Path(name)), state="active")
        yield opened


@pytest.fixture(autouse=True)
def nothing_is_called(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is not planned fails, so that there is something to practise."""

    async def called(state: State, deps: Deps, read: object) -> None:
        return None

    monkeypatch.setattr("skillweave.agent.nodes.plan.called", called)


def planner(prompt: Prompt, adapter: str | None) -> str | Answer:
    """Plans as templates are worded; ``measure`` is worded in a way the library does not know."""
    request = prompt.messages[-1].content.removeprefix("plan: ")
    quoted = re.search(r"'(.*)'", request)
    if quoted is None:
        return Planned(beyond=True).model_dump_json()
    verbs = [part.split("the ")[0].strip().lower() for part in request.split(", then ")]
    steps = [
        Step(
            id=n,
            goal="gauge how far {} goes" if verb == "measure" else f"{verb} the text {{}}",
            inputs=(Ref(step=n - 1) if n > 1 else Literal(text=quoted[1]),),
        )
        for n, verb in enumerate(verbs, 1)
    ]
    return Planned(plan=Plan(steps=tuple(steps))).model_dump_json()


def agent_of(library: Library, sandbox: Sandbox, tmp_path: Path) -> Agent:
    settings = Settings(library=library.root, state_dir=tmp_path / "state", min_match=0.6)
    model = ScriptedModel(planner)
    return Agent(library, model, settings, profile=ScriptedProfile(), sandbox=sandbox)


def test_tasks_come_with_the_value_of_their_program(library: Library, sandbox: Sandbox) -> None:
    proposer = Proposer(library, sandbox)
    families = proposer.families(random.Random(0), 8)
    assert "reverse>length" in families
    assert "length>reverse" not in families  # a number is no text
    found = proposer.propose("reverse>length", random.Random(1))
    assert found is not None
    assert re.fullmatch(
        r"Turn around the text '.*', then measure the text the result\.", found.request
    )
    assert found.expected == len(str(found.calls[0].value))
    assert proposer.propose("nothing>length", random.Random(1)) is None


def test_documents_give_values(library: Library, sandbox: Sandbox, tmp_path: Path) -> None:
    file = tmp_path / "notes.md"
    file.write_text("# Harbour\n\nThe ferry leaves at noon. Don't be late!\n")
    texts = texts_of([file])
    assert texts == ["Harbour", "The ferry leaves at noon."]
    proposer = Proposer(library, sandbox, texts)
    made = [proposer.propose("reverse", random.Random(n)) for n in range(12)]
    from_file = [one for one in made if one is not None and one.source == "document"]
    assert from_file
    assert all(one.calls[0].arguments["text"] in texts for one in from_file)
    with pytest.raises(UserError, match="practise reads"):
        texts_of([tmp_path / "image.png"])
    assert in_words(["add"], [[1, 2], 3]) == "Add 1, 2 and 3."


def attempted(family: str, *, right: bool) -> Attempted:
    return Attempted(at="now", family=family, source="library", request="r", outcome="solved",
                     right=right)  # fmt: skip


def test_the_course_turns_to_the_edge_and_survives_a_kill(tmp_path: Path) -> None:
    course = Course(tmp_path / "practise.jsonl")
    for _ in range(8):
        course.add(attempted("known", right=True))
        course.add(attempted("hopeless", right=False))
    for right in (False, False, False, True, True, True):
        course.add(attempted("moving", right=right))
    known = course.by_family()
    assert weight("moving", known) > weight("new", known) > weight("known", known)
    assert weight("known", known) == pytest.approx(weight("hopeless", known))
    # a pair of which one part never works is out of reach before it was tried
    assert expected_success("known>hopeless", known) < 0.1 < expected_success("known", known)
    chosen = [course.choose(list(known), random.Random(n)) for n in range(60)]
    assert chosen.count("moving") > 40
    with (tmp_path / "practise.jsonl").open("a") as file:
        file.write('{"at": "cut o')
    again = Course(tmp_path / "practise.jsonl")
    again.add(attempted("late", right=True))
    assert len(Course(tmp_path / "practise.jsonl").attempts) == len(course.attempts) + 1


def test_practice_keeps_what_is_right_and_teaches_what_was_not_found(
    library: Library, sandbox: Sandbox, tmp_path: Path
) -> None:
    heard: list[Attempted] = []
    with agent_of(library, sandbox, tmp_path) as agent:
        found = agent.grow.practise(600, tasks=10, on_attempt=heard.append)
    assert found.attempts == len(heard) == 10
    assert "length" in found.taught  # “gauge how far … goes” found nothing at first
    taught = next(n for n, one in enumerate(heard) if one.taught)
    assert not heard[taught].right
    assert all(one.right for one in heard[taught + 1 :]), [one.why for one in heard]
    told = [(one.family, one.right, one.why, one.seconds) for one in heard]
    kept = [library.get(name) for name in found.kept]
    assert {skill.metadata["skillweave-practised"] for skill in kept} & {
        "reverse>opening",
        "opening>reverse",
    }, told
    assert library.entry(kept[0].name).state == "probation"
    assert not library.check()


def test_practice_goes_on_where_it_was_stopped(
    library: Library, sandbox: Sandbox, tmp_path: Path
) -> None:
    class StopError(Exception):
        """Stands for Ctrl-C between two attempts."""

    heard: list[Attempted] = []

    def stop(one: Attempted) -> None:
        heard.append(one)
        if len(heard) == 2:
            raise StopError

    with agent_of(library, sandbox, tmp_path) as agent:
        with pytest.raises(StopError):
            agent.grow.practise(600, tasks=3, on_attempt=stop)
        found = agent.grow.practise(600, tasks=1, on_attempt=heard.append)
    assert (found.before, found.attempts) == (2, 1)
    assert len({one.request for one in heard}) == 3  # nothing is repeated


def test_failures_are_tried_again(library: Library, sandbox: Sandbox, tmp_path: Path) -> None:
    heard: list[Attempted] = []
    with agent_of(library, sandbox, tmp_path) as agent:
        assert agent.run("measure the text 'abc'").outcome == "declined"
        agent.grow.practise(600, tasks=3, on_attempt=heard.append)
    again = [one for one in heard if one.source == "failure"]
    assert [one.request for one in again] == ["measure the text 'abc'"]


def test_the_command(
    library: Library, sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    agent = agent_of(library, sandbox, tmp_path)
    monkeypatch.setattr(start, "open_agent", lambda options, console: agent)
    done = CliRunner().invoke(app, ["practise", "--budget", "10m", "--tasks", "2"])
    assert done.exit_code == 0, done.output
    assert re.search(r"\d of 2 right in \d+ s", done.output)
    assert CliRunner().invoke(app, ["practise", "--budget", "soon"]).exit_code == 2
