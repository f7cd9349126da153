"""Time to the first token of a mix nobody asked for before, against an adapter that is in its slot.

Over HTTP, as a client of `skillweave serve` sees it, one request at a time. Both requests have the
same prompt, which no request had before, and alternate in who comes first. The CPU time that the
server spends more on the new mix is told beside it: other work on the machine hardly changes that.
"""

from __future__ import annotations

import asyncio
import random
import statistics
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import httpx

from skillweave.agent.serving.server import Server
from skillweave.agent.serving.spec import ServerSpec
from skillweave.evals.serving_load import SHAPES, adapter_names, write_library, write_model
from skillweave.skills.errors import ServerError
from skillweave.skills.model import Frozen

MODEL = "12m"
BASE = "base"
PROMPT = 64
"""Tokens."""


class Spread(Frozen):
    """Milliseconds."""

    median: float
    least: float
    most: float


class FirstTokens(Frozen):
    """Several pairs of requests."""

    model: str
    prompt_tokens: int
    pairs: int
    loaded: Spread
    """Of one adapter that was used just before."""
    new_mix: Spread
    """Of a mix of two adapters that the server has read before."""
    new_mix_later: Spread
    """How much later than the loaded adapter, pair by pair."""
    unread_mix: Spread
    """Of a mix of two adapters that the server reads for it."""
    unread_mix_later: Spread
    new_mix_cpu: Spread | None = None
    """CPU time of the server's process beyond that for the loaded adapter, pair by pair."""
    unread_mix_cpu: Spread | None = None


class Answer(NamedTuple):
    """Of one request, in seconds."""

    first: float
    """Until its first token."""
    cpu: float
    """That the server spent on it, all its tokens included."""


Pair = tuple[Answer, Answer]
"""Of the loaded adapter, and of the new mix."""


def spread(seconds: Sequence[float]) -> Spread:
    """Seconds to milliseconds."""
    found = [1000 * each for each in seconds]
    return Spread(
        median=round(statistics.median(found), 2),
        least=round(min(found), 2),
        most=round(max(found), 2),
    )


def measure_first_tokens(seed: int, *, rounds: int, threads: int) -> FirstTokens:
    """Start a server of a random model, and ask it ``rounds`` pairs of either kind."""
    with tempfile.TemporaryDirectory() as folder:
        model, library = Path(folder) / "model", Path(folder) / "library"
        write_model(model, SHAPES[MODEL], seed)
        write_library(library, SHAPES[MODEL], 2 * rounds + 2, seed)
        spec = ServerSpec(
            model=str(model),
            name=BASE,
            profile="nano",
            base_hash="0" * 64,
            library=str(library),
            threads=threads,
        )
        return asyncio.run(_measure(spec, Path(folder), seed, rounds))


async def _measure(spec: ServerSpec, state: Path, seed: int, rounds: int) -> FirstTokens:
    server = await Server.start(spec, state)
    try:
        async with httpx.AsyncClient(base_url=server.url, timeout=60, trust_env=False) as client:
            asked = _Asked(client, server.pid, random.Random(seed))
            first, second, *rest = adapter_names(2 * rounds + 2)
            await asked.pair(first, second)  # what is made lazily is made here
            mixes = [f"{first}:{index / 1000 + 0.1:.3f}+{second}" for index in range(rounds)]
            read = [await asked.pair(first, mix, number) for number, mix in enumerate(mixes)]
            others = [f"{one}+{two}" for one, two in zip(rest[::2], rest[1::2], strict=True)]
            unread = [await asked.pair(first, mix, number) for number, mix in enumerate(others)]
    finally:
        server.stop()
    return FirstTokens(
        model=MODEL,
        prompt_tokens=PROMPT,
        pairs=rounds,
        loaded=spread([loaded.first for loaded, _ in [*read, *unread]]),
        new_mix=spread([new.first for _, new in read]),
        new_mix_later=spread([new.first - loaded.first for loaded, new in read]),
        unread_mix=spread([new.first for _, new in unread]),
        unread_mix_later=spread([new.first - loaded.first for loaded, new in unread]),
        new_mix_cpu=spread([new.cpu - loaded.cpu for loaded, new in read]),
        unread_mix_cpu=spread([new.cpu - loaded.cpu for loaded, new in unread]),
    )


def cpu_seconds(pid: int) -> float:
    """CPU time of all threads of a process and its children, to the microsecond.

    A server is the child of the process that guards it.
    """
    own, children = 0, set[int]()
    for thread in Path(f"/proc/{pid}/task").iterdir():
        with suppress(FileNotFoundError):  # it has just ended
            own += int((thread / "schedstat").read_text("ascii").split()[0])
            children.update(map(int, (thread / "children").read_text("ascii").split()))
    return own / 1e9 + sum(map(cpu_seconds, children))


class _Asked:
    """Requests for a few tokens each."""

    def __init__(self, client: httpx.AsyncClient, server: int, draw: random.Random) -> None:
        self._client = client
        self._server = server
        self._draw = draw

    async def pair(self, loaded: str, new: str, number: int = 0) -> Pair:
        """Both answers, who comes first alternating with ``number``."""
        prompt = self._draw.choices(range(3, 1000), k=PROMPT)
        await self._answer(loaded, [1, 2])  # puts it into its slot
        if number % 2:
            later = await self._answer(new, prompt)
            return await self._answer(loaded, prompt), later
        return await self._answer(loaded, prompt), await self._answer(new, prompt)

    async def _answer(self, model: str, prompt: list[int]) -> Answer:
        body = {"model": model, "prompt": prompt, "max_tokens": 4, "stream": True}
        options = {"temperature": 0, "ignore_eos": True, "return_token_ids": True}
        cpu, began, first = cpu_seconds(self._server), time.perf_counter(), 0.0
        async with self._client.stream("POST", "/completions", json=body | options) as response:
            if response.is_error:
                raise ServerError(f"{model}: {(await response.aread()).decode()}")
            async for line in response.aiter_lines():
                if line.startswith("data: {") and not first:
                    first = time.perf_counter() - began
        return Answer(first, cpu_seconds(self._server) - cpu)
