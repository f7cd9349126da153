"""What a plan leaves out or says twice is seen in the words of its request."""

import random

import pytest

from skillweave.agent.nano.corpus.requests import make
from skillweave.agent.nano.corpus.writer import Kind
from skillweave.agent.profiles.coverage import REPEATED, VALUE_LEFT_OUT, WORD_LEFT_OUT, faults

REQUEST = " please reverse<<A text>>, then count its vowels and add<<B number>> to the result."
GOOD = "#1 reverse<<A>>\n#2 count<<#1>> vowels\n#3 add<<B>> to<<#2>>"


@pytest.mark.parametrize(
    ("plan", "cost"),
    [
        (GOOD, 0.0),
        ("beyond", 0.0),
        ("#1 reverse<<A>>\n#2 count<<#1>> vowels", VALUE_LEFT_OUT + WORD_LEFT_OUT),
        ("#1 reverse<<A>>\n#2 count<<#1>>\n#3 add<<B>> to<<#2>>", WORD_LEFT_OUT),
        (GOOD + "\n#4 count<<#3>> vowels", REPEATED),
    ],
)
def test_faults_are_counted(plan: str, cost: float) -> None:
    assert faults(plan, REQUEST) == cost


def test_what_is_asked_twice_may_be_done_twice() -> None:
    request = " reverse<<A text>> and reverse<<B text>>"
    assert faults("#1 reverse<<A>>\n#2 reverse<<B>>", request) == 0.0


@pytest.mark.parametrize("kind", ["compositions", "long"])
def test_right_plans_seldom_look_faulty(kind: Kind) -> None:
    rng = random.Random(2)
    drawn = [make(rng, kind) for _ in range(300)]
    assert sum(faults(e.plan, e.request) > 0 for e in drawn) < 30
