"""The YAML frontmatter of SKILL.md: read leniently with warnings, written strictly."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import yaml
from pydantic import Field

from skillweave.skills.errors import SkillFormatError
from skillweave.skills.model import Frozen

MAX_DESCRIPTION: Final = 1024
MAX_COMPATIBILITY: Final = 500
MAX_FRONTMATTER: Final = 64 * 1024
MAX_DEPTH: Final = 8
MAX_ALIASES: Final = 16

FIELDS: Final = (
    "name",
    "description",
    "license",
    "compatibility",
    "allowed-tools",
    "metadata",
)
"""All that the Agent Skills specification allows at the top level, in the order we write it."""

_STRING = "tag:yaml.org,2002:str"
_NULL = "tag:yaml.org,2002:null"
_ODD_BREAK = re.compile("[\r\x85\u2028\u2029]")
_BARE_VALUE = re.compile(
    r"^(name|description|license|compatibility|allowed-tools):[ \t]+(?![\"'|>\[{&!])(.*\S)[ \t]*$"
)


class Frontmatter(Frozen):
    """What stands in a SKILL.md. Absent fields are None; ``lines`` says where each field stood."""

    name: str | None = None
    description: str
    license: str | None = None
    compatibility: str | None = None
    allowed_tools: str | None = None
    metadata: Mapping[str, str] = Field(default_factory=dict)
    body: str = ""
    lines: Mapping[str, int] = Field(default_factory=dict)
    warnings: tuple[str, ...] = ()


class _Loader(yaml.SafeLoader):
    """Composes nodes only, so no tag is ever acted on; aliases that could make a YAML bomb are refused."""

    depth = 0
    aliases = 0

    def compose_node(self, parent: yaml.Node | None, index: object) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            self._check_alias()
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise self._fault(f"nested deeper than {MAX_DEPTH} levels")
        node = super().compose_node(parent, index)  # type: ignore[arg-type]
        self.depth -= 1
        return node

    def _check_alias(self) -> None:
        event: yaml.AliasEvent = self.peek_event()  # type: ignore[no-untyped-call]
        if isinstance(self.anchors.get(event.anchor), yaml.CollectionNode):
            raise self._fault("an alias (*) of a list or a map is not allowed")
        self.aliases += 1
        if self.aliases > MAX_ALIASES:
            raise self._fault(f"more than {MAX_ALIASES} aliases (*)")

    def _fault(self, problem: str) -> yaml.YAMLError:
        event: yaml.Event = self.peek_event()  # type: ignore[no-untyped-call]
        mark = event.start_mark if isinstance(event.start_mark, yaml.Mark) else None
        return yaml.MarkedYAMLError(problem=problem, problem_mark=mark)


class _Dumper(yaml.SafeDumper):
    """Escapes the line breaks that a YAML reader would turn into a plain one."""


def _represent(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = '"' if _ODD_BREAK.search(text) else None
    return dumper.represent_scalar(_STRING, text, style=style)


_Dumper.add_representer(str, _represent)


def parse_frontmatter(text: str, file: Path) -> Frontmatter:
    """Read the text of a SKILL.md.

    Raises SkillFormatError where no lenient reading exists: no frontmatter, YAML that cannot be
    parsed, no description.
    """
    head, body = _split(text, file)
    reader = _Reader(file)
    reader.read(_compose(head, file, reader))
    return reader.frontmatter(body)


def has_frontmatter(text: str) -> bool:
    """Whether the text begins with a line ``---``."""
    return text.removeprefix("\ufeff").split("\n", 1)[0].rstrip() == "---"


def format_frontmatter(front: Frontmatter) -> str:
    """The text of a SKILL.md; the values must already fit the specification."""
    values: dict[str, str | dict[str, str]] = {}
    for field in FIELDS:
        value = getattr(front, field.replace("-", "_"))
        if isinstance(value, Mapping):
            if value:
                values[field] = {key: value[key] for key in sorted(value)}
        elif value is not None:
            values[field] = value
    head = yaml.dump(values, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=2**31)
    body = normal_body(front.body)
    return f"---\n{head}---\n" + (f"\n{body}\n" if body else "")


def normal_body(body: str) -> str:
    """The body as reading returns it: Unix line ends, no blank space around."""
    return body.replace("\r\n", "\n").strip()


def _split(text: str, file: Path) -> tuple[str, str]:
    lines = text.removeprefix("\ufeff").replace("\r\n", "\n").split("\n")
    if lines[0].rstrip() != "---":
        raise SkillFormatError(
            file,
            "no frontmatter",
            line=1,
            remedy="begin the file with '---', name:, description: and a closing '---'",
        )
    for number, line in enumerate(lines[1:], start=1):
        if line.rstrip() == "---":
            head = "\n".join(lines[1:number])
            if len(head) > MAX_FRONTMATTER:
                raise SkillFormatError(
                    file,
                    f"the frontmatter is longer than {MAX_FRONTMATTER // 1024} KB",
                    line=number + 1,
                    remedy="move text below the closing '---'",
                )
            return head, normal_body("\n".join(lines[number + 1 :]))
    raise SkillFormatError(
        file, "the frontmatter has no end", line=1, remedy="close it with a line '---'"
    )


def _compose(head: str, file: Path, reader: _Reader) -> yaml.Node | None:
    try:
        return _nodes(head)
    except yaml.YAMLError as error:
        problem = error
    quoted = "\n".join(_BARE_VALUE.sub(_quote, line) for line in head.split("\n"))
    if quoted != head:
        try:
            node = _nodes(quoted)
        except yaml.YAMLError:
            pass
        else:
            reader.warn(_line_of(problem, head), "a value holds ': ' or the like unquoted")
            return node
    raise SkillFormatError(
        file,
        f"the frontmatter is not valid YAML ({_reason_of(problem)})",
        line=_line_of(problem, head),
        remedy="quote values that hold ': ' or '#', and indent with spaces",
    ) from problem


def _nodes(head: str) -> yaml.Node | None:
    loader = _Loader(head)
    try:
        node: yaml.Node | None = loader.get_single_node()
        return node
    finally:
        loader.dispose()


def _quote(match: re.Match[str]) -> str:
    escaped = match[2].replace("'", "''")
    return f"{match[1]}: '{escaped}'"


def _line_of(error: yaml.YAMLError, head: str) -> int:
    if isinstance(error, yaml.reader.ReaderError):
        return head.count("\n", 0, error.position) + 2
    mark = getattr(error, "problem_mark", None)
    if "end of stream" in str(getattr(error, "problem", "")):
        mark = getattr(error, "context_mark", None) or mark
    return mark.line + 2 if mark is not None else 2


def _reason_of(error: yaml.YAMLError) -> str:
    if isinstance(error, yaml.reader.ReaderError):
        return "a control character"
    return str(getattr(error, "problem", None) or "unreadable").replace("\n", " ")


class _Reader:
    """Collects values, lines and warnings from the composed nodes."""

    def __init__(self, file: Path):
        self.file = file
        self.strings: dict[str, str] = {}
        self.metadata: dict[str, str] = {}
        self.lines: dict[str, int] = {}
        self.warnings: list[str] = []

    def warn(self, line: int, text: str) -> None:
        self.warnings.append(f"SKILL.md:{line}: {text}")

    def read(self, root: yaml.Node | None) -> None:
        if root is None:
            return
        if not isinstance(root, yaml.MappingNode):
            raise SkillFormatError(
                self.file,
                "the frontmatter is not a list of 'field: value' lines",
                line=_line(root),
                remedy="write 'name: ...' and 'description: ...'",
            )
        for key, node in root.value:
            field, line = str(key.value), _line(key)
            if field not in FIELDS:
                self.warn(line, f"unknown field {field!r} is ignored; it belongs under metadata")
                continue
            if field in self.lines:
                self.warn(line, f"field {field!r} is given twice; the last one counts")
            self.lines[field] = line
            if field == "metadata":
                self._read_metadata(node)
            else:
                self._read_string(field, node)

    def _read_string(self, field: str, node: yaml.Node) -> None:
        if isinstance(node, yaml.SequenceNode) and field == "allowed-tools":
            self.warn(_line(node), f"{field} is a list; joined with spaces")
            value = " ".join(str(item.value) for item in node.value)
        elif isinstance(node, yaml.ScalarNode):
            if node.tag not in (_STRING, _NULL):
                self.warn(_line(node), f"{field} is not a string; taken as text")
            value = "" if node.tag == _NULL else node.value
        else:
            self.warn(_line(node), f"{field} is not a string and is ignored")
            return
        value = value.strip()
        limit = {"description": MAX_DESCRIPTION, "compatibility": MAX_COMPATIBILITY}.get(field)
        if limit is not None and len(value) > limit:
            self.warn(_line(node), f"{field} has {len(value)} characters; {limit} are allowed")
        self.strings.pop(field, None)
        if value:
            self.strings[field] = value
        elif field != "description":
            self.warn(_line(node), f"{field} is empty")

    def _read_metadata(self, node: yaml.Node) -> None:
        if not isinstance(node, yaml.MappingNode):
            if node.tag != _NULL:
                self.warn(_line(node), "metadata is not a map of strings and is ignored")
            return
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode) or not isinstance(value, yaml.ScalarNode):
                self.warn(_line(key), "a metadata entry is not a string and is taken as text")
            elif value.tag != _STRING:
                self.warn(_line(value), f"metadata {key.value!r} is not a string; taken as text")
            self.metadata[_text(key)] = _text(value)

    def frontmatter(self, body: str) -> Frontmatter:
        description = self.strings.get("description")
        if not description:
            raise SkillFormatError(
                self.file,
                "no description",
                line=self.lines.get("description", 1),
                remedy="add 'description: what it does and when to use it'",
            )
        return Frontmatter(
            name=self.strings.get("name"),
            description=description,
            license=self.strings.get("license"),
            compatibility=self.strings.get("compatibility"),
            allowed_tools=self.strings.get("allowed-tools"),
            metadata=self.metadata,
            body=body,
            lines=self.lines,
            warnings=tuple(self.warnings),
        )


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 2


def _text(node: yaml.Node) -> str:
    if isinstance(node, yaml.ScalarNode):
        return "" if node.tag == _NULL else str(node.value)
    if isinstance(node, yaml.MappingNode):
        return ", ".join(f"{_text(key)}: {_text(value)}" for key, value in node.value)
    return ", ".join(_text(item) for item in node.value)
