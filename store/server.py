"""Servers that hold a part of a library, each named by a file in it; the Chroma server of its vectors.

The files are in the library and not among the settings, so that all who open the library agree.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from skillweave.skills.errors import LibraryDamagedError, UserError

if TYPE_CHECKING:
    from chromadb.api import ClientAPI

START = "start it with: chroma run --path FOLDER"


class Server(NamedTuple):
    """A server, and what its names of this library's things are, or begin with."""

    url: str
    prefix: str


def read_server(file: Path) -> Server | None:
    """The server that the file names; None without a file.

    Raises:
        LibraryDamagedError: the file is not what `write_server` writes.
    """
    try:
        url, prefix = file.read_text(encoding="utf-8").split()
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise LibraryDamagedError(f"{file}: is not 'URL PREFIX'; delete it and rebuild") from error
    return Server(url, prefix)


def server_at(url: str, schemes: Sequence[str] = ("http", "https")) -> Server:
    """The server at a URL, with a prefix that no other library has.

    Raises:
        UserError: it is no URL of these schemes, or holds a password.
    """
    parts = urlsplit(url)
    if parts.scheme not in schemes or not parts.hostname or len(url.split()) != 1:
        raise UserError(f"{url!r} is no server; write it as {schemes[0]}://HOST:PORT")
    if parts.password is not None:
        raise UserError("a library's folder is no place for a password; leave it out of the URL")
    return Server(url, f"library_{secrets.token_hex(8)}")


def write_server(file: Path, server: Server | None) -> None:
    """Name a server, or none.

    Raises:
        UserError: the file cannot be written.
    """
    try:
        if server is None:
            file.unlink(missing_ok=True)
            return
        fresh = file.with_suffix(".new")
        fresh.write_text(f"{server.url} {server.prefix}\n", encoding="utf-8")
        fresh.replace(file)
    except OSError as error:
        raise UserError(f"{file}: cannot be written: {error}") from error


def connect(server: Server) -> ClientAPI:
    """A client of the server.

    Raises:
        UserError: it does not answer.
    """
    import chromadb
    from chromadb.config import Settings

    parts = urlsplit(server.url)
    secure = parts.scheme == "https"
    try:
        return chromadb.HttpClient(
            host=parts.hostname or "",
            port=parts.port or (443 if secure else 80),
            ssl=secure,
            settings=Settings(anonymized_telemetry=False),
        )
    except Exception as error:
        raise UserError(f"{server.url}: no index server answers; {START}") from error


def disconnect(client: ClientAPI) -> None:
    """Release what a client holds: files, and connections, which Chroma itself leaves open."""
    # None of this is part of the interface that Chroma declares for its clients.
    for part in (client, getattr(client, "_admin_client", None)):
        session = getattr(getattr(part, "_server", None), "_session", None)
        if session is not None:
            session.close()
    getattr(client, "close", lambda: None)()


def is_away(error: Exception) -> bool:
    """Whether the server did not answer, rather than answer that something is wrong."""
    import httpx

    return isinstance(error, httpx.TransportError | ConnectionError)
