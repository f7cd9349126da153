"""A request that is one call of a tool that somebody dropped in; only the model follows a script."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from skillweave.agent.api import Agent
from skillweave.agent.cli.render import footnotes
from skillweave.agent.growth.reuse import CHAIN
from skillweave.agent.nodes import calls
from skillweave.agent.nodes.readings import is_own, without_words
from skillweave.agent.plan import Literal, Plan, Ref, Step
from skillweave.agent.profiles.base import Planned, Prompt
from skillweave.agent.profiles.scripted import ScriptedProfile
from skillweave.agent.scripted import ScriptedModel
from skillweave.agent.settings import Settings
from skillweave.skills.builtin import builtin_root
from skillweave.skills.model import Skill
from skillweave.skills.sandbox import Sandbox
from skillweave.store.library import Library

TOOLS = '''
def monthly_payment(principal: float, annual_rate: float, years: int) -> float:
    """Monthly payment of a loan with a fixed yearly interest rate in percent."""
    rate = annual_rate / 1200
    return round(principal * rate / (1 - (1 + rate) ** (-12 * years)), 2)


def shop_hours(shop: str, day: str = "today") -> str:
    """Opening hours of a shop."""
    if shop == "Nowhere":
        raise ValueError("there is no such shop")
    return f"{shop}, {day}: 9 to 18"


def shout(text: str) -> str:
    """Put a text in capital letters."""
    return text.upper()
'''
LOAN = "What is the monthly payment of a loan of 200000 at 3.5 percent over 20 years?"
BEYOND = Planned(beyond=True).model_dump_json()


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    """The two tools, found by their real meaning."""
    tools = tmp_path / "tools.py"
    tools.write_text(TOOLS)
    with Library(tmp_path / "library", builtin=False) as opened:
        opened.add_all(tools, state="active")
        yield opened


def agent_of(
    library: Library, sandbox: Sandbox, tmp_path: Path, said: str, *, does_steps: bool = False
) -> Agent:
    def say(prompt: Prompt, adapter: str | None) -> str:
        return said

    settings = Settings.load(state_dir=tmp_path / "state", learn=False)
    profile = ScriptedProfile(does_steps=does_steps)
    return Agent(library, ScriptedModel(say), settings, profile=profile, sandbox=sandbox)


def test_what_is_not_planned_is_called(library: Library, sandbox: Sandbox, tmp_path: Path) -> None:
    with agent_of(library, sandbox, tmp_path, BEYOND) as agent:
        result = agent.run(LOAN)
        assert (result.outcome, result.value) == ("solved", 1159.92)
        assert result.steps[0].goal == (
            "monthly payment (principal 200000, annual rate 3.5, years 20)"
        )
        assert result.read_as == result.steps[0].goal
        assert footnotes(result)[0] == f"read as: {result.read_as}"
        assert 0.25 < result.confidence < 1.0
        assert [name.partition("@")[0] for name in result.skills] == ["monthly-payment"]
        assert (
            agent.run("Opening hours of the shop Kornblume?").value == "Kornblume, today: 9 to 18"
        )


@pytest.mark.parametrize(
    "request_",
    ["Write a poem about loans.", "What is a loan?", "Who invented the fixed yearly interest?"],
)
def test_what_is_no_call_is_declined(
    library: Library, sandbox: Sandbox, tmp_path: Path, request_: str
) -> None:
    with agent_of(library, sandbox, tmp_path, BEYOND) as agent:
        assert agent.run(request_).outcome == "declined"


def test_a_step_that_no_skill_does_is_no_plan(
    library: Library, sandbox: Sandbox, tmp_path: Path
) -> None:
    step = Step(id=1, goal="frobnicate {} by {}", inputs=(Literal(text="a"), Literal(text="b")))
    said = Planned(plan=Plan(steps=(step,))).model_dump_json()
    with agent_of(library, sandbox, tmp_path, said) as agent:
        assert agent.run(LOAN).value == 1159.92


def test_one_step_for_such_a_tool_is_read_off_the_tool(
    library: Library, sandbox: Sandbox, tmp_path: Path
) -> None:
    inputs = tuple(Literal(text=text) for text in ("20", "3.5", "200000"))
    step = Step(id=1, goal="monthly payment of a loan with interest {} {} {}", inputs=inputs)
    said = Planned(plan=Plan(steps=(step,))).model_dump_json()
    with agent_of(library, sandbox, tmp_path, said) as agent:
        assert agent.run(LOAN).value == 1159.92


def test_what_is_asked_twice_is_called_twice(
    library: Library, sandbox: Sandbox, tmp_path: Path
) -> None:
    with agent_of(library, sandbox, tmp_path, BEYOND) as agent:
        result = agent.run("Opening hours of the shop Kornblume and of the shop Mohn?")
        assert result.value == ["Kornblume, today: 9 to 18", "Mohn, today: 9 to 18"]
        assert result.read_as == "shop hours (shop Kornblume); shop hours (shop Mohn)"
        assert result.answer.startswith("shop hours (shop Kornblume): Kornblume, today: 9 to 18\n")
        assert footnotes(result) == ["skills: shop-hours -> shop-hours"]
        assert len({step.id for step in result.steps}) == 2


def test_each_part_of_a_request_may_be_for_a_tool_of_its_own(
    library: Library, sandbox: Sandbox, tmp_path: Path
) -> None:
    with agent_of(library, sandbox, tmp_path, BEYOND) as agent:
        result = agent.run(f"{LOAN} And what are the opening hours of the shop Mohn on Friday?")
        assert result.value == [1159.92, "Mohn, Friday: 9 to 18"]


def test_no_part_of_a_request_is_dropped(
    library: Library, sandbox: Sandbox, tmp_path: Path
) -> None:
    with agent_of(library, sandbox, tmp_path, BEYOND) as agent:
        result = agent.run("opening hours of the shop Mohn and " + LOAN[0].lower() + LOAN[1:])
        assert result.value == ["Mohn, today: 9 to 18", 1159.92]


def test_steps_for_such_tools_that_build_on_each_other_stand(
    library: Library, sandbox: Sandbox, tmp_path: Path
) -> None:
    first = Step(id=1, goal="Opening hours of the shop {}", inputs=(Literal(text="Mohn"),))
    second = Step(id=2, goal="Opening hours of the shop {}", inputs=(Ref(step=1),))
    said = Planned(plan=Plan(steps=(first, second))).model_dump_json()
    with agent_of(library, sandbox, tmp_path, said) as agent:
        result = agent.run("Opening hours of the shop Mohn, and of that shop again")
        assert result.value == "Mohn, today: 9 to 18, today: 9 to 18"


def test_what_is_planned_beside_a_call_is_done_too(
    library: Library, sandbox: Sandbox, tmp_path: Path
) -> None:
    request = "In capital letters: what are the opening hours of the shop Mohn on Friday?"
    first = Step(id=1, goal="frobnicate {}", inputs=(Literal(text="Mohn"),))
    second = Step(id=2, goal="In capital letters {}", inputs=(Ref(step=1),))
    said = Planned(plan=Plan(steps=(first, second))).model_dump_json()
    with agent_of(library, sandbox, tmp_path, said) as agent:
        result = agent.run(request)
        assert result.value == "MOHN, FRIDAY: 9 TO 18"
        assert result.read_as == "shop hours (shop Mohn, day Friday)"
        assert footnotes(result)[0] == f"read as: {result.read_as}"


def test_a_call_is_freed_of_a_result_that_it_does_not_need(
    library: Library, sandbox: Sandbox, tmp_path: Path
) -> None:
    first = Step(id=1, goal="put {} in capital letters", inputs=(Literal(text="abc"),))
    inputs = (Literal(text="Mohn"), Ref(step=1))
    second = Step(id=2, goal="the opening hours of the shop {} {}", inputs=inputs)
    said = Planned(plan=Plan(steps=(first, second))).model_dump_json()
    with agent_of(library, sandbox, tmp_path, said) as agent:
        result = agent.run("Put 'abc' in capital letters and the opening hours of the shop Mohn?")
        assert result.value == ["ABC", "Mohn, today: 9 to 18"]


def test_the_words_of_a_step_are_taken_out_of_a_request() -> None:
    counted = Step(id=1, goal="Count the letters in {}", inputs=(Literal(text="banana"),))
    request = "Count the letters in 'banana' and tell me the weather in Lima"
    assert without_words(request, [counted]) == "and tell me the weather in Lima"


def test_words_of_the_model_stand(library: Library, sandbox: Sandbox, tmp_path: Path) -> None:
    with agent_of(library, sandbox, tmp_path, '{"say": "Hello!"}') as agent:
        assert agent.run(LOAN).answer == "Hello!"


def test_a_large_model_plans_itself(library: Library, sandbox: Sandbox, tmp_path: Path) -> None:
    with agent_of(library, sandbox, tmp_path, BEYOND, does_steps=True) as agent:
        assert agent.run(LOAN).outcome == "declined"


def test_of_a_tool_that_may_be_meant_the_user_is_told(
    library: Library, sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calls, "LEAST", 0.99)
    with agent_of(library, sandbox, tmp_path, BEYOND) as agent:
        result = agent.run(LOAN)
        assert (result.outcome, result.nearest) == ("declined", "monthly-payment")
        assert f"“{LOAN}”; the nearest is monthly-payment" in result.answer
        assert agent.run(LOAN, skills=[result.nearest]).value == 1159.92


def test_what_is_named_and_is_no_tool_is_not_called(
    library: Library, sandbox: Sandbox, tmp_path: Path
) -> None:
    note = tmp_path / "loans.md"
    note.write_text("# Loans\n\nRound monthly payments to the cent.\n")
    library.add(note, state="active")
    with agent_of(library, sandbox, tmp_path, BEYOND) as agent:
        assert agent.run(LOAN, skills=["loans"]).outcome == "declined"


def test_a_tool_that_is_named_is_called_however_far_it_is(
    library: Library, sandbox: Sandbox, tmp_path: Path
) -> None:
    with agent_of(library, sandbox, tmp_path, BEYOND) as agent:
        assert agent.run("and Kornblume?").outcome == "declined"
        assert (
            agent.run("and Kornblume?", skills=["shop-hours"]).value == "Kornblume, today: 9 to 18"
        )


def test_a_call_that_fails_says_why(library: Library, sandbox: Sandbox, tmp_path: Path) -> None:
    with agent_of(library, sandbox, tmp_path, BEYOND) as agent:
        result = agent.run("Opening hours of the shop Nowhere?")
        assert result.outcome == "failed"
        assert "there is no such shop" in result.answer


def test_what_comes_along_and_what_was_compiled_is_not_called() -> None:
    skill = Skill(name="x", description="x", kind="tool", path=Path("/library/skills/x"))
    assert is_own(skill)
    assert not is_own(skill.model_copy(update={"path": builtin_root() / "uppercase"}))
    assert not is_own(skill.model_copy(update={"metadata": {CHAIN: "hash"}}))
