"""The suite scan on a language that is not SCAN's: what is learned, the skills, and the agent over them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import product
from pathlib import Path

import pytest

from skillweave.agent.growth.calls import Calls
from skillweave.agent.result import Result
from skillweave.evals.machine import this_machine
from skillweave.evals.sources import DataMissingError
from skillweave.evals.suites import scan_direct
from skillweave.evals.suites.scan import SPLITS, learn, load, read_lines, score
from skillweave.evals.suites.scan_direct import Pair, trained
from skillweave.evals.suites.scan_figures import right as right_of
from skillweave.evals.suites.scan_figures import run_scan
from skillweave.evals.suites.scan_grammar import Actions, Grammar, Phrase, induce
from skillweave.evals.suites.scan_skills import NEXT_TO, plan_of, skills_of, titles_of
from skillweave.evals.suites.scan_templates import apply, common, lifted, solved
from skillweave.skills.errors import UserError
from skillweave.skills.folder import TOOL_FILE
from skillweave.skills.sandbox import Sandbox

BASES: Mapping[str, Actions] = {"ka": ("K",), "lo": ("L",), "mi": ("M",), "stay": ()}
SIDES = {"up": "U", "down": "D"}


def clauses() -> dict[Phrase, Actions]:
    """``ka``, ``ka up``, ``ka hop up``, ``ka roll up``, each also followed by ``again``."""
    found: dict[Phrase, Actions] = {}
    for base, told in BASES.items():
        found[base,] = told
        for side, one in SIDES.items():
            found[base, side] = (*told, one)
            found[base, "hop", side] = (one, *told, one)
            found[base, "roll", side] = (*told, one, one)
    again = {(*phrase, "again"): (*told, *told, *told) for phrase, told in found.items()}
    return {**found, **again}


def language() -> dict[Phrase, Actions]:
    """All clauses, and any two joined by ``then`` (in turn) or ``before`` (the other way round)."""
    one = clauses()
    both = {(*a, "then", *b): (*x, *y) for (a, x), (b, y) in product(one.items(), repeat=2)}
    turned = {(*a, "before", *b): (*y, *x) for (a, x), (b, y) in product(one.items(), repeat=2)}
    found = {**one, **both, **turned}
    del found["stay",], found["stay", "again"]
    return found


def known(phrase: Phrase) -> bool:
    """In the train split: ``mi`` alone, ``hop`` upwards only."""
    return (phrase == ("mi",) or "mi" not in phrase) and "hop down" not in " ".join(phrase)


LANGUAGE = language()
TRAIN = {phrase: told for phrase, told in LANGUAGE.items() if known(phrase)}
HELD_OUT = {phrase: told for phrase, told in LANGUAGE.items() if not known(phrase)}


@pytest.fixture(scope="module")
def grammar() -> Grammar:
    return induce(TRAIN)


def right(grammar: Grammar, commands: Mapping[Phrase, Actions]) -> float:
    trees = {phrase: grammar.parse(phrase) for phrase in commands}
    well = [tree is not None and grammar.actions(tree) == commands[p] for p, tree in trees.items()]
    return sum(well) / len(well)


def test_a_language_is_learned_from_a_part_of_it(grammar: Grammar) -> None:
    assert len(HELD_OUT) > len(TRAIN) / 2
    assert right(grammar, TRAIN) == right(grammar, HELD_OUT) == 1
    assert grammar.lexicon["stay"] == ()
    assert grammar.names == {"up": ("U",), "down": ("D",)}
    patterns = [operator.pattern for operator in grammar.operators]
    assert set(patterns[:2]) == {("_", "then", "_"), ("_", "before", "_")}
    assert set(patterns[2:]) == {
        ("_", "again"),
        ("_", "*"),
        ("_", "hop", "*"),
        ("_", "roll", "*"),
    }


def test_what_the_examples_contradict_is_not_learned() -> None:
    train = {("ka",): ("K",), ("lo",): ("L",), ("ka", "odd"): ("K", "K"), ("lo", "odd"): ("L",)}
    odd = induce(train)
    assert odd.operators == ()
    assert odd.parse(("ka", "odd")) is None


def test_a_rule_seen_with_one_word_holds_with_the_other_only_where_nothing_speaks_against_it() -> (
    None
):
    rules = {
        ("_", "up"): ("U", 0),
        ("_", "down"): ("D", 0),
        ("_", "hop", "up"): ("U", 0, "U"),
        ("_", "hop", "down"): ("D", 0, "D"),
        ("_", "roll", "up"): (0, "U"),
        ("_", "skip", "up"): (0, "U"),
        ("_", "skip", "down"): ("D", "D"),
    }
    names, made = lifted(rules, 2)
    assert names == {"up": ("U",), "down": ("D",)}
    assert made["_", "hop", "*"] == (1, 0, 1)
    assert made["_", "roll", "*"] == (0, 1)
    assert made["_", "skip", "up"] == (0, "U")
    assert made["_", "skip", "down"] == ("D", "D")
    assert ("_", "skip", "*") not in made


def test_templates() -> None:
    examples = [(((("K",)), ("L",)), ("L", "X", "K")), (((("M",)), ("K",)), ("K", "X", "M"))]
    assert common(examples) == {(1, "X", 0)}
    assert common([*examples, (((("M",)), ("M",)), ("M", "M"))]) == set()
    assert apply((1, "X", 0), [("K",), ("L", "L")]) == ("L", "L", "X", "K")
    assert solved((0, "X", 0), [None], ("K", "X", "K")) == ("K",)
    assert solved((0, "X", 0), [None], ("K", "X", "L")) is None
    assert solved(("X",), [None], ("X",)) is None


def test_skills_hold_their_cases_and_a_plan_names_each_part_once(grammar: Grammar) -> None:
    skills = skills_of(grammar, TRAIN, "made up")
    assert set(skills) == {*BASES, *SIDES, "then", "before", "again", "hop", "roll", NEXT_TO}
    with Sandbox.open(workers=1) as sandbox:
        for one in skills.values():
            content, signature = one.files[TOOL_FILE], one.skill.signature
            assert isinstance(content, bytes)
            assert signature is not None
            assert one.skill.cases
            for case in one.skill.cases:
                outcome = sandbox.run(content.decode(), signature.function, case.arguments)
                assert outcome.value == case.expected
    tree = grammar.parse(("mi", "hop", "down", "again", "before", "mi", "hop", "down"))
    assert tree is not None
    goals = [step.render() for step in plan_of(tree).steps]
    assert goals == ["mi", "down", "#1 hop #2", "#3 again", "#4 before #3"]
    assert titles_of(tree) == {"mi", "down", "hop", "again", "before"}


def test_all_commands_are_run_on_the_skills(data: Path) -> None:
    learned = learn(data / "scan" / SPLITS["jump"].format("train"), "jump")
    some = dict(list(HELD_OUT.items())[::40])
    again = learned.skills["again"]
    files = {
        **again.files,
        TOOL_FILE: b"def do_again(first: list[str]) -> list[str]:\n    return 1 / 0\n",
    }
    broken = {**learned.skills, "again": replace(again, files=files)}
    with Sandbox.open(workers=1) as sandbox:
        whole = right_of(learned, some, Calls(sandbox))
        damaged = right_of(replace(learned, skills=broken), some, Calls(sandbox))
    assert whole.count == whole.of == len(some)
    assert damaged.count == sum("again" not in phrase for phrase in some)


def test_the_figures_hold_skills_and_control_side_by_side(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"STEPS": 2, "WIDTH": 8, "LONGEST": 8}.items():
        monkeypatch.setattr(scan_direct, name, value)
    told: list[str] = []
    with Sandbox.open(workers=1) as sandbox:
        found = run_scan(
            data, sandbox, machine=this_machine(), command="c", on_split=told.append,
            networks=tmp_path, hashes={},
        )  # fmt: skip
    assert len(told) == len(found.splits) == len(SPLITS)
    for one in found.splits:
        assert one.train.share == one.test.share == 1
        assert one.test.of == 5
        assert one.without_skills is not None
        assert one.without_skills.share < 1
        assert one.words["up"] == ("U",)
        assert one.operators["_ hop *"] == (1, 0, 1)


def lines_of(commands: Mapping[Phrase, Actions]) -> str:
    return "".join(f"IN: {' '.join(p)} OUT: {' '.join(told)}\n" for p, told in commands.items())


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The language in the place of SCAN's splits; their test files hold five commands each."""
    folder = tmp_path_factory.mktemp("data")
    asked = dict([pair for pair in HELD_OUT.items() if len(pair[0]) < 5][:5])
    for file in SPLITS.values():
        for part, commands in (("train", TRAIN), ("test", asked)):
            path = folder / "scan" / file.format(part)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(lines_of(commands))
    return folder


