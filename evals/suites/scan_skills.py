"""A learned grammar as skills of the library, and a phrase that it reads as a plan over them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from skillweave.agent.plan import SLOT, Input, Plan, Ref, Step
from skillweave.evals.suites.scan_grammar import (
    PHRASE,
    WORD,
    Actions,
    Grammar,
    Operator,
    Phrase,
    Tree,
)
from skillweave.skills.drop import WrappedSkill
from skillweave.skills.folder import TOOL_FILE
from skillweave.skills.model import Case, Skill
from skillweave.skills.names import slug
from skillweave.skills.signature import signature_of

NEXT_TO = "beside"
"""Names the operator that has no word of its own."""
CASES = 4
_PARAMETERS = ("first", "second", "third")


def skills_of(
    grammar: Grammar, train: Mapping[Phrase, Actions], split: str
) -> dict[str, WrappedSkill]:
    """A tool for every word and operator, by its title; its cases are commands of the train split."""
    found = {}
    for word in (*grammar.lexicon, *grammar.names):
        actions = grammar.meaning(word)
        case = Case(arguments={}, expected=list(actions))
        found[word] = _skill(split, word, f"    return {list(actions)!r}", 0, [case])
    for operator in grammar.operators:
        parts = [f"*{_PARAMETERS[p]}" if isinstance(p, int) else repr(p) for p in operator.template]
        cases = list(_cases(operator, grammar, train))
        number = operator.pattern.count(PHRASE) + operator.pattern.count(WORD)
        body = f"    return [{', '.join(parts)}]"
        found[title(operator)] = _skill(split, title(operator), body, number, cases)
    return found


def title(operator: Operator) -> str:
    """Its words."""
    return " ".join(operator.words) or NEXT_TO


def plan_of(tree: Tree) -> Plan:
    """Every word and operator is a step; one that comes again with the same arguments is not done again."""
    steps: list[Step] = []
    known: dict[Phrase, int] = {}

    def place(tree: Tree) -> int:
        if tree.phrase not in known:
            inputs: tuple[Input, ...] = tuple(Ref(step=place(one)) for one in tree.arguments)
            known[tree.phrase] = len(steps) + 1
            steps.append(Step(id=len(steps) + 1, goal=_goal(tree), inputs=inputs))
        return known[tree.phrase]

    place(tree)
    return Plan(steps=tuple(steps))


def titles_of(tree: Tree) -> set[str]:
    """Of the skills that a phrase needs."""
    own = tree.phrase[0] if tree.operator is None else title(tree.operator)
    return {own}.union(*(titles_of(one) for one in tree.arguments))


def _goal(tree: Tree) -> str:
    if tree.operator is None:
        return tree.phrase[0]
    parts = [part if part not in (PHRASE, WORD) else SLOT for part in tree.operator.pattern]
    own = tree.operator.words
    return " ".join(parts if own else [parts[0], NEXT_TO, *parts[1:]])


def _cases(operator: Operator, grammar: Grammar, train: Mapping[Phrase, Actions]) -> Iterator[Case]:
    """The first commands, the shortest first, of which this operator is the outermost."""
    told: set[str] = set()
    for phrase in sorted(train, key=lambda one: (len(one), one)):
        tree = grammar.parse(phrase)
        if tree is not None and tree.operator == operator:
            values = [list(grammar.actions(one)) for one in tree.arguments]
            case = Case(
                arguments=dict(zip(_PARAMETERS, values, strict=False)),
                expected=list(train[phrase]),
            )
            if case.model_dump_json() not in told:
                told.add(case.model_dump_json())
                yield case
            if len(told) == CASES:
                return


def _skill(
    split: str, words: str, body: str, parameters: int, cases: Sequence[Case]
) -> WrappedSkill:
    """A tool on lists of actions."""
    function = f"do_{slug(words).replace('-', '_')}"
    heads = [f"{name}: list[str]" for name in _PARAMETERS[:parameters]]
    about = f"Give the actions of '{words}'."
    source = f'def {function}({", ".join(heads)}) -> list[str]:\n    """{about}"""\n{body}\n'
    skill = Skill(
        name=f"{slug(split)}-{slug(words)}",
        description=about,
        kind="tool",
        metadata={"skillweave-function": function},
        requests=(words,),
        signature=signature_of(source, function),
        cases=tuple(cases),
    )
    return WrappedSkill(skill=skill, files={TOOL_FILE: source.encode()}, source=Path(skill.name))
