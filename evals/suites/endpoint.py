"""GSM8K and BIG-Bench Hard with and without skills, on any OpenAI-compatible endpoint.

What nano can do of them is about nothing, so the suite is skipped unless the model is an endpoint's. The
arm ``grown`` first tries training samples: of GSM8K's train split, and, as BIG-Bench Hard has none, of
the declared part of every task, which are the items whose input has a sha256 that begins with a byte
below 26 (a tenth); no item of that part is asked in any arm. Of what went right the agent keeps its
compiled skills and the raw record; nothing is learned from the samples themselves.

An endpoint that misbehaves makes no wrong answers: what timed out, was refused, broke off or cannot be
read is counted by what happened, in a table of its own.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from pydantic import ValidationError

from skillweave.agent.result import Result
from skillweave.agent.settings import Settings
from skillweave.evals.fetch import load_sources
from skillweave.evals.record import Record
from skillweave.evals.sources import hashed, need
from skillweave.evals.suite import Arm, Loaded, Sample, Score, Suite, Table
from skillweave.evals.suites.endpoint_score import Target, is_right, options_of, said
from skillweave.skills.errors import UserError
from skillweave.skills.model import Frozen

GSM8K, BBH = "openai/grade-school-math as gsm8k", "suzgunmirac/BIG-Bench-Hard as bbh"
HOME = "grade_school_math/data"
DECLARED = 26
"""Of 256: the part of a task of BIG-Bench Hard that skills are grown on."""
LESSONS = {"gsm8k": 40, "bbh": 2}
"""Training samples; of BIG-Bench Hard for each task."""
MOST_LABELS = 5
NUMBER = "Give the number alone."
LETTER = "Answer with the letter of the right option, such as (A)."
NOT_SPACED = frozenset({"dyck_languages"})
_CODE = re.compile(r"HTTP (\d{3})")


class Problem(Frozen):
    """A line of GSM8K."""

    question: str
    answer: str


class Item(Frozen):
    """An item of BIG-Bench Hard."""

    input: str
    target: str


class Items(Frozen, extra="ignore"):
    """A task of BIG-Bench Hard."""

    examples: tuple[Item, ...]


def skips(settings: Settings) -> str:
    """Why not, where the model is no endpoint."""
    name = settings.model
    if name.startswith(("http://", "https://", "vllm:")) or (":" in name and "/" not in name):
        return ""
    return (
        f"{name} is no endpoint; --model URL (or SKILLWEAVE_MODEL) names an OpenAI-compatible one"
    )


def load(data: Path | None, hashes: Mapping[str, str] | None = None) -> Loaded:
    """Read both.

    Args:
        hashes: what the files must be; those of the commits when None.
    """
    maths, hard = need(data, "gsm8k", GSM8K), need(data, "bbh", BBH) / "bbh"
    sources = load_sources()
    known = {**sources["gsm8k"].files, **sources["bbh"].files} if hashes is None else dict(hashes)
    tasks = sorted(path.stem for path in hard.glob("*.json"))
    paths = {f"{HOME}/{part}.jsonl": maths / HOME / f"{part}.jsonl" for part in ("train", "test")}
    paths |= {f"bbh/{task}.json": hard / f"{task}.json" for task in tasks}
    files = hashed(paths, known)
    samples = problems(paths[f"{HOME}/test.jsonl"], "test")
    train = by_hash(problems(paths[f"{HOME}/train.jsonl"], "train"))[: LESSONS["gsm8k"]]
    for task in tasks:
        asked, declared = items(hard / f"{task}.json")
        samples += asked
        train += by_hash(declared)[: LESSONS["bbh"]]
    return Loaded(samples=tuple(samples), files=files, train=tuple(train))


def problems(path: Path, part: str) -> list[Sample]:
    """GSM8K's problems; what is right stands behind ``####``."""
    found = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        try:
            one = Problem.model_validate_json(line)
            _, mark, told = one.answer.rpartition("####")
            if not mark:
                raise ValueError("no answer behind ####")
        except (ValidationError, ValueError) as error:
            raise UserError(f"{path}:{number}: {str(error).splitlines()[0]}") from None
        target = Target(text=told.strip().replace(",", ""))
        name = f"gsm8k-{part}-{number:04}"
        found.append(_sample(name, "gsm8k", f"{one.question}\n{NUMBER}", target))
    return found


