"""The suites tools and imports: API documents as functions, collections as skills, mutants, the gate."""

from __future__ import annotations

import gzip
import json
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from skillweave.agent import Settings
from skillweave.agent.growth.calls import Calls
from skillweave.agent.result import Result, StepReport
from skillweave.agent.scripted import ScriptedModel
from skillweave.agent.trace import Trace
from skillweave.evals.record import Record
from skillweave.evals.sources import DataMissingError
from skillweave.evals.suite import Arm, Sample, Solving
from skillweave.evals.suites import tools, tools_import
from skillweave.evals.suites.tools_collection import Imported, imported, read_collection
from skillweave.evals.suites.tools_import import IMPORTS, MUTANT, TOOL, Judged, halves, judge
from skillweave.evals.suites.tools_mutants import mutant_of
from skillweave.evals.suites.tools_types import typed
from skillweave.skills.errors import UserError
from skillweave.skills.model import Skill
from skillweave.skills.sandbox import Sandbox
from skillweave.store.embed import HashEmbedder
from skillweave.store.library import Library

OPENAPI = {
    "paths": {
        "/rates/{base}": {
            "get": {
                "summary": "Get exchange rates.",
                "parameters": [
                    {"name": "base", "in": "path", "required": True, "schema": {"type": "string"}},
                    {"name": "days", "in": "query", "schema": {"type": "number"}},
                ],
            }
        },
        "/alerts": {
            "post": {
                "description": "Set an alert.",
                "requestBody": {
                    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/A"}}}
                },
            }
        },
    },
    "components": {
        "schemas": {
            "A": {
                "properties": {
                    "limit": {"type": "integer"},
                    "tags": {"type": "array", "items": {}},
                },
                "required": ["limit"],
            }
        }
    },
}
GOLDEN = [
    [{"Action": "getRates", "Action_Input": '{"base": "EUR", "days": ""}'}],
    [{"Action": "setAlert", "Action_Input": '{"limit": ${rate from getRates}}'}],
    [{"Action": "setAlert", "Action_Input": '{"limit": 2, "colour": "red"}'}],
    [{"Action": "drop", "Action_Input": "{}"}],
    [
        {"Action": "getRates", "Action_Input": '{"base": "EUR"}'},
        {"Action": "setAlert", "Action_Input": '{"limit": 2}'},
    ],
]


def write_apis(folder: Path) -> Path:
    """One set has lists and objects as such, the other as Python text."""
    projection = {"getRates": ["/rates/{base}", "get"], "setAlert": ["/alerts", "post"]}
    api = {"Name": "Money", "Documentation": json.dumps(OPENAPI), "Function_Projection": projection}
    plain = {**api, "Instructions": [f"ask {n}" for n in range(5)], "Golden_Answers": GOLDEN}
    texts = {name: repr(plain[name]) for name in ("Instructions", "Golden_Answers")}
    for name, one in (("real", plain), ("simulated", {**plain, **texts})):
        path = folder / "toolalpaca" / tools.SETS[name]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps([one]))
    return folder


def test_api_documents_become_functions_and_what_cannot_be_compared_is_left_out(
    tmp_path: Path,
) -> None:
    loaded = tools.load(write_apis(tmp_path), {})
    assert [sample.id for sample in loaded.samples] == [
        "real-Money-01",
        "real-Money-05",
        "simulated-Money-01",
        "simulated-Money-05",
    ]
    assert {one.skill.signature.text() for one in loaded.skills if one.skill.signature} == {
        "getRates(base: string, days: number = None)",
        "setAlert(limit: integer, tags: array = None)",
    }
    one, both = loaded.samples[:2]
    assert (one.family, both.family) == ("real, one call", "real, several calls")
    assert one.right == one.given[:1]
    assert set(both.right or ()) == set(both.given)
    call = {"function": "getRates", "arguments": {"base": "eur"}}
    steps = (StepReport(id=1, goal="", value=call, ok=True),)
    run = Result(run="r", task="t", outcome="solved", answer="", steps=steps)
    assert tools.TOOLS.score(one, run).value == 1
    assert tools.TOOLS.score(both, run).note == "1 calls, not 2"


