"""MetaTool's queries in sequence: which of 199 tools serves this one, and does having served others help?

As whoever asks has some things to do more often than others, the stream asks for forty of the tools.

No language model has a part in this. A library of the tools' descriptions is searched, and the first
tools found are called one after the other until one serves, three at most; MetaTool's label stands for
the tool's own word that it can do what was asked. That a call served, or did not, is all that any arm
ever hears. A query is answered when the first call serves.

The arm that grows files a query that was served under its tool, where searches find it as one more view,
and notes the failures; now and then it trains its ranking on these. The control files each under another
tool drawn at random: as much is learned, and all of it wrong. The arm of raw records keeps every query
with the calls made for it as an experience of its own, and goes by the record that lies nearest.
"""

from __future__ import annotations

import hashlib
import random
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from skillweave.agent.handle import ModelHandle
from skillweave.agent.profiles.base import Profile
from skillweave.agent.profiles.scripted import ScriptedProfile
from skillweave.agent.result import Attempt, Result, StepReport
from skillweave.agent.scripted import ScriptedModel
from skillweave.evals.fetch import load_sources
from skillweave.evals.retrieval_data import METATOOL, METATOOL_FILES, Pool, metatool
from skillweave.evals.sources import hashed, need
from skillweave.evals.suite import (
    LIBRARY,
    RANDOM,
    TRAJECTORIES,
    Arm,
    Loaded,
    Opening,
    Sample,
    Score,
    Solving,
    Suite,
)
from skillweave.skills.drop import WrappedSkill
from skillweave.skills.model import Skill
from skillweave.store.library import Library

ORIGIN = "HowieHwong/MetaTool as metatool"
TOOLS = 40
"""Of the 199, those whose name has the lowest hashes: the stream asks for these, the library has all."""
QUERIES = 600
"""Of the several thousand for these tools: those whose text has the lowest hashes."""
CALLS = 3
POOL = 10
TUNE_EVERY = 150
"""Queries served, after which the growing arm trains its ranking again."""
FAMILIES = ("often asked", "seldom asked")
NOTHING = LIBRARY.model_copy(update={"name": "nothing", "about": "the tools' descriptions alone"})
GROWTH = Arm(
    name="growth", about="queries that were served join the views of their tool", learn="skills"
)
MISFILED = Arm(
    name="misfiled", about="the same, under another tool drawn at random", learn="skills"
)
RECORDS = TRAJECTORIES.model_copy(
    update={"about": "raw records of earlier queries; the tool of the nearest one is tried"}
)


def load(data: Path | None, hashes: Mapping[str, str] | None = None) -> Loaded:
    """The tools as skills, and the queries.

    Args:
        hashes: what the files must be; those of the commit when None.

    Raises:
        DataMissingError: the data are not here.
    """
    folder = need(data, "metatool", ORIGIN).parent
    if hashes is None:
        hashes = load_sources()["metatool"].files
    files = {f"dataset/{name}": folder / METATOOL / name for name in METATOOL_FILES}
    found = hashed(files, hashes)
    pool, _ = metatool(folder)
    return Loaded(
        samples=samples_of(pool),
        files=found,
        skills=[WrappedSkill(skill=one, files={}, source=Path(one.name)) for one in pool.skills],
    )


def samples_of(pool: Pool, number: int = QUERIES) -> tuple[Sample, ...]:
    """A stream of queries; in half of them the tool is one that the stream asks for often."""
    tools = {one.right[0] for one in pool.queries}
    asked_for = set(sorted(tools, key=_digest)[:TOOLS])
    fitting = [query for query in pool.queries if query.right[0] in asked_for]
    chosen = sorted(fitting, key=lambda query: _digest(query.text))[:number]
    asked = [query.right[0] for query in chosen]
    counts = sorted(asked.count(name) for name in asked)
    middle = counts[len(counts) // 2] if counts else 0
    return tuple(
        Sample(
            id=_digest(query.text)[:12],
            request=query.text,
            family=FAMILIES[asked.count(query.right[0]) < middle],
            right=query.right,
        )
        for query in chosen
    )


def solve(trial: Solving) -> Result:
    """Call tool after tool, then learn from it as the arm does."""
    sample, right = trial.sample, trial.sample.right or ()
    attempts: list[Attempt] = []
    for name in ranked(trial.library, sample.request)[:CALLS]:
        error = "" if name in right else "it does not serve this"
        attempts.append(Attempt(skill=name, kind="guide", error=error, value=not error))
        if not error:
            break
    served = bool(attempts) and attempts[-1].ok
    if trial.arm.learn == "skills":
        _learn(trial, attempts)
    step = StepReport(id=1, goal="serve the query", ok=served, attempts=tuple(attempts))
    return Result(
        run=trial.run,
        task=sample.request,
        outcome="solved" if served else "failed",
        answer=attempts[-1].skill if served else "no tool served",
        value=attempts[0].skill if attempts else None,
        steps=(step,),
        skills=(attempts[-1].skill,) if served else (),
    )


def ranked(library: Library, query: str) -> list[str]:
    """The tools to be called, best first; a raw record stands for the tool that served in it."""
    hits = library.search(query, kinds={"guide", "experience"}, k=POOL)
    return list(dict.fromkeys(_tool_of(hit.skill) for hit in hits))


def score(sample: Sample, result: Result) -> Score:
    """1 when the first call serves; the note counts the calls."""
    calls = len(result.steps[0].attempts)
    return Score(
        value=float(result.value in (sample.right or ())), note=f"{calls} calls: {result.answer}"
    )


def opens(_: Opening) -> tuple[ModelHandle, Profile]:
    """No model has a part in this, so that none is started."""
    return ScriptedModel((), name="none"), ScriptedProfile()


def _learn(trial: Solving, attempts: list[Attempt]) -> None:
    library = trial.library
    for attempt in attempts:
        name = attempt.skill
        if trial.arm.name == MISFILED.name:
            rng = random.Random(f"{trial.seed} {trial.sample.id} {name}")
            name = rng.choice([one for one in _names(library) if one != name])
        if attempt.ok:
            library.remember({name: [trial.sample.request]}, run=trial.run)
            if sum(entry.succeeded for entry in library.entries()) % TUNE_EVERY == 0:
                library.learn_ranking()
        else:
            library.record(name, "failed", run=trial.run)


def _names(library: Library) -> list[str]:
    return sorted(skill.name for skill in library.list(kinds={"guide"}))


def _tool_of(skill: Skill) -> str:
    """Of a raw record the tool of its last call."""
    if skill.kind != "experience":
        return skill.name
    called = re.findall(r"^- serve the query: (\S+) ", skill.body, flags=re.MULTILINE)
    return called[-1] if called else skill.name


@cache
def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


GROWTH_QUERIES = Suite(
    name="growth-queries",
    about="MetaTool's queries in sequence: is the first tool right more often as experience grows?",
    arms=(NOTHING, RANDOM, MISFILED, GROWTH, RECORDS),
    load=load,
    score=score,
    reference=NOTHING.name,
    solve=solve,
    opens=opens,
)
