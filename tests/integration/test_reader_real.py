"""The reader that comes along: what it reads, and how sure it is of it."""

from __future__ import annotations

import json
import random
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from skillweave.agent.nano.corpus import HELD_OUT, held_out
from skillweave.agent.nano.reader import Reader
from skillweave.agent.profiles.base import BEYOND
from skillweave.evals import cli
from skillweave.evals.confidence import measure_confidence
from skillweave.evals.declining import ThresholdFigures
from skillweave.evals.matching import figures_of
from skillweave.evals.thresholds import Choice, Neighbours, Rate, Split, choose

REQUEST = " Reverse<<A text>>, then count its vowels"
PLAN = "#1 Reverse<<A>>\n#2 count<<#1>> vowels"


@pytest.fixture(scope="module")
def reader() -> Reader:
    return Reader()


def test_the_reader_that_comes_along_reads(reader: Reader) -> None:
    best = reader.read(REQUEST, 1, frozenset())[0]
    assert best.text == PLAN
    assert best.logprob > -1.0
    (first, *_) = reader.read(" Write a poem about the autumn", 1, frozenset())
    assert first.text == BEYOND


def test_readings_are_sorted_and_a_long_question_has_none(reader: Reader) -> None:
    found = reader.read(REQUEST, 1, frozenset())
    assert [one.logprob for one in found] == sorted((one.logprob for one in found), reverse=True)
    assert reader.read(" word" * 500, 1, frozenset()) == []


def test_every_kind_of_held_out_request_is_read(reader: Reader) -> None:
    rng = random.Random(5)
    for kind in HELD_OUT:
        asked = held_out(rng, kind)
        if asked.task == "plan":
            known = frozenset(map(int, re.findall(r"(?m)^#(\d+)", asked.user)))
            assert reader.read(asked.user, max(known, default=0) + 1, known)


def test_confidence_is_measured_with_two_seeds() -> None:
    counted: list[int] = []
    figures = measure_confidence(3, lambda: counted.append(1))
    assert {kind: rate.of for kind, rate in figures.planned.items()} == dict.fromkeys(
        ("compositions", "phrases", "beyond"), 6
    )
    assert len(counted) == 18
    assert figures.planned["compositions"].share > 0.5


def test_a_part_that_is_not_measured_is_kept(tmp_path: Path) -> None:
    none = Choice.model_validate(choose("cosine", Split(), {}, mixed=()).model_dump())
    around = Neighbours(
        tools=0, requests=0, right_first=Rate.of_flags([]), known={}, unknown={}, choice=none
    )
    match = figures_of([], goals=0, same=0, neighbours=around)
    out = tmp_path / "figures" / "thresholds.json"
    out.parent.mkdir()
    started = CliRunner().invoke(
        cli.app, ["thresholds", "--part", "confidence", "-n", "1", "--out", str(out)]
    )
    assert started.exit_code == 0, started.output
    first = json.loads(out.read_text())
    assert first["match"] is None
    figures = ThresholdFigures.model_validate(first).model_copy(update={"match": match})
    out.write_text(figures.model_dump_json())
    again = CliRunner().invoke(
        cli.app, ["thresholds", "--part", "confidence", "-n", "2", "--out", str(out)]
    )
    assert again.exit_code == 0, again.output
    kept = ThresholdFigures.model_validate_json(out.read_text())
    assert kept.match == match
    assert kept.confidence is not None
    assert kept.confidence.requests_of_each_kind == 2
    assert "keeps" in again.stderr
