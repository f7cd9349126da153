"""The two factors of a weight difference."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from skillweave.skills.errors import AdapterError

if TYPE_CHECKING:
    import torch
    from torch import Tensor


@dataclass(frozen=True, slots=True, eq=False)
class Factors:
    """The weight difference ``b @ a`` of one module, of which nothing else is to be multiplied.

    ``a`` is ``[rank, in]`` and ``b`` ``[out, rank]``. The scaling of the adapter (alpha, rsLoRA,
    patterns) and every weight of a mix are folded into ``b``, exactly once.
    """

    a: Tensor
    b: Tensor
    embedding: bool = False
    """Whether the module is an embedding: ``in`` counts tokens then, and ``a`` is looked up in."""

    def __post_init__(self) -> None:
        if self.a.ndim != 2 or self.b.ndim != 2 or self.a.shape[0] != self.b.shape[1]:
            shapes = f"{list(self.a.shape)} and {list(self.b.shape)}"
            raise AdapterError(f"factors {shapes} do not fit; give [rank, in] and [out, rank]")

    @property
    def rank(self) -> int:
        return self.a.shape[0]

    @property
    def shape(self) -> tuple[int, int]:
        """``(out, in)``: the shape of the module's weight."""
        return self.b.shape[0], self.a.shape[1]

    def to(self, dtype: torch.dtype) -> Factors:
        """The same factors in another type."""
        return Factors(self.a.to(dtype), self.b.to(dtype), self.embedding)


Adapter: TypeAlias = Mapping[str, Factors]
"""Factors per module, named as in the model (``model.layers.0.self_attn.q_proj``)."""
