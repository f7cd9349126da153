"""An endpoint that misbehaves: every sample is counted, and says what the endpoint did."""

from __future__ import annotations

import json
from pathlib import Path

import httpx
import pytest

from skillweave.agent import Literal, Plan, Settings, Step
from skillweave.agent.profiles.base import Planned
from skillweave.agent.profiles.scripted import ScriptedProfile
from skillweave.agent.result import Result
from skillweave.agent.serving.handle import Served, ServedModel
from skillweave.evals.journal import Journal
from skillweave.evals.record import Key
from skillweave.evals.runner import Asked, run_suite
from skillweave.evals.suite import LIBRARY, Loaded, Sample, Score, Suite
from skillweave.evals.workplace import Bench
from skillweave.skills.drop import wrap
from skillweave.store.embed import HashEmbedder

EXPECTED = {
    "well": ("scored", ""),
    "limited": ("error", "slow down"),
    "broken": ("error", "ServerError"),
    "slow": ("error", "did not answer within"),
    "away": ("error", "no model server answers"),
    "page": ("error", ""),
    "silent": ("garbage", "no plan"),
    "babble": ("garbage", "no plan"),
}
PLAN = Plan(steps=(Step(id=1, goal="mirror the text {}", inputs=(Literal(text="abc"),)),))


def completion(text: str) -> httpx.Response:
    choice = {
        "index": 0,
        "finish_reason": "stop",
        "message": {"role": "assistant", "content": text},
    }
    usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
    answer = {"id": "1", "object": "chat.completion", "created": 0, "model": "m"}
    return httpx.Response(200, json={**answer, "choices": [choice], "usage": usage})


def endpoint(request: httpx.Request) -> httpx.Response:
    asked = json.loads(request.content)["messages"][-1]["content"].removeprefix("plan: ")
    if asked == "slow":
        raise httpx.ReadTimeout("no answer", request=request)
    if asked == "away":
        raise httpx.ConnectError("refused", request=request)
    answers = {
        "well": completion(Planned(plan=PLAN).model_dump_json()),
        "limited": httpx.Response(429, json={"error": {"message": "slow down", "type": "rate"}}),
        "broken": httpx.Response(500, json={"error": {"message": "oops", "type": "server"}}),
        "page": httpx.Response(200, text="<html>Please log in</html>"),
        "silent": completion(""),
        "babble": completion('{"plan": {"steps": [{"id": 1'),
    }
    return answers[asked]


def score(_: Sample, result: Result) -> Score:
    return Score(value=float(result.value == "cba"))


def nothing(_: Path | None) -> Loaded:
    return Loaded(samples=(), files={})


SUITE = Suite(name="endpoint", about="one tool", arms=(LIBRARY,), load=nothing, score=score)


def test_every_misdeed_is_counted(tmp_path: Path) -> None:
    file = tmp_path / "mirror_text.py"
    file.write_text(
        'def mirror_text(text: str) -> str:\n    """Mirror the text."""\n    return text[::-1]\n'
    )
    samples = tuple(Sample(id=name, request=name, family="f") for name in EXPECTED)
    loaded = Loaded(samples=samples, files={}, skills=wrap(file))
    settings = Settings.load(state_dir=tmp_path / "state", min_match=0.5)
    served = Served(url="http://127.0.0.1:9/v1", name="m")
    with ServedModel(served, settings, transport=httpx.MockTransport(endpoint)) as model:
        bench = Bench(model, settings, ScriptedProfile(), embedder=HashEmbedder())
        summary = run_suite(SUITE, loaded, bench, Asked(model="m"), tmp_path / "results")
    records = Journal(tmp_path / "results").records()
    assert {key.sample: record.status for key, record in records.items()} == {
        name: status for name, (status, _) in EXPECTED.items()
    }
    for name, (_, told) in EXPECTED.items():
        assert told in records[Key("library", 0, name)].note
    (arm,) = summary.arms
    assert arm.score == pytest.approx(1 / len(EXPECTED))
    assert arm.statuses == {"scored": 1, "budget": 0, "timeout": 0, "garbage": 2, "error": 5}
