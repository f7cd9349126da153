"""The files of a skill as a mapping of relative paths, in memory or on disk."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final, TypeAlias

from skillweave.skills.errors import SkillFormatError

Content: TypeAlias = bytes | Path
"""Bytes in memory, or the file that holds them."""
Files: TypeAlias = Mapping[str, Content]
"""Relative path with '/' to content."""

VERDICT: Final = "verdict.json"
MAX_FILES: Final = 10_000
MAX_TEXT: Final = 1024 * 1024
_CHUNK: Final = 1024 * 1024
_LITTER: Final = frozenset(
    "__pycache__ .DS_Store .directory .git .hg .svn .idea .vscode .venv .ipynb_checkpoints"
    " .mypy_cache .pytest_cache .ruff_cache .hypothesis".split()
)
_UNFINISHED: Final = (".swp", ".swo", ".tmp", ".part", "~")


def scan(folder: Path) -> dict[str, Path]:
    """All regular files below a folder, without those that `ignored` names.

    A link is followed when it points to a file inside the folder; every other link, and
    everything that is neither file nor folder, is refused.
    """
    found: dict[str, Path] = {}
    root = folder.resolve()

    def refuse(error: OSError) -> None:
        raise _unreadable(Path(str(error.filename or folder)), error)

    for parent, folders, names in os.walk(root, onerror=refuse):
        folders[:] = sorted(name for name in folders if not ignored(name))
        for name in (*folders, *sorted(names)):
            path = Path(parent, name)
            if ignored(name) or (name in folders and not path.is_symlink()):
                continue
            _check_entry(path, root)
            found[path.relative_to(root).as_posix()] = path
            if len(found) > MAX_FILES:
                raise SkillFormatError(
                    folder, f"more than {MAX_FILES} files", remedy="a skill is a small folder"
                )
    return found


def read_bytes(content: Content, *, file: Path, limit: int = MAX_TEXT) -> bytes:
    """The bytes, or an error when there are more than ``limit``."""
    if isinstance(content, Path):
        try:
            with content.open("rb") as stream:
                data = stream.read(limit + 1)
        except OSError as error:
            raise _unreadable(file, error) from error
    else:
        data = content
    if len(data) > limit:
        size = f"{limit // _CHUNK} MB" if limit >= _CHUNK else f"{limit} bytes"
        raise SkillFormatError(
            file, f"larger than {size}", line=1, remedy="keep long material in references/"
        )
    return data


def read_text(content: Content, *, file: Path, limit: int = MAX_TEXT) -> str:
    """The content as UTF-8 text with Unix line ends; binary data is refused with its line."""
    data = read_bytes(content, file=file, limit=limit)
    fault = data.find(b"\0")
    if fault < 0:
        try:
            return data.decode("utf-8").replace("\r\n", "\n")
        except UnicodeDecodeError as error:
            fault = error.start
    raise SkillFormatError(
        file,
        f"not UTF-8 text (byte {fault})",
        line=data.count(b"\n", 0, fault) + 1,
        remedy="save the file as UTF-8 text",
    )


def hash_files(files: Files) -> str:
    """sha256 over the sorted relative paths and the bytes; the verdict does not count."""
    total = hashlib.sha256()
    for name in sorted(files):
        if name == VERDICT or any(ignored(part) for part in name.split("/")):
            continue
        encoded = name.encode("utf-8", "surrogateescape")
        one = hashlib.sha256()
        for chunk in _chunks(files[name]):
            one.update(chunk)
        total.update(len(encoded).to_bytes(8, "big") + encoded + one.digest())
    return total.hexdigest()


def same_but_for_case(names: Iterable[str]) -> tuple[str, str] | None:
    """Two paths that are one file on a machine whose file system ignores case."""
    seen: dict[str, str] = {}
    for name in names:
        for depth in range(1, name.count("/") + 2):
            part = "/".join(name.split("/")[:depth])
            other = seen.setdefault(part.casefold(), part)
            if other != part:
                return other, part
    return None


def unsafe_path(name: str) -> str:
    """Why a relative path may not be written below a folder; empty when it may."""
    if not name or "\0" in name:
        return "is not a file name"
    if "\\" in name or ":" in name or name.startswith("/"):
        return "is an absolute or foreign path"
    if any(part in ("", ".", "..") for part in name.split("/")):
        return "leads out of its folder"
    if len(name.encode("utf-8", "surrogateescape")) > 1024:
        return "is too long"
    return ""


def _chunks(content: Content) -> Iterator[bytes]:
    if isinstance(content, bytes):
        yield content
        return
    try:
        with content.open("rb") as stream:
            while chunk := stream.read(_CHUNK):
                yield chunk
    except OSError as error:
        raise _unreadable(content, error) from error


def _unreadable(file: Path, error: OSError) -> SkillFormatError:
    reason = f"cannot be read ({error.strerror})"
    return SkillFormatError(file, reason, remedy="check that it is there and may be read")


def ignored(name: str) -> bool:
    """Whether a file or folder of that name is what machines and editors leave, and no content."""
    hidden = name.startswith(".")
    return name in _LITTER or name.startswith("._") or (hidden and name.endswith(_UNFINISHED))


def _check_entry(path: Path, root: Path) -> None:
    try:
        target = path.resolve(strict=True)
        regular = stat.S_ISREG(target.stat().st_mode)
    except (OSError, RuntimeError) as error:
        raise SkillFormatError(
            path, "is a link that leads nowhere", remedy="put the file itself there"
        ) from error
    if not target.is_relative_to(root):
        raise SkillFormatError(
            path, "is a link out of the skill's folder", remedy="put the file itself there"
        )
    if not regular:
        raise SkillFormatError(
            path, "is not a regular file", remedy="a skill holds files and folders only"
        )
