"""The requests written by hand: every block can be read, and its plan says only what the request does."""

from __future__ import annotations

import random

import pytest

from skillweave.agent.nano.corpus.requests import make
from skillweave.agent.nano.corpus.talk import beyond_requests
from skillweave.agent.nano.corpus.written import Block, blocks, fault, parse, written
from skillweave.skills.errors import PlanError

GOOD = "Flip {t} around. How many vowels are in it?\n#1 Flip {t} around\n#2 How many vowels are in {#1}"


def test_the_parts_do_not_meet() -> None:
    train, held_out = blocks("train"), blocks("held-out")
    assert len(train) > 1000
    assert len(held_out) > 80
    assert not set(train) & set(held_out)
    assert not {b.request for b in train} & {b.request for b in held_out}
    assert not set(beyond_requests("train")) & set(beyond_requests("held-out"))


def test_a_block_is_read() -> None:
    (block,) = parse(GOOD)
    assert block.request == "Flip {t} around. How many vowels are in it?"
    assert block.plan == ("#1 Flip {t} around", "#2 How many vowels are in {#1}")


@pytest.mark.parametrize(
    ("request_", "plan", "why"),
    [
        ("Sort {l}.", (), "needed"),
        ("Sort {q}.", ("#1 Sort {q}",), "no such slot {q}"),
        ("Sort {l}.", ("#2 Sort {l}",), "must start with #1"),
        ("Sort {l}.", ("#1 Sort {i}",), "has {i}, which the request has not"),
        ("Sort {l}.", ("#1 Sort {#1}",), "refers to #1"),
        ("Sort {l}.", ("#1 order {l}",), "'order' does not stand together"),
        ("Add 3 to {n}.", ("#1 Add {n}",), "must be slots"),
        ("Sum and mean of {l}", ("#1 Sum of {l}", "#2 mean of {l}"), ""),
    ],
)
def test_faults_are_named(request_: str, plan: tuple[str, ...], why: str) -> None:
    found = fault(Block(request_, plan))
    assert why in found
    assert bool(found) == bool(why)


def test_a_faulty_file_is_refused() -> None:
    with pytest.raises(PlanError, match="refers to #3"):
        list(parse(GOOD.replace("{#1}", "{#3}")))


def test_values_are_drawn_and_steps_numbered() -> None:
    rng = random.Random(0)
    for _ in range(200):
        drawn = written(rng, "train", first=4)
        lines = [line for line in drawn.plan.split("\n") if line.startswith("#")]
        assert "{" not in drawn.plan.replace("{'", "").replace('{"', "")
        assert lines[0].startswith("#4")
        assert drawn.steps >= 1


def test_a_written_request_keeps_its_plan() -> None:
    rng = random.Random(1)
    for _ in range(50):
        example = make(rng, "written")
        assert example.steps == len(example.plan.split("\n"))
        assert "<<" in example.plan
