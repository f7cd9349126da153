"""Tools trained on tasks: added, revised, removed, taken back; repaired when their success drops."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from skillweave.agent.api import Agent
from skillweave.agent.cli.app import app
from skillweave.agent.cli.options import Options
from skillweave.agent.growth.desk import Desk
from skillweave.agent.growth.revise_moves import Record
from skillweave.agent.growth.revise_repair import dropped
from skillweave.agent.growth.revise_score import answers, read_tasks
from skillweave.agent.growth.verdict import Task
from skillweave.agent.scripted import ScriptedModel
from skillweave.agent.settings import Settings
from skillweave.skills.drop import WrappedSkill
from skillweave.skills.errors import SkillFormatError, UserError
from skillweave.skills.folder import TOOL_FILE
from skillweave.skills.model import Case, Skill
from skillweave.skills.sandbox import Sandbox
from skillweave.skills.signature import signature_of
from skillweave.store import HashEmbedder, Library

REVERSE = 'def reverse(text: str) -> str:\n    """Turn a text around."""\n    return text[::-1]\n'
CAPITALS = (
    'def capitals(text: str) -> str:\n    """Write in capitals."""\n    return text.upper()\n'
)
BAD = CAPITALS.replace("text.upper()", "text.title()")
WORDS = ("amber", "blue sea", "cedar", "dune", "elm tree", "fern", "gold", "hill", "iris")


def tool(source: str, *requests: str, cases: tuple[Case, ...] = ()) -> WrappedSkill:
    name = source.partition("def ")[2].partition("(")[0]
    skill = Skill(name=name, description=source.split('"""')[1], kind="tool", requests=requests,
                  cases=cases, metadata={"skillweave-function": name},
                  signature=signature_of(source, name))  # fmt: skip
    return WrappedSkill(skill=skill, files={TOOL_FILE: source.encode()}, source=Path(name))


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox.open(workers=1) as opened:
        yield opened


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    with Library(tmp_path / "library", embedder=HashEmbedder(), builtin=False) as opened:
        opened.add(tool(REVERSE, "turn the text around"), state="active")
        opened.add(tool(CAPITALS, "write it in capitals"), state="active")
        yield opened


def agent_of(library: Library, sandbox: Sandbox, tmp_path: Path, *said: str) -> Agent:
    settings = Settings(library=library.root, state_dir=tmp_path / "state")
    model = ScriptedModel(said, profile_name="chat" if said else "nano")
    return Agent(library, model, settings, sandbox=sandbox)


def tasks(request: str, wanted: dict[str, str]) -> list[Task]:
    return [Task(request=request, arguments={"text": t}, expected=w) for t, w in wanted.items()]


MIRRORED = tasks("mirror it loudly", {word: word.upper()[::-1] for word in WORDS})
SHOUTED = tasks("write it in capitals", {word: word.upper() for word in WORDS})


def test_a_tool_that_is_missing_is_added(
    library: Library, sandbox: Sandbox, tmp_path: Path
) -> None:
    with agent_of(library, sandbox, tmp_path) as agent:
        found = agent.grow.revise(MIRRORED)
    assert (found.before, found.after, found.training) == (0, 6, 6)
    assert (found.held_before, found.held_after, found.held_back) == (0, 3, 3)
    kept = [step for step in found.steps if step.outcome == "kept"]
    assert [step.move.kind for step in kept] == ["add"]
    assert library.entry(kept[0].move.skill).state == "probation"
    assert Record(library).recover() is None


def test_a_wrong_version_goes_back_to_the_right_one(
    library: Library, sandbox: Sandbox, tmp_path: Path
) -> None:
    right = library.get("capitals").digest
    library.add(tool(BAD, "write it in capitals"), state="active")
    with agent_of(library, sandbox, tmp_path) as agent:
        found = agent.grow.revise(SHOUTED)
    assert (found.before, found.after) == (0, 6)
    assert (found.steps[0].move.kind, found.steps[0].outcome) == ("revise", "kept")
    assert library.get("capitals").digest == right


def test_a_tool_in_the_way_is_removed(library: Library, sandbox: Sandbox, tmp_path: Path) -> None:
    shadow = BAD.replace("capitals(", "loud(")
    library.add(tool(shadow, "write it in big capitals"), state="active")
    loud = tasks("write it in big capitals", {word: word.upper() for word in WORDS})
    with agent_of(library, sandbox, tmp_path) as agent:
        found = agent.grow.revise(loud)
    assert found.after == 6
    assert library.entry("loud").state == "archived"


def test_what_does_not_help_is_taken_back_and_it_ends_early(
    library: Library, sandbox: Sandbox, tmp_path: Path
) -> None:
    library.add(tool(BAD, "write it in capitals"), state="active")
    before = {e.skill.name: (e.state, e.skill.digest) for e in library.entries()}
    hopeless = tasks("write it in capitals", {word: f"{word}!{n}" for n, word in enumerate(WORDS)})
    with agent_of(library, sandbox, tmp_path) as agent:
        found = agent.grow.revise(hopeless, epochs=5)
    assert found.epochs == 1
    assert {step.outcome for step in found.steps} == {"taken back", "refused"}
    assert {e.skill.name: (e.state, e.skill.digest) for e in library.entries()} == before


