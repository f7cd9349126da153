"""A skill's folder: read leniently, written strictly and atomically."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from skillweave.skills.adapter import CONFIG_FILE, WEIGHTS_FILE, adapter_of_files
from skillweave.skills.atomic import write_folder
from skillweave.skills.caselines import (
    CASES,
    REQUESTS,
    format_cases,
    format_requests,
    parse_cases,
    parse_requests,
)
from skillweave.skills.errors import SkillFormatError
from skillweave.skills.files import Files, hash_files, read_text, same_but_for_case, scan
from skillweave.skills.frontmatter import Frontmatter, format_frontmatter, parse_frontmatter
from skillweave.skills.model import KINDS, Case, Signature, Skill, SkillKind
from skillweave.skills.names import NAME_RULE, is_name, slug
from skillweave.skills.signature import check_fully_typed, public_functions, signature_of
from skillweave.skills.strict import check_files, check_skill

SKILL_FILE: Final = "SKILL.md"
TOOL_FILE: Final = "scripts/tool.py"
PREFIX: Final = "skillweave-"

LIFTED: Final = ("kind", "use-when", "avoid-when", "requires", "toolkit")
"""Metadata that has a field of its own in Skill, and so is not in ``Skill.metadata``."""

_DECLARED: Final = (
    "name",
    "description",
    "kind",
    "body",
    "license",
    "compatibility",
    "metadata",
    "allowed_tools",
    "use_when",
    "avoid_when",
    "requires",
    "toolkit",
)
"""The fields of Skill that SKILL.md holds."""


def read_skill(path: Path | str) -> Skill:
    """Read a skill from its folder (or from the SKILL.md in it).

    What can be read in spite of a fault is read, with a line in ``Skill.warnings``; what cannot
    raises SkillFormatError or AdapterError.
    """
    folder = Path(path)
    if folder.name == SKILL_FILE:
        folder = folder.parent
    if not folder.is_dir():
        raise SkillFormatError(folder, "no such folder", remedy="name a skill's folder")
    folder = folder.absolute()
    return skill_of_files(scan(folder), folder).model_copy(update={"path": folder})


def skill_of_files(files: Files, folder: Path, *, file: Path | None = None) -> Skill:
    """Read a skill from its files; ``folder`` gives the name and stands in messages.

    ``file`` is where SKILL.md really is, when the skill does not lie in a folder of its own yet.
    """
    skill = _declared(files, folder, file)
    warnings = list(skill.warnings)
    where = folder if file is None else file.parent
    clash = same_but_for_case(files)
    if clash:
        warnings.append(f"{clash[0]} and {clash[1]} differ only by case")
    update: dict[str, object] = {
        "requests": _requests(files, where),
        "cases": _cases(skill.kind, files, where, warnings),
        "digest": hash_files(files),
    }
    if skill.kind == "tool":
        function = skill.metadata.get(f"{PREFIX}function", "")
        update["signature"] = _signature(skill.name, function, files, where)
    elif skill.kind == "adapter":
        base = skill.metadata.get(f"{PREFIX}base", "")
        update["adapter"] = adapter_of_files(files, where, base=base)
    return skill.model_copy(update={**update, "warnings": tuple(warnings)})


def _declared(files: Files, folder: Path, file: Path | None) -> Skill:
    """What SKILL.md says, and the kind that the files make of it."""
    if SKILL_FILE not in files:
        raise SkillFormatError(
            folder, f"no {SKILL_FILE}", remedy="add one with name and description"
        )
    alone = file is not None
    file = file or folder / SKILL_FILE
    front = parse_frontmatter(read_text(files[SKILL_FILE], file=file), file)
    warnings = list(front.warnings)
    name = _name(front, folder.name, file, warnings)
    if not alone and front.name == name != folder.name:
        warnings.append(
            f"{_at(front, 'name')}: name {name!r} is not the folder's name {folder.name!r}"
        )
    kind = _kind(front, name, files, file, warnings)
    own = {key: front.metadata.get(PREFIX + key, "").strip() for key in LIFTED}
    metadata = {k: v for k, v in front.metadata.items() if k.removeprefix(PREFIX) not in LIFTED}
    return Skill(
        name=name,
        description=front.description,
        kind=kind,
        body=front.body,
        license=front.license,
        compatibility=front.compatibility,
        metadata=metadata,
        allowed_tools=front.allowed_tools,
        use_when=own["use-when"],
        avoid_when=own["avoid-when"],
        requires=tuple(own["requires"].split()),
        toolkit=own["toolkit"] or None,
        warnings=tuple(warnings),
    )


def write_skill(skill: Skill, files: Files, dest: Path | str) -> Skill:
    """Write a skill as the folder ``dest``, whole or not at all, and return it as read back.

    ``files`` are the other files of the folder. A SKILL.md among them is kept byte for byte when
    it says what ``skill`` says (a third party's file stays as it is) and made anew when not; so
    are ``evals/cases.jsonl`` and ``evals/requests.txt`` where ``skill`` has cases and requests.
    """
    dest = Path(dest).absolute()
    complete = complete_files(skill, files)
    check_files(complete, dest)
    if dest.name != skill.name:
        raise SkillFormatError(
            dest, f"the folder's name is not {skill.name!r}", remedy="name it like the skill"
        )
    skill_of_files(complete, dest)
    write_folder(complete, dest)
    return read_skill(dest)


def complete_files(skill: Skill, files: Files) -> dict[str, bytes | Path]:
    """The files of the skill's folder, with the ones that follow from ``skill`` filled in."""
    complete = dict(files)
    folder = Path(skill.name)
    if not _says_the_same(skill, files):
        check_skill(skill, folder / SKILL_FILE)
        complete[SKILL_FILE] = format_skill(skill).encode()
    if skill.cases and skill.cases != _cases("guide", files, folder, []):
        complete[CASES] = format_cases(skill.cases).encode()
    if skill.requests and skill.requests != _requests(files, folder):
        complete[REQUESTS] = format_requests(skill.requests).encode()
    return complete


def _says_the_same(skill: Skill, files: Files) -> bool:
    try:
        said = _declared(files, Path(skill.name), None)
    except SkillFormatError:
        return False
    return all(getattr(said, field) == getattr(skill, field) for field in _DECLARED)


def format_skill(skill: Skill) -> str:
    """The text of the skill's SKILL.md."""
    own = {
        "kind": skill.kind,
        "use-when": skill.use_when,
        "avoid-when": skill.avoid_when,
        "requires": " ".join(skill.requires),
        "toolkit": skill.toolkit or "",
    }
    metadata = {PREFIX + key: value for key, value in own.items() if value}
    return format_frontmatter(
        Frontmatter(
            name=skill.name,
            description=skill.description,
            license=skill.license,
            compatibility=skill.compatibility,
            allowed_tools=skill.allowed_tools,
            metadata={**skill.metadata, **metadata},
            body=skill.body,
        )
    )


def content_hash(folder: Path | str) -> str:
    """sha256 (64 hex digits) of a skill's content.

    Taken over the sorted relative paths and their bytes; ``verdict.json``, ``__pycache__``,
    ``.git`` and other litter do not count.
    """
    return hash_files(scan(Path(folder)))


def _at(front: Frontmatter, field: str) -> str:
    return f"{SKILL_FILE}:{front.lines.get(field, 1)}"


def _name(front: Frontmatter, fallback: str, file: Path, warnings: list[str]) -> str:
    declared = front.name or fallback
    name = declared if is_name(declared) else slug(declared)
    if not name:
        raise SkillFormatError(
            file, f"{declared!r} is not a name", line=front.lines.get("name", 1), remedy=NAME_RULE
        )
    if front.name is None:
        warnings.append(f"{_at(front, 'name')}: no name; taken from its place: {name!r}")
    elif name != declared:
        warnings.append(f"{_at(front, 'name')}: name {declared!r} is read as {name!r}; {NAME_RULE}")
    return name


def _kind(
    front: Frontmatter, name: str, files: Files, file: Path, warnings: list[str]
) -> SkillKind:
    declared = front.metadata.get(f"{PREFIX}kind", "").strip()
    needed = {"tool": TOOL_FILE, "adapter": "adapter/"}.get(declared)
    if needed and not any(name.startswith(needed) for name in files):
        raise SkillFormatError(
            file,
            f"the skill is of the kind {declared} and has no {needed}",
            line=front.lines.get("metadata", 1),
            remedy="add it, or correct skillweave-kind",
        )
    for kind in KINDS:
        if declared == kind:
            return kind
    if declared:
        warnings.append(f"{_at(front, 'metadata')}: unknown skillweave-kind {declared!r}")
    if any(name in files for name in (f"adapter/{CONFIG_FILE}", f"adapter/{WEIGHTS_FILE}")):
        return "adapter"
    if TOOL_FILE not in files:
        return "guide"
    try:
        _typed_function(front, name, files, file.parent)
    except SkillFormatError as error:
        # Skills of others may have a script of that name, which is no tool in our sense.
        warnings.append(f"read as a guide, not as a tool: {error}")
        return "guide"
    return "tool"


def _typed_function(front: Frontmatter, name: str, files: Files, folder: Path) -> None:
    declared = front.metadata.get(f"{PREFIX}function", "")
    signature = _signature(name, declared, files, folder)
    source = read_text(files[TOOL_FILE], file=folder / TOOL_FILE)
    check_fully_typed(source, signature.function, file=folder / TOOL_FILE)


def _signature(name: str, declared: str, files: Files, folder: Path) -> Signature:
    file = folder / TOOL_FILE
    source = read_text(files[TOOL_FILE], file=file)
    function = declared.strip()
    if not function:
        offered = public_functions(source, file=file)
        function = offered[0] if len(offered) == 1 else name.replace("-", "_")
        if function not in offered:
            raise SkillFormatError(
                file,
                f"no public function {function!r}" if offered else "no public function",
                line=1,
                remedy="name the tool's function in the metadata as skillweave-function",
            )
    return signature_of(source, function, file=file)


def _requests(files: Files, folder: Path) -> tuple[str, ...]:
    if REQUESTS not in files:
        return ()
    return parse_requests(read_text(files[REQUESTS], file=folder / REQUESTS))


def _cases(kind: SkillKind, files: Files, folder: Path, warnings: list[str]) -> tuple[Case, ...]:
    if CASES not in files:
        return ()
    file = folder / CASES
    try:
        return parse_cases(read_text(files[CASES], file=file, limit=16 * 1024 * 1024), file)
    except SkillFormatError as error:
        if kind in ("tool", "adapter"):
            raise
        warnings.append(str(error))
        return ()
