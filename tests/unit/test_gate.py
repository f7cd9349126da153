"""The gate: never both sides inside, no side starves, cancellation leaves no one behind."""

from __future__ import annotations

import asyncio
import json
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skillweave.agent.serving.gate import (
    Gate,
    GateMiddleware,
    Message,
    Receive,
    Scope,
    Send,
    Side,
    side_of,
)

SERVED = ["nano"]


async def visit(gate: Gate, side: Side, turns: int, log: list[tuple[str, Side]]) -> None:
    async with gate.enter(side):
        log.append(("in", side))
        try:
            for _ in range(turns):
                await asyncio.sleep(0)
        finally:
            log.append(("out", side))


def sides_inside(log: list[tuple[str, Side]]) -> list[set[Side]]:
    """The sides that are inside after each event."""
    inside: list[Side] = []
    history: list[set[Side]] = []
    for what, side in log:
        if what == "in":
            inside.append(side)
        else:
            inside.remove(side)
        history.append(set(inside))
    return history


SIDES = st.sampled_from(["base", "adapter"])


@settings(deadline=None)
@given(st.lists(st.tuples(SIDES, st.integers(0, 4), st.integers(0, 3), st.booleans()), max_size=20))
def test_sides_never_mix_and_everyone_passes(visits: list[tuple[Side, int, int, bool]]) -> None:
    log: list[tuple[str, Side]] = []

    async def run() -> None:
        gate = Gate()
        tasks = []
        for side, turns, pause, cancel in visits:
            task = asyncio.create_task(visit(gate, side, turns, log))
            for _ in range(pause):
                await asyncio.sleep(0)
            if cancel:
                task.cancel()
            tasks.append(task)
        done = await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), 5)
        assert all(r is None or isinstance(r, asyncio.CancelledError) for r in done)
        await asyncio.wait_for(visit(gate, "base", 0, []), 1)
        await asyncio.wait_for(visit(gate, "adapter", 0, []), 1)

    asyncio.run(run())
    assert all(len(inside) <= 1 for inside in sides_inside(log))
    assert sides_inside(log)[-1:] in ([], [set()])
    if not any(cancel for *_, cancel in visits):
        assert sum(what == "out" for what, _ in log) == len(visits)


def test_one_side_runs_together() -> None:
    log: list[tuple[str, Side]] = []

    async def run() -> None:
        gate = Gate()
        await asyncio.gather(*(visit(gate, "adapter", 2, log) for _ in range(3)))

    asyncio.run(run())
    assert [what for what, _ in log] == ["in"] * 3 + ["out"] * 3


def test_a_waiting_side_is_not_overtaken() -> None:
    log: list[tuple[str, Side]] = []

    async def run() -> None:
        gate = Gate()
        first = asyncio.create_task(visit(gate, "base", 5, log))
        await asyncio.sleep(0)
        second = asyncio.create_task(visit(gate, "adapter", 1, log))
        await asyncio.sleep(0)
        third = asyncio.create_task(visit(gate, "base", 1, log))
        await asyncio.gather(first, second, third)

    asyncio.run(run())
    assert [side for what, side in log if what == "in"] == ["base", "adapter", "base"]


@pytest.mark.parametrize(
    ("body", "side"),
    [
        (b'{"model": "nano"}', "base"),
        (b'{"model": "formal-tone@0123456789ab"}', "adapter"),
        (b"{}", "base"),
        (b"[1]", "base"),
        (b"not json", "base"),
    ],
)
def test_the_side_is_read_from_the_model_name(body: bytes, side: Side) -> None:
    assert side_of(body, SERVED) == side


def test_middleware_hands_the_body_on_and_keeps_the_sides_apart() -> None:
    inside: set[str] = set()
    seen: list[bytes] = []
    together: list[set[str]] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        message = await receive()
        seen.append(message["body"])
        model = json.loads(message["body"])["model"]
        inside.add(model)
        together.append(set(inside))
        await asyncio.sleep(0.001)
        inside.discard(model)

    async def run() -> None:
        guarded = GateMiddleware(app)
        await asyncio.gather(*(guarded(*request(name)) for name in ("nano", "a@1", "b@2")))

    def request(model: str) -> tuple[Scope, Receive, Send]:
        body = json.dumps({"model": model}).encode()
        parts = [body[:5], body[5:]]

        async def receive() -> Message:
            part = parts.pop(0)
            return {"type": "http.request", "body": part, "more_body": bool(parts)}

        async def send(message: Message) -> None:
            raise AssertionError("nothing is sent")

        state = SimpleNamespace(args=SimpleNamespace(served_model_name=SERVED))
        scope: Scope = {
            "type": "http",
            "path": "/v1/chat/completions",
            "app": SimpleNamespace(state=state),
        }
        return scope, receive, send

    asyncio.run(run())
    assert sorted(json.loads(body)["model"] for body in seen) == ["a@1", "b@2", "nano"]
    assert {"nano", "a@1"} not in together
    assert {"a@1", "b@2"} in together
