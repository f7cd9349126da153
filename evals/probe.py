"""One start of the agent, timed from inside: run as a process of its own by `latency`.

Writes one JSON line for each moment: ``ready`` when the chat could take its first request, then one
``token`` for each prompt and one ``task`` for each request.
"""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from skillweave.agent.handle import ModelHandle
from skillweave.agent.profiles.base import Profile, Prompt


def say(moment: str, seconds: float, **more: float | str) -> None:
    """One line for the parent process."""
    sys.stdout.write(json.dumps({"moment": moment, "seconds": seconds, **more}) + "\n")
    sys.stdout.flush()


async def first_token(model: ModelHandle, prompt: Prompt) -> None:
    """Put one prompt, and tell when its first and its last token came."""
    started = time.monotonic()
    came: list[float] = []
    answer = await model.ask(prompt, on_token=lambda _: came.append(time.monotonic()))
    whole = time.monotonic() - started
    say("token", came[0] - started if came else whole, tokens=answer.tokens, whole=whole)


async def first_tokens(model: ModelHandle, profile: Profile, requests: Sequence[str]) -> None:
    """Ask for a plan of every request, one after another."""
    for request in requests:
        await first_token(model, profile.plan(request, (), ()))


def main(arguments: Sequence[str]) -> int:
    """``probe MODEL``, requests as a JSON list on standard input."""
    requests = json.load(sys.stdin)
    started = time.monotonic()
    from skillweave.agent.api import Agent
    from skillweave.agent.models import start_model
    from skillweave.agent.profiles.choose import profile_for
    from skillweave.agent.settings import Settings
    from skillweave.store.library import Library

    with tempfile.TemporaryDirectory() as folder:
        settings = Settings.load(model=arguments[0], learn=False, state_dir=Path(folder) / "state")
        say("imports", time.monotonic() - started)
        with start_model(settings.model, settings) as started_model:
            with Library(Path(folder) / "library") as library:
                library.warm_up()
                say("library", time.monotonic() - started)
                model = started_model()
                say("model", time.monotonic() - started)
                with Agent(library=library, model=model, settings=settings) as agent:
                    say("ready", time.monotonic() - started)
                    for request in requests:
                        began = time.monotonic()
                        result = agent.run(request)
                        say("task", time.monotonic() - began, outcome=result.outcome)
            asyncio.run(first_tokens(model, profile_for(model), requests))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