def test_faults_of_the_sets(tmp_path: Path) -> None:
    with pytest.raises(DataMissingError, match="toolalpaca"):
        tools.load(tmp_path)
    write_apis(tmp_path)
    with pytest.raises(UserError, match="sha256 is"):
        tools.load(tmp_path)
    (tmp_path / "toolalpaca" / tools.SETS["real"]).write_text('[{"Name": "Money"}]')
    with pytest.raises(UserError, match="not what ToolAlpaca"):
        tools.load(tmp_path, {})


TRIPLE = "def triple(n):\n    return n * 3\n"
EXAMPLES = [{"arguments": {"n": n}, "expected": 3 * n} for n in (1, 2, 5, 12, 20, -7)]
HUMAN = {
    "prompt": 'def shout(text: str) -> str:\n    """Make it loud."""\n',
    "canonical_solution": "    return text.upper()\n",
    "entry_point": "shout",
    "test": "def check(candidate):\n    assert candidate('a') == 'A'\n    assert candidate('bc') == 'BC'\n"
    "    assert candidate(str(3)) == '3'\n    assert abs(candidate('a')) < 1\n",
}
MBPP = {
    "text": "Write a function to join two lists.",
    "code": "def both(a, b):\n    return a + b\n",
    "test_list": ["assert both([1], [2]) == [1, 2]", "assert both([], [3, 4]) == [3, 4]"],
}


def test_rows_of_every_form_become_skills(tmp_path: Path) -> None:
    lines = [{"code": TRIPLE, "examples": EXAMPLES}, HUMAN, MBPP]
    text = "".join(json.dumps(one) + "\n" for one in lines)
    (tmp_path / "tools.jsonl").write_text(text)
    with gzip.open(tmp_path / "tools.jsonl.gz", "wt") as file:
        file.write(text)
    found = read_collection(tmp_path / "tools.jsonl")
    assert found == read_collection(tmp_path / "tools.jsonl.gz")
    skills = [one.skill for one in found if one.skill and one.skill.signature]
    assert [s.signature.text() for s in skills if s.signature] == [
        "triple(n: integer)",
        "shout(text: string)",
        "both(a: array, b: array)",
    ]
    assert [len(one.cases) for one in skills] == [6, 2, 2]
    assert skills[2].description == "Write a function to join two lists."
    assert found[0].source.startswith('def triple(n: int) -> int:\n    """triple"""')
    sheet = tmp_path / "tools.csv"
    code, calls = (
        "def half(n: float) -> float:\n    return n / 2",
        "half(4) == 2.0\nhalf(n=1) == 0.5",
    )
    sheet.write_text(f'code,examples\n"{code}","{calls}"\n')
    (half,) = read_collection(sheet)
    assert half.skill is not None
    assert [case.expected for case in half.skill.cases] == [2.0, 0.5]


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ({}, "no code"),
        ({"code": "def f(:"}, "invalid syntax"),
        ({"code": "x = 1"}, "no public function"),
        ({"code": TRIPLE, "function": "other", "examples": "other(1) == 2"}, "no function other"),
        ({"code": TRIPLE, "examples": "triple(1) == 3"}, "1 example calls can be read, 2 are"),
        ({"code": TRIPLE, "examples": "triple(2) == len('a')\ntriple(x) == 2"}, "0 example calls"),
    ],
)
def test_a_row_that_cannot_be_a_skill_says_why(
    tmp_path: Path, row: dict[str, str], why: str
) -> None:
    (tmp_path / "tools.jsonl").write_text(json.dumps(row) + "\n")
    (one,) = read_collection(tmp_path / "tools.jsonl")
    assert one.skill is None
    assert why in one.why


