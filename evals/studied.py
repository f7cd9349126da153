"""A library under study: what a search finds is decided by the arm of the sample at work."""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

from skillweave.evals.suite import Offer, Sample
from skillweave.skills.model import Frozen, Skill, SkillKind
from skillweave.store.embed import Embedder
from skillweave.store.library import Library, Outcome
from skillweave.store.ranking import Hit


class Trial(Frozen):
    """The sample at work, and the setting it is tried in."""

    sample: Sample
    offer: Offer = "all"
    seed: int = 0


# The agent's loop and its threads copy the context of the caller of `Agent.run`, so that samples
# that run side by side each see their own trial.
_TRIAL: ContextVar[Trial | None] = ContextVar("skillweave_trial", default=None)


@contextmanager
def on_trial(trial: Trial) -> Iterator[None]:
    """What the agent searches within follows the trial."""
    token = _TRIAL.set(trial)
    try:
        yield
    finally:
        _TRIAL.reset(token)


def trial_at_work() -> Trial | None:
    """The trial that the caller, or what it called, works for."""
    return _TRIAL.get()


class StudiedLibrary(Library):
    """A library whose searches obey the trial at work.

    Unless it ``grows``, it also keeps no score of what was used: a sample must not change how skills
    are ranked for the next one.
    """

    def __init__(
        self,
        root: Path,
        *,
        builtin: bool = True,
        embedder: Embedder | None = None,
        grows: bool = False,
    ):
        self._grows = grows
        self._names: dict[SkillKind, list[str]] = {}
        super().__init__(root, builtin=builtin, embedder=embedder)

    def search(
        self,
        query: str,
        *,
        kinds: Collection[SkillKind] | None = None,
        k: int = 5,
        explain: bool = False,
    ) -> list[Hit]:
        """What the trial lets a search find; everything when none is at work."""
        trial = _TRIAL.get()
        if trial is None or trial.offer == "all":
            return super().search(query, kinds=kinds, k=k, explain=explain)
        if trial.offer == "none":
            return []
        if trial.offer in ("given", "right"):
            hits = self._all_of(query, kinds, k, names_of(trial))
        else:
            more = k + len(trial.sample.right or ()) + 1
            hits = super().search(query, kinds=kinds, k=more, explain=explain)
        return offered(hits, trial, k, self._skill_of)

    def _all_of(
        self, query: str, kinds: Collection[SkillKind] | None, k: int, names: Collection[str]
    ) -> list[Hit]:
        """Search wider until all of a few skills are found: a search of everything takes long."""
        most = len(self._known(kinds))
        hits: list[Hit] = []
        while names and k < 16 * most and not {hit.skill.name for hit in hits}.issuperset(names):
            hits = super().search(query, kinds=kinds, k=min(k, most))
            k *= 8
        return hits

    def record(self, name: str, outcome: Outcome, run: str = "", request: str = "") -> None:
        """Only a growing library takes note."""
        if self._grows:
            super().record(name, outcome, run, request)

    def _known(self, kinds: Collection[SkillKind] | None) -> list[str]:
        if self._grows or not self._names:
            self._names = {}
            for skill in self.list():
                self._names.setdefault(skill.kind, []).append(skill.name)
        return [
            n for kind, names in self._names.items() if not kinds or kind in kinds for n in names
        ]

    def _skill_of(self, kind: SkillKind, rng: random.Random) -> Skill:
        self._known(None)
        return self.get(rng.choice(self._names[kind]))


Draw = Callable[[SkillKind, random.Random], Skill]


def offered(hits: Sequence[Hit], trial: Trial, k: int, draw: Draw) -> list[Hit]:
    """The hits that a trial shows, best first.

    Args:
        draw: a random skill of a kind.
    """
    sample = trial.sample
    if trial.offer in ("given", "right"):
        names = names_of(trial)
        return [hit for hit in hits if hit.skill.name in names][:k]
    if trial.offer == "wrong":
        withheld = set(sample.right or ()) or {hit.skill.name for hit in hits[:1]}
        left = [hit.skill for hit in hits if hit.skill.name not in withheld]
        return [_as(hit, skill) for hit, skill in zip(hits, left, strict=False)][:k]
    avoided = set(sample.right or ()) or {hit.skill.name for hit in hits[:1]}
    drawn: list[Skill] = []
    for hit in hits[:k]:
        rng = random.Random(f"{trial.seed}/{sample.id}/{hit.skill.name}")
        for _ in range(100):
            skill = draw(hit.skill.kind, rng)
            if skill.name not in avoided:
                avoided.add(skill.name)
                drawn.append(skill)
                break
    return [_as(hit, skill) for hit, skill in zip(hits, drawn, strict=False)]


def names_of(trial: Trial) -> tuple[str, ...]:
    """The skills that a trial shows alone."""
    return trial.sample.given if trial.offer == "given" else trial.sample.right or ()


def _as(hit: Hit, skill: Skill) -> Hit:
    """A skill in another one's place; the view told of the other."""
    return hit.model_copy(update={"skill": skill, "view": ""})
