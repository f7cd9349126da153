"""A local model with adapters on it: they are added by hooks, so any model with linear layers will do."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from skillweave.agent.nano.batches import IGNORE, Encoded, collate
from skillweave.skills.factors import Adapter

if TYPE_CHECKING:
    import torch
    from torch import Tensor
    from transformers import PreTrainedModel

TARGETS: Final = frozenset("q_proj k_proj v_proj o_proj gate_proj up_proj down_proj".split())
STEP: Final = 8
"""Rows are filled up to a multiple of this: a CPU compiles its kernels anew for every shape."""
ROWS: Final = 32


def load_base(folder: Path, *, exact: bool = False) -> PreTrainedModel:
    """A frozen local model in float32; to train on, the layers that adapters change are in bfloat16."""
    import torch
    from transformers import AutoModelForCausalLM

    model: PreTrainedModel = AutoModelForCausalLM.from_pretrained(
        folder,
        dtype=torch.float32,
        # On a CPU the backward pass of the fused attention takes as long as all the rest together.
        attn_implementation="eager",
        local_files_only=True,
    )
    if not exact:
        for layer in layers_of(model).values():
            layer.to(torch.bfloat16)
    return model.requires_grad_(False).eval()


def precision_of(model: PreTrainedModel) -> torch.autocast:
    """What a pass runs in: as it is, or mixed where layers are in bfloat16."""
    import torch

    kinds = {layer.weight.dtype for layer in layers_of(model).values()}
    return torch.autocast("cpu", dtype=torch.bfloat16, enabled=torch.bfloat16 in kinds)


def layers_of(model: PreTrainedModel) -> dict[str, torch.nn.Linear]:
    """The linear layers that adapters change, by name; where none has a usual name, all but the head."""
    import torch

    found = {n: m for n, m in model.named_modules() if isinstance(m, torch.nn.Linear)}
    usual = {n: m for n, m in found.items() if n.rsplit(".", 1)[-1] in TARGETS}
    return usual or {n: m for n, m in found.items() if m is not model.get_output_embeddings()}


@contextmanager
def adapted(model: PreTrainedModel, adapter: Adapter) -> Iterator[None]:
    """While the block runs, the model answers with an adapter (or an exact sum of several)."""
    layers = layers_of(model)
    hooks = []
    for name, factors in adapter.items():
        dtype = layers[name].weight.dtype
        adding_ = adding(factors.a.to(dtype), factors.b.to(dtype))
        hooks.append(layers[name].register_forward_hook(adding_))
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


def adding(a: Tensor, b: Tensor) -> Callable[[object, tuple[Tensor, ...], Tensor], Tensor]:
    """A forward hook that adds ``b @ a`` of its input: ``a [rank, in]``, ``b [out, rank]``."""
    from torch.nn.functional import linear

    return lambda _layer, given, out: out + linear(linear(given[0], a), b)


def right(model: PreTrainedModel, rows: Sequence[Encoded], pad: int) -> list[bool]:
    """For each row: whether greedy decoding gives exactly its answer, end of text included.

    It does when each piece is the likeliest after the right ones before it, which one pass tells.
    """
    import torch

    found = [False] * len(rows)
    order = sorted(range(len(rows)), key=lambda n: len(rows[n].ids))
    with torch.inference_mode(), precision_of(model):
        for at in range(0, len(order), ROWS):
            chunk = order[at : at + ROWS]
            batch = collate([rows[n] for n in chunk], length_of(rows[n] for n in chunk), pad)
            logits = model(input_ids=batch.ids, use_cache=False).logits
            held = (logits.argmax(-1) == batch.labels) | (batch.labels == IGNORE)
            for n, one in zip(chunk, held.all(dim=1).tolist(), strict=True):
                found[n] = one
    return found


def length_of(rows: Iterable[Encoded]) -> int:
    """The length to which rows are filled up."""
    return -(-max(len(row.ids) for row in rows) // STEP) * STEP
