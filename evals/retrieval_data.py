"""Public pools of tools with queries, as skills: MetaTool (https://arxiv.org/abs/2310.03128) and BFCL
(https://gorilla.cs.berkeley.edu/leaderboard.html). Read from a local copy of their repositories."""

from __future__ import annotations

import csv
import hashlib
import json
import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from pydantic import BaseModel, JsonValue

from skillweave.skills.errors import SettingsError
from skillweave.skills.model import Skill

VARIABLE = "SKILLWEAVE_DATA"
METATOOL = "metatool/dataset"
METATOOL_FILES = (
    "data/all_clean_data.csv",
    "data/multi_tool_query_golden.json",
    "plugin_des.json",
    "plugin_info.json",
)
BFCL = "bfcl/data"
BFCL_PARTS = (
    "simple_python",
    "simple_java",
    "simple_javascript",
    "multiple",
    "parallel",
    "parallel_multiple",
)


class Query(NamedTuple):
    """A request and the skills that it is labelled with."""

    text: str
    right: tuple[str, ...]


class Pool(NamedTuple):
    """Skills, and queries that some of them serve."""

    skills: tuple[Skill, ...]
    queries: tuple[Query, ...]


def data_folder(given: Path | None) -> Path:
    """The folder with ``metatool`` and ``bfcl``: ``given``, else what the environment names.

    Raises:
        SettingsError: neither names a folder.
    """
    folder = given or Path(os.environ.get(VARIABLE, ""))
    if not (folder / METATOOL).is_dir():
        raise SettingsError(
            f"no {METATOOL} in {folder}: clone HowieHwong/MetaTool to metatool and"
            f" ShishirPatil/gorilla's bfcl_eval/data to bfcl/data, and name the folder by"
            f" --data or {VARIABLE}"
        )
    return folder


def hashes(folder: Path) -> dict[str, str]:
    """sha256 of every file that is read."""
    files = [f"{METATOOL}/{name}" for name in METATOOL_FILES]
    for part in BFCL_PARTS:
        files += [f"{BFCL}/BFCL_v4_{part}.json", f"{BFCL}/possible_answer/BFCL_v4_{part}.json"]
    found = {name: folder / name for name in files}
    return {
        name: hashlib.sha256(path.read_bytes()).hexdigest()
        for name, path in found.items()
        if path.is_file()
    }


def skill_name(name: str) -> str:
    """A name as the Agent Skills specification wants it.

    >>> skill_name("PDF&URLTool"), skill_name("math_toolkit.sum_of_multiples")
    ('pdf-url-tool', 'math-toolkit-sum-of-multiples')
    """
    words = re.sub(r"([a-z0-9])([A-Z])", r"\1-\2", name)
    words = re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1-\2", words)
    return re.sub(r"[^a-z0-9]+", "-", words.lower()).strip("-")[:64].strip("-")


class _Plugin(BaseModel):
    name_for_model: str
    description_for_model: str


class _Pair(BaseModel):
    query: str
    tool: tuple[str, ...]


def metatool(folder: Path) -> tuple[Pool, tuple[Query, ...]]:
    """The 199 tools with the queries for one tool (each text once), and the queries for two.

    The body of a skill is what the tool tells models about itself, where the data set has it.
    """
    base = folder / METATOOL
    told = _read(base / "plugin_des.json")
    if not isinstance(told, dict):
        raise SettingsError(f"{base / 'plugin_des.json'}: is no table of descriptions")
    plugins = [_Plugin.model_validate(item) for item in _rows(base / "plugin_info.json")]
    bodies = {plugin.name_for_model: plugin.description_for_model for plugin in plugins}
    skills = tuple(
        Skill(
            name=skill_name(name),
            description=str(text),
            kind="guide",
            body=bodies.get(name) or str(text),
        )
        for name, text in sorted(told.items())
    )
    labels: dict[str, str] = {}
    with (base / "data/all_clean_data.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            labels.setdefault(row["Query"], row["Tool"])
    single = tuple(Query(text, (skill_name(tool),)) for text, tool in labels.items())
    pairs = [_Pair.model_validate(item) for item in _rows(base / "data" / METATOOL_FILES[1][5:])]
    double = tuple(Query(one.query, tuple(map(skill_name, one.tool))) for one in pairs)
    return Pool(skills, single), double


class _Function(BaseModel):
    name: str
    description: str
    parameters: dict[str, JsonValue]


class _Message(BaseModel):
    content: str


class _Task(BaseModel):
    id: str
    question: tuple[tuple[_Message, ...], ...]
    function: tuple[_Function, ...]


class _Answer(BaseModel):
    id: str
    ground_truth: tuple[dict[str, JsonValue], ...]


def bfcl(folder: Path) -> Pool:
    """All functions of the parts with known answers in one pool, and their questions."""
    names: dict[tuple[str, str], str] = {}
    skills: dict[str, Skill] = {}
    queries: list[Query] = []
    for part in BFCL_PARTS:
        base = folder / BFCL
        answers = {
            one.id: one
            for one in map(
                _Answer.model_validate, _lines(base / "possible_answer" / f"BFCL_v4_{part}.json")
            )
        }
        for task in map(_Task.model_validate, _lines(base / f"BFCL_v4_{part}.json")):
            called = {name for call in answers[task.id].ground_truth for name in call}
            right = []
            for function in task.function:
                name = names.get((function.name, function.description))
                if name is None:
                    name = _free(skill_name(function.name), skills)
                    names[function.name, function.description] = name
                    skills[name] = _function_skill(name, function)
                if function.name in called:
                    right.append(name)
            text = "\n".join(message.content for turn in task.question for message in turn)
            if right:
                queries.append(Query(text, tuple(right)))
    return Pool(tuple(skills.values()), tuple(queries))


def _function_skill(name: str, function: _Function) -> Skill:
    properties = function.parameters.get("properties")
    parameters = properties.items() if isinstance(properties, dict) else ()
    lines = [
        f"{name}: {value.get('description', '')}"
        for name, value in parameters
        if isinstance(value, dict)
    ]
    body = "\n".join((function.description, *lines))
    return Skill(name=name, description=function.description, kind="guide", body=body)


def _free(name: str, taken: Iterable[str]) -> str:
    at, free = 1, name
    while free in taken:
        at += 1
        free = f"{name[:60]}-{at}"
    return free


def _read(path: Path) -> JsonValue:
    value: JsonValue = json.loads(path.read_text(encoding="utf-8"))
    return value


def _rows(path: Path) -> Sequence[JsonValue]:
    value = _read(path)
    return value if isinstance(value, list) else []


def _lines(path: Path) -> list[JsonValue]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line]
