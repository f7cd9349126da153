"""``teach``, ``/teach`` and ``skills promote``: what is asked for, what is said; nothing is trained."""

from __future__ import annotations

import json
from collections.abc import Callable
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console
from typer.testing import CliRunner

from skillweave.agent.api import Agent
from skillweave.agent.cli.app import app
from skillweave.agent.cli.chat_session import Session
from skillweave.agent.growth import teach_job
from skillweave.agent.growth.teach import Lesson, Limits, OnProgress, Progress
from skillweave.agent.growth.teach_skill import Taught
from skillweave.agent.growth.verdict import Verdict
from skillweave.agent.scripted import ScriptedModel
from skillweave.agent.settings import Settings
from skillweave.skills.errors import UserError
from skillweave.skills.model import Skill
from skillweave.store import HashEmbedder, Library

SKILL = Skill(name="tone", description="Tell the tone.", kind="adapter", digest="ab" * 32)
ASKED: list[tuple[Lesson, Path, str, Limits | None]] = []


class Scripted:
    """A teaching that ends at once."""

    def __init__(
        self,
        lesson: Lesson,
        library: Path,
        model: str,
        *,
        limits: Limits | None = None,
        on_progress: OnProgress | None = None,
        on_end: Callable[[Scripted], None] | None = None,
    ) -> None:
        ASKED.append((lesson, library, model, limits))
        if on_progress is not None:
            on_progress(Progress(phase="training", step=20, steps=400, right=3, valid=9))
        if on_end is not None:
            on_end(self)

    def result(self, timeout: float | None = None) -> Taught:
        if ASKED[-1][0].name == "hopeless":
            raise UserError("hopeless was not admitted: 2 of 16 held-out examples come out right")
        verdict = Verdict(
            skill="tone", digest=SKILL.digest, author="teach", decision="probation", reason="fine"
        )
        return Taught(
            skill=SKILL, verdict=verdict, right=15, held=16, base_right=0, start="none", step=80,
            steps=120, seconds=31.2,
        )  # fmt: skip


@pytest.fixture(autouse=True)
def scripted(monkeypatch: pytest.MonkeyPatch) -> None:
    ASKED.clear()
    monkeypatch.setattr(teach_job, "Teaching", Scripted)


@pytest.fixture
def examples(tmp_path: Path) -> Path:
    path = tmp_path / "examples.jsonl"
    lines = [json.dumps({"input": f"text {n}", "expected": n % 2}) for n in range(20)]
    path.write_text("\n".join(lines))
    return path


def test_the_command_says_what_was_learned(examples: Path, tmp_path: Path) -> None:
    asked = ["teach", "tone", str(examples), "--does", "Tell the tone.", "-r", "which tone"]
    asked += ["--from", "nearest", "--steps", "50", "--library", str(tmp_path / "library")]
    result = CliRunner().invoke(app, asked)
    assert result.exit_code == 0, result.output
    assert result.stdout == "+ tone@abababababab (adapter), on probation\n"
    assert "15 of 16 examples it never saw come out right (0 before); 120 steps in 31 s" in (
        result.stderr
    )
    ((lesson, library, model, limits),) = ASKED
    assert (lesson.name, len(lesson.examples), lesson.start) == ("tone", 20, "nearest")
    assert (lesson.description, lesson.requests) == ("Tell the tone.", ("which tone",))
    assert (library, model) == (tmp_path / "library", "nano")
    assert limits is not None
    assert limits.steps == 50


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ('{"input": "x"}', "examples.jsonl:21: a case needs 'expected'"),
        ('{"input": "text 1", "expected": 7}', "example 21 contradicts an earlier one"),
    ],
)
def test_a_bad_line_is_named(examples: Path, line: str, reason: str) -> None:
    examples.write_text(examples.read_text() + "\n" + line)
    result = CliRunner().invoke(app, ["teach", "tone", str(examples)])
    assert result.exit_code == 2
    assert reason in result.stderr.replace("\n", "")
    assert not ASKED


@pytest.fixture
def session(tmp_path: Path) -> Session:
    settings = Settings(library=tmp_path / "library", state_dir=tmp_path / "state")
    library = Library(settings.library, embedder=HashEmbedder(), builtin=False)
    agent = Agent(library, ScriptedModel(()), settings)
    return Session(agent, Console(file=StringIO(), width=200), settings.state_dir)


@pytest.mark.parametrize("terminal", [False, True])
def test_the_chat_teaches_beside_the_conversation(
    session: Session, examples: Path, terminal: bool
) -> None:
    session.console = Console(file=StringIO(), width=200, force_terminal=terminal, no_color=True)
    session.turn(f"/teach tone {examples} Tell the tone.")
    session.turn(f"/teach hopeless {examples}")
    said = session.console.file.getvalue()  # type: ignore[attr-defined]
    assert "+ tone@abababababab (adapter), on probation" in said
    assert "error: hopeless was not admitted: 2 of 16 held-out examples" in said
    assert ("tone is being taught" in said) == terminal
    assert [lesson.name for lesson, *_ in ASKED] == ["tone", "hopeless"]
    session.turn("/teach tone")
    assert "say how it is to be called" in session.console.file.getvalue()  # type: ignore[attr-defined]
    session.agent.library.close()


@pytest.mark.usefixtures("few_builtin")
def test_promote_wants_a_text_that_is_there(tmp_path: Path, examples: Path) -> None:
    asked = ["skills", "promote", "nothing", "--cases", str(examples)]
    result = CliRunner().invoke(app, [*asked, "--library", str(tmp_path / "library")])
    assert result.exit_code == 2
    assert "nothing" in result.stderr
