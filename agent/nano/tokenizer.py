"""nano's tokenizer: byte-level BPE whose pieces are the same wherever a value stands.

Digits stand alone and a space belongs to the piece after it, so that copying a value is copying
its pieces. ``<<``, ``>>`` and the step references ``#1`` ... are single pieces.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

VOCABULARY: Final = 3072
LAST_REFERENCE: Final = 24
OPEN, CLOSE = "<<", ">>"
TASKS: Final = ("plan", "fill", "do")
PAD, BOS, END, GO = "<pad>", "<s>", "<end>", "<go>"

PIECES: Final = r" ?[A-Za-z]+| ?[0-9]|\n| ?[^\sA-Za-z0-9]|\s+"

# A system message names the task; the user's text follows; then the answer.
CHAT_TEMPLATE: Final = (
    "{{ '<s>' }}{% for m in messages %}"
    "{% if m.role == 'system' %}<{{ m.content }}>"
    "{% elif m.role == 'user' %}{{ m.content }}<go>"
    "{% else %}{{ m.content }}<end>{% endif %}{% endfor %}"
)


def prompt(task: str, user: str) -> str:
    """The characters of one question, as the chat template renders them."""
    return f"{BOS}<{task}>{user}{GO}"


def train_tokenizer(texts: Iterator[str]) -> PreTrainedTokenizerFast:
    """Learn the merges from ``texts``."""
    from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    special = [PAD, BOS, END, GO, *(f"<{task}>" for task in TASKS)]
    plain = [OPEN, CLOSE, *(f"#{i}" for i in range(1, LAST_REFERENCE + 1))]
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(PIECES), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY - len(plain),
        special_tokens=special,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    tokenizer.add_tokens([AddedToken(t, normalized=False) for t in plain])
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token=PAD,
        bos_token=BOS,
        eos_token=END,
        chat_template=CHAT_TEMPLATE,
        clean_up_tokenization_spaces=False,
        model_max_length=2048,
    )
