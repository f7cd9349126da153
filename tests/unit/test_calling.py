"""Arguments from the words of a request, by what a tool says of itself; with the real embeddings."""

from __future__ import annotations

import itertools
from functools import cache

import numpy as np
import pytest
from pydantic import JsonValue

from skillweave.agent.again import mentioned
from skillweave.agent.calling import (
    OF_WAYS,
    REPEATED,
    WAYS,
    Asked,
    Call,
    Given,
    call,
    signs_of,
    trust,
    weights,
)
from skillweave.agent.evidence import OF_PAIRS
from skillweave.skills.model import Skill
from skillweave.skills.signature import signature_of
from skillweave.store.embed import MiniLMEmbedder, Vectors


@cache
def embed(text: str) -> Vectors:
    return _model().query(text)


@cache
def _model() -> MiniLMEmbedder:
    return MiniLMEmbedder()


def tool(name: str, parameters: str, description: str, *told: str) -> Skill:
    function = name.replace("-", "_")
    notes = "".join(f"        {line}\n" for line in told)
    arguments = f"\n\n    Args:\n{notes}    " if told else ""
    source = f'def {function}({parameters}) -> str:\n    """{description}{arguments}"""\n    ...\n'
    signature = signature_of(source, function)
    return Skill(name=name, description=description, kind="tool", signature=signature)


LOAN = tool(
    "monthly-payment",
    "principal: float, annual_rate: float, years: int",
    "Monthly payment of a loan with a fixed rate.",
    "principal: amount borrowed",
    "annual_rate: yearly interest in percent",
    "years: how long it runs",
)
WEATHER = tool("weather-report", "city: str, day: str = 'today'", "What the weather is like.")
FLIGHTS = tool(
    "find-flights",
    "origin: str, destination: str, date: str, nonstop: bool = False",
    "Search flights between two cities.",
)
LIGHT = tool("set-light", "room: str, brightness: int = 100", "Switch the lights of a room on.")
PARTY = tool("invite", "guests: list[str], when: str", "Invite people to a party.")

GUESTS: dict[str, JsonValue] = {"guests": ["Lena", "Tom", "Yusuf"], "when": "Sunday"}


def given(request: str, skill: Skill) -> dict[str, JsonValue] | None:
    made = call(request, skill, embed)
    if made is None:
        return None
    (one,) = made.given
    return dict(one.arguments)


@pytest.mark.parametrize(
    ("request_", "skill", "arguments"),
    [
        (
            "What would I pay every month for a loan of 200000 at 3.5 percent over 20 years?",
            LOAN,
            {"principal": 200000, "annual_rate": 3.5, "years": 20},
        ),
        (
            "Over 20 years and at 3.5 percent, what do I pay for a loan of 200000?",
            LOAN,
            {"principal": 200000, "annual_rate": 3.5, "years": 20},
        ),
        ("what's the weather in Porto", WEATHER, {"city": "Porto"}),
        ("Weather for Porto on Friday, please", WEATHER, {"city": "Porto", "day": "Friday"}),
        (
            "I need to get to Montreal from Dublin on June 14",
            FLIGHTS,
            {"origin": "Dublin", "destination": "Montreal", "date": "June 14"},
        ),
        (
            "Nonstop flights from Nairobi to Athens on 3 March.",
            FLIGHTS,
            {"origin": "Nairobi", "destination": "Athens", "date": "3 March", "nonstop": True},
        ),
        ("lights on in the kitchen", LIGHT, {"room": "kitchen"}),
        ("kitchen lights to 40", LIGHT, {"room": "kitchen", "brightness": 40}),
        ("Invite Lena, Tom and Yusuf on Sunday", PARTY, GUESTS),
    ],
)  # fmt: skip
def test_arguments_are_read(request_: str, skill: Skill, arguments: dict[str, JsonValue]) -> None:
    assert given(request_, skill) == arguments


def test_without_a_value_for_each_required_parameter_there_is_no_call() -> None:
    assert call("a loan at 3.5 percent", LOAN, embed) is None
    assert call("What a day!", Skill(name="x", description="x", kind="guide"), embed) is not None


