"""Keeps base and adapter requests from being in one batch, where the CPU kernels mix them up.

In vLLM 0.32 on the CPU a row without an adapter takes the last adapter of its batch: the index -1
means "none" to the scheduler and "the last one" to torch. Batches of base requests only, and
batches of adapter requests only, are right. So requests of the two classes take turns, unless the
plugin is installed, whose arithmetic is right for both together.
https://github.com/vllm-project/vllm/pull/48421
"""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from contextlib import asynccontextmanager
from typing import Any, Literal

from skillweave.agent.serving.plugin.install import installed

Side = Literal["base", "adapter"]

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

GENERATING = ("/v1/chat/completions", "/v1/completions", "/v1/responses", "/v1/messages")
"""The start of the paths whose requests take part in a batch."""


class Gate:
    """Lets any number of one side in together, never both sides. First come, first served.

    Who comes while the other side waits queues behind it, so that neither side starves.
    """

    def __init__(self) -> None:
        self._inside = 0
        self._side: Side | None = None
        self._waiting: deque[tuple[Side, asyncio.Future[None]]] = deque()

    @asynccontextmanager
    async def enter(self, side: Side) -> AsyncIterator[None]:
        """Hold the gate open for one's side for the duration of the block."""
        if self._inside and (self._side != side or self._waiting):
            await self._wait(side)
        else:
            self._side = side
            self._inside += 1
        try:
            yield
        finally:
            self._leave()

    async def _wait(self, side: Side) -> None:
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append((side, turn))
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self._leave()
            else:
                self._waiting = deque(item for item in self._waiting if item[1] is not turn)
                self._admit()
            raise

    def _leave(self) -> None:
        self._inside -= 1
        self._admit()

    def _admit(self) -> None:
        """Let in everyone of the first waiter's side, if the gate is free for that side."""
        if not self._waiting:
            return
        side = self._waiting[0][0]
        if self._inside and self._side != side:
            return
        self._side = side
        rest: deque[tuple[Side, asyncio.Future[None]]] = deque()
        for waiting_side, turn in self._waiting:
            if waiting_side != side:
                rest.append((waiting_side, turn))
            elif not turn.done():
                self._inside += 1
                turn.set_result(None)
        self._waiting = rest


class GateMiddleware:
    """The gate as ASGI middleware of the server, so that it holds for every client."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._gate = Gate()
        self._open = installed()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        kept_apart = scope["type"] == "http" and scope["path"].startswith(GENERATING)
        if self._open or not kept_apart:
            await self._app(scope, receive, send)
            return
        body = await _whole_body(receive)
        served = scope["app"].state.args.served_model_name
        async with self._gate.enter(side_of(body, served)):
            await self._app(scope, _replayed(body, receive), send)


def side_of(body: bytes, served: list[str]) -> Side:
    """The side of a request, by the model it names; no model means the base."""
    try:
        request = json.loads(body)
    except ValueError:
        return "base"
    model = request.get("model") if isinstance(request, dict) else None
    return "adapter" if model and model not in served else "base"


async def _whole_body(receive: Receive) -> bytes:
    parts: list[bytes] = []
    while True:
        message = await receive()
        if message["type"] != "http.request":
            break
        parts.append(message.get("body", b""))
        if not message.get("more_body", False):
            break
    return b"".join(parts)


def _replayed(body: bytes, receive: Receive) -> Receive:
    """A ``receive`` that gives the body once more, then what really comes (a disconnection)."""
    given = False

    async def again() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again
