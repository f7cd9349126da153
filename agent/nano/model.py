"""The shapes of nano and its larger sister."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from transformers import LlamaConfig

Size = Literal["nano", "nano-plus"]

CONTEXT: Final = 2048
_SHAPES: Final[dict[Size, dict[str, int]]] = {
    "nano": {
        "hidden_size": 256,
        "intermediate_size": 512,
        "num_hidden_layers": 6,
        "num_attention_heads": 8,
        "num_key_value_heads": 8,
    },
    "nano-plus": {
        "hidden_size": 512,
        "intermediate_size": 1408,
        "num_hidden_layers": 10,
        "num_attention_heads": 8,
        "num_key_value_heads": 8,
    },
}


def config(size: Size, vocabulary: int, *, pad: int, bos: int, end: int) -> LlamaConfig:
    """A Llama of that size; its head size is a multiple of 32, which vLLM's CPU attention asks for."""
    from transformers import LlamaConfig

    return LlamaConfig(
        **_SHAPES[size],
        vocab_size=vocabulary,
        max_position_embeddings=CONTEXT,
        rope_theta=10000.0,
        tie_word_embeddings=True,
        pad_token_id=pad,
        bos_token_id=bos,
        eos_token_id=end,
        skillweave_profile="nano",
    )
