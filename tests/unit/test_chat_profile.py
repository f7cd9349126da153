"""Prompts for large models, and what is made of their answers."""

from __future__ import annotations

import json

import pytest
from pydantic import JsonValue

from skillweave.agent.handle import ModelHandle
from skillweave.agent.plan import Literal, Ref, Step
from skillweave.agent.profiles.base import Done, Profile
from skillweave.agent.profiles.chat import PREVIEW, ChatProfile
from skillweave.agent.profiles.choose import profile_for
from skillweave.agent.profiles.judge import Judge
from skillweave.agent.profiles.scripted import ScriptedProfile
from skillweave.agent.scripted import ScriptedModel
from skillweave.skills.errors import PlanError
from skillweave.skills.model import Parameter, Signature, Skill

PROFILE = ChatProfile()
HISTORY = (Done(step=Step(id=4, goal="count {}", inputs=(Literal(text="a"),)), value=1),)
STEP = Step(id=5, goal="take {} of {}", inputs=(Literal(text="2"), Ref(step=4)))
TAKE = Signature(
    function="take",
    parameters=(
        Parameter(name="items", type="array", json_schema={"type": "array"}, description="All."),
        Parameter(name="count", type="integer", json_schema={"type": "integer"}),
        Parameter(name="last", type="boolean", json_schema={"type": "boolean"}, required=False),
    ),
    summary="The first items.",
)
ONE = Signature(
    function="upper",
    parameters=(Parameter(name="text", type="string", json_schema={"type": "string"}),),
)


def test_it_is_a_profile_and_a_judge() -> None:
    profile: Profile = PROFILE
    assert isinstance(profile, Judge)
    assert not isinstance(ScriptedProfile(), Judge)
    model: ModelHandle = ScriptedModel([], profile_name="chat")
    assert isinstance(profile_for(model), ChatProfile)


def test_plan_prompt() -> None:
    hint = Skill(name="upper", description="Makes letters big.", kind="tool")
    prompt = PROFILE.plan("shout {{ it }}", HISTORY, [hint])
    system, user = (message.content for message in prompt.messages)
    assert "numbers from 5 upwards" in system
    assert '{"id": 6, "goal": "multiply {} by {}"' in system
    assert "step 4: count a = 1" in user
    assert "- upper: Makes letters big." in user
    assert user.endswith("Task: shout {{ it }}")
    assert PROFILE.plan("hi", (), ()).messages[1].content == "Task: hi"


def test_replan_prompt() -> None:
    done = (Done(step=Step(id=5, goal="a"), value="x"),)
    prompt = PROFILE.replan("do it", HISTORY, done, Step(id=6, goal="b"), "it broke")
    system, user = (message.content for message in prompt.messages)
    assert "numbers from 7 upwards" in system
    assert "step 5: a = x" in user
    assert "This step failed: b\nReason: it broke" in user


def test_a_plan_is_read() -> None:
    steps: JsonValue = [
        {"id": 5, "goal": "count {}", "inputs": [{"literal": "a b"}], "expects": "integer"},
        {"id": 6, "goal": "multiply {}", "inputs": [{"step": 5}, {"literal": 7}], "expects": "?"},
    ]
    text = "```json\n" + json.dumps({"kind": "plan", "say": "", "steps": steps}) + "\n```"
    plan = PROFILE.read_plan(text, "x", HISTORY).plan
    assert plan is not None
    assert [step.render() for step in plan.steps] == ["count a b", "multiply #5 7"]
    assert [step.expects for step in plan.steps] == ["integer", ""]


