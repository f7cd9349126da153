"""Products with a matrix that oneDNN has put into the order it computes in.

Twice as fast as torch for the few tokens of a decoding step, since torch reorders at every call.
vLLM computes its own linear layers on the CPU in this way.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from vllm import _custom_ops as ops

from skillweave.agent.serving.plugin.dense import Product, plain

if TYPE_CHECKING:
    from torch import Tensor

KEPT_SHAPES = 32
"""Numbers of tokens for which oneDNN keeps its plan."""


def prepared(matrix: Tensor) -> Product:
    """The product with ``matrix [in, out]``, prepared where this vLLM and its type allow it."""
    if matrix.dtype != torch.bfloat16 or not getattr(ops, "_supports_onednn", False):
        return plain(matrix)
    try:
        handler = ops.create_onednn_mm(matrix, KEPT_SHAPES)
    except RuntimeError:  # vLLM falls back in the same way
        return plain(matrix)

    def product(x: Tensor) -> Tensor:
        result: Tensor = ops.onednn_mm(handler, x, None)
        return result

    return product
