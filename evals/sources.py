"""Public data on this machine: where it lies, and whether it is what it should be."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path

from skillweave.skills.errors import UserError

VARIABLE = "SKILLWEAVE_DATA"
FETCHED = Path("~/.skillweave/data")
"""Where ``skillweave eval fetch`` puts data unless a folder is named."""


class DataMissingError(UserError):
    """A suite's data is not on this machine."""


def data_folder(given: Path | None) -> Path | None:
    """The folder of public data: the one given, or the one that ``SKILLWEAVE_DATA`` names, or the one
    that data were fetched to."""
    named = os.environ.get(VARIABLE)
    folder = given or (Path(named) if named else None)
    if folder is None:
        fetched = FETCHED.expanduser()
        return fetched if fetched.is_dir() else None
    if not folder.is_dir():
        raise UserError(f"{folder}: there is no such folder of data")
    return folder


def target_folder(given: Path | None) -> Path:
    """The folder that data are fetched to; it need not be there yet."""
    return given or Path(os.environ.get(VARIABLE) or FETCHED.expanduser())


def need(folder: Path | None, part: str, origin: str) -> Path:
    """The folder of one collection.

    Raises:
        DataMissingError: it is not there; the message says where it comes from.
    """
    if folder is not None and (folder / part).is_dir():
        return folder / part
    where = "no data folder is named" if folder is None else f"{folder} holds no {part}"
    raise DataMissingError(
        f"{where}; `skillweave eval fetch {part}` gets it, or get {origin} and name its parent with "
        f"--data or {VARIABLE}"
    )


def file_hash(path: Path) -> str:
    """sha256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def known(sums: Path) -> dict[str, str]:
    """What files must be: the lines of ``sha256sum``, by name."""
    lines = (line.split(maxsplit=1) for line in sums.read_text(encoding="utf-8").splitlines())
    return {name: digest for digest, name in lines}


def hashed(files: Mapping[str, Path], expected: Mapping[str, str]) -> dict[str, str]:
    """sha256 of files by name.

    Raises:
        DataMissingError: a file is not there.
        UserError: a file is not the expected one.
    """
    found: dict[str, str] = {}
    for name, path in files.items():
        if not path.is_file():
            raise DataMissingError(f"{path}: is missing")
        found[name] = file_hash(path)
        if expected.get(name, found[name]) != found[name]:
            raise UserError(
                f"{path}: sha256 is {found[name][:12]}…, not {expected[name][:12]}…; "
                "the figures would not compare; get the file of the commit that the suite names"
            )
    return found