def items(path: Path) -> tuple[list[Sample], list[Sample]]:
    """A task's items: those to be asked, and the declared part."""
    try:
        told = Items.model_validate_json(path.read_text(encoding="utf-8")).examples
    except ValidationError as error:
        raise UserError(f"{path}: {str(error).splitlines()[0]}") from None
    distinct = {item.target for item in told}
    labels = tuple(sorted(distinct)) if len(distinct) <= MOST_LABELS else ()
    asked: list[Sample] = []
    declared: list[Sample] = []
    for number, item in enumerate(told, 1):
        options = options_of(item.input)
        target = Target(
            text=item.target, labels=labels, options=options, exact=path.stem not in NOT_SPACED
        )
        how = LETTER if options else f"Answer {' or '.join(labels)}." if labels else ""
        request = f"{item.input}\n{how}".strip()
        sample = _sample(f"{path.stem}-{number:03}", f"bbh {path.stem}", request, target)
        part = hashlib.sha256(item.input.encode()).digest()[0] < DECLARED
        (declared if part else asked).append(sample)
    return asked, declared


def by_hash(samples: Sequence[Sample]) -> list[Sample]:
    """In an order that says nothing of the samples."""
    return sorted(samples, key=lambda one: hashlib.sha256(one.request.encode()).digest())


def score(sample: Sample, result: Result) -> Score:
    """1 when the answer is right."""
    target = Target.model_validate(sample.expected)
    words = said(result)
    right = is_right(words, target)
    told = words.strip() or result.answer
    return Score(value=float(right), note="" if right else f"{result.outcome}: {told[-200:]}")


def deed(record: Record) -> str:
    """What became of a trial, where it was no fair one; empty when it was."""
    if record.status == "scored":
        return ""
    code = _CODE.search(record.note)
    for words, told in (
        ("did not answer within", "timed out"),
        ("cut off", "answer cut off"),
        ("no model server answers", "unreachable, or broke off"),
        ("is not an answer of an OpenAI", "no answer of an OpenAI-compatible server"),
    ):
        if words in record.note:
            return told
    if code is not None:
        return f"HTTP {code[1]}"
    plain = {"garbage": "answer cannot be read", "timeout": "run took too long"}
    return plain.get(record.status, record.status)


def tables(records: Sequence[Record]) -> tuple[Table, ...]:
    """What an endpoint did besides answering."""
    count = Counter((record.arm, told) for record in records if (told := deed(record)))
    rows = tuple((arm, told, number) for (arm, told), number in sorted(count.items()))
    note = "None of these trials is a wrong answer. Errors have no score; the others count as no success."
    title = "What the endpoint did besides answering"
    return (Table(title=title, note=note, columns=("arm", "what", "trials"), rows=rows),)


def _sample(name: str, family: str, request: str, target: Target) -> Sample:
    expected = json.loads(target.model_dump_json())
    return Sample(id=name, request=request, family=family, expected=expected)


ENDPOINT = Suite(
    name="endpoint",
    about="GSM8K and BIG-Bench Hard by a large model, with and without skills",
    arms=(
        Arm(name="none", about="the agent finds no skill", offer="none"),
        Arm(name="library", about="the built-in skills, as they are"),
        Arm(
            name="grown",
            about="the same, and what was learned from GSM8K's train split and a declared part of BBH",
            learn="train",
        ),
        Arm(name="random", about="every skill found is replaced by a random one", offer="random"),
    ),
    load=load,
    score=score,
    tables=tables,
    skips=skips,
)
