"""What a skill must be before it is written: the specification, without leniency."""

from __future__ import annotations

from pathlib import Path

from skillweave.skills.errors import SkillFormatError
from skillweave.skills.files import MAX_TEXT, Files, same_but_for_case, unsafe_path
from skillweave.skills.frontmatter import MAX_COMPATIBILITY, MAX_DESCRIPTION
from skillweave.skills.model import Skill
from skillweave.skills.names import NAME_RULE, is_name


def check_skill(skill: Skill, file: Path) -> None:
    """Refuse a skill whose SKILL.md would not fit the specification, or not read back the same."""
    if not is_name(skill.name):
        raise SkillFormatError(file, f"{skill.name!r} is not a name", remedy=NAME_RULE)
    _check_length(file, "description", skill.description, MAX_DESCRIPTION)
    if skill.compatibility is not None:
        _check_length(file, "compatibility", skill.compatibility, MAX_COMPATIBILITY)
    for field, value in (("license", skill.license), ("allowed-tools", skill.allowed_tools)):
        if value is not None:
            _check_length(file, field, value, MAX_DESCRIPTION)
    for name in skill.requires:
        if not name or name.split() != [name]:
            raise SkillFormatError(file, f"requires {name!r}, which is no name", remedy=NAME_RULE)
    for request in skill.requests:
        if not request.strip() or request != request.strip() or "\n" in request:
            raise SkillFormatError(
                file, f"request {request!r} is not one line of text", remedy="write one a line"
            )
    texts = (skill.body, skill.use_when, skill.avoid_when, skill.toolkit or "")
    for text in (*texts, *skill.requests, *skill.metadata, *skill.metadata.values()):
        _check_text(file, "a text", text)
    if len(skill.body.encode()) > MAX_TEXT * 3 // 4:
        raise SkillFormatError(file, "the body is too long", remedy="move parts to references/")


def check_files(files: Files, dest: Path) -> None:
    """Refuse paths that lead out of the folder, or that are one file where case is ignored."""
    for name in files:
        reason = unsafe_path(name)
        if reason:
            raise SkillFormatError(dest, f"{name!r} {reason}", remedy="use plain relative names")
    clash = same_but_for_case(files)
    if clash:
        raise SkillFormatError(
            dest, f"{clash[0]} and {clash[1]} differ only by case", remedy="rename one of them"
        )


def _check_length(file: Path, field: str, value: str, limit: int) -> None:
    _check_text(file, field, value)
    if not value.strip():
        raise SkillFormatError(file, f"{field} is empty", remedy=f"write 1-{limit} characters")
    if len(value) > limit:
        raise SkillFormatError(
            file,
            f"{field} has {len(value)} characters",
            remedy=f"shorten it to {limit} characters",
        )


def _check_text(file: Path, field: str, value: str) -> None:
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise SkillFormatError(
            file, f"{field} holds half a character", remedy="write valid Unicode"
        ) from error
    if "\0" in value:
        raise SkillFormatError(file, f"{field} holds a zero byte", remedy="write text only")
