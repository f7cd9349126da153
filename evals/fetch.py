"""Public data from where it is published: one commit of one repository, every file by its hash.

A file is kept only when its sha256 is the known one; what is there already and right is not fetched
again, so that an interrupted fetch goes on.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import httpx
from pydantic import Field

from skillweave.evals.sources import VARIABLE, file_hash
from skillweave.skills.errors import UserError
from skillweave.skills.model import Frozen

SOURCES = Path(__file__).parent / "data" / "sources.json"
HOST = "https://raw.githubusercontent.com"
SECONDS = 30.0
"""Of silence, after which a server counts as unreachable."""
OnFile = Callable[[str, str], None]
"""Told the name of a file and what became of it: ``fetched`` or ``already there``."""


class FetchError(UserError):
    """A file of public data cannot be had, or is not what it should be."""


class Source(Frozen):
    """One collection of public data."""

    name: str
    """Also the folder it lies in."""
    repository: str
    commit: str
    licence: str
    about: str
    roots: dict[str, str] = Field(default_factory=dict)
    """Folders that lie elsewhere in the repository: ours, and theirs."""
    files: dict[str, str]
    """sha256 of every file, by its path in our folder; among them the ``LICENSE``."""

    def address(self, file: str, mirror: str | None = None) -> str:
        """Where a file is; a mirror has the layout of our folders."""
        if mirror is not None:
            return f"{mirror.rstrip('/')}/{self.name}/{file}"
        for ours, theirs in self.roots.items():
            if file.startswith(ours):
                file = theirs + file.removeprefix(ours)
                break
        return f"{HOST}/{self.repository}/{self.commit}/{file}"


class Fetched(NamedTuple):
    """What a fetch did."""

    folder: Path
    fetched: int
    present: int
    licence: str
    """The text of the licence."""


def load_sources(path: Path = SOURCES) -> dict[str, Source]:
    """All that can be fetched, by name."""
    found = [Source.model_validate(one) for one in json.loads(path.read_text(encoding="utf-8"))]
    return {one.name: one for one in found}


def fetch(
    source: Source,
    into: Path,
    *,
    mirror: str | None = None,
    on_file: OnFile = lambda name, what: None,
    seconds: float = SECONDS,
) -> Fetched:
    """Bring all files of a source to ``into/NAME``.

    Raises:
        FetchError: a server cannot be reached, has no such file, or has another one; files that
            were right are kept.
    """
    home = into / source.name
    counted = {"fetched": 0, "already there": 0}
    with httpx.Client(timeout=seconds, follow_redirects=True) as client:
        for file, expected in source.files.items():
            path = home / file
            what = "already there"
            if not path.is_file() or file_hash(path) != expected:
                _download(client, source, file, path, mirror)
                what = "fetched"
            counted[what] += 1
            on_file(file, what)
    licence = home / "LICENSE"
    text = licence.read_text(encoding="utf-8") if licence.is_file() else ""
    return Fetched(home, counted["fetched"], counted["already there"], text)


def _download(
    client: httpx.Client, source: Source, file: str, path: Path, mirror: str | None
) -> None:
    """One file, whole and right or not at all."""
    address, expected = source.address(file, mirror), source.files[file]
    digest = hashlib.sha256()
    with _unfinished(path) as part, part.open("wb") as out:
        try:
            with client.stream("GET", address) as answer:
                if answer.status_code != httpx.codes.OK:
                    raise FetchError(
                        f"{address}: the server says {answer.status_code} {answer.reason_phrase}; "
                        f"get commit {source.commit[:12]} of {source.repository} by hand and name "
                        f"its parent folder with {VARIABLE}"
                    )
                for chunk in answer.iter_bytes():
                    digest.update(chunk)
                    out.write(chunk)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise FetchError(
                f"{address}: cannot be reached ({type(error).__name__}: {error}); with no network, "
                f"copy {source.repository} to a folder {source.name} and name its parent with "
                f"{VARIABLE}"
            ) from None
        out.flush()
        os.fsync(out.fileno())
        if digest.hexdigest() != expected:
            raise FetchError(
                f"{address}: sha256 is {digest.hexdigest()[:12]}…, not {expected[:12]}…; the file "
                "is not the one that was measured with, and was not kept"
            )


@contextmanager
def _unfinished(path: Path) -> Iterator[Path]:
    """A file beside ``path`` that takes its place when the block succeeds, and goes when it fails."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        yield part
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