class KilledError(Exception):
    """Stands for the end of the process."""


def test_a_kill_in_the_middle_is_taken_back(
    library: Library, sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    library.add(tool(BAD, "write it in capitals"), state="active")
    bad = library.get("capitals").digest

    def killed(*given: object) -> object:
        if library.get("capitals").digest != bad:
            raise KilledError
        return answers(*given)  # type: ignore[arg-type]

    with agent_of(library, sandbox, tmp_path) as agent:
        with monkeypatch.context() as patch:
            patch.setattr("skillweave.agent.growth.revise.answers", killed)
            with pytest.raises(KilledError):
                agent.grow.revise(SHOUTED)
        assert library.get("capitals").digest != bad  # changed, and not decided
        found = agent.grow.revise(SHOUTED)
    assert found.recovered == "revise capitals"
    assert (found.before, found.after) == (0, 6)
    assert not library.check()


def test_too_few_tasks_and_no_tasks_are_told(
    library: Library, sandbox: Sandbox, tmp_path: Path
) -> None:
    with (
        agent_of(library, sandbox, tmp_path) as agent,
        pytest.raises(UserError, match="at least 6"),
    ):
        agent.grow.revise(SHOUTED[:5])
    file = tmp_path / "tasks.jsonl"
    file.write_text('{"request": "x", "arguments": {}, "expected": 1}\n{"request": 3}\n')
    with pytest.raises(SkillFormatError, match=r"tasks.jsonl:2: this is no task"):
        read_tasks(file)


HELD = tuple(Case(arguments={"text": word}, expected=word.upper()) for word in WORDS[:4])


def failing(library: Library) -> None:
    """A new version of ``capitals`` that fails more and more."""
    for _ in range(8):
        library.record("capitals", "succeeded")
    library.add(tool(BAD, "write it in capitals", cases=HELD), state="active")
    for _ in range(5):
        library.record("capitals", "failed")


def test_a_drop_is_seen_and_an_earlier_version_comes_back(
    library: Library, sandbox: Sandbox, tmp_path: Path
) -> None:
    right = library.get("capitals").digest
    assert dropped(library) == []
    failing(library)
    assert [(d.skill, d.before) for d in dropped(library)] == [("capitals", 1.0)]
    with agent_of(library, sandbox, tmp_path) as agent:
        with pytest.raises(UserError, match="nothing to repair"):
            agent.grow.repair("reverse")
        repairs = agent.grow.repair()
    assert [one.how for one in repairs] == ["version 1"]
    assert library.get("capitals").digest == right


def test_a_model_rewrites_what_no_version_mends(
    library: Library, sandbox: Sandbox, tmp_path: Path
) -> None:
    broken = CAPITALS.replace("capitals(", "loudly(").replace("text.upper()", "text.title() + '!'")
    held = tuple(Case(arguments=c.arguments, expected=f"{c.expected}!") for c in HELD)
    library.add(tool(broken, "say it loudly", cases=held), state="active")
    for _ in range(5):
        library.record("loudly", "failed")
    mended = f"```python\n{broken.replace('text.title()', 'text.upper()')}```"
    with agent_of(library, sandbox, tmp_path) as agent:
        nothing = agent.grow.repair("loudly")
    assert nothing[0].how == ""
    with agent_of(library, sandbox, tmp_path, mended) as agent:
        repairs = agent.grow.repair("loudly")
    assert [one.how for one in repairs] == ["rewritten"], repairs
    waiting = Desk(library).find("loudly")
    assert waiting.verdict.author == "write"
    assert library.get("loudly").digest != waiting.skill.digest  # until a person approves
    Desk(library).approve("loudly", waiting.skill.digest)
    assert library.get("loudly").digest == waiting.skill.digest


def test_the_commands(library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def again(options: Options) -> Library:
        return Library(library.root, embedder=HashEmbedder(), builtin=False)

    monkeypatch.setattr(Options, "open_library", again)
    monkeypatch.setenv("SKILLWEAVE_STATE_DIR", str(tmp_path / "state"))
    file = tmp_path / "tasks.jsonl"
    file.write_text("\n".join(json.dumps(task.model_dump()) for task in SHOUTED) + "\n")
    done = CliRunner().invoke(app, ["skills", "revise", str(file)])
    assert done.exit_code == 0, done.output
    assert "training: 6 -> 6 of 6; kept back: 3 -> 3 of 3; 0 epochs" in done.output
    failing(library)
    done = CliRunner().invoke(app, ["skills", "repair"])
    assert done.exit_code == 0, done.output
    assert "capitals fell from 100% to " in done.output
    assert "; version 1" in done.output
