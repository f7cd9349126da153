"""The functions of the search experiment are what their file says, and its figures add up."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import cast

import pytest
from pydantic import JsonValue
from typer.testing import CliRunner

from skillweave.agent.growth.search import Limit
from skillweave.agent.growth.search_program import compile_program
from skillweave.evals.cli import app
from skillweave.evals.search_bench import SearchFigures, run_search
from skillweave.evals.search_tasks import (
    FUNCTIONS,
    Described,
    builtin_tools,
    load_functions,
    program_of,
)
from skillweave.skills.cases import same_value
from skillweave.skills.sandbox import Sandbox

FIGURES = FUNCTIONS.parents[1] / "figures" / "search.json"
TOOLS = builtin_tools()
ALL = load_functions()


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox.open(workers=1) as opened:
        yield opened


@pytest.mark.parametrize("function", [f for f in ALL if f.expression], ids=lambda f: f.name)
def test_the_outputs_are_those_of_the_expression(function: Described) -> None:
    parameters = tuple(function.examples[0].arguments)
    program = program_of(function.expression, parameters, TOOLS)
    made = compile_program(program, TOOLS, name="made", author="test")
    names: dict[str, object] = {}
    exec(compile(made.source, "tool.py", "exec"), names)  # noqa: S102  built-in tools
    call = cast(Callable[..., JsonValue], names["made"])
    for case in (*function.examples, *function.checks):
        assert same_value(case.expected, call(**case.arguments))


def test_there_are_enough_functions_and_none_is_practised() -> None:
    test = [f for f in ALL if f.part == "test"]
    practice = [f for f in ALL if f.part == "practice"]
    assert sum(bool(f.expression) for f in test) >= 40
    assert sum(not f.expression for f in test) >= 5
    assert len({f.name for f in ALL}) == len(ALL)
    assert not {f.expression for f in test} & {f.expression for f in practice}


def test_no_check_is_shown() -> None:
    for function in ALL:
        shown = [case.arguments for case in function.examples]
        assert len(function.checks) >= 5
        assert not [case for case in function.checks if case.arguments in shown]


def test_the_experiment_counts_what_it_tried(sandbox: Sandbox) -> None:
    wanted = {"titles", "coin", "total", "words-by-length"}
    some = [f for f in ALL if f.name in wanted]
    figures = run_search(some, TOOLS, sandbox, seeds=(0, 1), limit=Limit(nodes=1500))
    assert figures.practice.solved == figures.practice.solvable == 2
    for condition in (figures.without_fragments, figures.with_fragments):
        assert [one.name for one in condition.functions] == ["titles", "coin"] * 2
        assert [one.seed for one in condition.functions] == [0, 0, 1, 1]
        assert condition.solvable == 2
        assert condition.solved == 2
        assert condition.nodes == sum(one.nodes for one in condition.functions)
        assert all(one.nodes <= 1500 for one in condition.functions)


def test_the_committed_figures_add_up() -> None:
    figures = SearchFigures.model_validate_json(FIGURES.read_text(encoding="utf-8"))
    test = [f for f in ALL if f.part == "test"]
    assert figures.with_fragments.fragments == len(figures.mined) > 0
    for condition in (figures.without_fragments, figures.with_fragments):
        tried = condition.functions
        assert [one.name for one in tried] == [f.name for f in test] * len(figures.seeds)
        assert condition.solved == sum(one.right for one in tried)
        assert condition.wrong == sum(one.found and not one.right for one in tried)
        assert condition.solved == sum(share.solved for share in condition.by_sort)
        assert condition.solved_share == round(condition.solved / condition.solvable, 4)


def test_the_command_writes_the_figures(tmp_path: Path) -> None:
    functions = tmp_path / "functions.jsonl"
    titles = next(f for f in ALL if f.name == "titles")
    functions.write_text(titles.model_dump_json() + "\n", encoding="utf-8")
    out = tmp_path / "search.json"
    arguments = ["search", "--file", str(functions), "--nodes", "500", "--out", str(out)]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    figures = SearchFigures.model_validate_json(out.read_text(encoding="utf-8"))
    assert figures.seeds == (0, 1)
    assert figures.without_fragments.solved == 2
    assert "without fragments: 2 of 2 solved" in result.stderr
