"""``skills find-by-example``, ``skills mine`` and ``/search`` on a real library; no model is asked."""

from __future__ import annotations

import json
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console
from typer.testing import CliRunner

from skillweave.agent.api import Agent
from skillweave.agent.cli.chat_session import Session
from skillweave.agent.cli.options import Options
from skillweave.agent.cli.searching import app, search_in_chat
from skillweave.agent.growth.wiring import NotCompiledError
from skillweave.agent.plan import Literal, Plan, Ref, Step
from skillweave.agent.result import Attempt, Finished, Result, StepReport, Verdict
from skillweave.agent.scripted import ScriptedModel
from skillweave.agent.settings import Settings
from skillweave.agent.trace import Trace, trace_file
from skillweave.skills.errors import UserError
from skillweave.store import HashEmbedder, Library

TOOLS = '''
def reverse(text: str) -> str:
    """Reverse a text."""
    return text[::-1]


def shout(text: str) -> str:
    """Put a text in capitals."""
    return text.upper()
'''
TEXTS = ("red", "green", "blue", "amber", "olive", "teal")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(library=tmp_path / "library", state_dir=tmp_path / "state")


@pytest.fixture(autouse=True)
def library(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, settings: Settings
) -> Iterator[Library]:
    source = tmp_path / "tools.py"
    source.write_text(TOOLS)
    with Library(settings.library, embedder=HashEmbedder(), builtin=False) as opened:
        opened.add_all(source)

        def again(options: Options) -> Library:
            return Library(settings.library, embedder=HashEmbedder(), builtin=False)

        monkeypatch.setattr(Options, "open_library", again)
        monkeypatch.setenv("SKILLWEAVE_STATE_DIR", str(settings.state_dir))
        yield opened


@pytest.fixture
def examples(tmp_path: Path) -> Path:
    return written(tmp_path, [text.upper()[::-1] for text in TEXTS])


def written(folder: Path, outputs: list[str]) -> Path:
    path = folder / "examples.jsonl"
    lines = [
        json.dumps({"arguments": {"text": text}, "expected": output})
        for text, output in zip(TEXTS, outputs, strict=True)
    ]
    path.write_text("\n".join(lines) + "\n")
    return path


def test_a_skill_is_found_and_added(examples: Path, library: Library, settings: Settings) -> None:
    asked = ["find-by-example", str(examples), "--name", "mirrored", "-r", "shout it backwards"]
    result = CliRunner().invoke(app, asked)
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith("+ mirrored@")
    assert result.stdout.endswith(": reverse(text=shout(text=text))\n") or result.stdout.endswith(
        ": shout(text=reverse(text=text))\n"
    )
    assert "0 programs refused that fitted by chance" in result.stderr
    library.sync()
    skill = library.get("mirrored")
    assert skill.description == "Shout it backwards."
    assert skill.requests == ("shout it backwards",)
    assert library.entry("mirrored").state == "probation"
    (trace,) = (settings.state_dir / "searches").glob("*.jsonl")
    record = json.loads(trace.read_text())
    assert record["outcome"]["stopped"] == "found"
    assert record["outcome"]["nodes"] > 0


def test_nothing_found_is_said_with_its_own_exit_code(tmp_path: Path, library: Library) -> None:
    path = written(tmp_path, ["1", "2", "3", "4", "5", "6"])
    asked = ["find-by-example", str(path), "--name", "mirrored", "--steps", "2"]
    result = CliRunner().invoke(app, asked)
    assert result.exit_code == 3
    assert "no program of the tools in the library fits the examples" in result.stderr
    library.sync()
    assert [skill.name for skill in library.list()] == ["reverse", "shout"]


def test_what_one_tool_does_is_no_new_skill(tmp_path: Path, library: Library) -> None:
    path = written(tmp_path, [text.upper() for text in TEXTS])
    result = CliRunner().invoke(app, ["find-by-example", str(path), "--name", "capitals"])
    assert isinstance(result.exception, NotCompiledError)
    assert str(result.exception) == "there is a tool that does this: shout(text=text)"
    library.sync()
    assert [skill.name for skill in library.list()] == ["reverse", "shout"]


def test_the_chat_searches_in_its_own_library(
    examples: Path, library: Library, settings: Settings
) -> None:
    console = Console(file=StringIO(), width=100)
    with Agent(library, ScriptedModel(()), settings) as agent:
        session = Session(agent, console, settings.state_dir)
        search_in_chat(session, f"mirrored {examples} shout it backwards")
        assert library.get("mirrored").description == "Shout it backwards."
        assert f"+ {library.get('mirrored').versioned_name}" in console.file.getvalue()  # type: ignore[attr-defined]
        for argument, reason in (
            ("mirrored", "where the examples are"),
            ("other nowhere.jsonl", "no file nowhere.jsonl"),
            (f"Other! {examples}", "cannot be the name"),
            (f"shout {examples}", "another skill named shout"),
        ):
            with pytest.raises(UserError, match=reason):
                search_in_chat(session, argument)


def test_what_recurs_in_the_runs_is_listed_and_added(library: Library, settings: Settings) -> None:
    reverse, shout = library.get("reverse").versioned_name, library.get("shout").versioned_name
    for text in TEXTS[:3]:
        with Trace(trace_file(settings.state_dir, text)) as trace:
            trace.event(Finished(result=mirrored(text, reverse, shout)))
    result = CliRunner().invoke(app, ["mine"])
    assert result.exit_code == 0, result.output
    assert result.stdout == "3 runs  shout-then-reverse: reverse(text=shout(text=text))\n"
    assert "1 fragments recur in 3 runs" in result.stderr
    library.sync()
    assert len(library.list()) == 2
    result = CliRunner().invoke(app, ["mine", "--add"])
    assert "+ shout-then-reverse@" in result.stdout
    library.sync()
    assert library.entry("shout-then-reverse").state == "candidate"


def mirrored(text: str, reverse: str, shout: str) -> Result:
    steps = (
        Step(id=1, goal="shout {}", inputs=(Literal(text=text),)),
        Step(id=2, goal="reverse {}", inputs=(Ref(step=1),)),
    )
    values = (text.upper(), text.upper()[::-1])
    reports = tuple(
        StepReport(
            id=number,
            goal="",
            value=value,
            ok=True,
            attempts=(
                Attempt(
                    skill=skill,
                    kind="tool",
                    arguments={"text": argument},
                    value=value,
                    verdict=Verdict(ok=True, method="cases"),
                ),
            ),
        )
        for number, skill, argument, value in (
            (1, shout, text, values[0]),
            (2, reverse, values[0], values[1]),
        )
    )
    return Result(
        run=text, task=text, outcome="solved", answer="", plan=Plan(steps=steps), steps=reports
    )
