"""The corpus of nano: plans say what requests say, and held-out kinds stay out of training."""

import random
import re

import pytest

from skillweave.agent.nano.batches import LENGTHS
from skillweave.agent.nano.corpus import HELD_OUT, Conversation, conversation, held_out
from skillweave.agent.nano.corpus.operations import known
from skillweave.agent.nano.corpus.requests import make
from skillweave.agent.nano.corpus.talk import intents
from skillweave.agent.nano.corpus.words import english, side_of
from skillweave.agent.nano.literals import MARKED
from skillweave.agent.nano.tokenizer import CLOSE, LAST_REFERENCE, OPEN
from skillweave.agent.profiles.nano import NanoProfile

SLOT = re.compile(re.escape(OPEN) + "(.*?)" + re.escape(CLOSE), re.DOTALL)
KINDS = ("train", "compositions", "phrases", "templates", "long", "longer")


@pytest.mark.parametrize("kind", KINDS)
def test_every_value_of_a_plan_stands_in_the_request(kind: str) -> None:
    rng = random.Random(kind)
    for _ in range(300):
        example = make(rng, kind)  # type: ignore[arg-type]
        letters, words = MARKED.findall(example.request), MARKED.sub("\0", example.request)
        for inside in SLOT.findall(example.plan):
            assert inside.startswith("#") or inside in letters or inside.strip() in words


def test_goals_do_not_begin_with_words_that_only_ask() -> None:
    rng = random.Random(8)
    for _ in range(500):
        example = make(rng, "train")
        assert not re.search(r"^#\d+ ?(what is|tell me the|find the)\b", example.plan, re.M | re.I)


@pytest.mark.parametrize("kind", KINDS)
def test_references_point_backwards_and_steps_are_counted(kind: str) -> None:
    rng = random.Random(kind)
    for _ in range(300):
        example = make(rng, kind)  # type: ignore[arg-type]
        ids = [int(i) for i in re.findall(r"^#(\d+)", example.plan, re.MULTILINE)]
        assert len(ids) >= example.steps
        assert ids == list(range(ids[0], ids[0] + len(ids)))
        assert ids[-1] <= LAST_REFERENCE
        for line in re.split(r"\n(?=#)", example.plan):
            own = int(re.match(r"#(\d+)", line)[1])  # type: ignore[index]
            assert all(int(r) < own for r in re.findall(OPEN + r"#(\d+)", line))


def test_training_stops_at_eight_steps() -> None:
    rng = random.Random(0)
    assert max(make(rng, "train").steps for _ in range(500)) == 8
    assert {make(rng, "longer").steps for _ in range(50)} == {9, 10}
    assert {make(rng, "long").steps for _ in range(50)} == {5, 6}


def test_the_profile_reads_every_gold_plan() -> None:
    rng, profile = random.Random(1), NanoProfile()
    for _ in range(300):
        example = make(rng, "train")
        planned = profile.read_plan(example.plan, MARKED.sub(r" '\1\1\1'", example.request), ())
        assert planned.plan is not None
        said_twice_is_done_once = set(re.findall(r"(?m)^#\d+([^\n]*)", example.plan))
        assert len(planned.plan.steps) == len(said_twice_is_done_once)


def test_training_uses_no_held_out_word_or_phrase() -> None:
    assert not set(english("train")) & set(english("held-out"))
    assert all(side_of(w) == "held-out" for w in english("held-out"))
    kept_out = [p for o in known() for phrases in o.held_out_phrases.values() for p in phrases]
    used = {p for o in known() for phrases in o.phrases.values() for p in phrases}
    assert len(kept_out) > 100
    assert not used & set(kept_out)
    for talk in intents():
        assert talk.held_out
        assert not set(talk.train) & set(talk.held_out)


@pytest.mark.parametrize("kind", HELD_OUT)
def test_held_out_examples_are_reproducible_and_well_formed(kind: str) -> None:
    def drawn(seed: int) -> list[Conversation]:
        rng = random.Random(seed)
        return [held_out(rng, kind) for _ in range(40)]  # type: ignore[arg-type]

    assert drawn(3) == drawn(3) != drawn(4)
    for example in drawn(3):
        assert example.user.startswith((" ", "#", OPEN))
        assert example.answer


def test_training_mixes_all_tasks() -> None:
    rng = random.Random(5)
    tasks = [conversation(rng).task for _ in range(500)]
    assert set(tasks) == {"plan", "fill", "do"}
    assert tasks.count("plan") > 300
    assert max(LENGTHS) == 320
