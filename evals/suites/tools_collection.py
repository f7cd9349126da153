"""A third-party collection of tools, read from a CSV or JSONL file, as skills with cases.

A row holds the source of a function (``code``) and example calls (``examples``), and may name the
function (``function``) and say what it does (``description``). Example calls are either a list of
``{"arguments": {...}, "expected": ...}``, as JSON, or Python text: ``assert`` statements, or one
``call == value`` a line. Rows in the form of HumanEval (``prompt``, ``canonical_solution``,
``entry_point``, ``test``) and of MBPP (``test_list``) are read as well. Nothing is executed here.
"""

from __future__ import annotations

import ast
import csv
import gzip
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from pydantic import JsonValue, TypeAdapter, ValidationError

from skillweave.evals.suites.tools_types import typed
from skillweave.skills.docstring import json_of
from skillweave.skills.errors import SkillweaveError, UserError
from skillweave.skills.frontmatter import MAX_DESCRIPTION
from skillweave.skills.model import Case, Frozen, Skill
from skillweave.skills.names import slug
from skillweave.skills.signature import public_functions, signature_of

FEWEST = 2
"""Example calls: one half is the author's, the other is kept for the judge."""
_ROW = TypeAdapter(dict[str, JsonValue])
_CASES = TypeAdapter(list[Case])


class Imported(Frozen):
    """One row of a collection."""

    row: int
    skill: Skill | None = None
    """With all example calls as its cases; None when it cannot be one."""
    source: str = ""
    why: str = ""
    """What is wrong with the row, in one line."""


def read_collection(path: Path) -> list[Imported]:
    """All rows; one that cannot be a skill says why.

    Raises:
        UserError: the file is no CSV or JSONL at all.
    """
    found = []
    for number, row in enumerate(_rows(path), start=1):
        try:
            skill, source = imported(row, number)
            found.append(Imported(row=number, skill=skill, source=source))
        except (SkillweaveError, SyntaxError, ValueError) as error:
            why = " ".join(str(error).split())[:300]
            found.append(Imported(row=number, why=why))
    if not found:
        raise UserError(f"{path}: there are no rows; see the example in the documentation")
    return found


def imported(row: Mapping[str, JsonValue], number: int) -> tuple[Skill, str]:
    """A row as a skill, and its source with types.

    Raises:
        SkillweaveError, SyntaxError, ValueError: it cannot be one.
    """
    source = _text(row, "code") or _text(row, "prompt") + _text(row, "canonical_solution")
    if not source.strip():
        raise ValueError("it has no code")
    named = _text(row, "function") or _text(row, "entry_point")
    offered = [named] if named else public_functions(source, file=f"row {number}")
    if not offered:
        raise ValueError("its code has no public function")
    function = offered[-1]
    cases = _examples(row, source, function)
    if len(cases) < FEWEST:
        raise ValueError(f"{len(cases)} example calls can be read, {FEWEST} are needed")
    about = " ".join((_text(row, "description") or _text(row, "text")).split())
    source = typed(source, function, cases, about)
    signature = signature_of(source, function, file=f"row {number}")
    name = slug(function)
    if not name:
        raise ValueError(f"{function} gives no name for a skill")
    summary = about or signature.summary or name.replace("-", " ")
    skill = Skill(
        name=name,
        description=summary[:MAX_DESCRIPTION],
        kind="tool",
        metadata={"skillweave-function": function},
        signature=signature,
        cases=tuple(cases),
    )
    return skill, source


def _rows(path: Path) -> Iterator[dict[str, JsonValue]]:
    opener = gzip.open if path.suffix == ".gz" else open
    kind = Path(path.stem).suffix if path.suffix == ".gz" else path.suffix
    try:
        with opener(path, "rt", encoding="utf-8", newline="") as file:
            if kind == ".csv":
                csv.field_size_limit(1 << 24)
                yield from (_ROW.validate_python(row) for row in csv.DictReader(file))
            elif kind in (".jsonl", ".ndjson"):
                yield from (_ROW.validate_json(line) for line in file if line.strip())
            else:
                raise UserError(f"{path}: a collection is a .csv or a .jsonl file")
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror or error}") from None
    except ValidationError as error:
        raise UserError(f"{path}: a row is no object: {error.errors()[0]['msg']}") from None
    except (csv.Error, UnicodeDecodeError) as error:
        raise UserError(f"{path}: {error}") from None


def _text(row: Mapping[str, JsonValue], name: str) -> str:
    value = row.get(name)
    return value if isinstance(value, str) else ""


def _examples(row: Mapping[str, JsonValue], source: str, function: str) -> list[Case]:
    """The example calls, each set of arguments once."""
    told = next((row[n] for n in ("examples", "test", "test_list") if row.get(n)), "")
    if isinstance(told, str) and told.lstrip().startswith("["):
        told = json.loads(told)
    if isinstance(told, list) and told and isinstance(told[0], dict):
        cases = _CASES.validate_python(told)
    else:
        text = "\n".join(map(str, told)) if isinstance(told, list) else str(told)
        cases = list(_asserted(text, source, function))
    return list({json.dumps(dict(c.arguments), sort_keys=True): c for c in cases}.values())


def _asserted(text: str, source: str, function: str) -> Iterator[Case]:
    """Cases from comparisons of a call with a literal, wherever they stand in Python text."""
    names = _parameters(source, function)
    for node in ast.walk(ast.parse(text)):
        match node:
            case ast.Compare(
                left=ast.Call() as call, ops=[ast.Eq() | ast.Is()], comparators=[value]
            ):
                pass
            case _:
                continue
        if not isinstance(call.func, ast.Name) or call.func.id not in (function, "candidate"):
            continue
        try:
            given = [json_of(ast.literal_eval(one)) for one in call.args]
            rest = {str(k.arg): json_of(ast.literal_eval(k.value)) for k in call.keywords}
            expected = json_of(ast.literal_eval(value))
        except (ValueError, TypeError):  # computed, or no JSON value: no case for a sandbox
            continue
        if len(given) <= len(names):
            yield Case(
                arguments={**dict(zip(names, given, strict=False)), **rest}, expected=expected
            )


def _parameters(source: str, function: str) -> Sequence[str]:
    for node in ast.parse(source).body:
        if isinstance(node, ast.FunctionDef) and node.name == function:
            return [one.arg for one in node.args.args]
    raise ValueError(f"its code has no function {function}")
