"""A scripted model writes tools: drafts are put right, made general, checked, and put to the gate."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from typer.testing import CliRunner

from skillweave.agent.api import Agent
from skillweave.agent.cli import start
from skillweave.agent.cli.app import app
from skillweave.agent.growth.desk import Desk
from skillweave.agent.growth.write import NotWrittenError
from skillweave.agent.growth.write_code import FaultError, code_in, draft_of, normal_form
from skillweave.agent.growth.write_skill import attempts_of
from skillweave.agent.result import Attempt, Result, StepReport
from skillweave.agent.scripted import ScriptedModel
from skillweave.agent.settings import Settings
from skillweave.skills.errors import UserError
from skillweave.skills.model import Case
from skillweave.skills.sandbox import Sandbox
from skillweave.store import HashEmbedder, Library

SWAP = '''\
def swap_ends(sentence: str) -> str:
    """Swap the first and the last word of a sentence."""
    words = sentence.split()
    if len(words) > 1:
        words[0], words[-1] = words[-1], words[0]
    return " ".join(words)
'''
BROKEN = SWAP.replace("words[-1], words[0]\n", "words[0], words[-1]\n", 1)
EXAMPLES = tuple(
    Case(arguments={"sentence": given}, expected=wanted)
    for given, wanted in (
        ("one two", "two one"),
        ("red green blue", "blue green red"),
        ("a b c d", "d b c a"),
        ("alone", "alone"),
        ("left to right", "right to left"),
        ("x y z", "z y x"),
    )
)
CHECKS = json.dumps(
    {
        "cases": [
            {"arguments": {"sentence": "go home now"}, "expected": "now home go"},
            {"arguments": {"sentence": "word"}, "expected": "word"},
            {"arguments": {"sentence": 7}, "expected": "not for this function"},
        ]
    }
)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox.open(workers=1) as opened:
        yield opened


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    with Library(tmp_path / "library", embedder=HashEmbedder(), builtin=False) as opened:
        yield opened


def agent_of(library: Library, sandbox: Sandbox, tmp_path: Path, said: Sequence[str]) -> Agent:
    model = ScriptedModel(said, profile_name="chat")
    settings = Settings(library=library.root, state_dir=tmp_path / "state")
    return Agent(library, model, settings, sandbox=sandbox)


def block(source: str) -> str:
    return f"Here it is:\n```python\n{source}```\n"


def test_a_draft_is_put_right_and_waits(library: Library, sandbox: Sandbox, tmp_path: Path) -> None:
    with agent_of(library, sandbox, tmp_path, [block(BROKEN), block(SWAP)]) as agent:
        outcome = agent.grow.write("swap the ends of 'one two'", examples=EXAMPLES)
        model = agent._given.model
        assert isinstance(model, ScriptedModel)
        second = model.prompts[1][0].messages
    assert outcome.written.questions == 2
    assert outcome.verdict.decision == "approval", outcome.verdict.reason
    assert "swap-ends" in [one.skill.name for one in Desk(library).waiting()]
    assert not [s for s in library.list() if s.name == "swap-ends"]  # a person decides
    assert second[-2].content.count(BROKEN) == 1
    assert "gives 'one two', not 'two one'" in second[-1].content
    held = next(one for one in outcome.verdict.findings if one.stage == "held-out")
    assert held.detail == "all 2 hold"  # every third example was kept back


def test_what_fits_only_the_shown_examples_is_refused(
    library: Library, sandbox: Sandbox, tmp_path: Path
) -> None:
    learned_by_heart = (
        "def swap_ends(sentence: str) -> str:\n"
        '    """Swap the first and the last word."""\n'
        "    words = sentence.split()\n"
        "    return ' '.join(words[::-1]) if len(words) < 4 else sentence\n"
    )
    longer = (*EXAMPLES[:2], EXAMPLES[2], *EXAMPLES[3:5], EXAMPLES[2])
    with agent_of(library, sandbox, tmp_path, [block(learned_by_heart)]) as agent:
        outcome = agent.grow.write("swap the ends", examples=longer)
    assert outcome.verdict.decision == "refused"
    assert outcome.verdict.reason.startswith("held-out:")
    assert Desk(library).waiting() == []


def test_without_examples_it_is_made_general_and_checked_by_description(
    library: Library, sandbox: Sandbox, tmp_path: Path
) -> None:
    narrow = SWAP.replace("swap_ends", "swap_of_two")
    call = json.dumps({"sentence": "one two"})
    said = [block(narrow), call, block(SWAP), call, CHECKS]
    with agent_of(library, sandbox, tmp_path, said) as agent:
        outcome = agent.grow.write("swap the words of 'one two'")
    assert outcome.skill == "swap-ends"
    assert outcome.written.cases == (EXAMPLES[0],)
    assert len(outcome.written.checked) == 2  # the third does not fit the function
    assert outcome.verdict.decision == "approval"


def test_a_general_form_that_answers_otherwise_is_left(
    library: Library, sandbox: Sandbox, tmp_path: Path
) -> None:
    call = json.dumps({"sentence": "one two"})
    said = [block(SWAP), call, block(BROKEN), call, CHECKS]
    with agent_of(library, sandbox, tmp_path, said) as agent:
        outcome = agent.grow.write("swap the words of 'one two'")
    assert outcome.written.draft.source == SWAP


def test_a_draft_that_contradicts_its_description_is_not_written(
    library: Library, sandbox: Sandbox, tmp_path: Path
) -> None:
    call = json.dumps({"sentence": "one two"})
    wrong = CHECKS.replace("now home go", "go home now")
    with (
        agent_of(library, sandbox, tmp_path, [block(SWAP), call, block(SWAP), wrong]) as agent,
        pytest.raises(NotWrittenError, match="its own description says"),
    ):
        agent.grow.write("swap the words of 'one two'")


def test_rounds_end(library: Library, sandbox: Sandbox, tmp_path: Path) -> None:
    with (
        agent_of(library, sandbox, tmp_path, [block(BROKEN)] * 4) as agent,
        pytest.raises(NotWrittenError, match=r"no draft held in 4 rounds.*not 'two one'"),
    ):
        agent.grow.write("swap the ends", examples=EXAMPLES)


def test_nothing_is_written_twice(library: Library, sandbox: Sandbox, tmp_path: Path) -> None:
    other = tmp_path / "other.py"
    other.write_text(SWAP.replace("swap_ends", "ends_swapped"))
    library.add(other, state="active")
    with (
        agent_of(library, sandbox, tmp_path, []) as agent,
        pytest.raises(NotWrittenError, match="ends-swapped gives all the examples already"),
    ):
        agent.grow.write("swap the ends of a sentence", examples=EXAMPLES)
    call = json.dumps({"sentence": "one two"})
    with (
        agent_of(library, sandbox, tmp_path, [block(SWAP), call, block(SWAP), CHECKS]) as agent,
        pytest.raises(NotWrittenError, match="ends-swapped has the same code"),
    ):
        agent.grow.write("swap the ends of a sentence")


def test_nano_is_not_asked(library: Library, sandbox: Sandbox, tmp_path: Path) -> None:
    settings = Settings(library=library.root, state_dir=tmp_path / "state")
    model = ScriptedModel([block(SWAP)], profile_name="nano")
    with Agent(library, model, settings, sandbox=sandbox) as agent:
        with pytest.raises(UserError, match="cannot write code; name a larger model"):
            agent.grow.write("swap the ends", examples=EXAMPLES)
        assert model.prompts == []
        outcome = agent.grow.write("swap the ends", examples=EXAMPLES, even_nano=True)
    assert outcome.verdict.decision == "approval"


@pytest.mark.parametrize(
    ("source", "fault"),
    [
        ("def f(a) -> int:\n    return 1\n", "line 1"),
        ("def f(a: int) -> int:\n    return a\n", "no docstring"),
        ('def f() -> int:\n    """One."""\n    return 1\n', "no arguments"),
        ('import os\n\n\ndef f(a: int) -> int:\n    """A."""\n    return a\n', "imports os"),
        (
            "def f(a: int) -> int:\n    return a\n\n\ndef g(a: int) -> int:\n    return a\n",
            "2 public",
        ),
        ("def f(a: int) -> int\n", "line 1"),
    ],
)
def test_faults_of_a_draft_are_told(source: str, fault: str) -> None:
    with pytest.raises(FaultError, match=fault):
        draft_of(source)


def test_normal_form_sees_through_names_and_words() -> None:
    other = SWAP.replace("swap_ends", "exchange").replace("Swap the first", "Change the first")
    assert normal_form(other) == normal_form(SWAP)
    assert normal_form(BROKEN) != normal_form(SWAP)
    assert code_in("x\n```python\na\n```\n```\nlonger block\n```") == "longer block\n"


def test_attempts_say_what_failed() -> None:
    tried = Attempt(skill="upper@1", kind="tool", error="ValueError: no")
    step = StepReport(id=1, goal="shout 'a'", attempts=(tried,))
    missing = StepReport(id=2, goal="frob it")
    result = Result(run="r", task="t", outcome="failed", answer="no", steps=(step, missing))
    assert attempts_of(result) == ("shout 'a' with upper: ValueError: no", "frob it: no skill fits")


def test_the_command_says_what_comes_next(
    library: Library,
    sandbox: Sandbox,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    examples = tmp_path / "examples.jsonl"
    lines = [json.dumps({"arguments": dict(c.arguments), "expected": c.expected}) for c in EXAMPLES]
    examples.write_text("\n".join(lines) + "\n")
    said = [block(BROKEN), block(SWAP)]
    agent = agent_of(library, sandbox, tmp_path, said)
    monkeypatch.setattr(start, "open_agent", lambda options, console: agent)
    asked = ["skills", "write", "swap the ends", "--examples", str(examples), "-n", "swapped"]
    done = CliRunner().invoke(app, asked)
    assert done.exit_code == 0, done.output
    assert "swapped waits for approval: its code is new (by write)" in done.output
    assert "skillweave review swapped" in done.output
    assert "2 questions" in done.output
    assert CliRunner().invoke(app, ["skills", "write"]).exit_code == 2
