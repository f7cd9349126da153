"""Growth before the samples: training samples are tried, and what went right becomes skills."""

from __future__ import annotations

from collections.abc import Sequence

from skillweave.evals.studied import Trial, on_trial
from skillweave.evals.suite import Sample
from skillweave.evals.workplace import Workplace, status_of, trajectory
from skillweave.skills.model import Frozen


class Study(Frozen):
    """What came of the training samples."""

    asked: int
    right: int
    errors: int
    """The agent, its model or its server failed."""
    skills: tuple[str, ...]
    """Names of what the library got."""
    faults: tuple[str, ...] = ()
    """What the errors said, each once."""


def study(place: Workplace, samples: Sequence[Sample]) -> Study:
    """Try training samples one after another, as later ones may use what earlier ones left.

    What the agent compiled from a run that was wrong after all is archived: here the right answers are
    known, while the agent alone would have believed itself.
    """
    right = 0
    skills: list[str] = []
    faults: list[str] = []
    for sample in samples:
        try:
            with on_trial(Trial(sample=sample)):
                result = place.agent.run(sample.request, thread=f"train/{sample.id}")
            well = status_of(result) == "scored" and place.suite.score(sample, result).value == 1
        except Exception as error:  # noqa: BLE001 - counted; nothing is learned from it
            faults.append(f"{type(error).__name__}: {error}"[:300])
            continue
        learned = [name.partition("@")[0] for name in result.new_skills]
        if not well:
            for name in learned:
                place.library.set_state(name, "archived", "its run was wrong", author="eval")
            continue
        right += 1
        skills += learned
        if result.outcome == "solved":
            one = trajectory(result)
            place.library.add(one, state="active", author="eval")
            skills.append(one.skill.name)
    return Study(
        asked=len(samples),
        right=right,
        errors=len(faults),
        skills=tuple(dict.fromkeys(skills)),
        faults=tuple(dict.fromkeys(faults)),
    )
