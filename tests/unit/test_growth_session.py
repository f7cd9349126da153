"""The recorded session: it fails, finds, succeeds; anything else is an error."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from skillweave.agent.api import Agent
from skillweave.agent.plan import Literal, Plan, Step
from skillweave.agent.profiles.base import Planned, Prompt
from skillweave.agent.profiles.scripted import ScriptedProfile
from skillweave.agent.scripted import ScriptedModel
from skillweave.agent.settings import Settings
from skillweave.evals.growth_session import Script, record
from skillweave.skills.errors import UserError
from skillweave.skills.sandbox import Sandbox
from skillweave.store import HashEmbedder, Library

TOOLS = '''
def initials(text: str) -> str:
    """Take the first letters."""
    return "".join(word[0] for word in text.split()).upper()


def backwards(text: str) -> str:
    """Turn a text around."""
    return text[::-1]
'''


def planner(prompt: Prompt, adapter: str | None) -> str:
    quoted = re.search(r"'(.*)'", prompt.messages[-1].content)
    value = Literal(text=quoted[1] if quoted else "")
    step = Step(id=1, goal="give the call sign of {}", inputs=(value,))
    return Planned(plan=Plan(steps=(step,))).model_dump_json()


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[Agent]:
    file = tmp_path / "tools.py"
    file.write_text(TOOLS)
    settings = Settings(
        library=tmp_path / "library", state_dir=tmp_path / "state", min_match=0.8, sandbox_workers=1
    )
    with (
        Sandbox.open(workers=1) as sandbox,
        Library(settings.library, embedder=HashEmbedder(), builtin=False) as library,
    ):
        library.add_all(file, state="active")
        model = ScriptedModel(planner)
        with Agent(library, model, settings, profile=ScriptedProfile(), sandbox=sandbox) as opened:
            yield opened


def test_the_session_is_recorded(agent: Agent, tmp_path: Path) -> None:
    told = record(agent, tmp_path)
    lines = told.text.splitlines()
    assert lines[0] == "$ head -2 callsigns.jsonl"
    first = lines.index("> Give the call sign of 'south pole station'.")
    found = next(n for n, line in enumerate(lines) if line.startswith("+ call-sign@"))
    last = lines.index("> Give the call sign of 'deep space network'.")
    assert first < found < last
    assert lines[first + 1].startswith("No skill here can")
    assert lines[last + 1] == "NSD"
    assert str(tmp_path) not in told.text


def test_a_session_that_goes_otherwise_is_an_error(agent: Agent, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="gave 'NSD', not 'XYZ'"):
        record(agent, tmp_path, Script(expected="XYZ"))
    with pytest.raises(UserError, match="was to fail at first, and was solved"):
        record(agent, tmp_path, Script(name="another"))
