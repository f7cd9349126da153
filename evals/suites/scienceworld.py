"""ScienceWorld: what a memory of solved tasks adds, over a stream of official test variations.

``scienceworld`` is for nano. nano alone (``none``) writes actions from what it sees; the arms with a memory
replay what was done in the most similar task that the library finds, by rules written by hand
(`scienceworld_memory`): nano takes no part in them, and what they show is what the store and the retrieval
are worth. Every memory begins with two gold paths of train variations of each task; the arms that learn add
what they solved themselves, which the environment's score verifies.

``scienceworld-tales`` is for an endpoint, by the protocol of TALES: the text alone, no list of actions, 100
steps, the best score on the way; with and without the most similar experience in the prompt.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path

from skillweave.agent.models import run_blocking
from skillweave.agent.profiles.base import Message, Prompt
from skillweave.agent.result import Result
from skillweave.agent.settings import Settings
from skillweave.evals.record import Record
from skillweave.evals.sources import hashed
from skillweave.evals.suite import Arm, Loaded, Sample, Score, Solving, Suite, Table, no_tables
from skillweave.evals.suites import endpoint
from skillweave.evals.suites.scienceworld_env import (
    TASKS,
    Play,
    environment,
    missing,
    variations,
)
from skillweave.evals.suites.scienceworld_memory import (
    DEMONSTRATIONS,
    Experience,
    as_skill,
    demonstrations,
    raw,
    read,
    rebound,
    refined,
)
from skillweave.skills.errors import UserError
from skillweave.skills.model import Skill

EACH = 3
"""Test variations of every task."""
ALONE = 15
"""Steps of nano alone: it repeats itself long before."""
FOUND = 8
"""Experiences that a search brings: the first is followed, the others lend targets and ways."""
TALES = (
    "You are playing a text-based game and your goal is to finish it with the highest score. Upon reading "
    "the text observation, provide a *single* short phrase to interact with the game, e.g. `get lamp` "
    "(without the backticks). When stuck, try using the `help` command to see what commands are available."
)
PUBLISHED = (("o3", 93.0), ("gpt-4o", 61.4), ("Llama-3.1-8B", 15.7), ("Llama-3.2-1B", 2.4))
GOLD = Arm(name="gold", about="the environment's own solution, for the most that can be had")
ARMS = (
    GOLD,
    Arm(name="none", about="nano alone writes the actions", offer="none"),
    Arm(name="fixed", about="the most similar demonstration, re-bound; nothing is learned"),
    Arm(name="rebound", about="the same, and what was solved is added", learn="skills"),
    Arm(
        name="refined",
        about="the same, without idle steps, and what helped before ranks higher",
        learn="skills",
    ),
    Arm(name="raw", about="the most similar experience, word for word; it grows", learn="skills"),
)
TALKED = (
    Arm(name="none", about="the model alone, as in TALES", offer="none"),
    Arm(name="memory", about="the most similar experience stands in the prompt", learn="skills"),
)


def skips(settings: Settings) -> str:
    """The environment must be installed; an endpoint has a suite of its own."""
    if settings.model != "nano":
        return f"its arms are nano's; scienceworld-tales is for {settings.model}"
    return missing()


def skips_tales(settings: Settings) -> str:
    """It needs an endpoint."""
    return endpoint.skips(settings) or missing()


def load(_: Path | None) -> Loaded:
    """Names the variations, which the environment knows, and reads what every memory begins with."""
    samples = [
        Sample(
            id=f"{task}-{place}",
            request=f"{task}, test variation {place}",
            family=task,
            expected=place,
        )
        for task in TASKS
        for place in range(EACH)
    ]
    skills = [as_skill(one) for one in demonstrations()]
    files = hashed({DEMONSTRATIONS.name: DEMONSTRATIONS}, {})
    return Loaded(samples=tuple(samples), files=files, skills=skills)


def solve(trial: Solving) -> Result:
    """Play one variation of nano's suite."""

    def played(play: Play) -> tuple[str, ...]:
        if trial.arm == GOLD:
            raw(play, play.gold)
            return ()
        if trial.arm.offer == "none":
            _ask_nano(play, trial)
            return ()
        return _replayed(play, trial)

    return _solved(trial, played)


def solve_tales(trial: Solving) -> Result:
    """Play one variation by TALES's protocol."""

    def played(play: Play) -> tuple[str, ...]:
        found = [] if trial.arm.offer == "none" else found_for(trial, play.task)
        told = f"\nThis is how a similar task was solved.\n{_shown(found[0])}" if found else ""
        _converse(play, trial, TALES + told)
        return tuple(skill.name for skill in found[:1])

    return _solved(trial, played)


def score(_: Sample, result: Result) -> Score:
    """The best score on the way, 0 to 1."""
    value = float(result.value) if isinstance(result.value, int | float) else 0.0
    return Score(value=value, note="" if value >= 1.0 else result.answer)


