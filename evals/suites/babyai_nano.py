"""nano in this process: it answers with the next action, by an adapter or a mix, and learns adapters.

The answer to what is seen begins with the mission, which is given, and goes on with the action: so a
model that continues text as it went on before finds the way to a thing behind the thing's name. An action
is one word of six, so it is read off the scores of their first pieces, without decoding. A mix is the exact
sum of its adapters, as the server composes it.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Sequence
from functools import cached_property

from langchain_core.language_models import BaseChatModel

from skillweave.agent.growth.teach_base import Base
from skillweave.agent.handle import Answer, Closing, OnToken, ProfileName
from skillweave.agent.nano.batches import Encoded, encode
from skillweave.agent.nano.corpus import Conversation
from skillweave.agent.nano.lora import LoraRecipe, as_conversation
from skillweave.agent.profiles.base import Message, Prompt, Structure
from skillweave.evals.suites.babyai_world import ACTIONS, Shown, colours, recoloured
from skillweave.skills.errors import AdapterError, UserError
from skillweave.skills.factors import Adapter, Factors, read_factors, weighted_sum
from skillweave.skills.mix import parse_mix
from skillweave.skills.model import Skill

RANK = 16
RATE = 2.5e-3
"""On dev seeds, one training each: at 4e-3 nano forgets to go to what is named, which it does by itself; at
1.2e-3 it learns to open doors in few of the cases."""
PIECES_A_BATCH = 384


def prompt_of(seen: str, mission: str, choices: Sequence[str] = ACTIONS) -> Prompt:
    """The question for one moment, how its answer begins, and what it may go on with."""
    asked = as_conversation(seen, mission)
    messages = (
        Message(role="system", content=asked.task),
        Message(role="user", content=asked.user),
        Message(role="assistant", content=asked.answer),
    )
    structure = Structure(json_schema={"enum": list(choices)})
    return Prompt(messages=messages, structure=structure, max_tokens=1)


def choices_of(prompt: Prompt) -> list[str]:
    """The actions that a question leaves.

    Raises:
        UserError: it names none.
    """
    schema = prompt.structure.json_schema if prompt.structure is not None else None
    named = schema.get("enum") if schema else None
    found = [str(one) for one in named if one in ACTIONS] if isinstance(named, list) else []
    if not found:
        raise UserError("a question of BabyAI's levels must name the actions to choose from")
    return found


class ActingNano(Closing):
    """A base model that acts: the `ModelHandle` of the suite."""

    profile_name: ProfileName = "nano"
    supports_adapters = True

    def __init__(self, base: Base) -> None:
        """Load the model."""
        self.base, self.name = base, base.name
        self._model = base.exact
        self._adapters: dict[str, Adapter] = {"": {}}
        self._lock = threading.Lock()

    @property
    def base_hash(self) -> str:
        return self.base.hash

    def chat(self, adapter: str | None = None) -> BaseChatModel:
        raise UserError("this model acts in BabyAI's levels only; it has no chat")

    async def load_adapter(self, skill: Skill) -> str:
        if skill.adapter is None or skill.path is None:
            raise AdapterError(f"{skill.name} is not an adapter")
        if skill.versioned_name not in self._adapters:
            self._adapters[skill.versioned_name] = read_factors(skill.path)
        return skill.versioned_name

    async def ask(
        self, prompt: Prompt, adapter: str | None = None, on_token: OnToken | None = None
    ) -> Answer:
        began = time.perf_counter()
        with self._lock:
            action = self._chosen(prompt, self._factors(adapter or ""))
        if on_token is not None:
            on_token(action)
        seconds = time.perf_counter() - began
        return Answer(text=action, tokens=1, seconds=seconds, model=adapter or self.name)

    def _chosen(self, prompt: Prompt, adapter: Adapter) -> str:
        import torch

        from skillweave.agent.nano.adapted import adapted

        model = self._model
        asked, begun = (message.content for message in prompt.messages[1:])
        row = encode(self.base.tokenizer, [Conversation("do", asked, begun)])[0]
        with torch.inference_mode(), adapted(model, adapter):
            # The last piece says that the answer is at its end; here it goes on.
            body = model.base_model(input_ids=torch.tensor([row.ids[:-1]]))
            words = model.get_output_embeddings().weight[self._first_pieces]
            scores = words @ body.last_hidden_state[0, -1]
        allowed = choices_of(prompt)
        ranked = (ACTIONS[place] for place in scores.argsort(descending=True).tolist())
        return next(action for action in ranked if action in allowed)

    def _factors(self, name: str) -> Adapter:
        """Of an adapter, or of a mix of those that were loaded."""
        if name not in self._adapters:
            terms = parse_mix(name).terms
            parts = [self._adapters[term.reference] for term in terms]
            self._adapters[name] = weighted_sum(parts, [term.weight for term in terms])
        return self._adapters[name]

    @cached_property
    def _first_pieces(self) -> list[int]:
        found = self.base.tokenizer([f" {a}" for a in ACTIONS], add_special_tokens=False)
        first = [pieces[0] for pieces in found["input_ids"]]
        if len(set(first)) != len(ACTIONS):
            raise UserError(f"{self.name}: its tokenizer cannot tell {', '.join(ACTIONS)} apart")
        return first


def cloned(
    base: Base,
    demonstrations: Sequence[Sequence[Shown]],
    *,
    pieces: int,
    seed: int,
    start: Adapter | None = None,
) -> dict[str, Factors]:
    """An adapter that does as was shown: behaviour cloning, with the colours renamed in every pass.

    Args:
        pieces: seen in training, padding included.
        start: where to begin; None: at the base.
    """
    from skillweave.agent.nano.lora import Lora, batches, rate_at

    rng = random.Random(seed)
    moments = [shown for one in demonstrations for shown in one]
    done = 0
    with Lora(base.trainable, LoraRecipe(rank=RANK, rate=RATE, seed=seed), start) as lora:
        while done < pieces:
            rows = rows_of(base, [recoloured(shown, colours(rng)) for shown in moments])
            for batch in batches(rows, PIECES_A_BATCH, base.pad, rng):
                done += batch.ids.numel()
                lora.step(batch, rate_at(done / pieces))
                if done >= pieces:
                    break
        return lora.adapter()


def rows_of(base: Base, moments: Sequence[Shown]) -> list[Encoded]:
    """Rows of which only the action is to be learned."""
    whole = [as_conversation(m.seen, f"{m.mission} {ACTIONS[m.action]}") for m in moments]
    begun = encode(base.tokenizer, [as_conversation(m.seen, m.mission) for m in moments])
    rows = encode(base.tokenizer, whole)
    return [Encoded(row.ids, len(b.ids) - 1) for row, b in zip(rows, begun, strict=True)]
