"""Versions of skills: every content that was ever admitted is kept under its digest."""

from __future__ import annotations

import logging
import secrets
import shutil
from collections.abc import Sequence
from pathlib import Path

from skillweave.skills.errors import SkillNotFoundError, SkillweaveError
from skillweave.skills.files import scan
from skillweave.skills.folder import content_hash, read_skill
from skillweave.skills.model import Frozen, Skill
from skillweave.store.layout import Layout
from skillweave.store.ledger import Event

log = logging.getLogger("skillweave.store")

KEPT_AT_ONCE = 16 * 1024 * 1024
"""A larger version (an adapter) is kept when its successor comes, not when it is admitted."""


class Version(Frozen):
    """One admission of a skill."""

    number: int
    """Counted from 1."""
    digest: str
    at: float
    author: str
    current: bool
    kept: bool
    """Whether its files are still there, so that it can be compared and brought back."""


def keep_version(layout: Layout, folder: Path) -> None:
    """Move a skill's folder to ``versions/<digest>/<name>``."""
    try:
        digest = content_hash(folder)
    except SkillweaveError:
        digest = f"unreadable-{secrets.token_hex(8)}"
    kept = layout.versions / digest / folder.name
    if kept.exists() and _is_whole(kept):
        shutil.rmtree(folder)
        return
    shutil.rmtree(kept, ignore_errors=True)
    kept.parent.mkdir(parents=True, exist_ok=True)
    folder.rename(kept)


def keep_copy(layout: Layout, folder: Path, skill: Skill) -> None:
    """Copy the skill in ``folder`` to its version, so that editing it in place loses nothing.

    Raises:
        OSError: it cannot be copied.
    """
    kept = layout.versions / skill.digest / skill.name
    if kept.exists():
        return
    files = scan(folder)
    if sum(path.stat().st_size for path in files.values()) > KEPT_AT_ONCE:
        return
    fresh = layout.staging / secrets.token_hex(8)
    try:
        for name, path in files.items():
            (fresh / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, fresh / name)
        if content_hash(fresh) == skill.digest:
            kept.parent.mkdir(parents=True, exist_ok=True)
            fresh.rename(kept)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def keep_found(layout: Layout, folder: Path, skill: Skill) -> None:
    """`keep_copy` for a skill that came as a folder: without a copy it is a skill all the same."""
    try:
        keep_copy(layout, folder, skill)
    except (OSError, SkillweaveError) as error:
        log.warning("%s: this version is not kept (%s)", skill.versioned_name, error)


def version_of(layout: Layout, name: str, prefix: str) -> Skill | None:
    """The kept version of ``name`` whose digest starts with ``prefix``, if there is exactly one."""
    if not layout.versions.is_dir():
        return None
    folders = [
        folder / name
        for folder in layout.versions.iterdir()
        if folder.name.startswith(prefix) and (folder / name).is_dir()
    ]
    return read_skill(folders[0]) if len(folders) == 1 and _is_whole(folders[0]) else None


def versions_in(layout: Layout, name: str, events: Sequence[Event], current: str) -> list[Version]:
    """The versions that ``events`` tell of, oldest first; ``current`` is the digest of the newest."""
    admitted = [event for event in events if event.kind in ("added", "updated")]
    return [
        Version(
            number=number,
            digest=event.digest,
            at=event.at,
            author=event.author,
            current=event.digest == current and number == len(admitted),
            kept=event.digest == current or (layout.versions / event.digest / name).is_dir(),
        )
        for number, event in enumerate(admitted, start=1)
    ]


def pick(versions: Sequence[Version], name: str, wanted: str) -> Version:
    """The version with this number, or whose digest starts so.

    Raises:
        SkillNotFoundError: there is none, several fit, or its files are gone.
    """
    by_number = [version for version in versions if str(version.number) == wanted]
    found = by_number or [version for version in versions if version.digest.startswith(wanted)]
    if not found or not wanted or len({version.digest for version in found}) != 1:
        known = f"there are 1 to {len(versions)}" if versions else "it is as it was installed"
        raise SkillNotFoundError(f"{name} has no version {wanted!r}; {known}")
    if not found[-1].kept:
        raise SkillNotFoundError(f"the files of version {wanted} of {name} were not kept")
    return found[-1]


def _is_whole(kept: Path) -> bool:
    """Whether this is what was admitted: a copy may have lost power half-way, or been edited."""
    try:
        return content_hash(kept) == kept.parent.name
    except SkillweaveError:
        return False