def test_files_that_are_no_collection(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, text, why in (
        ("a.jsonl", "[1]\n", "a row is no object"),
        ("a.jsonl", "", "there are no rows"),
        ("a.txt", "", r"a \.csv or a \.jsonl"),
    ):
        (tmp_path / name).write_text(text)
        with pytest.raises(UserError, match=why):
            read_collection(tmp_path / name)
    monkeypatch.delenv(tools_import.VARIABLE, raising=False)
    with pytest.raises(DataMissingError, match="SKILLWEAVE_TOOLS=FILE"):
        tools_import.load(None)
    monkeypatch.setenv(tools_import.VARIABLE, str(tmp_path / "none.csv"))
    with pytest.raises(UserError, match="no such collection"):
        tools_import.load(None)


def test_types_that_stand_there_are_kept() -> None:
    skill, source = imported({"code": TRIPLE, "examples": json.dumps(EXAMPLES)}, 1)
    assert typed(source, "triple", skill.cases, "") == source
    with pytest.raises(ValueError, match="no function"):
        typed(source, "other", skill.cases, "")


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox.open(workers=1) as opened:
        yield opened


def triple() -> tuple[Skill, str]:
    return imported({"code": TRIPLE, "examples": json.dumps(EXAMPLES)}, 1)


def test_a_mutant_shows_its_fault(sandbox: Sandbox) -> None:
    skill, source = triple()
    kinds = set()
    for seed in range(8):
        own, held = halves(skill.cases, random.Random(seed))
        assert len(own) == len(held) == 3
        assert {*map(id, own), *map(id, held)} == set(map(id, skill.cases))
        fault, changed = mutant_of(skill, source, own, Calls(sandbox), random.Random(seed))
        kinds.add(fault)
        assert changed != source
        if fault in ("off by one", "wrong unit", "overfits its cases"):
            values = [sandbox.run(changed, "triple", one.arguments).value for one in skill.cases]
            fresh = sandbox.run(changed, "triple", {"n": 1001}).value
            assert [*values, fresh] != [*(one.expected for one in skill.cases), 3003]
    assert len(kinds) > 2


def solving(folder: Path, library: Library, sandbox: Sandbox, arm: str, sample: Sample) -> Solving:
    return Solving(
        ScriptedModel([]), library, Settings.load(state_dir=folder), Arm(name=arm, about=""), 0,
        sample, "run", Trace(folder / "trace.jsonl"), sandbox,
    )  # fmt: skip


def test_the_gate_admits_the_tool_and_keeps_its_mutants_out(
    tmp_path: Path, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "tools.jsonl"
    file.write_text(json.dumps({"code": TRIPLE, "examples": EXAMPLES}) + "\n{}\n")
    monkeypatch.setenv(tools_import.VARIABLE, str(file))
    monkeypatch.setattr(tools_import, "_embedder", HashEmbedder)
    samples = tools_import.load(None).samples
    assert [sample.family for sample in samples] == [TOOL, MUTANT, MUTANT, TOOL]
    records = []
    with Library(tmp_path / "library", builtin=False, embedder=HashEmbedder()) as library:
        for arm in ("gate", "blind", "cases"):
            for sample in samples:
                trial = solving(tmp_path, library, sandbox, arm, sample)
                with trial.trace:
                    result = tools_import.solve(trial)
                told = tools_import.score(sample, result)
                records.append(
                    Record(
                        arm=arm, seed=0, sample=sample.id, family=sample.family, status="scored",
                        score=told.value, note=told.note, value=result.value,
                    )
                )  # fmt: skip
    scores = {(one.arm, one.sample): one.score for one in records}
    assert [scores["gate", sample.id] for sample in samples] == [1, 1, 1, 0]
    assert scores["cases", samples[0].id] == 1
    assert "import: it has no code" in records[3].note
    outcome, faults = IMPORTS.tables(records)
    assert outcome.rows[0][:6] == ("gate", TOOL, 2, 1, 0, 1)
    assert outcome.rows[1][:4] == ("gate", MUTANT, 2, 0)
    assert sum(int(str(row[2])) for row in faults.rows if row[0] == "gate") == 2


def test_a_tool_whose_cases_do_not_hold_is_refused_without_a_gate(
    tmp_path: Path, sandbox: Sandbox
) -> None:
    skill, _ = triple()
    one = Imported(row=1, skill=skill, source=TRIPLE)
    sample = Sample(id="s", request="r", family=TOOL, expected=one.model_dump(mode="json"))
    with Library(tmp_path / "library", builtin=False, embedder=HashEmbedder()) as library:
        trial = solving(tmp_path, library, sandbox, "cases", sample)
        with trial.trace:
            wrong = judge(trial, sandbox, skill, "def triple(n: int) -> int:\n    return n\n")
            well = judge(trial, sandbox, skill, TRIPLE)
    assert (wrong.decision, wrong.stage) == ("refused", "cases alone")
    assert well == Judged(decision="admitted")
