"""Prototypes of adapters: one direction of the input per module, computed once and kept.

They are derived from the adapter, so they lie with the derived state of the library and not in the
skill's folder, whose digest they would change. The file of an adapter is named by that digest; it
can be deleted at any time.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from skillweave.skills.factors.compression import decompose
from skillweave.skills.factors.value import Adapter

if TYPE_CHECKING:
    from torch import Tensor

METHOD: Final = "singular-1"
"""Counted up whenever `prototypes_of` gives other vectors: files of an earlier one are not read."""
_KEY: Final = re.compile(r"[0-9a-z][0-9a-z-]{0,127}")


def prototypes_of(adapter: Adapter) -> dict[str, Tensor]:
    """The first right singular vector of every module's weight difference, ``[in]`` in float32.

    The input direction that the adapter changes most, of length 1, with its largest entry
    positive. Zero for a module whose difference is zero, and for embeddings, whose input is no
    vector, there is none. Computed in float64 from the factors (see `decompose`).
    """
    import torch

    found = {}
    for module, factors in adapter.items():
        if factors.embedding:
            continue
        _, values, right = decompose(factors.to(torch.float64))
        first = right[:, 0] if values[0] > 0 else torch.zeros_like(right[:, 0])
        found[module] = first.to(torch.float32).contiguous()
    return found


def save_prototypes(folder: Path, key: str, prototypes: Mapping[str, Tensor]) -> None:
    """Keep the prototypes of the adapter with this digest in ``folder``, in one step."""
    from safetensors.torch import save

    file = _file(folder, key)
    folder.mkdir(parents=True, exist_ok=True)
    fresh = file.with_name(f".{file.name}.{secrets.token_hex(6)}")
    try:
        fresh.write_bytes(save(dict(prototypes), metadata={"format": "pt"}))
        fresh.replace(file)
    finally:
        fresh.unlink(missing_ok=True)


def load_prototypes(folder: Path, key: str) -> dict[str, Tensor] | None:
    """What `save_prototypes` kept; None when there is nothing, or nothing that can be read."""
    from safetensors import SafetensorError
    from safetensors.torch import load

    try:
        return dict(load(_file(folder, key).read_bytes()))
    except (OSError, SafetensorError):
        return None


def kept_prototypes(folder: Path, key: str, read: Callable[[], Adapter]) -> dict[str, Tensor]:
    """The prototypes from ``folder``, or computed from what ``read`` returns and kept there."""
    found = load_prototypes(folder, key)
    if found is None:
        found = prototypes_of(read())
        with suppress(OSError):  # a library that cannot be written to is served all the same
            save_prototypes(folder, key, found)
    return found


def _file(folder: Path, key: str) -> Path:
    if _KEY.fullmatch(key) is None:
        raise ValueError(f"{key!r} is no key; give the digest of the skill")
    return folder / f"{key}.{METHOD}.safetensors"
