"""The best adapter of a lower rank, without ever forming a weight difference.

With ``b = Qb·Rb`` and ``aᵀ = Qa·Ra`` (thin QR) the difference is ``Qb·(Rb·Raᵀ)·Qaᵀ``. The outer
matrices are orthonormal, so the singular values are those of the small core ``Rb·Raᵀ``
(``[rank, rank]``) and the singular vectors are its own times ``Qb`` and ``Qa``. The cost is
O((in + out)·rank²) where a dense SVD needs O(in·out·min(in, out)). By Eckart and Young (1936) the
first ``r`` of them are the nearest matrix of rank ``r`` in the Frobenius and the spectral norm.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from skillweave.skills.errors import AdapterError
from skillweave.skills.factors.value import Adapter, Factors

if TYPE_CHECKING:
    from torch import Tensor


class Decomposition(NamedTuple):
    """``left @ diag(values) @ right.T``: the thin SVD of a weight difference, largest values first."""

    left: Tensor
    """``[out, k]``, orthonormal columns."""
    values: Tensor
    """``[k]``, with k the smallest of rank, in and out."""
    right: Tensor
    """``[in, k]``, orthonormal columns; the largest entry of each is positive."""


def decompose(factors: Factors) -> Decomposition:
    """The singular value decomposition of ``b @ a``, from ``a [rank, in]`` and ``b [out, rank]``.

    Half precision is computed in float32. Singular vectors are unique up to their sign, which is
    fixed here so that the result does not depend on the machine.
    """
    import torch

    exact = torch.promote_types(factors.a.dtype, torch.float32)
    qa, ra = torch.linalg.qr(factors.a.to(exact).T)
    qb, rb = torch.linalg.qr(factors.b.to(exact))
    u, values, vh = torch.linalg.svd(rb @ ra.T, full_matrices=False)
    left, right = qb @ u, qa @ vh.T
    largest = right.abs().argmax(dim=0, keepdim=True)
    sign = torch.where(right.gather(0, largest) < 0, -1.0, 1.0).to(exact)
    return Decomposition(left * sign, values, right * sign)


def compress(adapter: Adapter, rank: int) -> dict[str, Factors]:
    """The nearest adapter with at most ``rank`` in every module; see `truncate`."""
    return {module: truncate(factors, rank) for module, factors in adapter.items()}


def truncate(factors: Factors, rank: int) -> Factors:
    """The nearest factors of at most ``rank``: ``a [rank, in]``, ``b [out, rank]``.

    Factors that have no more than that are returned as they are. The singular values are shared
    between both factors, so that half precision serves both equally well.
    """
    if rank < 1:
        raise AdapterError(f"the rank {rank} is too small; give 1 or more")
    if factors.rank <= rank:
        return factors
    left, values, right = decompose(factors)
    root = values[:rank].sqrt()
    a = (right[:, :rank] * root).T.to(factors.a.dtype)
    b = (left[:, :rank] * root).to(factors.b.dtype)
    return Factors(a.contiguous(), b.contiguous(), factors.embedding)


def singular_values(factors: Factors) -> Tensor:
    """The singular values of ``b @ a``, largest first: ``[k]``, k the smallest of rank, in, out."""
    return decompose(factors).values
