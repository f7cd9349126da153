"""Plans that a profile reads out of a request by itself, and when they are tried."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from skillweave.agent import Agent, Literal, Plan, Settings, Step
from skillweave.agent.handle import Answer
from skillweave.agent.profiles.base import BEYOND, SAY, Done, Planned
from skillweave.agent.profiles.scripted import ScriptedProfile, script
from skillweave.agent.result import Result
from skillweave.agent.scripted import ScriptedModel
from skillweave.agent.trace import read_trace, trace_file
from skillweave.skills.drop import wrap
from skillweave.skills.sandbox import Sandbox
from skillweave.store.embed import HashEmbedder
from skillweave.store.library import Library

TOOL = '''def mirror_text(text: str) -> str:
    """Mirror the text.

    >>> mirror_text("ab")
    'ba'
    """
    return text[::-1]
'''


def plan(goal: str) -> str:
    step = Step(id=1, goal=f"{goal} {{}}", inputs=(Literal(text="abc"),))
    return Planned(plan=Plan(steps=(step,))).model_dump_json()


class Read(ScriptedProfile):
    """Reads what the test says, with a probability for each."""

    min_confidence = 0.1

    def __init__(self, *readings: tuple[str, float]) -> None:
        super().__init__()
        self._readings = [Answer(text=t, tokens=1, mean_logprob=p) for t, p in readings]

    def readings(self, request: str, history: Sequence[Done]) -> Sequence[Answer]:
        return self._readings

    def read_plan(self, text: str, request: str, history: Sequence[Done]) -> Planned:
        return Planned(beyond=True) if text == BEYOND else super().read_plan(text, request, history)


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    (tmp_path / "mirror_text.py").write_text(TOOL)
    with Library(tmp_path / "library", embedder=HashEmbedder(), builtin=False) as opened:
        for wrapped in wrap(tmp_path / "mirror_text.py"):
            opened.add(wrapped, state="active")
        yield opened


def run(library: Library, sandbox: Sandbox, profile: Read, model: str) -> tuple[Result, list[str]]:
    """The result, and the kinds of the trace's records."""
    settings = Settings.load(state_dir=library.root.parent / "state", min_match=0.5)
    scripted = ScriptedModel(script({"plan: it": model}))
    with Agent(library, scripted, settings, profile=profile, sandbox=sandbox) as agent:
        result = agent.run("it")
    records = read_trace(trace_file(settings.state_dir, result.run))
    return result, [str(record["kind"]) for record in records]


def test_a_likely_reading_is_done_without_asking_the_model(
    library: Library, sandbox: Sandbox
) -> None:
    profile = Read((plan("mirror the text"), -0.1), (BEYOND, -3.0))
    result, kinds = run(library, sandbox, profile, plan("do something else"))
    assert result.value == "cba"
    assert result.confidence == pytest.approx(0.952, abs=1e-3)  # of what is not beyond us
    assert "read" in kinds
    assert "ask" not in kinds


def test_the_reading_that_the_library_can_do_wins(library: Library, sandbox: Sandbox) -> None:
    profile = Read((plan("paint the fence of"), -0.7), (plan("mirror the text"), -0.9))
    result, _ = run(library, sandbox, profile, BEYOND)
    assert result.value == "cba"


def test_an_unlikely_reading_is_shown_and_not_tried(library: Library, sandbox: Sandbox) -> None:
    result, _ = run(library, sandbox, Read((plan("mirror the text"), -3.0)), BEYOND)
    assert result.outcome == "declined"
    assert "mirror the text abc" in result.answer


def test_what_is_read_as_beyond_is_declined(library: Library, sandbox: Sandbox) -> None:
    profile = Read((BEYOND, -0.1), (plan("mirror the text"), -3.5))
    result, kinds = run(library, sandbox, profile, plan("mirror the text"))
    assert result.outcome == "declined"
    assert "ask" not in kinds


@pytest.mark.parametrize("readings", [(), ((SAY, -0.2), (plan("mirror the text"), -2.0))])
def test_else_the_model_is_asked(
    library: Library, sandbox: Sandbox, readings: tuple[tuple[str, float], ...]
) -> None:
    result, kinds = run(library, sandbox, Read(*readings), plan("mirror the text"))
    assert result.value == "cba"
    assert "ask" in kinds


@pytest.mark.parametrize(
    ("goal", "outcome"), [("mirror the text", "solved"), ("paint the fence of", "declined")]
)
def test_declining_that_is_hardly_likelier_gives_way_to_what_the_library_can_do(
    library: Library, sandbox: Sandbox, goal: str, outcome: str
) -> None:
    result, _ = run(library, sandbox, Read((BEYOND, -0.6), (plan(goal), -0.8)), BEYOND)
    assert result.outcome == outcome
    assert result.value == ("cba" if outcome == "solved" else None)
