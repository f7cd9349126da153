"""What changed between two versions of a skill, as a unified diff."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import unified_diff
from pathlib import Path

from skillweave.skills.files import MAX_TEXT, VERDICT, Files, read_bytes

_NO_NEWLINE = "\\ No newline at end of file"


def diff_files(old: Files, new: Files) -> Iterator[str]:
    """The lines of a diff as ``patch`` and ``git apply`` read it, file by file; none when all is equal.

    Raises:
        SkillFormatError: a file cannot be read.
    """
    for name in sorted((old.keys() | new.keys()) - {VERDICT}):
        before = _read(old, name)
        after = _read(new, name)
        if before == after:
            continue
        lines = _lines(before), _lines(after)
        if lines[0] is None or lines[1] is None:
            yield f"Binary files a/{name} and b/{name} differ"
            continue
        names = (
            "/dev/null" if name not in old else f"a/{name}",
            "/dev/null" if name not in new else f"b/{name}",
        )
        for line in unified_diff(lines[0], lines[1], *names, lineterm="\n"):
            yield line.removesuffix("\n")
            if not line.endswith("\n"):
                yield _NO_NEWLINE


def _read(files: Files, name: str) -> bytes:
    content = files.get(name, b"")
    limit = content.stat().st_size if isinstance(content, Path) else len(content)
    return read_bytes(content, file=Path(name), limit=limit)


def _lines(data: bytes) -> list[str] | None:
    """The lines with their ends; None for what is no text, or too much of it."""
    if len(data) > MAX_TEXT or b"\0" in data:
        return None
    try:
        return [f"{line}\n" for line in data.decode().split("\n")[:-1]] + _last(data.decode())
    except UnicodeDecodeError:
        return None


def _last(text: str) -> list[str]:
    last = text.rpartition("\n")[2]
    return [last] if last else []