def published(_: Sequence[Record]) -> tuple[Table, ...]:
    """What others reached, on all tasks."""
    return (
        Table(
            title="ScienceWorld in TALES (arXiv 2504.14128), all 30 tasks; here are eight short ones",
            note="To stand beside, not to compare with: other tasks, other variations.",
            columns=("model", "score"),
            rows=PUBLISHED,
        ),
    )


def found_for(trial: Solving, task: str) -> list[Skill]:
    """The experiences most like a task."""
    hits = trial.library.search(task, kinds={"experience"}, k=FOUND)
    return [hit.skill for hit in hits]


def _solved(trial: Solving, played: Callable[[Play], tuple[str, ...]]) -> Result:
    began = time.monotonic()
    new: tuple[str, ...] = ()
    with environment() as env:
        place = trial.sample.expected
        if not isinstance(place, int):
            raise UserError(f"{trial.sample.id} names no variation")
        variation = variations(trial.sample.family, "test")[place]
        play = Play(env, trial.sample.family, variation, gold=trial.arm == GOLD)
        used = played(play)
    trial.trace.write("played", task=play.task, best=play.best, deeds=[list(d) for d in play.deeds])
    if trial.arm.name == "refined":
        for name in used:
            trial.library.record(name, "succeeded" if play.solved else "failed", request=play.task)
    if play.solved and trial.arm.grows:
        experience = Experience(play.task, tuple(play.deeds))
        kept = refined(experience) if trial.arm.name == "refined" else experience
        new = (trial.library.add(as_skill(kept), state="active", author="eval").name,)
    return Result(
        run=trial.run,
        task=play.task,
        outcome="solved" if play.solved else "failed",
        answer=f"{play.best:.2f} after {play.steps} steps",
        value=round(play.best, 4),
        skills=used,
        new_skills=new,
        seconds=time.monotonic() - began,
    )


def _replayed(play: Play, trial: Solving) -> tuple[str, ...]:
    skills = found_for(trial, play.task)
    known = [read(skill) for skill in skills]
    if not known:
        return ()
    if trial.arm.name == "raw":
        raw(play, [deed.action for deed in known[0].deeds])
    else:
        lead = refined(known[0]) if trial.arm.name == "refined" else known[0]
        rebound(play, lead, [*known[1:], *demonstrations()])
    return (skills[0].name,)


def _ask_nano(play: Play, trial: Solving) -> None:
    async def ask() -> None:
        said, seen = set[str](), play.look()
        while not play.over and play.steps < ALONE:
            text = f" {play.task} {' '.join(seen.split())}"
            messages = (Message(role="system", content="do"), Message(role="user", content=text))
            answer = await trial.model.ask(Prompt(messages=messages, max_tokens=24))
            trial.trace.asked(Prompt(messages=messages), answer)
            if answer.text in said or not answer.text.strip():
                return
            said.add(answer.text)
            seen = play.step(answer.text.strip().splitlines()[0])

    run_blocking(ask)


def _converse(play: Play, trial: Solving, system: str) -> None:
    async def ask() -> None:
        messages = [Message(role="system", content=system)]
        seen = f"{play.task}\n{play.look()}"
        while not play.over:
            messages.append(Message(role="user", content=seen))
            prompt = Prompt(messages=tuple(messages), max_tokens=100)
            answer = await trial.model.ask(prompt)
            trial.trace.asked(prompt, answer)
            action = next(iter(answer.text.strip().strip("`").splitlines()), "look around")
            messages.append(Message(role="assistant", content=action))
            seen = play.step(action)

    run_blocking(ask)


def _shown(skill: Skill) -> str:
    experience = read(skill)
    return "\n".join([experience.task, *(f"> {deed.action}" for deed in experience.deeds)])


def _suite(
    name: str,
    about: str,
    arms: Sequence[Arm],
    play: Callable[[Solving], Result],
    why_not: Callable[[Settings], str],
    reference: str,
    tables: Callable[[Sequence[Record]], tuple[Table, ...]] = no_tables,
) -> Suite:
    return Suite(
        name=name,
        about=about,
        arms=tuple(arms),
        load=load,
        score=score,
        reference=reference,
        solve=play,
        tables=tables,
        skips=why_not,
    )


SCIENCEWORLD = _suite(
    "scienceworld",
    "short tasks of ScienceWorld: a memory of solved tasks, replayed; nano alone",
    ARMS,
    solve,
    skips,
    "rebound",
)
SCIENCEWORLD_TALES = _suite(
    "scienceworld-tales",
    "the same by an endpoint, in the protocol of TALES, with and without the memory",
    TALKED,
    solve_tales,
    skips_tales,
    "none",
    published,
)
