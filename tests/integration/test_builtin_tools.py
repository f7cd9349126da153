"""Every built-in skill is well formed, and every case of a built-in tool holds in the sandbox."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from skillweave.skills.builtin import builtin_root
from skillweave.skills.cases import run_cases, same_value
from skillweave.skills.folder import read_skill
from skillweave.skills.model import Skill, SkillKind
from skillweave.skills.sandbox import Sandbox
from skillweave.skills.signature import check_fully_typed, public_functions

MAX_PARAMETERS = 3
INVERSE = "skillweave-inverse"


def _builtin() -> tuple[Skill, ...]:
    return tuple(read_skill(file.parent) for file in sorted(builtin_root().glob("*/SKILL.md")))


SKILLS = _builtin()


def _of(kind: SkillKind) -> list[Skill]:
    return [skill for skill in SKILLS if skill.kind == kind]


def _source(skill: Skill) -> str:
    assert skill.path is not None
    return (skill.path / "scripts" / "tool.py").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox.open() as opened:
        yield opened


def test_the_library_is_as_large_as_promised() -> None:
    assert len(_of("tool")) >= 60
    assert len(_of("experience")) >= 5


def test_every_folder_is_a_skill() -> None:
    folders = {p.name for p in builtin_root().iterdir() if p.is_dir() and p.name != "__pycache__"}
    assert folders == {skill.name for skill in SKILLS}


def test_no_skill_reads_with_warnings() -> None:
    assert {skill.name: skill.warnings for skill in SKILLS if skill.warnings} == {}


def test_descriptions_and_requests_are_unique() -> None:
    descriptions = Counter(skill.description for skill in SKILLS)
    requests = Counter(request.lower() for skill in SKILLS for request in skill.requests)
    assert [text for text, times in (descriptions + requests).items() if times > 1] == []


@pytest.mark.parametrize("skill", SKILLS, ids=lambda skill: skill.name)
def test_every_skill_says_when_to_use_it(skill: Skill) -> None:
    assert skill.license == "Apache-2.0"
    assert skill.use_when
    assert skill.body.strip()
    if skill.kind in ("tool", "experience"):
        assert skill.toolkit
        assert len(skill.requests) >= 8


@pytest.mark.parametrize("skill", _of("experience"), ids=lambda skill: skill.name)
def test_every_experience_has_evidence(skill: Skill) -> None:
    assert skill.path is not None
    assert (skill.path / "references" / "evidence.md").read_text(encoding="utf-8").count("|") > 12
    for heading in ("## When", "## What", "## Why"):
        assert heading in skill.body


@pytest.mark.parametrize("skill", _of("tool"), ids=lambda skill: skill.name)
def test_every_signature_is_obvious(skill: Skill) -> None:
    assert skill.signature is not None
    assert public_functions(_source(skill)) == (skill.signature.function,)
    check_fully_typed(_source(skill), skill.signature.function)
    assert 1 <= len(skill.signature.parameters) <= MAX_PARAMETERS
    assert skill.signature.parameters[0].required
    for parameter in skill.signature.parameters:
        assert parameter.type in ("string", "integer", "number", "boolean", "array")
        assert parameter.description


@pytest.mark.parametrize("skill", _of("tool"), ids=lambda skill: skill.name)
def test_every_case_holds_in_the_sandbox(skill: Skill, sandbox: Sandbox) -> None:
    report = run_cases(sandbox, skill)
    assert report.total >= 5
    assert report.failures == ()


INVERTIBLE = [skill for skill in _of("tool") if INVERSE in skill.metadata]


@pytest.mark.parametrize("skill", INVERTIBLE, ids=lambda skill: skill.name)
def test_the_declared_inverse_leads_back(skill: Skill, sandbox: Sandbox) -> None:
    (inverse,) = (other for other in SKILLS if other.name == skill.metadata[INVERSE])
    assert inverse.signature is not None
    for case in skill.cases:
        if case.raises is None:
            first = inverse.signature.parameters[0].name
            back = sandbox.run(_source(inverse), inverse.signature.function, {first: case.expected})
            assert same_value(next(iter(case.arguments.values())), back.value)


def test_several_tools_declare_an_inverse() -> None:
    assert len(INVERTIBLE) >= 15


def test_a_name_means_the_same_in_every_tool() -> None:
    """Compiled skills put the sources of several tools into one module."""
    meanings: dict[str, str] = {}
    for skill in _of("tool"):
        for name, meaning in _definitions(ast.parse(_source(skill))):
            assert meanings.setdefault(name, meaning) == meaning, f"{skill.name}: {name}"


def _definitions(module: ast.Module) -> Iterator[tuple[str, str]]:
    for node in module.body:
        match node:
            case ast.FunctionDef(name=name) | ast.AnnAssign(target=ast.Name(id=name)):
                yield name, ast.dump(node)
            case ast.Assign(targets=[ast.Name(id=name)]):
                yield name, ast.dump(node)
            case ast.Import(names=aliases):
                yield from ((alias.asname or alias.name, alias.name) for alias in aliases)
            case ast.ImportFrom(module=origin, names=aliases):
                for alias in aliases:
                    yield alias.asname or alias.name, f"{origin}.{alias.name}"
            case _:
                pytest.fail(f"unexpected statement {ast.unparse(node)}")


def test_the_root_is_the_package_folder() -> None:
    assert builtin_root() == Path(__file__).resolve().parents[2] / "skills" / "builtin"
