"""nano's reader: plans cut out of a request by pointing at its words.

The encoder is MiniLM, which the library loads anyway and which has read a billion sentences; a LoRA
adapter tunes it to requests. A small decoder points at the words that make up each step. So the reader
knows what people mean by words that nano's corpus has never seen, and it can only copy.
"""

from __future__ import annotations

import threading
from functools import partial
from importlib.resources import files
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
from threadpoolctl import ThreadpoolController  # type: ignore[import-untyped]

from skillweave.agent.nano.reader.grammar import allowed
from skillweave.agent.nano.reader.network import Decoder, Floats
from skillweave.agent.nano.reader.pointers import Word, open_tokenizer, pieces_of, plan_of, words_of
from skillweave.store.embed import model_folder
from skillweave.store.minilm import Encoder, load_tensors, with_lora

MOST_WORDS: Final = 160
MOST_SIGNS: Final = 150
BEAMS: Final = 4
WEIGHTS: Final = Path(str(files("skillweave.agent.nano.reader"))) / "weights.safetensors"


class Reading(NamedTuple):
    """One plan for a request."""

    text: str
    """In nano's language; ``beyond``, or ``say`` where it is for nano to find words."""
    logprob: float
    """Natural logarithm of its probability."""
    signs: int


class Reader:
    """Reads requests; may be shared between threads."""

    def __init__(self, weights: Path | None = None):
        """Load the weights.

        Args:
            weights: a file of `skillweave nano train-reader`; None for the one that comes along.

        Raises:
            SettingsError: MiniLM is not installed.
            LibraryDamagedError: a file with weights is damaged.
        """
        folder = model_folder()
        tensors = load_tensors(weights or WEIGHTS)
        self._tokenizer = open_tokenizer(folder)
        self._encoder = Encoder(with_lora(load_tensors(folder / "model.safetensors"), tensors))
        self._decoder = Decoder(tensors)
        self._pool = ThreadpoolController()
        self._lock = threading.Lock()

    def read(self, question: str, first: int, known: frozenset[int]) -> list[Reading]:
        """The likeliest plans, best first; empty where the question is too long.

        Args:
            question: as nano's planner is asked, values as letters.
            first: number of the first step.
            known: numbers of earlier steps that a plan may refer to.
        """
        words = words_of(question)
        if not words or len(words) > MOST_WORDS:
            return []
        with self._lock, self._pool.limit(limits=1, user_api="blas"):
            states = self._states(words)
            said = self._decoder.search(
                self._decoder.memory(states),
                partial(allowed, words, first, known),
                BEAMS,
                MOST_SIGNS,
            )
        return [
            Reading(plan_of(one.signs, words, question, first), one.logprob, len(one.signs))
            for one in said
        ]

    def _states(self, words: list[Word]) -> Floats:
        """What the encoder says of each word, at its first piece: ``[words, 384]``."""
        pieces, firsts = pieces_of(self._tokenizer, words)
        ids = np.array([pieces], np.int64)
        return self._encoder.states(ids, np.ones(ids.shape, np.float32))[0, firsts]
