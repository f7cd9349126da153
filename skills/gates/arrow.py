"""Arrow routing: each token goes to the adapters whose strongest direction it lies along.

Ostapenko et al., Towards Modular LLMs by Building and Reusing a Library of LoRAs, 2024,
https://arxiv.org/abs/2405.11157. The prototype of an adapter is the first right singular vector of
its weight difference: the input that it changes most. A singular vector has no sign, hence the
absolute value.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from skillweave.skills.gates.registry import MAX_ADAPTERS, gate

if TYPE_CHECKING:
    from torch import Tensor


@gate("arrow", limits={"top": (1, MAX_ADAPTERS), "temperature": (0.001, 1000)})
def arrow(hidden: Tensor, prototypes: Tensor, *, top: int = 3, temperature: float = 1.0) -> Tensor:
    """Softmax of ``|x·p| / temperature`` over the ``top`` adapters of each token, 0 for the others.

    Takes ``hidden [tokens, in]`` and ``prototypes [k, in]``, returns ``[tokens, k]``; each row sums
    to 1. With fewer than ``top`` adapters all of them share.
    """
    logits = (hidden.to(prototypes.dtype) @ prototypes.T).abs()
    best = logits.topk(min(top, prototypes.shape[0]), dim=1)
    shares = (best.values / temperature).softmax(dim=1)
    return logits.new_zeros(logits.shape).scatter(1, best.indices, shares)
