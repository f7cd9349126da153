"""How a process finds a server that `skillweave serve` started: one small file for each.

The file is a hint, never the truth: a server is shared only when it answers.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
from pydantic import ValidationError

from skillweave.agent.handle import OnPhase, ProfileName
from skillweave.agent.serving.server import Server
from skillweave.agent.serving.spec import ServerSpec
from skillweave.agent.settings import Settings
from skillweave.skills.model import Frozen

HEALTH_SECONDS = 2.0


class ServerRecord(Frozen):
    """A server that may be shared."""

    pid: int
    url: str
    model: str
    name: str
    profile: ProfileName
    base_hash: str
    started: float


@asynccontextmanager
async def shared_server(
    spec: ServerSpec, settings: Settings, on_phase: OnPhase | None = None
) -> AsyncIterator[Server]:
    """Start a server that other processes find, for as long as the block runs."""
    server = await Server.start(
        spec, settings.state_dir, seconds=settings.start_seconds, on_phase=on_phase
    )
    record = ServerRecord(
        pid=server.pid,
        url=server.url,
        model=spec.model,
        name=spec.name,
        profile=spec.profile,
        base_hash=spec.base_hash,
        started=time.time(),
    )
    file = _folder(settings.state_dir) / f"{server.pid}.json"
    try:
        _write(file, record)
        yield server
    finally:
        file.unlink(missing_ok=True)
        server.stop()


async def find_server(spec: ServerSpec, settings: Settings) -> ServerRecord | None:
    """A running shared server of exactly this model, the newest first. Forgets dead ones."""
    records = sorted(_records(settings.state_dir), key=lambda r: r.started, reverse=True)
    for record in records:
        same = (record.model, record.base_hash) == (spec.model, spec.base_hash)
        if same and await _answers(record.url):
            return record
    return None


def _records(state_dir: Path) -> list[ServerRecord]:
    found = []
    for file in _folder(state_dir).glob("*.json"):
        with contextlib.suppress(OSError, ValidationError):
            record = ServerRecord.model_validate_json(file.read_bytes())
            if _runs(record.pid):
                found.append(record)
            else:
                file.unlink(missing_ok=True)
    return found


def _write(file: Path, record: ServerRecord) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    temporary = file.with_suffix(".tmp")
    temporary.write_text(record.model_dump_json(), encoding="utf-8")
    temporary.replace(file)


def _folder(state_dir: Path) -> Path:
    return state_dir / "servers"


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


async def _answers(url: str) -> bool:
    async with httpx.AsyncClient(trust_env=False, timeout=HEALTH_SECONDS) as client:
        try:
            return (await client.get(url.removesuffix("/v1") + "/health")).is_success
        except httpx.TransportError:
            return False
