"""The part of adapter_config.json that matters for serving, and what vLLM refuses in it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from pydantic import JsonValue

from skillweave.skills.errors import AdapterError

_PLAIN_INITS: Final = frozenset({"gaussian", "eva", "orthogonal", "mica", "lora_ga"})
_REFUSED: Final = (
    ("use_dora", "DoRA"),
    ("lora_bias", "LoRA bias"),
    ("alora_invocation_tokens", "Activated LoRA"),
    ("layer_replication", "layer replication"),
    ("use_bdlora", "block-diagonal LoRA"),
    ("use_qalora", "QALoRA"),
    ("trainable_token_indices", "trainable tokens"),
)
_SLOW: Final = re.compile(r"\)[*+{]")
"""Repeated groups, with which a pattern can be made to take for ever."""
_MAX_ALPHA: Final = 1e9
_HEADS: Final = ("classifier", "score")


class PeftConfig:
    """Rank, alpha and targets; AdapterError where a value cannot be right."""

    def __init__(self, config: Mapping[str, JsonValue], file: Path):
        self._config = config
        self._file = file
        self.rank = self._rank("r", config.get("r"))
        self.alpha = self._alpha()
        self.rank_pattern = self._rank_pattern()
        self.targets = config.get("target_modules")

    @property
    def largest_rank(self) -> int:
        return max(self.rank, *self.rank_pattern.values(), 0)

    def rank_of(self, module: str) -> int:
        """The rank PEFT gives a module: the first pattern that is a suffix of its name."""
        for pattern, rank in self.rank_pattern.items():
            if _SLOW.search(pattern):
                raise self._refuse(f"rank_pattern {pattern!r} repeats a group", "name the modules")
            try:
                if re.fullmatch(rf"(.*\.)?({pattern})", module):
                    return rank
            except re.error as error:
                raise self._refuse(f"rank_pattern {pattern!r} is no pattern") from error
        return self.rank

    def check(self, max_rank: int) -> None:
        """Refuse what vLLM refuses."""
        config = self._config
        kind = config.get("peft_type", "LORA")
        if kind != "LORA":
            raise self._refuse(f"peft_type {kind!r} is not LORA", "convert it with PEFT")
        for key, what in _REFUSED:
            if config.get(key):
                raise self._refuse(f"{what} ({key}) cannot be served", "train plain LoRA")
        bias = config.get("bias", "none")
        if bias != "none":
            raise self._refuse(f"bias={bias!r} cannot be served", "train with bias='none'")
        saved = config.get("modules_to_save")
        if saved and not (isinstance(saved, list) and all(name in _HEADS for name in saved)):
            raise self._refuse(f"modules_to_save={saved} cannot be served", "train without it")
        init = config.get("init_lora_weights", True)
        if isinstance(init, str) and init.lower() not in _PLAIN_INITS:
            raise self._refuse(
                f"init_lora_weights={init!r} changes the base model",
                "convert it with PEFT's path_initial_model_for_weight_conversion",
            )
        named = self.targets or config.get("target_parameters")
        if not isinstance(named, str | list):
            raise self._refuse("target_modules is missing", "write it again with PEFT")
        if self.largest_rank > max_rank:
            raise self._refuse(
                f"rank {self.largest_rank} is above the limit {max_rank}",
                "compress it or raise the limit",
            )

    def _refuse(self, reason: str, remedy: str = "write it again with PEFT") -> AdapterError:
        return AdapterError(f"{self._file}: {reason}; {remedy}")

    def _rank(self, key: str, value: JsonValue) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or value <= 0:
            raise self._refuse(f"{key} is {value!r}, not a positive integer")
        return value

    def _alpha(self) -> float:
        value = self._config.get("lora_alpha")
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self._refuse(f"lora_alpha is {value!r}, not a number")
        if not abs(value) < _MAX_ALPHA:  # true for NaN and infinity too
            raise self._refuse("lora_alpha is not a finite number of reasonable size")
        return float(value)

    def _rank_pattern(self) -> dict[str, int]:
        pattern = self._config.get("rank_pattern") or {}
        if not isinstance(pattern, dict):
            raise self._refuse("rank_pattern is not an object")
        return {key: self._rank(f"rank_pattern {key!r}", rank) for key, rank in pattern.items()}
