"""The model card tells every run that made the model."""

from __future__ import annotations

from skillweave.agent.nano.card import card_text
from skillweave.agent.nano.score import Score, Scores

SCORES = Scores(
    seed=7,
    scores=[
        Score(kind="compositions", what="new pairs", n=40, exact=0.9, low=0.77, high=0.96),
        Score(kind="fill", what="arguments", n=40, exact=0.95, low=0.83, high=0.99),
    ],
    false_refusals=0.01,
    false_attempts=0.08,
    versions={"torch": "2.13"},
    machine="x86_64",
)


READER = {
    "parameters": 3_200_000,
    "examples": 210_000,
    "batch": 1600,
    "seed": 1,
    "rate": 0.0015,
    "flat": 0.4,
    "final_loss": 0.11,
}


def run(seed: int, tokens: int, **more: object) -> dict[str, object]:
    return {
        "size": "nano",
        "parameters": 4_700_000,
        "schedule": [[0, 0.0], [tokens, 0.003]],
        "batch": 4096,
        "other_rate": 0.5,
        "seed": seed,
        "tokens": tokens,
        "final_loss": 0.05,
        **more,
    }


def test_earlier_runs_come_first() -> None:
    first = run(1, 24_000_000, notes=["The corpus was changed once."])
    card = card_text(run(2, 40_000_000, continues=first), READER, SCORES)
    rows = [line for line in card.splitlines() if line.startswith(("| 1 | 24", "| 2 | 40"))]
    assert rows == [
        "| 1 | 24,000,000 | 4,096 | 0.0000 at 0.00 M, 0.0030 at 24.00 M | 1 | 0.0500 |",
        "| 2 | 40,000,000 | 4,096 | 0.0000 at 0.00 M, 0.0030 at 40.00 M | 2 | 0.0500 |",
    ]
    assert "The corpus was changed once." in card


def test_scores_stand_beside_their_goals() -> None:
    card = card_text(run(1, 24_000_000), READER, SCORES)
    assert "| compositions | new pairs | 95% | 90.0% | 77.0% - 96.0% |  |" in card
    assert "| fill | arguments |  | 95.0% | 83.0% - 99.0% |  |" in card
    assert "False refusals: 1.0%" in card


def test_the_reader_has_its_lines() -> None:
    further = {**READER, "examples": 100_000, "seed": 2, "continues": READER}
    card = card_text(run(1, 24_000_000), further, SCORES)
    assert "3,200,000 trained parameters" in card
    assert "| 1 | 210,000 | 1,600 | 0.0015, 40% | 1 | 0.1100 |\n| 2 | 100,000 |" in card
