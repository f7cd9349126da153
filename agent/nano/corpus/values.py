"""Literals as people write them: quoted texts, numbers, lists, dates, small tables, JSON, codes.

Every function returns the exact characters that stand in the request; the plan copies them.
"""

from __future__ import annotations

import base64
import datetime as dt
import json
import random
from collections.abc import Callable
from urllib.parse import quote

from skillweave.agent.nano.corpus.words import Side, name, word

_QUOTES = [("'", "'")] * 6 + [('"', '"')] * 5 + [("“", "”"), ("‘", "’"), ("`", "`")]
_UNITS = (
    "km miles kilometers kilometres meters metres m cm mm feet ft inches yards kg kilograms g grams pounds lb ounces stone "
    "celsius fahrenheit kelvin °C °F liters litres ml gallons cups pints hours minutes seconds days weeks "
    "mph km/h joules calories bytes kilobytes megabytes acres hectares radians degrees watts horsepower"
).split()
_LONG_UNITS = (
    "degrees Celsius", "degrees Fahrenheit", "square meters", "square feet", "fluid ounces",
    "nautical miles", "cubic meters", "metric tons", "meters per second", "Celsius", "Fahrenheit",
)  # fmt: skip
DIMENSIONS = (
    ("km", "kilometers", "kilometres", "kilometer", "kilometre", "miles", "mile", "meters", "metres", "meter", "metre",
     "m", "cm", "centimeters", "centimetres", "mm", "millimeters", "millimetres", "feet", "foot", "ft", "inches",
     "inch", "yards", "yard", "nautical miles"),
    ("kg", "kilograms", "kilogram", "kilos", "kilo", "g", "grams", "gram", "pounds", "pound", "lb", "lbs", "ounces",
     "ounce", "oz", "stone", "tonnes", "metric tons", "tons"),
    ("degrees celsius", "degrees fahrenheit", "celsius", "fahrenheit", "kelvin", "°c", "°f"),
    ("liters", "litres", "liter", "litre", "ml", "milliliters", "millilitres", "gallons", "gallon", "cups", "cup",
     "pints", "pint", "quarts", "fluid ounces", "cubic meters", "cubic metres", "tablespoons", "teaspoons"),
    ("mph", "km/h", "kph", "knots", "meters per second", "metres per second", "miles per hour",
     "kilometers per hour", "kilometres per hour"),
    ("bytes", "kilobytes", "megabytes", "gigabytes", "terabytes", "kb", "mb", "gb", "tb"),
    ("acres", "acre", "hectares", "hectare", "square meters", "square metres", "square feet", "square miles",
     "square kilometers", "square kilometres"),
    ("hours", "minutes", "seconds", "days", "weeks"),
)  # fmt: skip
"""Units that can be converted into each other."""
_COLUMNS = (
    "name age city price qty score amount date country color size team points salary year item "
    "weight height id status product grade rating sales cost total level region stock"
).split()
NAMES_OF_VALUES = frozenset((*_UNITS, *_COLUMNS))
"""Words that stand in requests as values of their own."""
_MONTHS = (
    "January February March April May June July August September October November December".split()
)
_SMALL = "two three four five six seven eight nine ten twelve twenty".split()


def number(rng: random.Random, side: Side) -> str:
    kind = rng.random()
    if kind < 0.45:
        return str(rng.randint(0, 99))
    if kind < 0.7:
        return str(rng.randint(100, 99999))
    if kind < 0.88:
        return f"{rng.uniform(0, 1000):.{rng.randint(1, 4)}f}"
    if kind < 0.94:
        return str(-rng.randint(1, 500))
    if kind < 0.97:
        return f"{rng.randint(1000, 9999999):,}"
    return rng.choice(_SMALL)


def small(rng: random.Random, side: Side) -> str:
    """A count, a factor, a number of digits."""
    kind = rng.random()
    if kind < 0.75:
        return str(rng.randint(1, 20))
    if kind < 0.85:
        return rng.choice(_SMALL)
    return number(rng, side)


def _words(rng: random.Random, side: Side, low: int, high: int) -> list[str]:
    return [word(rng, side) for _ in range(rng.randint(low, high))]


