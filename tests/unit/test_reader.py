"""nano's reader: its language, and its network in numpy and in torch."""

from __future__ import annotations

import random
import re
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import load_file

from skillweave.agent.nano.corpus import Conversation, conversation
from skillweave.agent.nano.reader import Reader
from skillweave.agent.nano.reader.batches import collate, row_of
from skillweave.agent.nano.reader.grammar import allowed
from skillweave.agent.nano.reader.pointers import (
    BEYOND,
    END,
    POINT,
    REF,
    SAY,
    STEP,
    plan_of,
    pointers_of,
    words_of,
)
from skillweave.agent.nano.reader.train import ReaderTrainer, Recipe
from skillweave.agent.profiles.nano import NanoProfile
from skillweave.store.embed import model_folder
from skillweave.store.minilm_torch import LoRA

TINY = Recipe(examples=60, batch=256, seed=3)
REQUEST = " Reverse<<A text>>, then count its vowels"
PLAN = "#1 Reverse<<A>>\n#2 count<<#1>> vowels"


def first_of(plan: str) -> int:
    found = re.match(r"#(\d+)", plan)
    return int(found.group(1)) if found else 1


@pytest.mark.parametrize("seed", range(3))
def test_plans_of_the_corpus_become_pointers_and_plans_again(seed: int) -> None:
    rng = random.Random(seed)
    drawn = [c for c in (conversation(rng) for _ in range(400)) if c.task == "plan"]
    told = [(c, words_of(c.user), pointers_of(c.answer, words_of(c.user))) for c in drawn]
    missing = [c for c, _, signs in told if signs is None]
    assert len(missing) <= 0.01 * len(told)
    changed = [
        c.answer
        for c, words, signs in told
        if signs is not None
        and not c.answer.startswith("say")
        and plan_of(signs, words, c.user, first_of(c.answer)).lower() != c.answer.lower()
    ]
    assert len(changed) <= 0.01 * len(told)


@given(st.data())
def test_whatever_the_grammar_allows_is_a_plan(data: st.DataObject) -> None:
    request = "Reverse 'abc', then cut it after 3 letters and join that with 4, 5 and 6"
    question = (
        " Reverse<<A text>>, then cut it after<<B number>> letters and join that with<<C list>>"
    )
    words = words_of(question)
    signs: list[int] = []
    while not signs or signs[-1] != END:
        may = np.flatnonzero(allowed(words, 1, frozenset(), signs)).tolist()
        if len(signs) > 30 and END in may:
            may = [END]
        signs.append(data.draw(st.sampled_from(may)))
        if len(signs) > 60:
            return
    text = plan_of(signs, words, question, 1)
    if signs[0] == STEP:
        plan = NanoProfile().read_plan(text, request, ()).plan
        assert plan is not None
        assert len(plan.steps) <= signs.count(STEP)
    else:
        assert text == {BEYOND: "beyond", SAY: "say"}[signs[0]]


def test_only_steps_that_exist_may_be_referred_to() -> None:
    words = words_of(REQUEST)
    third = [STEP, POINT, STEP, POINT + 1, STEP]
    may = allowed(words, 5, frozenset({3}), third)
    assert [n for n in range(20) if may[REF + n]] == [3, 5, 6]
    assert not may[END]


def test_the_network_in_numpy_says_what_the_one_in_torch_says(tmp_path: Path) -> None:
    trainer = ReaderTrainer(TINY, tmp_path, threads=1)
    precise = load_file(model_folder() / "model.safetensors")
    for name, module in trainer.network.encoder.named_modules():
        if isinstance(module, LoRA):
            module.base.float().weight.data = precise[f"{name}.weight"]
            module.up.data.normal_(std=0.05)
    trainer.export()
    reader = Reader(tmp_path / "weights.safetensors")
    words = words_of(REQUEST)
    signs = pointers_of(PLAN, words)
    assert signs is not None
    asked = row_of(trainer.tokenizer, Conversation("plan", REQUEST, PLAN))
    assert asked is not None
    network = trainer.network.eval()
    with torch.no_grad():
        logits = network(*collate([asked], 40)[:5])[0, : len(signs), : POINT + len(words)]
    logprobs = torch.log_softmax(logits, -1)
    wanted = sum(float(logprobs[n, sign]) for n, sign in enumerate(signs))

    def only(said: list[int], before: tuple[int, ...]) -> np.ndarray:
        may = np.zeros(POINT + len(words), np.bool_)
        may[said[len(before)]] = True
        return may

    decoder, states = reader._decoder, reader._states(words)
    (said,) = decoder.search(decoder.memory(states), partial(only, signs), 1, 40)
    assert said.signs == tuple(signs)
    assert said.logprob == pytest.approx(wanted, rel=0.005)  # it is exported in half precision
