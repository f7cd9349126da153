"""Several adapters become one: side by side in the rank, with what a gate needs to tell them apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from skillweave.skills import gates
from skillweave.skills.errors import AdapterError
from skillweave.skills.factors import Adapter, Factors, weighted_sum
from skillweave.skills.mix import Mix

if TYPE_CHECKING:
    from torch import Tensor

Prototypes = Mapping[str, "Tensor"]
"""A direction ``[in]`` for every module of an adapter."""


@dataclass(frozen=True, eq=False)
class ModuleGate:
    """The gate of a mix in one module: which columns of the rank belong to which adapter."""

    gate: gates.Gate
    options: Mapping[str, float]
    ranks: tuple[int, ...]
    """Of the adapters that have this module, in the order in which they lie side by side."""
    prototypes: Tensor
    """``[k, in]`` for ``k`` ranks."""

    @property
    def columns(self) -> int:
        """The columns of all adapters together."""
        return sum(self.ranks)

    @cached_property
    def owner(self) -> Tensor:
        """Which adapter every column belongs to: ``[columns]``."""
        import torch

        return torch.repeat_interleave(torch.tensor(self.ranks)).to(self.prototypes.device)

    def __call__(self, hidden: Tensor) -> Tensor:
        """The weight of every column: ``[tokens, columns]`` for ``hidden [tokens, in]``."""
        return self.gate(hidden, self.prototypes, self.options).index_select(1, self.owner)


@dataclass(frozen=True, slots=True)
class Composed:
    """One adapter made of several. Without gates it is an ordinary one."""

    factors: dict[str, Factors]
    gates: dict[str, ModuleGate] = field(default_factory=dict)

    @property
    def rank(self) -> int:
        """The largest rank of a module."""
        return max((factors.rank for factors in self.factors.values()), default=0)


def compose(
    mix: Mix, adapters: Sequence[Adapter], prototypes: Sequence[Prototypes] = ()
) -> Composed:
    """The mix of ``adapters``, which are in the order of its terms.

    ``prototypes`` are those of the adapters, for a gate that needs them. A module that only some
    of the adapters have is gated among these.

    Raises:
        AdapterError: the adapters do not fit each other, or a gate would act on an embedding.
    """
    total = weighted_sum(adapters, [term.weight for term in mix.terms])
    if mix.gate == "constant":
        return Composed(total)
    gate = gates.get(mix.gate)
    found = {}
    for module in total:
        if total[module].embedding or module.rsplit(".", 1)[-1] == "lm_head":
            raise AdapterError(
                f"{mix}: a gate acts on linear layers, not on {module}; mix with constant weights"
            )
        having = [i for i, adapter in enumerate(adapters) if module in adapter]
        found[module] = ModuleGate(
            gate=gate,
            options=mix.options,
            ranks=tuple(adapters[i][module].rank for i in having),
            prototypes=_stacked(module, total[module], [prototypes[i] for i in having], gate),
        )
    return Composed(total, found)


def _stacked(
    module: str, factors: Factors, prototypes: Sequence[Prototypes], gate: gates.Gate
) -> Tensor:
    import torch

    if not gate.needs_prototypes:
        return factors.a.new_zeros((len(prototypes), factors.a.shape[1]), dtype=torch.float32)
    return torch.stack([each[module] for each in prototypes])
