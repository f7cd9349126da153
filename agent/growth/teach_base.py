"""The local base model of an adapter, and pairs in the very words in which the agent will ask it."""

from __future__ import annotations

import random
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from skillweave.agent.growth.teach import Pair
from skillweave.agent.growth.teach_vary import varied
from skillweave.agent.nano.batches import Encoded
from skillweave.agent.nano.lora import BASE
from skillweave.agent.plan import Literal, Step
from skillweave.agent.profiles.base import Profile
from skillweave.agent.serving.weights import NANO, hub_folder, profile_of, weights_hash
from skillweave.skills.errors import UserError
from skillweave.skills.factors import Adapter

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerFast


class Base:
    """A model on this disk. Nothing is loaded before it is asked for."""

    def __init__(self, folder: Path, name: str) -> None:
        self.folder, self.name = folder, name
        self.profile: Profile = _profile(folder, name)

    @cached_property
    def hash(self) -> str:
        """sha256 of the weights, as adapters pin it."""
        return weights_hash(self.folder)

    @cached_property
    def tokenizer(self) -> PreTrainedTokenizerFast:
        """Of the model."""
        from transformers import AutoTokenizer

        found: PreTrainedTokenizerFast = AutoTokenizer.from_pretrained(
            self.folder, local_files_only=True
        )
        return found

    @property
    def pad(self) -> int:
        """What rows are filled up with; it is never looked at."""
        return int(self.tokenizer.pad_token_id or 0)

    @cached_property
    def trainable(self) -> PreTrainedModel:
        """In bfloat16, frozen, for factors to be trained on."""
        from skillweave.agent.nano.adapted import load_base

        return load_base(self.folder)

    @cached_property
    def exact(self) -> PreTrainedModel:
        """In float32, to measure with."""
        from skillweave.agent.nano.adapted import load_base

        return load_base(self.folder, exact=True)

    def rows(self, pairs: Sequence[Pair], goal: str, notes: Sequence[str] = ()) -> list[Encoded]:
        """The pieces of question and answer: asked as the agent asks for a step of that goal.

        Args:
            notes: experiences that stand in the prompt (nano reads none).
        """
        lead = " " if self.profile.name == "nano" else ""
        end = str(self.tokenizer.eos_token)
        questions = [self._question(pair.input, goal, notes) for pair in pairs]
        answers = [lead + pair.output + end for pair in pairs]
        asked = self.tokenizer(questions, add_special_tokens=False)["input_ids"]
        said = self.tokenizer(answers, add_special_tokens=False)["input_ids"]
        return [Encoded(q + a, len(q)) for q, a in zip(asked, said, strict=True)]

    def lessons(self, pairs: Sequence[Pair], goal: str, vary: int, seed: int) -> list[Encoded]:
        """The rows to learn from, variants included."""
        more = varied(pairs, vary, random.Random(seed)) if vary else pairs
        return self.rows(more, goal)

    def right(self, rows: Sequence[Encoded], adapter: Adapter) -> list[bool]:
        """Which rows come out exactly, with an adapter (none when it is empty)."""
        from skillweave.agent.nano.adapted import adapted, right

        with adapted(self.exact, adapter):
            return right(self.exact, rows, self.pad)

    def _question(self, text: str, goal: str, notes: Sequence[str]) -> str:
        step = Step(id=1, goal=f"{goal.rstrip('. ')}: {{}}", inputs=(Literal(text=text),))
        prompt = self.profile.do(step, [text], None, notes)
        messages = [message.model_dump() for message in prompt.messages]
        made = self.tokenizer.apply_chat_template(
            messages, tokenize=False, add_generation_prompt=True
        )
        return str(made)


def base_of(model: str) -> Base:
    """The base that ``model`` (as in the settings) names.

    Raises:
        UserError: its weights are not on this machine.
    """
    if model == BASE:
        return Base(NANO, BASE)
    if (folder := Path(model).expanduser()).is_dir():
        return Base(folder, model)
    found = hub_folder(model) if "/" in model and ":" not in model else None
    if found is None:
        raise UserError(
            f"{model} cannot be taught: its weights are not on this machine;"
            " name nano, a folder, or a model of the Hub that was downloaded"
        )
    return Base(found, model)


def _profile(folder: Path, name: str) -> Profile:
    if profile_of(folder, name) == "nano":
        from skillweave.agent.profiles.nano import NanoProfile

        return NanoProfile()
    from skillweave.agent.profiles.chat import ChatProfile

    return ChatProfile()
