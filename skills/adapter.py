"""A LoRA adapter in PEFT format, checked against what vLLM serves, without torch."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from pydantic import JsonValue

from skillweave.skills.errors import AdapterError
from skillweave.skills.files import Files, read_bytes
from skillweave.skills.model import AdapterInfo
from skillweave.skills.peft_config import PeftConfig
from skillweave.skills.weights import TensorInfo, check_finite, read_header

CONFIG_FILE: Final = "adapter_config.json"
WEIGHTS_FILE: Final = "adapter_model.safetensors"
MAX_RANK: Final = 512
"""The largest ``max_lora_rank`` a vLLM server can be started with."""

FUSED: Final = (".experts", ".experts.base_layer")
"""Ends of the modules whose factors hold all experts in one tensor, with shapes of their own."""
_UNUSED: Final = re.compile(
    r".+\.(?:embed_tokens|lm_head)\.base_layer\.weight|(?:.+\.)?(?:classifier|score)\.(?:weight|bias)"
)
"""Tensors that vLLM takes from the base model, or that only classification uses."""
FACTOR: Final = re.compile(
    r"(?:base_model\.model\.)?(?P<module>.+)\.lora_(?P<embedding>embedding_)?(?P<side>[AB])(?:\.weight)?"
)
"""The name of a tensor that is a LoRA factor."""


def read_adapter(folder: Path | str, *, max_rank: int = MAX_RANK) -> AdapterInfo:
    """Check an adapter folder (or a skill's folder with ``adapter/`` in it) and describe it.

    Raises AdapterError with one line that says what is wrong and what to do.
    """
    folder = Path(folder)
    if not (folder / CONFIG_FILE).exists() and (folder / "adapter").is_dir():
        folder = folder / "adapter"
    names = (CONFIG_FILE, WEIGHTS_FILE)
    files: Files = {f"adapter/{name}": folder / name for name in names if (folder / name).is_file()}
    return adapter_of_files(files, folder, max_rank=max_rank, inside="")


def adapter_of_files(
    files: Files,
    folder: Path,
    *,
    base: str = "",
    max_rank: int = MAX_RANK,
    inside: str = "adapter/",
) -> AdapterInfo:
    """The same for the files ``adapter/...`` of a skill; ``base`` is what SKILL.md names."""
    config_file = folder / f"{inside}{CONFIG_FILE}"
    weights_file = folder / f"{inside}{WEIGHTS_FILE}"
    if f"adapter/{CONFIG_FILE}" not in files:
        raise AdapterError(f"{config_file}: missing; save the adapter with PEFT's save_pretrained")
    if f"adapter/{WEIGHTS_FILE}" not in files:
        raise AdapterError(
            f"{weights_file}: missing; save the adapter with safe_serialization=True"
        )
    data = read_bytes(files[f"adapter/{CONFIG_FILE}"], file=config_file)
    config = _read_config(data, config_file)
    settings = PeftConfig(config, config_file)
    settings.check(max_rank)
    weights = files[f"adapter/{WEIGHTS_FILE}"]
    tensors = read_header(weights, weights_file)
    targets = _check_factors(tensors, settings, weights_file)
    check_finite(weights, tensors, weights_file)
    return AdapterInfo(
        base=_base(base, config, config_file),
        rank=settings.largest_rank,
        alpha=settings.alpha,
        targets=targets,
        parameters=sum(
            math.prod(tensor.shape) for name, tensor in tensors.items() if FACTOR.fullmatch(name)
        ),
    )


def _read_config(data: bytes, file: Path) -> dict[str, JsonValue]:
    try:
        config = json.loads(data)
    except json.JSONDecodeError as error:
        raise AdapterError(
            f"{file}:{error.lineno}: not valid JSON ({error.msg}); write it again with PEFT"
        ) from error
    except (ValueError, RecursionError) as error:
        raise AdapterError(f"{file}:1: not JSON text; write it again with PEFT") from error
    if not isinstance(config, dict):
        raise AdapterError(f"{file}:1: not a JSON object; write it again with PEFT")
    return config


def _base(declared: str, config: Mapping[str, JsonValue], file: Path) -> str:
    own = config.get("skillweave_base") or ""
    declared = declared.strip().lower().removeprefix("sha256:")
    if not isinstance(own, str):
        raise AdapterError(f"{file}: skillweave_base is not a string; write the base's sha256")
    own = own.strip().lower().removeprefix("sha256:")
    if own and declared and own != declared:
        raise AdapterError(
            f"{file}: skillweave_base {own[:12]} is not SKILL.md's skillweave-base"
            f" {declared[:12]}; keep the one it was trained on"
        )
    return declared or own


def _check_factors(
    tensors: Mapping[str, TensorInfo], config: PeftConfig, file: Path
) -> tuple[str, ...]:
    """Every module has both factors with fitting shapes; returns the kinds of module adapted."""
    factors: dict[str, dict[str, TensorInfo]] = {}
    for name, tensor in tensors.items():
        match = FACTOR.fullmatch(name)
        if match is not None:
            factors.setdefault(match["module"], {})[match["side"]] = tensor
        elif _UNUSED.fullmatch(name) is None:
            raise AdapterError(f"{file}: tensor {name!r} is no LoRA factor; train plain LoRA")
    if not factors:
        raise AdapterError(f"{file}: holds no LoRA factors; save the trained adapter again")
    for module, pair in factors.items():
        _check_pair(module, pair, config, file)
    for target in config.targets if isinstance(config.targets, list) else ():
        if not any(m == target or m.endswith(f".{target}") for m in factors):
            raise AdapterError(
                f"{file}: no tensors for the target {target!r}; save the adapter again,"
                " or take it out of target_modules"
            )
    return tuple(sorted({module.rsplit(".", 1)[-1] for module in factors}))


def _check_pair(
    module: str, pair: Mapping[str, TensorInfo], config: PeftConfig, file: Path
) -> None:
    for side in ("A", "B"):
        if side not in pair:
            raise AdapterError(
                f"{file}: lora_{side} of {module} is missing; save the adapter again"
            )
    if module.endswith(FUSED):
        return
    rank = config.rank_of(module)
    a, b = pair["A"].shape, pair["B"].shape
    if len(a) != 2 or len(b) != 2 or a[0] != rank or b[1] != rank:
        raise AdapterError(
            f"{file}: {module} has factors {list(a)} and {list(b)}, which is not rank {rank};"
            " keep the config that was saved with the weights"
        )
