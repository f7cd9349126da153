"""Exact sums of adapters: the factors are put side by side, so the ranks add up.

``w1·B1·A1 + w2·B2·A2 = [w1·B1, w2·B2] @ [A1; A2]``. To sum the factors themselves would give
``(B1+B2)(A1+A2)``, which has cross terms and is no sum of the adapters.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from skillweave.skills.errors import AdapterError
from skillweave.skills.factors.value import Adapter, Factors


def weighted_sum(adapters: Sequence[Adapter], weights: Sequence[float]) -> dict[str, Factors]:
    """The sum of ``weights[i] * adapters[i]``, exact; the rank of a module is the sum of its ranks.

    ``a`` becomes ``[r1 + r2 + ..., in]`` and ``b`` ``[out, r1 + r2 + ...]``. A module that only
    some adapters have is summed over those: the others leave it as it is in the base model.

    Raises:
        AdapterError: the adapters are for models of different shapes, or a weight is not finite.
    """
    if not adapters or len(adapters) != len(weights):
        raise AdapterError(
            f"{len(adapters)} adapters with {len(weights)} weights; give one weight for each"
        )
    for weight in weights:
        if not math.isfinite(weight):
            raise AdapterError(f"the weight {weight} is not finite; give a number")
    parts: dict[str, list[Factors]] = {}
    for adapter, weight in zip(adapters, weights, strict=True):
        for module, factors in adapter.items():
            parts.setdefault(module, []).append(_scaled(factors, weight))
    return {module: _side_by_side(module, part) for module, part in parts.items()}


def difference(minuend: Adapter, subtrahend: Adapter, *, weight: float = 1.0) -> dict[str, Factors]:
    """``minuend - weight * subtrahend``, exact: what the first knows beyond the second.

    The subtraction of Ext-Sub (Hu et al. 2024, https://arxiv.org/abs/2308.08090) and GenKnowSub
    (https://arxiv.org/abs/2505.10939), on the differences rather than on the factors.
    """
    return weighted_sum((minuend, subtrahend), (1.0, -weight))


def scaled(adapter: Adapter, weight: float) -> dict[str, Factors]:
    """``weight * adapter``, at the same rank."""
    return weighted_sum((adapter,), (weight,))


def _scaled(factors: Factors, weight: float) -> Factors:
    if weight == 1.0:
        return factors
    return Factors(factors.a, factors.b * weight, factors.embedding)


def _side_by_side(module: str, parts: Sequence[Factors]) -> Factors:
    import torch

    first = parts[0]
    if len(parts) == 1:
        return first
    for other in parts[1:]:
        if (other.shape, other.embedding) != (first.shape, first.embedding):
            raise AdapterError(
                f"{module} is {list(first.shape)} in one adapter and {list(other.shape)} in another;"
                " mix adapters of one base model"
            )
    a = torch.cat([part.a for part in parts], dim=0)
    b = torch.cat([part.b for part in parts], dim=1)
    return Factors(a, b, first.embedding)