def test_words_and_beyond_are_read() -> None:
    said = PROFILE.read_plan('Sure: {"kind": "say", "say": " Hi ", "steps": []}', "x", ())
    assert said.say == "Hi"
    assert PROFILE.read_plan('{"kind": "beyond"}', "x", ()).beyond


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("I cannot", "not JSON"),
        ('{"kind": "say", "say": ""}', "no words"),
        ('{"kind": "plan", "steps": []}', "no steps"),
        ('{"kind": "plan", "steps": [3]}', "not an object"),
        ('{"kind": "plan", "steps": [{"id": "1", "goal": "a", "inputs": []}]}', "lacks"),
        ('{"kind": "plan", "steps": [{"id": 1, "goal": "a {}", "inputs": []}]}', "1 slots"),
        ('{"kind": "plan", "steps": [{"id": 1, "goal": "a", "inputs": [{"x": 1}]}]}', "neither"),
        ('{"kind": "plan", "steps": [{"id": 1, "goal": "a", "inputs": [{"step": 2}]}]}', "before"),
        ("[1]", "not JSON"),
    ],
)
def test_nonsense_is_refused(text: str, reason: str) -> None:
    with pytest.raises(PlanError, match=reason):
        PROFILE.read_plan(text, "x", ())


def test_arguments_name_inputs_instead_of_copying_them() -> None:
    long: list[JsonValue] = ["word"] * 2000
    prompt = PROFILE.fill(STEP, ["2", long], TAKE, ["Count from one."])
    assert prompt is not None
    user = prompt.messages[1].content
    assert "Goal: take $1 of $2" in user
    assert "Function: take(items: array, count: integer, last: boolean = None)" in user
    assert "- items: All." in user
    assert "Count from one." in user
    assert len(user) < PREVIEW + 500
    assert prompt.structure is not None
    assert prompt.structure.json_schema is not None
    properties = prompt.structure.json_schema["properties"]
    assert isinstance(properties, dict)
    assert properties["count"] == {
        "anyOf": [{"type": "string", "enum": ["$1", "$2"]}, {"type": "integer"}]
    }
    filled = PROFILE.read_fill('{"items": "$2", "count": "$1"}', STEP, ["2", long], TAKE)
    assert filled.arguments == {"items": long, "count": "2"}
    nested = PROFILE.read_fill('{"items": ["$1", "$9"], "count": 1}', STEP, ["2", 3], TAKE)
    assert nested.arguments == {"items": ["2", "$9"], "count": 1}


def test_nothing_is_asked_where_one_value_meets_one_parameter() -> None:
    step = Step(id=1, goal="upper {}", inputs=(Literal(text="a"),))
    assert PROFILE.fill(step, ["a"], ONE, ()) is None
    assert PROFILE.read_fill(None, step, ["a"], ONE).arguments == {"text": "a"}


def test_doing_a_step() -> None:
    guide = Skill(name="haiku", description="x", kind="guide", body="Five, seven, five.")
    step = Step(id=1, goal="write a haiku on {}", inputs=(Literal(text="rain"),), expects="array")
    prompt = PROFILE.do(step, ["rain"], guide, ["Be sad."])
    system, user = (message.content for message in prompt.messages)
    assert "Five, seven, five." in system
    assert "Be sad." in system
    assert "type array" in system
    assert user == "write a haiku on $1\n\n$1:\nrain"
    plain = PROFILE.do(step.model_copy(update={"expects": ""}), ["rain"], None, ()).messages[0]
    assert "guide" not in plain.content


def test_answer_is_asked_where_there_is_something_to_say() -> None:
    text = (Done(step=STEP, value="words"),)
    assert PROFILE.answer("x", text) is None
    prompt = PROFILE.answer("how many?", HISTORY)
    assert prompt is not None
    assert "count a = 1" in prompt.messages[1].content


def test_judging() -> None:
    prompt = PROFILE.judge(STEP, ["2", "abc"], "ab")
    assert "Asked: take $1 of $2" in prompt.messages[1].content
    assert PROFILE.read_judgement('{"why": "No.", "ok": false}').ok is False
    unclear = PROFILE.read_judgement("hm")
    assert (unclear.ok, unclear.why) == (True, "the model gave no clear opinion")
