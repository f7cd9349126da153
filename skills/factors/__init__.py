"""Low-rank factors of weight differences, and the exact algebra of adapters on them.

Every function is pure, takes ``Mapping[str, Factors]`` (one `Factors` per module) and needs torch;
importing the package does not.
"""

from __future__ import annotations

from skillweave.skills.factors.algebra import difference, scaled, weighted_sum
from skillweave.skills.factors.compression import compress, singular_values, truncate
from skillweave.skills.factors.measure import inner, norm, relative_error
from skillweave.skills.factors.read import read_factors
from skillweave.skills.factors.value import Adapter, Factors
from skillweave.skills.factors.write import write_adapter

__all__ = [
    "Adapter",
    "Factors",
    "compress",
    "difference",
    "inner",
    "norm",
    "read_factors",
    "relative_error",
    "scaled",
    "singular_values",
    "truncate",
    "weighted_sum",
    "write_adapter",
]
