"""The adapters that come with nano: the right one against none, a wrong one, and both at once.

The base model gets the text of a sample and nothing else, as in a step of the agent, so that only
the weights differ between the arms. Samples are drawn from the wordings, names and verbs that no
adapter was trained on, with a seed that the adapters' own scores do not use.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from skillweave.agent.models import run_blocking
from skillweave.agent.plan import Literal, Step
from skillweave.agent.profiles.nano import NanoProfile
from skillweave.agent.result import Result
from skillweave.evals.suite import BY_ADAPTER, Loaded, Sample, Score, Solving, Suite
from skillweave.skills.errors import UserError

EACH = 50
"""Samples of every task."""
SEED = 8


def load(_: Path | None) -> Loaded:
    """Draw the samples; there is no file."""
    from skillweave.agent.nano.adapters.build import held_out_pairs
    from skillweave.agent.nano.adapters.tasks import TASKS

    samples = []
    for task in TASKS:
        for number, pair in enumerate(held_out_pairs(task, EACH, SEED), start=1):
            sample = Sample(
                id=f"{task}-{number:03}",
                request=pair.user.strip(),
                family=task,
                expected=pair.answer.strip(),
                given=tuple(TASKS),
                right=(task,),
            )
            samples.append(sample)
    drawn = "\n".join(sample.model_dump_json() for sample in samples)
    digest = hashlib.sha256(drawn.encode()).hexdigest()
    return Loaded(samples=tuple(samples), files={"drawn": digest})


def solve(trial: Solving) -> Result:
    """Put the text to the base model, by the adapter of the arm."""
    if trial.model.profile_name != "nano":
        raise UserError("the suite adapters needs the model nano, whose adapters it measures")
    text = trial.sample.request
    step = Step(id=1, goal="{}", inputs=(Literal(text=text),))
    prompt = NanoProfile().do(step, [text], None, ())
    names = adapters_of(trial)

    async def ask() -> Result:
        known = [await trial.model.load_adapter(trial.library.get(name)) for name in names]
        adapter = "+".join(f"{name}:0.5" for name in known) if len(known) > 1 else None
        answer = await trial.model.ask(prompt, adapter or next(iter(known), None))
        trial.trace.asked(prompt, answer)
        said = answer.text.strip()
        return Result(
            run=trial.run,
            task=text,
            outcome="solved",
            answer=said,
            value=said,
            skills=tuple(known),
            tokens=answer.tokens,
            seconds=answer.seconds,
        )

    return run_blocking(ask)


def adapters_of(trial: Solving) -> tuple[str, ...]:
    """The names of the adapters that answer; the seed decides which one is the wrong one."""
    tasks, right = trial.sample.given, (trial.sample.right or ())[0]
    others = [task for task in tasks if task != right]
    wrong = others[trial.seed % len(others)]
    chosen = {"none": (), "right": (right,), "wrong": (wrong,), "mixed": (right, wrong)}
    return chosen[trial.arm.adapters]


def score(sample: Sample, result: Result) -> Score:
    """The whole answer, exactly."""
    right = result.value == sample.expected
    note = "" if right else f"said {str(result.value)[:60]!r}, not {sample.expected!r}"
    return Score(value=float(right), note=note)


ADAPTERS = Suite(
    name="adapters",
    about="four tasks for which nano has adapters: none, the right one, a wrong one, both at once",
    arms=BY_ADAPTER,
    load=load,
    score=score,
    reference="right",
    solve=solve,
)
