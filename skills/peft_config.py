"""The part of adapter_config.json that matters for serving, and what vLLM refuses in it."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final, TypeVar

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
_Value = TypeVar("_Value", int, float)


class PeftConfig:
    """Rank, alpha and targets; AdapterError where a value cannot be right."""

    def __init__(self, config: Mapping[str, JsonValue], file: Path):
        self._config = config
        self._file = file
        self.rank = self._rank("r", config.get("r"))
        self.alpha = self._alpha("lora_alpha", config.get("lora_alpha"))
        self.rank_pattern = self._rank_pattern()
        self.alpha_pattern = self._alpha_pattern()
        self.rslora = config.get("use_rslora") is True
        self.targets = config.get("target_modules")
        self.parameters = config.get("target_parameters")

    @property
    def largest_rank(self) -> int:
        return max(self.rank, *self.rank_pattern.values(), 0)

    def rank_of(self, module: str) -> int:
        """The rank PEFT gives a module: the first pattern that is a suffix of its name."""
        return self._matching("rank_pattern", self.rank_pattern, module) or self.rank

    def scaling_of(self, module: str) -> float:
        """What PEFT multiplies the product of a module's factors with."""
        alpha = self._matching("alpha_pattern", self.alpha_pattern, module)
        rank = self.rank_of(module)
        return (self.alpha if alpha is None else alpha) / (math.sqrt(rank) if self.rslora else rank)

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
        named = self.targets or self.parameters
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

    def _alpha(self, key: str, value: JsonValue) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self._refuse(f"{key} is {value!r}, not a number")
        if not abs(value) < _MAX_ALPHA:  # true for NaN and infinity too
            raise self._refuse(f"{key} is not a finite number of reasonable size")
        return float(value)

    def _rank_pattern(self) -> dict[str, int]:
        pattern = self._pattern("rank_pattern")
        return {key: self._rank(f"rank_pattern {key!r}", rank) for key, rank in pattern.items()}

    def _alpha_pattern(self) -> dict[str, float]:
        pattern = self._pattern("alpha_pattern")
        return {key: self._alpha(f"alpha_pattern {key!r}", alpha) for key, alpha in pattern.items()}

    def _pattern(self, key: str) -> dict[str, JsonValue]:
        pattern = self._config.get(key) or {}
        if not isinstance(pattern, dict):
            raise self._refuse(f"{key} is not an object")
        return pattern

    def _matching(self, key: str, patterns: Mapping[str, _Value], module: str) -> _Value | None:
        for pattern, value in patterns.items():
            if _SLOW.search(pattern):
                raise self._refuse(f"{key} {pattern!r} repeats a group", "name the modules")
            try:
                if re.fullmatch(rf"(.*\.)?({pattern})", module):
                    return value
            except re.error as error:
                raise self._refuse(f"{key} {pattern!r} is no pattern") from error
        return None
