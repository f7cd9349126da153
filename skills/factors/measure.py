"""Inner product and norm of adapters, from the factors alone.

``<B1·A1, B2·A2> = tr((B1ᵀ·B2)·(A2·A1ᵀ))``, O((in + out)·rank²).
"""

from __future__ import annotations

import math

from skillweave.skills.factors.algebra import difference
from skillweave.skills.factors.compression import singular_values
from skillweave.skills.factors.value import Adapter


def inner(one: Adapter, other: Adapter) -> float:
    """Sum over all modules of the Frobenius inner product of the two weight differences."""
    total = 0.0
    for module in one.keys() & other.keys():
        x, y = one[module], other[module]
        left = x.b.double().T @ y.b.double()
        right = x.a.double() @ y.a.double().T
        total += float((left * right).sum())
    return total


def norm(adapter: Adapter) -> float:
    """The Frobenius norm of all weight differences together.

    Taken from the singular values, not from `inner`: the norm of a difference of near-equal
    adapters would drown in the rounding of the squares.
    """
    squares = (float(singular_values(f).double().square().sum()) for f in adapter.values())
    return math.sqrt(math.fsum(squares))


def relative_error(found: Adapter, wanted: Adapter) -> float:
    """``norm(found - wanted) / norm(wanted)``; infinite when only ``wanted`` is zero."""
    error, size = norm(difference(found, wanted)), norm(wanted)
    if size == 0.0:
        return math.inf if error else 0.0
    return error / size
