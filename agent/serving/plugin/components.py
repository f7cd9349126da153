"""Adapters in memory, from which mixes are composed: read once, the least used ones forgotten."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path

from skillweave.agent.serving.plugin.compose import Composed, Prototypes, compose
from skillweave.agent.serving.plugin.library import folder_of
from skillweave.skills import gates
from skillweave.skills.factors import Adapter, read_factors
from skillweave.skills.gates import kept_prototypes, prototypes_of
from skillweave.skills.mix import Mix
from skillweave.skills.model import Skill

KEPT_BYTES = 512 * 2**20


class Components:
    """The factors of adapters, keyed by the digest of the skill. Used by one thread."""

    def __init__(self, prototypes: Path, limit: int = KEPT_BYTES) -> None:
        self._folder = prototypes
        self._limit = limit
        self._adapters: OrderedDict[str, Adapter] = OrderedDict()

    def composed(self, mix: Mix, skills: Sequence[Skill]) -> Composed:
        """The mix of these adapters, which are in the order of its terms.

        Raises:
            AdapterError: one is damaged, or they do not fit each other.
        """
        adapters = [self._adapter(skill) for skill in skills]
        directions: list[Prototypes] = []
        if gates.get(mix.gate).needs_prototypes:
            pairs = zip(skills, adapters, strict=True)
            directions = [self._prototypes(skill, adapter) for skill, adapter in pairs]
        self._forget()
        return compose(mix, adapters, directions)

    def _adapter(self, skill: Skill) -> Adapter:
        if skill.digest not in self._adapters:
            self._adapters[skill.digest] = read_factors(folder_of(skill))
        self._adapters.move_to_end(skill.digest)
        return self._adapters[skill.digest]

    def _prototypes(self, skill: Skill, adapter: Adapter) -> Prototypes:
        try:
            return kept_prototypes(self._folder, skill.digest, lambda: adapter)
        except OSError:  # a library on a read-only disk
            return prototypes_of(adapter)

    def _forget(self) -> None:
        sizes = {digest: _bytes(adapter) for digest, adapter in self._adapters.items()}
        total = sum(sizes.values())
        while total > self._limit and len(self._adapters) > 1:
            digest, _ = self._adapters.popitem(last=False)
            total -= sizes[digest]


def _bytes(adapter: Adapter) -> int:
    return sum(f.a.nbytes + f.b.nbytes for f in adapter.values())
