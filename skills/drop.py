"""Whatever a user drops in, as skills: a folder, a zip, a .py, a PEFT adapter, a .md.

Nothing of what was dropped is executed, and the dropped file is left as it is.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from skillweave.skills.adapter import CONFIG_FILE, WEIGHTS_FILE, adapter_of_files
from skillweave.skills.archive import read_zip
from skillweave.skills.caselines import CASES, REQUESTS
from skillweave.skills.errors import SkillFormatError
from skillweave.skills.files import VERDICT, Content, Files, read_bytes, read_text, scan
from skillweave.skills.folder import (
    PREFIX,
    SKILL_FILE,
    TOOL_FILE,
    complete_files,
    skill_of_files,
    write_skill,
)
from skillweave.skills.frontmatter import MAX_DESCRIPTION, has_frontmatter, normal_body
from skillweave.skills.model import Skill
from skillweave.skills.names import MAX_NAME, NAME_RULE, is_name, slug
from skillweave.skills.signature import (
    cases_of,
    check_fully_typed,
    docstring_of,
    line_of,
    parse_module,
    public_functions,
    signature_of,
)
from skillweave.skills.strict import check_files

_HEADING: Final = re.compile(r"^#{1,6}[ \t]+(.*?)[ \t]*#*$")
_PROSE: Final = re.compile(r"^[^\s#<>|!\[\-*+`=:].*$")
_UNFILLED: Final = "[More Information Needed]"
"""What PEFT's model card says where its author wrote nothing."""
_TAKES: Final = "drop a skill folder, a .zip, a .py, a .md or a PEFT adapter folder"


@dataclass(frozen=True, slots=True)
class WrappedSkill:
    """A skill that is not in a library yet; ``files`` are all files of its folder."""

    skill: Skill
    files: Files
    source: Path

    def write(self, dest: Path | str) -> Skill:
        """Write the skill as the folder ``dest`` (named like the skill), whole or not at all.

        What was said of the dropped file stays among the warnings of the returned skill.
        """
        skill = write_skill(self.skill, self.files, dest)
        warnings = dict.fromkeys((*self.skill.warnings, *skill.warnings))
        return skill.model_copy(update={"warnings": tuple(warnings)})


def wrap(path: Path | str) -> list[WrappedSkill]:
    """The skills in a dropped file or folder, in the order of their names in it.

    Raises SkillFormatError or AdapterError with one line that says file, line, reason and remedy.
    """
    path = Path(path)
    if path.name in ("", ".."):
        path = path.resolve()
    if path.is_dir():
        return _wrap_tree(dict(scan(path)), path)
    suffix = path.suffix.lower()
    if not path.is_file():
        raise SkillFormatError(path, "no such file", remedy=_TAKES)
    if suffix == ".zip":
        return _wrap_tree(dict(read_zip(path)), path)
    if suffix == ".py":
        return _wrap_module(path, path)
    if suffix in (".md", ".markdown"):
        return [_wrap_note(path, path)]
    raise SkillFormatError(path, f"a {suffix or 'file'} is no skill", remedy=_TAKES)


def _wrap_tree(files: dict[str, Content], path: Path) -> list[WrappedSkill]:
    check_files(files, path)
    skills = _roots(files, SKILL_FILE)
    adapters = [
        root
        for root in _roots(files, CONFIG_FILE)
        if not any(root == skill or root.startswith(skill) for skill in skills)
    ]
    if skills or adapters:
        wrapped = [_wrap_folder(_below(files, root), path, root) for root in skills]
        wrapped.extend(_wrap_adapter(_below(files, root), path, root) for root in adapters)
        return _distinct(wrapped, path)
    if len(files) == 1:
        ((name, content),) = files.items()
        if name.endswith(".py"):
            return _wrap_module(content, path / name)
        if name.endswith(".md"):
            return [_wrap_note(content, path / name)]
    raise SkillFormatError(path, f"no {SKILL_FILE} and no {CONFIG_FILE} in it", remedy=_TAKES)


def _roots(files: Files, marker: str) -> list[str]:
    """The outermost folders (``""`` or ``"a/b/"``) that hold the marker file; hidden ones do not count."""
    found: list[str] = []
    folders = {
        name[: -len(marker)]
        for name in files
        if f"/{name}".endswith(f"/{marker}") and "/." not in f"/{name}"
    }
    for root in sorted(folders):
        if not any(root.startswith(outer) for outer in found):
            found.append(root)
    return found


def _below(files: Files, root: str) -> dict[str, Content]:
    own = {name[len(root) :]: content for name, content in files.items() if name.startswith(root)}
    # A verdict counts only when this library's own gate wrote it.
    own.pop(VERDICT, None)
    return own


def _distinct(wrapped: list[WrappedSkill], path: Path) -> list[WrappedSkill]:
    seen: set[str] = set()
    for one in wrapped:
        if one.skill.name in seen:
            raise SkillFormatError(
                path, f"two skills are named {one.skill.name!r}", remedy="rename one of them"
            )
        seen.add(one.skill.name)
    return wrapped


def _wrap_folder(files: dict[str, Content], path: Path, root: str) -> WrappedSkill:
    folder = path / root if root else path
    fallback = folder if root or path.is_dir() else path.with_suffix("")
    skill = skill_of_files(files, fallback, file=folder / SKILL_FILE)
    return WrappedSkill(skill=skill, files=files, source=path)