def _styled(rng: random.Random, words: list[str]) -> str:
    style = rng.random()
    if style < 0.1:
        words = [w.capitalize() for w in words]
    elif style < 0.15:
        words = [w.upper() for w in words]
    text = " ".join(words)
    if rng.random() < 0.25:
        text = text[0].upper() + text[1:]
    if len(words) > 3 and rng.random() < 0.3:
        middle = rng.randint(1, len(words) - 1)
        head, tail = text.split(" ")[:middle], text.split(" ")[middle:]
        text = " ".join(head) + rng.choice([", ", " - ", ". ", "! ", ": "]) + " ".join(tail)
    if len(words) > 2 and rng.random() < 0.25:
        text += rng.choice([".", "!", "?", "..."])
    return text


def _odd_text(rng: random.Random, side: Side) -> str:
    """Codes, mails, links, identifiers: text that is not prose."""
    a, b = word(rng, side), word(rng, side)
    return rng.choice(
        [
            f"{a}@{b}.com",
            f"https://{a}.org/{b}?q={rng.randint(1, 99)}",
            f"{a}_{b}_{rng.randint(1, 99)}",
            f"{a}-{b}",
            f"<b>{a}</b> & {b}",
            f"call {a} at {rng.randint(100, 999)}-{rng.randint(1000, 9999)} or mail {b}@{a}.net",
            f"{a};{b};{word(rng, side)}",
            f"{a}{rng.randint(1, 999)}",
            f"{name(rng, side)} met {name(rng, side)} in {name(rng, side)}",
        ]
    )


def text(rng: random.Random, side: Side) -> str:
    """A text in quotes; now and then a bare word, or a long sentence."""
    kind = rng.random()
    if kind < 0.04:
        return rng.choice([word, name])(rng, side)
    if kind < 0.05:
        return " ".join(_words(rng, side, 2, 3))
    if kind < 0.2:
        body = _odd_text(rng, side)
    elif kind < 0.45:
        body = _styled(rng, _words(rng, side, 1, 1))
    elif kind < 0.9:
        body = _styled(rng, _words(rng, side, 2, 6))
    else:
        body = _styled(rng, _words(rng, side, 7, 18))
    left, right = rng.choice(_QUOTES)
    return left + body.replace(left, "").replace(right, "") + right


def short(rng: random.Random, side: Side) -> str:
    """A letter, a word or a sign in quotes; now and then bare."""
    made = quoted(rng, side)
    body = made[1:-1]
    return body if body.isalpha() and rng.random() < 0.1 else made


def quoted(rng: random.Random, side: Side) -> str:
    """A letter, a word or a sign in quotes."""
    body = rng.choice(
        [
            rng.choice("abcdefghijklmnopqrstuvwxyz"),
            word(rng, side),
            rng.choice([",", ";", "-", "_", "/", "|", " ", ".", ":", "+", ", ", "--", "*"]),
        ]
    )
    left, right = rng.choice(_QUOTES[:12])
    return left + body + right


def listing(rng: random.Random, side: Side) -> str:
    """A list of numbers or words, in one of the ways people write them."""
    size = rng.choices((3, 4, 5, 6, 8), (5, 5, 4, 2, 1))[0]
    numbers = rng.random() < 0.65
    if numbers:
        decimals = rng.choice([0, 0, 0, 1, 2])
        high = rng.choice([10, 50, 100, 1000])
        items = [
            f"{rng.uniform(-5 if rng.random() < 0.1 else 0, high):.{decimals}f}"
            for _ in range(size)
        ]
    else:
        items = _words(rng, side, size, size)
        if rng.random() < 0.2:
            items = [w.capitalize() for w in items]
    style = rng.random()
    if style < 0.35:
        return ", ".join(items)
    if style < 0.6:
        return ", ".join(items[:-1]) + rng.choice([" and ", ", and "]) + items[-1]
    if style < 0.8:
        return "[" + ", ".join(items) + "]"
    if style < 0.86:
        return "[" + ", ".join(f'"{i}"' for i in items) + "]"
    if style < 0.93 or not numbers:
        return "'" + ",".join(items) + "'"
    return " ".join(items)


