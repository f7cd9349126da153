"""The gate of a weighted sum: every adapter counts fully for every token.

The weights of the terms are folded into the factors, so nothing is left for the gate to do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from skillweave.skills.gates.registry import gate

if TYPE_CHECKING:
    from torch import Tensor


@gate("constant", needs_prototypes=False)
def constant(hidden: Tensor, prototypes: Tensor) -> Tensor:
    """One everywhere: ``[tokens, k]`` from ``hidden [tokens, in]`` and ``prototypes [k, in]``."""
    return prototypes.new_ones(hidden.shape[0], prototypes.shape[0])