def _wrap_adapter(files: dict[str, Content], path: Path, root: str) -> WrappedSkill:
    folder = path / root if root else path
    name = slug(folder.name if root or path.is_dir() else path.stem)
    if not name:
        raise SkillFormatError(folder, "has no usable name", remedy=NAME_RULE)
    kept = {f"adapter/{n}": files[n] for n in (CONFIG_FILE, WEIGHTS_FILE) if n in files}
    info = adapter_of_files(kept, folder, inside="")
    kept.update({n: files[n] for n in (CASES, REQUESTS) if n in files})
    card = read_text(files["README.md"], file=folder / "README.md") if "README.md" in files else ""
    body = "" if _UNFILLED in card else _without_frontmatter(card)
    skill = Skill(
        name=name,
        description=_first_prose(body) or f"LoRA adapter {name}, rank {info.rank}",
        kind="adapter",
        body=body,
        metadata={f"{PREFIX}base": info.base} if info.base else {},
    )
    return _finish(skill, kept, path)


def _wrap_module(content: Content, file: Path) -> list[WrappedSkill]:
    data = read_bytes(content, file=file)
    source = read_text(data, file=file)
    offered = public_functions(source, file=file)
    if not offered:
        raise _nothing_public(parse_module(source, file=file), file)
    names: dict[str, str] = {}
    wrapped: list[Skill] = []
    faults: list[SkillFormatError] = []
    for function in offered:
        try:
            skill = _tool(source, function, file)
        except SkillFormatError as error:
            faults.append(error)
            continue
        other = names.setdefault(skill.name, function)
        if other != function:
            raise SkillFormatError(
                file,
                f"{other} and {function} would both be the skill {skill.name!r}",
                line=line_of(source, function, file=file),
                remedy="rename one, or put an underscore before it",
            )
        wrapped.append(skill)
    if not wrapped:
        raise faults[0]
    warnings = tuple(str(fault) for fault in faults)
    return [
        _finish(skill.model_copy(update={"warnings": warnings}), {TOOL_FILE: data}, file)
        for skill in wrapped
    ]


def _tool(source: str, function: str, file: Path) -> Skill:
    """The skill of one function; SkillFormatError when it is not fully typed."""
    check_fully_typed(source, function, file=file)
    signature = signature_of(source, function, file=file)
    name = slug(function)
    if not is_name(name) or len(function) > MAX_NAME:
        raise SkillFormatError(
            file,
            f"{function} gives no name for a skill",
            line=line_of(source, function, file=file),
            remedy=NAME_RULE,
        )
    words = name.replace("-", " ").capitalize()
    return Skill(
        name=name,
        description=(signature.summary or words)[:MAX_DESCRIPTION],
        kind="tool",
        body=normal_body(docstring_of(source, function, file=file)),
        metadata={f"{PREFIX}function": function},
        cases=cases_of(source, function, file=file),
    )


def _wrap_note(content: Content, file: Path) -> WrappedSkill:
    text = read_text(content, file=file)
    fallback = file.parent if file.name == SKILL_FILE else file.with_suffix("")
    if has_frontmatter(text):
        files: dict[str, Content] = {SKILL_FILE: content}
        skill = skill_of_files(files, fallback, file=file)
        return WrappedSkill(skill=skill, files=files, source=file)
    body = normal_body(text.removeprefix("\ufeff"))
    if not body:
        raise SkillFormatError(file, "is empty", line=1, remedy="write what to do, when and why")
    heading = _first_heading(body)
    name = slug(heading) or slug(fallback.name)
    if not name:
        raise SkillFormatError(
            file, "neither heading nor file name gives a name", line=1, remedy=NAME_RULE
        )
    description = _first_prose(body) or heading or name.replace("-", " ")
    skill = Skill(name=name, description=description, kind="experience", body=body)
    return _finish(skill, {}, file)


def _finish(skill: Skill, files: Files, source: Path) -> WrappedSkill:
    """Fill in what follows from the skill, and read it back as it will be read from the folder."""
    complete = complete_files(skill, files)
    read = skill_of_files(complete, Path(skill.name))
    read = read.model_copy(update={"warnings": (*skill.warnings, *read.warnings)})
    return WrappedSkill(skill=read, files=complete, source=source)


def _nothing_public(module: ast.Module, file: Path) -> SkillFormatError:
    for node in module.body:
        if isinstance(node, ast.AsyncFunctionDef):
            return SkillFormatError(
                file, f"{node.name} is async", line=node.lineno, remedy="write a plain def"
            )
    return SkillFormatError(
        file,
        "no public function",
        line=1,
        remedy="define one with types, as in 'def double(number: int) -> int:'",
    )


def _without_frontmatter(text: str) -> str:
    if has_frontmatter(text):
        _, _, text = text.split("\n", 1)[1].partition("\n---\n")
    return normal_body(text)


def _first_heading(body: str) -> str:
    first = body.split("\n", 1)[0]
    match = _HEADING.match(first)
    return match[1].strip() if match else ""


def _first_prose(body: str) -> str:
    """The first paragraph that is running text, on one line."""
    for paragraph in re.split(r"\n\s*\n", body):
        lines = [line.strip() for line in paragraph.split("\n") if not _HEADING.match(line)]
        if lines and _PROSE.match(lines[0]):
            text = " ".join(" ".join(lines).split())
            return text if len(text) <= MAX_DESCRIPTION else text[: MAX_DESCRIPTION - 3] + "..."
    return ""