def bracketed(rng: random.Random, side: Side) -> str:
    """A second list: in brackets, so that it cannot run into the first."""
    items = listing(rng, side).strip("[]'").replace(", and ", ", ").replace(" and ", ", ")
    return f"[{items}]"


def date(rng: random.Random, side: Side) -> str:
    day = dt.date(rng.randint(1900, 2099), 1, 1) + dt.timedelta(days=rng.randint(0, 364))
    month = _MONTHS[day.month - 1]
    styles = [day.isoformat()] * 5 + [
        f"{month} {day.day}, {day.year}",
        f"{day.day} {month} {day.year}",
        f"{month[:3]} {day.day}, {day.year}",
        f"{day:%m/%d/%Y}",
        f"'{day.isoformat()}'",
    ]
    return rng.choice(styles)


def time(rng: random.Random, side: Side) -> str:
    hours, minutes = rng.randint(0, 23), rng.randint(0, 59)
    return rng.choice(
        [
            f"{hours:02}:{minutes:02}",
            f"{hours}h{minutes:02}",
            f"{hours} hours and {minutes} minutes",
            f"{hours}:{minutes:02}:{rng.randint(0, 59):02}",
        ]
    )


def unit(rng: random.Random, side: Side) -> str:
    return rng.choice(_LONG_UNITS if rng.random() < 0.12 else _UNITS)


def column(rng: random.Random, side: Side) -> str:
    body = rng.choice(_COLUMNS) if rng.random() < 0.7 else word(rng, side)
    if rng.random() < 0.08:
        body += "." + word(rng, side)
    return f"'{body}'" if rng.random() < 0.3 else body


def table(rng: random.Random, side: Side) -> str:
    columns = rng.sample(_COLUMNS, rng.randint(2, 3))
    rows = [columns] + [
        [
            str(rng.randint(1, 99)) if rng.random() < 0.5 and i else name(rng, side)
            for i, _ in enumerate(columns)
        ]
        for _ in range(rng.randint(2, 4))
    ]
    body = "\n".join(",".join(r) for r in rows)
    style = rng.random()
    if style < 0.4:
        return f"'{body}'"
    if style < 0.6:
        return '"' + body.replace("\n", "\\n") + '"'
    return body


def jsonish(rng: random.Random, side: Side) -> str:
    def leaf() -> object:
        return rng.choice(
            [rng.randint(0, 99), word(rng, side), True, [rng.randint(0, 9) for _ in range(2)]]
        )

    value: dict[str, object] = {word(rng, side): leaf() for _ in range(rng.randint(1, 3))}
    if rng.random() < 0.3:
        value[word(rng, side)] = {word(rng, side): leaf()}
    body = json.dumps(value)
    return f"'{body}'" if rng.random() < 0.4 else body


_MORSE = ".- -... -.-. -.. . ..-. --. .... .. .--- -.- .-.. -- -. --- .--. --.- .-. ... -".split()


def code(rng: random.Random, side: Side) -> str:
    body = " ".join(_words(rng, side, 1, 2)).encode()
    text = rng.choice(
        [
            base64.b64encode(body).decode(),
            body.hex(),
            body.hex(" ")[:23],
            quote(f"{body.decode()} & {rng.randint(1, 99)}"),
            " ".join(rng.choice(_MORSE) for _ in range(rng.randint(2, 6))),
            f"{rng.randint(1, 255):b}",
            f"{rng.randint(16, 4095):x}",
            "MCMXCIV",
            "XLII",
            "DCCLXI",
        ]
    )
    return f"'{text}'" if rng.random() < 0.6 else text


MAIN: dict[str, Callable[[random.Random, Side], str]] = {
    "text": text,
    "number": number,
    "list": listing,
    "table": table,
    "date": date,
    "time": time,
    "json": jsonish,
    "code": code,
    "bool": text,
    "any": text,
}
"""Literal of a main type, as the operations name them."""

SLOT: dict[str, Callable[[random.Random, Side], str]] = {
    "n": small,
    "w": short,
    "q": quoted,
    "t": text,
    "l": bracketed,
    "d": date,
    "u": unit,
    "c": column,
    "k": column,
    "z": time,
}
"""Literal of a further slot."""