@pytest.mark.parametrize(
    ("request_", "on"),
    [("flights without nonstop", False), ("nonstop flights", True), ("flights", None)],
)
def test_a_switch_is_set_by_its_name(request_: str, on: bool | None) -> None:
    switches = Asked(request_, FLIGHTS, embed).switches()
    assert switches == ({} if on is None else {"nonstop": on})


def test_a_required_switch_must_be_said() -> None:
    lamp = tool("lamp", "glowing: bool", "Switch a lamp.")
    assert given("make it glowing", lamp) == {"glowing": True}
    assert given("the lamp", lamp) is None


def test_what_is_left_and_what_is_covered() -> None:
    made = call("the weather in Porto", WEATHER, embed)
    assert made is not None
    assert (made.left, made.covered) == (0, 1.0)
    more = call("the weather in Porto on Friday: 'green' with 14 blue elephants", WEATHER, embed)
    assert more is not None
    assert more.left == 2
    assert more.covered < 0.6


def test_no_two_parameters_share_words() -> None:
    for way in Asked("from Rome to Rome on 1 May", FLIGHTS, embed).ways(weights()):
        places = sorted((m.start, m.end) for m in mentioned(way.rows))
        assert all(end <= start for (_, end), (start, _) in itertools.pairwise(places))
        assert len(way.evidence) == len(OF_PAIRS) + len(OF_WAYS) == len(weights())


def test_a_request_full_of_values_ends() -> None:
    many = tool("many", "a: float, b: float, c: float, d: float, e: float, f: float", "Add all.")
    asked = Asked(" and also ".join(f"{n}.5 apples" for n in range(20)), many, embed)
    assert len(asked.ways(weights())) <= WAYS + REPEATED * 21


def test_trust_rises_with_each_sign() -> None:
    porto = Given({"city": "Porto"}, {"city": "Porto"})
    made = Call(WEATHER, [porto], probability=0.9, left=0, covered=0.9)
    assert len(signs_of(made, 0.5)) == 6
    sure = trust(made, 0.6)
    assert 0.5 < sure < 1.0
    for doubtful in (
        made._replace(probability=0.2),
        made._replace(left=2),
        made._replace(covered=0.3),
    ):
        assert trust(doubtful, 0.6) < sure
    assert trust(made, 0.2) < 0.25 < sure
    assert np.isfinite(trust(made._replace(probability=0.0), -1.0))


@pytest.mark.parametrize(
    ("request_", "skill", "arguments"),
    [
        (
            "What's the weather in Porto and in Oslo?",
            WEATHER,
            [{"city": "Porto"}, {"city": "Oslo"}],
        ),
        (
            "weather on Friday for Porto, Oslo and Bern",
            WEATHER,
            [{"city": city, "day": "Friday"} for city in ("Porto", "Oslo", "Bern")],
        ),
        (
            "Flights from Rome to Oslo on 3 March, and from Oslo to Bern on 9 March.",
            FLIGHTS,
            [
                {"origin": "Rome", "destination": "Oslo", "date": "3 March"},
                {"origin": "Oslo", "destination": "Bern", "date": "9 March"},
            ],
        ),
        (
            "What do I pay for a loan of 2000 at 3 percent over 4 years? And of 9000?",
            LOAN,
            [{"principal": sum_, "annual_rate": 3, "years": 4} for sum_ in (2000, 9000)],
        ),
        ("Invite Lena, Tom and Yusuf on Sunday", PARTY, [GUESTS]),
    ],
)
def test_what_is_said_again_is_another_call(
    request_: str, skill: Skill, arguments: list[dict[str, JsonValue]]
) -> None:
    made = call(request_, skill, embed)
    assert made is not None
    assert [dict(one.arguments) for one in made.given] == arguments


def test_calls_share_no_words_but_those_of_what_stays() -> None:
    request = "from Rome to Oslo on 1 May, from Bern to Riga and from Cork to Bonn"
    several = [w for w in Asked(request, FLIGHTS, embed).ways(weights()) if len(w.rows) > 1]
    assert several
    for way in several:
        for name in way.rows[0]:
            places = {row[name].mention for row in way.rows}
            assert len(places) in (1, len(way.rows))
