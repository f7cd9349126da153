"""BFCL, single-turn Python categories: does the agent call the right function with the right values?

The data are those of the Berkeley Function Calling Leaderboard v4 (Apache-2.0). The agent gets the
request as it stands; the functions are tools of its library. That is another protocol than the
leaderboard's, where the model reads the descriptions of the functions: figures of the two do not
compare. In the arm ``given`` a search finds only the functions that come with the sample; in
``pooled`` the agent has to find them among the functions of all samples.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, JsonValue, ValidationError

from skillweave.agent.result import Result
from skillweave.evals.sources import hashed, known, need
from skillweave.evals.suite import Arm, Loaded, Sample, Score, Suite
from skillweave.evals.suites.bfcl_check import Function, check
from skillweave.evals.suites.bfcl_skills import Described, calls_of, distinct, skill_of
from skillweave.skills.errors import UserError
from skillweave.skills.model import Frozen

ORIGIN = (
    "ShishirPatil/gorilla at 6ea57973, its folder berkeley-function-call-leaderboard/bfcl_eval/data "
    "as bfcl/data"
)
SUMS = Path(__file__).parents[1] / "data" / "bfcl.sha256"
M = TypeVar("M", bound=BaseModel)

CALLING = ("simple_python", "multiple", "parallel", "parallel_multiple")
CATEGORIES = (*CALLING, "irrelevance")
QUESTIONS = "BFCL_v4_{}.json"
ANSWERS = "possible_answer/BFCL_v4_{}.json"


class Message(Frozen, extra="ignore"):
    """One message of a question."""

    role: str
    content: str


class Question(Frozen, extra="ignore"):
    """A line of a file of questions."""

    id: str
    question: tuple[tuple[Message, ...], ...]
    function: tuple[Described, ...]


class Answer(Frozen, extra="ignore"):
    """A line of a file of possible answers."""

    id: str
    ground_truth: list[dict[str, dict[str, list[JsonValue]]]]


class Expected(Frozen):
    """What a sample's scorer needs."""

    possible: list[dict[str, dict[str, list[JsonValue]]]]
    """Empty: no function may be called."""
    functions: dict[str, Function]


def load(data: Path | None, hashes: Mapping[str, str] | None = None) -> Loaded:
    """Read all categories.

    Args:
        hashes: what the files must be; those of the commit when None.
    """
    folder = need(data, "bfcl", ORIGIN) / "data"
    names = [QUESTIONS.format(c) for c in CATEGORIES] + [ANSWERS.format(c) for c in CALLING]
    files = hashed(
        {name: folder / name for name in names}, known(SUMS) if hashes is None else hashes
    )
    samples: list[Sample] = []
    functions: list[Described] = []
    for category in CATEGORIES:
        answers: dict[str, Answer] = {}
        if category in CALLING:
            answers = {a.id: a for a in _lines(folder / ANSWERS.format(category), Answer)}
        for asked in _lines(folder / QUESTIONS.format(category), Question):
            functions += asked.function
            samples.append(_sample(asked, answers.get(asked.id), category))
    return Loaded(
        samples=tuple(samples), files=files, skills=[skill_of(f) for f in distinct(functions)]
    )


def score(sample: Sample, result: Result) -> Score:
    """1 when the calls are among the possible ones."""
    expected = Expected.model_validate(sample.expected)
    calls = calls_of(result)
    if not calls and expected.possible:
        said = result.answer.splitlines()[0] if result.answer else "no words"
        return Score(value=0.0, note=f"no call; {result.outcome}: {said}")
    reason = check(calls, expected.possible, expected.functions)
    return Score(value=float(not reason), note=reason)


def _sample(asked: Question, answer: Answer | None, category: str) -> Sample:
    possible = answer.ground_truth if answer is not None else []
    wanted = {name for call in possible for name in call}
    expected = Expected(possible=possible, functions={f.name: f.checked for f in asked.function})
    messages = [message.content for turn in asked.question for message in turn]
    return Sample(
        id=asked.id,
        request="\n".join(messages),
        family=category,
        level=max(1, len(possible)),
        expected=expected.model_dump(mode="json"),
        given=tuple(f.skill for f in asked.function),
        right=tuple(f.skill for f in asked.function if f.name in wanted),
    )


def _lines(path: Path, kind: type[M]) -> list[M]:
    found = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        try:
            found.append(kind.model_validate(json.loads(line)))
        except (ValidationError, json.JSONDecodeError) as error:
            first = str(error).splitlines()[0]
            raise UserError(f"{path}:{number}: {first}; get the file again") from None
    return found


ARMS = (
    Arm(name="none", about="the agent finds no function", offer="none"),
    Arm(name="given", about="it finds the functions that come with the sample", offer="given"),
    Arm(name="pooled", about="it finds any function of all samples"),
    Arm(name="oracle", about="it finds the right functions alone", offer="right"),
    Arm(name="wrong", about="it finds any function but the right ones", offer="wrong"),
    Arm(name="random", about="every function found is replaced by a random one", offer="random"),
)

BFCL = Suite(
    name="bfcl",
    about="function calling: single-turn Python categories of BFCL v4",
    arms=ARMS,
    load=load,
    score=score,
    reference="given",
)
