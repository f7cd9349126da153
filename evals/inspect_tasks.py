"""A suite as a task of inspect-ai (https://inspect.aisi.org.uk), so that its log viewer shows the samples.

The agent does the work, in its own sandbox; inspect-ai calls no model and needs no network. Every
output carries its usage: without it inspect-ai counts the tokens itself, for which it downloads a
tokenizer. Needs the extra ``inspect``.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from skillweave.evals.record import Record
from skillweave.evals.suite import Arm, Sample, Suite
from skillweave.evals.workplace import Workplace
from skillweave.skills.errors import UserError

if TYPE_CHECKING:
    from inspect_ai import Task
    from inspect_ai.log import EvalLog
    from inspect_ai.scorer import Scorer
    from inspect_ai.solver import Generate, Solver, TaskState

RECORD = "skillweave_record"
"""Where a state keeps the record of its sample."""


class TrialError(Exception):
    """The agent, its model or its server failed: inspect-ai counts the sample as an error."""


def task_of(suite: Suite, arm: Arm, seed: int, samples: Sequence[Sample], place: Workplace) -> Task:
    """The samples of a suite in one arm; `place` stays open until the task has run.

    Raises:
        UserError: inspect-ai is not installed.
    """
    try:
        from inspect_ai import Task
        from inspect_ai.dataset import MemoryDataset
        from inspect_ai.dataset import Sample as Item
    except ImportError:
        raise UserError(
            "this needs inspect-ai: pip install 'skillweave[inspect]' (82 packages)"
        ) from None
    taken = [sample for sample in samples if arm.takes(sample)]
    items = [
        Item(
            id=sample.id,
            input=sample.request,
            target=json.dumps(sample.expected, ensure_ascii=False),
            metadata={"family": sample.family, "level": sample.level},
        )
        for sample in taken
    ]
    known = {sample.id: sample for sample in taken}
    return Task(
        dataset=MemoryDataset(items, name=suite.name),
        solver=_solver(place, arm, seed, known),
        scorer=_scorer(),
        name=f"skillweave-{suite.name}-{arm.name}",
        metadata={"arm": arm.name, "seed": seed, "about": suite.about},
        fail_on_error=False,
    )


def run_task(task: Task, arm: Arm, log_dir: Path, *, parallel: int) -> EvalLog:
    """Run a task without a model of inspect-ai's own; gives its log."""
    from inspect_ai import eval as run

    (log,) = run(
        task,
        model=None,
        log_dir=str(log_dir),
        display="none",
        # What an arm has learned is there for the next sample, so there can be only one at a time.
        max_samples=1 if arm.grows else parallel,
        fail_on_error=False,
        score_display=False,
    )
    return log


def _solver(place: Workplace, arm: Arm, seed: int, known: dict[str, Sample]) -> Solver:
    from inspect_ai.model import (
        ChatCompletionChoice,
        ChatMessageAssistant,
        ModelOutput,
        ModelUsage,
    )
    from inspect_ai.solver import solver

    def skillweave_agent() -> Solver:
        async def solve(state: TaskState, generate: Generate) -> TaskState:
            sample = known[str(state.sample_id)]
            record = await asyncio.to_thread(place.try_out, arm, seed, sample)
            state.store.set(RECORD, record.model_dump(mode="json"))
            message = ChatMessageAssistant(content=record.answer, model="skillweave")
            state.messages.append(message)
            state.output = ModelOutput(
                model="skillweave",
                choices=[ChatCompletionChoice(message=message, stop_reason="stop")],
                usage=ModelUsage(
                    input_tokens=0, output_tokens=record.tokens, total_tokens=record.tokens
                ),
            )
            state.completed = True
            if record.status == "error":
                raise TrialError(record.note)
            return state

        return solve

    made: Solver = solver(name="skillweave_agent")(skillweave_agent)()
    return made


def _scorer() -> Scorer:
    from inspect_ai.scorer import Score, Target, accuracy, scorer, stderr

    def skillweave_score() -> Scorer:
        async def score(state: TaskState, target: Target) -> Score:
            record = Record.model_validate(state.store.get(RECORD))
            return Score(
                value=record.success,
                answer=record.answer,
                explanation=record.note,
                metadata={
                    "status": record.status,
                    "value": record.value,
                    "skills": list(record.skills),
                    "learned": list(record.new_skills),
                    "steps": record.steps,
                    "tokens": record.tokens,
                    "seconds": record.seconds,
                    "trace": record.trace,
                },
            )

        return score

    decorate = scorer(metrics=[accuracy(), stderr()], name="skillweave_score")
    made: Scorer = decorate(skillweave_score)()
    return made
