"""Training adapters by hooks, on a tiny model of random weights."""

from __future__ import annotations

import random
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import torch

from skillweave.agent.nano.adapted import adapted, load_base, right
from skillweave.agent.nano.adapters import build as building
from skillweave.agent.nano.batches import IGNORE, Encoded, encode
from skillweave.agent.nano.lora import (
    Lora,
    LoraRecipe,
    as_conversation,
    batches,
    mean_loss,
    rate_at,
)
from skillweave.agent.serving.weights import NANO
from skillweave.skills.factors import read_factors, weighted_sum, write_adapter

if TYPE_CHECKING:
    from transformers import PreTrainedModel

RECIPE = LoraRecipe(rank=8, tokens_per_batch=64, rate=1e-2)
WORDS = ("red", "green", "blue", "north", "south", "one", "two", "three")


@pytest.fixture(scope="module")
def rows() -> list[Encoded]:
    from transformers import PreTrainedTokenizerFast

    tokenizer = PreTrainedTokenizerFast.from_pretrained(NANO)
    return encode(tokenizer, [as_conversation(w, "a" if "o" in w else "b") for w in WORDS])


def trained(model: PreTrainedModel, rows: list[Encoded], steps: int) -> Lora:
    rng, lora = random.Random(0), Lora(model, RECIPE)
    for step in range(steps):
        for batch in batches(rows, RECIPE.tokens_per_batch, 0, rng):
            lora.step(batch, rate_at(step / steps))
    return lora


def test_it_learns_what_it_is_shown_and_the_base_stays_as_it_was(
    tiny_nano: Path, rows: list[Encoded], tmp_path: Path
) -> None:
    half, exact = load_base(tiny_nano), load_base(tiny_nano, exact=True)
    before = exact(input_ids=torch.tensor([rows[0].ids])).logits
    frozen = {name: p.clone() for name, p in half.named_parameters()}
    with trained(half, rows, 60) as lora:
        adapter = lora.adapter()
    assert all(torch.equal(p, frozen[name]) for name, p in half.named_parameters())
    write_adapter(adapter, tmp_path / "adapter", base_model="tiny")
    kept = read_factors(tmp_path / "adapter")
    assert sum(right(exact, rows, 0)) == 0
    untaught = mean_loss(exact, rows, 0)
    with adapted(exact, kept):
        assert all(right(exact, rows, 0))
        assert mean_loss(exact, rows, 0) < untaught / 2
    assert torch.equal(exact(input_ids=torch.tensor([rows[0].ids])).logits, before)


def test_a_pass_tells_what_decoding_gives(tiny_nano: Path, rows: list[Encoded]) -> None:
    exact = load_base(tiny_nano, exact=True)
    with trained(load_base(tiny_nano), rows, 12) as lora:
        adapter = lora.adapter()
    with adapted(exact, adapter):
        said = []
        for row in rows:
            asked = torch.tensor([row.ids[: row.question]])
            wanted = row.ids[row.question :]
            out = exact.generate(asked, max_new_tokens=len(wanted), do_sample=False)
            said.append(out[0, row.question :].tolist() == wanted)
        assert right(exact, rows, 0) == said
    assert any(said)


def test_a_start_is_where_training_begins(tiny_nano: Path, rows: list[Encoded]) -> None:
    model = load_base(tiny_nano)
    with trained(model, rows, 20) as lora:
        adapter = lora.adapter()
        after = mean_loss(model, rows, 0)
    doubled = weighted_sum([adapter], [1.0])
    with Lora(model, LoraRecipe(rank=8), doubled):
        assert mean_loss(model, rows, 0) == pytest.approx(after, abs=0.02)


def test_batches_hold_every_row_and_have_few_shapes() -> None:
    rows = [Encoded([3] * n, 1) for n in [5, 6, 7, 8, 9, 12, 15, 16, 30] * 7]
    made = batches(rows, 64, 0, random.Random(0))
    assert {tuple(batch.ids.shape) for batch in made} == {(8, 8), (4, 16), (2, 32)}
    counts = [int((batch.labels != IGNORE).sum()) for batch in made]
    assert sum(counts) >= sum(len(row.ids) - 1 for row in rows)
    assert len(batches([Encoded([3] * 500, 1)], 64, 0, random.Random(0))) == 1


def test_the_adapters_that_come_along_are_built_and_measured(
    tiny_nano: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(building, "HELD_OUT_PAIRS", 20)
    folder = tmp_path / "sentiment"
    folder.mkdir()
    (folder / "SKILL.md").write_text("---\nname: sentiment\ndescription: x\nmetadata:\n---\n")
    seen: list[float] = []
    (made,) = building.build(
        tiny_nano,
        tmp_path,
        tasks=["sentiment"],
        seeds=(1, 2),
        recipe=LoraRecipe(rank=2, tokens=1_500),
        progress=lambda name, at: seen.append(at.seen / at.total if at else 2.0),
    )
    assert seen[-1] == 2.0
    assert max(seen[:-1]) >= 1.0
    assert made.n == 20
    assert len(made.seeds) == 2
    assert {f.rank for f in read_factors(folder / "adapter").values()} == {2}
    assert len((folder / "evals" / "cases.jsonl").read_text().splitlines()) == building.CASES