def test_a_network_learns_and_is_remembered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"STEPS": 60, "WIDTH": 32, "LONGEST": 8}.items():
        monkeypatch.setattr(scan_direct, name, value)
    pairs: list[Pair] = [pair for pair in clauses().items() if "again" not in pair[0]]
    first, _ = trained(pairs, 0, tmp_path)
    answers = first.actions([phrase for phrase, _ in pairs])
    well = sum(a == told for a, (_, told) in zip(answers, pairs, strict=True))
    assert well > len(pairs) / 2
    monkeypatch.setattr(scan_direct, "_train", None)
    again, _ = trained(pairs, 0, tmp_path)
    assert again.actions([phrase for phrase, _ in pairs]) == answers


def test_scores_and_faults_of_the_data(data: Path, tmp_path: Path) -> None:
    sample = load(data, {}).samples[0]
    solved_one = Result(run="r", task="t", outcome="solved", answer="", value=sample.expected)
    assert score(sample, solved_one).value == 1
    failed = solved_one.model_copy(update={"outcome": "failed", "value": None})
    assert score(sample, failed).value == 0
    file = tmp_path / "commands.txt"
    file.write_text("IN: ka OUT: K\nka K\n")
    with pytest.raises(UserError, match=r"commands\.txt:2: no line"):
        read_lines(file)
    with pytest.raises(DataMissingError, match="holds no scan"):
        load(tmp_path)
    with pytest.raises(UserError, match="sha256 is"):
        load(data)
    assert learn(data / "scan" / SPLITS["jump"].format("train"), "jump").grammar.lexicon
