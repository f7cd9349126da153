"""The command line on a real library and a real agent; only the model follows a script."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from rich.console import Console
from typer.testing import CliRunner

from skillweave.agent.api import Agent
from skillweave.agent.cli import start
from skillweave.agent.cli.app import app
from skillweave.agent.cli.options import Options
from skillweave.agent.profiles.scripted import ScriptedProfile
from skillweave.agent.scripted import ScriptedModel
from skillweave.store import HashEmbedder, Library

TOOL = '''
def count_words(text: str) -> int:
    """Count the words of a text.

    >>> count_words("to be or not")
    4
    """
    return len(text.split())


def multiply(first: int, second: int) -> int:
    """Multiply two numbers.

    >>> multiply(4, 7)
    28
    """
    return first * second
'''

PLAN = {
    "steps": [
        {"id": 1, "goal": "count the words of a text {}", "inputs": [{"text": "to be or not"}]},
        {"id": 2, "goal": "multiply two numbers {} {}", "inputs": [{"step": 1}, {"text": "7"}]},
    ]
}


@pytest.fixture
def tools(tmp_path: Path) -> Path:
    path = tmp_path / "tools.py"
    path.write_text(TOOL)
    return path


@pytest.fixture(autouse=True)
def small_library(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    root = tmp_path / "library"

    def opened(options: Options) -> Library:
        return Library(root, embedder=HashEmbedder(), builtin=False)

    monkeypatch.setattr(Options, "open_library", opened)
    monkeypatch.setenv("SKILLWEAVE_STATE_DIR", str(tmp_path / "state"))
    return root


@pytest.fixture
def scripted(monkeypatch: pytest.MonkeyPatch) -> None:
    @contextmanager
    def opened(options: Options, console: Console) -> Iterator[Agent]:
        answers = [json.dumps({"plan": PLAN})] * 3
        with (
            options.open_library() as library,
            Agent(
                library,
                ScriptedModel(answers),
                options.settings(),
                profile=ScriptedProfile(),
            ) as agent,
        ):
            yield agent

    monkeypatch.setattr(start, "open_agent", opened)


def run(*arguments: str, input: str | None = None) -> str:
    outcome = CliRunner().invoke(app, list(arguments), input=input)
    assert outcome.exit_code == 0, outcome.output
    return outcome.stdout


def refused(*arguments: str) -> str:
    outcome = CliRunner().invoke(app, list(arguments))
    assert outcome.exit_code == 2, outcome.output
    (line,) = outcome.stderr.splitlines()
    return line


def test_a_tool_that_breaks_its_own_cases_is_not_added(tools: Path) -> None:
    tools.write_text(TOOL.replace("    28", "    27"))
    line = refused("skills", "add", str(tools))
    assert line.startswith("error: multiply: case 1: ")
    assert json.loads(run("skills", "list", "--json")) == []


def test_a_tool_without_cases_is_on_probation(tools: Path) -> None:
    tools.write_text('def twice(text: str) -> str:\n    """Say it twice."""\n    return text * 2\n')
    run("skills", "add", str(tools))
    (listed,) = json.loads(run("skills", "list", "--json"))
    assert listed["state"] == "probation"


def test_the_life_of_a_skill(tools: Path) -> None:
    assert [line.partition("@")[0] for line in run("skills", "add", str(tools)).splitlines()] == [
        "+ count-words",
        "+ multiply",
    ]
    listed = json.loads(run("skills", "list", "--json", "--kind", "tool"))
    assert [(one["name"], one["state"]) for one in listed] == [
        ("count-words", "active"),
        ("multiply", "active"),
    ]
    assert "Count the words of a text." in run("skills", "list")
    assert json.loads(run("skills", "list", "--json", "--state", "archived")) == []
    run("skills", "pin", "multiply")
    assert refused("skills", "archive", "multiply").startswith("error: multiply is pinned")
    run("skills", "unpin", "multiply")
    run("skills", "archive", "multiply")
    assert [one["name"] for one in json.loads(run("skills", "search", "multiply", "--json"))] != [
        "multiply"
    ]
    run("skills", "restore", "multiply")
    assert json.loads(run("skills", "search", "multiply", "--json"))[0]["name"] == "multiply"
    history = run("skills", "history", "multiply")
    assert [line.split("  ")[1] for line in history.splitlines()] == [
        "verdict",
        "added",
        "pinned",
        "unpinned",
        "state",
        "state",
    ]


def test_a_skill_is_shown(tools: Path) -> None:
    run("skills", "add", str(tools))
    shown = run("skills", "show", "count-words")
    assert "count_words(text: string)" in shown
    assert json.loads(run("skills", "show", "count-words", "--json"))["kind"] == "tool"
    assert refused("skills", "show", "nope").startswith("error: no skill 'nope'")


def test_a_search_is_explained(tools: Path) -> None:
    run("skills", "add", str(tools))
    explained = run("skills", "search", "count", "the", "words", "--explain", "-k", "1")
    heads, row = explained.splitlines()[:2]
    assert heads.split() == ["score", "name", "kind", "dense", "lexical", "agreement", "view"]
    assert row.split()[3].startswith("+0.")
    assert "0 for all: prior, boundary, stale, learned" in explained


def test_the_library_is_examined_and_its_ranking_trained(tools: Path) -> None:
    run("skills", "add", str(tools))
    assert run("library", "doctor") == "no ailment found\n"
    assert run("library", "tune") == "0 requests of 0 skills\ntoo few to train on\n"
    told = "Multiply two numbers that are given, and return what comes out of this."
    text = TOOL.replace("Multiply two numbers.", told)
    for name in ("multiply", "product"):
        tools.write_text(text.replace("multiply", name))
        run("skills", "add", str(tools))
    found = json.loads(_examined("--json"))
    assert [one["ailment"] for one in found] == ["near-duplicate"]
    assert "skillweave skills archive" in _examined()


def _examined(*options: str) -> str:
    result = CliRunner().invoke(app, ["library", "doctor", *options])
    assert result.exit_code == 2
    return result.stdout


def test_versions_are_compared_and_brought_back(tools: Path, tmp_path: Path) -> None:
    run("skills", "add", str(tools))
    tools.write_text(TOOL.replace("Multiply two", "Give the product of two"))
    run("skills", "add", str(tools))
    lines = run("skills", "versions", "multiply").splitlines()
    assert [line.split()[0] for line in lines] == ["1", "2"]
    assert lines[1].endswith("current")
    patch = run("skills", "diff", "multiply", "--from", "1", "--to", "2").splitlines()
    assert patch[:2] == ["--- a/SKILL.md", "+++ b/SKILL.md"]
    assert "-description: Multiply two numbers." in patch
    assert run("skills", "diff", "multiply").splitlines() == patch
    assert run("skills", "rollback", "multiply", "1").startswith("multiply is multiply@")
    assert json.loads(run("skills", "show", "multiply", "--json"))["description"].startswith("Mul")
    assert len(json.loads(run("skills", "versions", "multiply", "--json"))) == 3
    assert refused("skills", "rollback", "multiply", "9").endswith("there are 1 to 3")
    out = tmp_path / "out"
    assert run("skills", "export", "multiply", str(out)) == f"{out / 'multiply'}\n"
    assert (out / "multiply" / "scripts" / "tool.py").read_text() == TOOL
    assert "is there already" in refused("skills", "export", "multiply", str(out))


def test_a_bad_file_is_one_line(tmp_path: Path) -> None:
    bad = tmp_path / "bad.py"
    bad.write_text("def broken(:\n")
    assert f"{bad}:1: " in refused("skills", "add", str(bad))


def test_the_index_is_rebuilt_and_checked(tools: Path) -> None:
    run("skills", "add", str(tools))
    assert run("library", "rebuild").startswith("2 skills, ")
    assert run("library", "check") == "no problem found\n"


@pytest.mark.usefixtures("scripted")
def test_a_task_is_done_and_learned_from(tools: Path) -> None:
    run("skills", "add", str(tools))
    first = run("run", "the words of 'to be or not' times 7", "--trace").splitlines()
    assert first[0] == "28"
    assert first[1].startswith("verified: ")
    assert first[2] == "skills: count-words -> multiply"
    assert first[3].startswith("learned: ")


@pytest.mark.usefixtures("scripted")
def test_a_chat_says_why(tools: Path) -> None:
    run("skills", "add", str(tools))
    said = run("chat", input="words times 7\n/why\n/plan\n/save seven-times\n/skills\n")
    assert "candidates: multiply " in said
    assert "chosen: count-words@" in said
    assert "#2 multiply two numbers #1 7 = 28  (answer)" in said
