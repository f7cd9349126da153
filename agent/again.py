"""One tool several times in one request: ``from Rome to Oslo and from Paris to Bonn``.

What varies is said again after ``and``, a comma or the end of a sentence; what does not is said once.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from pydantic import JsonValue

from skillweave.agent.evidence import Numbers
from skillweave.agent.mentions import GRAMMAR, JOIN, Mention, Piece, stem, touches

MOST: Final = 8
"""Calls of one tool for one request."""
CHOICES: Final = 3
"""Mentions that are looked at for one parameter of a further call, the likeliest."""

OF_REPEATS: Final = ("again", "other words before", "other sorts", "new words between")
"""What speaks against more calls than one: that there are; values after other words than those of the first
call, or of other sorts; and telling words between the calls that nobody said before."""

_SILENT: Final = GRAMMAR | frozenset("one back further extra".split())
_WORDS: Final = ("name", "words", "text")


class Choice(NamedTuple):
    """A mention for a parameter."""

    mention: Mention
    value: JsonValue
    """The mention as the parameter takes it."""
    evidence: Numbers
    """``[len(OF_PAIRS)]``"""


Row = Mapping[str, Choice]
"""One call: a choice for every parameter that is given."""
Found = Mapping[str, Sequence[Choice]]
"""What each parameter may take, the likeliest first."""
Score = Callable[[Choice], float]


def mentioned(rows: Sequence[Row]) -> set[Mention]:
    """All that the calls take."""
    return {one.mention for row in rows for one in row.values()}


def turned(row: Row) -> int:
    """How many pairs of values stand in another order than their parameters."""
    starts = [one.mention.start for one in row.values()]
    return sum(a > b for a, b in itertools.combinations(starts, 2))


def disjoint(options: Mapping[str, Sequence[Choice | None]]) -> Iterator[Row]:
    """Every call with one of each parameter's options in which no two mentions share words."""
    return _more_of(list(options.items()), {})


def _more_of(rest: Sequence[tuple[str, Sequence[Choice | None]]], row: Row) -> Iterator[Row]:
    if not rest:
        yield row
        return
    (name, choices), *others = rest
    places = mentioned([row])
    for one in choices:
        if one is None:
            yield from _more_of(others, row)
        elif not touches(one.mention, places):
            yield from _more_of(others, {**row, name: one})


def repeats(first: Row, found: Found, request: str, score: Score) -> Iterator[Sequence[Row]]:
    """The ways to go on from a first call to more of them, as far as each goes."""
    order = _in_order(first)
    for start, end in itertools.combinations(range(len(order) + 1), 2):
        rows = [first]
        while len(rows) < MOST and (more := _next(rows, order[start:end], found, request, score)):
            rows.append(more)
        if len(rows) > 1:
            yield rows


def signs_of_repeats(rows: Sequence[Row], pieces: Sequence[Piece]) -> list[float]:
    """What speaks against so many calls, in the order of `OF_REPEATS`."""
    if len(rows) == 1:
        return [0.0] * len(OF_REPEATS)
    varying = [name for name in _in_order(rows[0]) if rows[0][name] != rows[1][name]]
    pairs = [(rows[0][name].mention, row[name].mention) for row in rows[1:] for name in varying]
    unlike = sum(not _is_like(first, other, pieces) for first, other in pairs)
    sorts = sum(first.sort != other.sort for first, other in pairs)
    between = [
        piece
        for before, after in itertools.pairwise([_span(row, varying) for row in rows])
        for piece in pieces
        if before[1] <= piece.start and piece.end <= after[0] and piece.sort == "word"
    ]
    said = {stem(one.text) for one in pieces if one.end <= _span(rows[0], varying)[1]}
    told = [one for one in between if one.text.lower() not in _SILENT]
    new = [one for one in told if stem(one.text) not in said]
    return [1.0, unlike / len(pairs), sorts / len(pairs), float(min(3, len(new)))]


def _next(
    rows: Sequence[Row], varying: Sequence[str], found: Found, request: str, score: Score
) -> Row | None:
    """The call after the last one: from where it is joined on, as far as all that varies is given."""
    taken = mentioned(rows)
    joins = list(JOIN.finditer(request, _span(rows[-1], varying)[1]))
    if not joins:
        return None
    begin = joins[0].end()
    for end in [*(join.start() for join in joins[1:]), len(request)]:
        options = {
            name: _within(rows[0][name], found[name], (begin, end), taken)[:CHOICES]
            for name in varying
        }
        ways = list(disjoint(options))
        if ways:
            best = max(ways, key=lambda way: sum(map(score, way.values())) - turned(way))
            return {**rows[0], **best}
    return None


def _within(
    first: Choice, found: Sequence[Choice], span: tuple[int, int], taken: set[Mention]
) -> list[Choice]:
    """The choices in a part of the request that are of the same sort as the first call's."""
    return [
        one
        for one in found
        if span[0] <= one.mention.start
        and one.mention.end <= span[1]
        and _is_same_sort(one.mention, first.mention)
        and not touches(one.mention, taken)
    ]


def _is_same_sort(a: Mention, b: Mention) -> bool:
    if a.sort == "number":
        return b.sort == "number" and a.text[-1].isdigit() == b.text[-1].isdigit()
    return a.sort == b.sort or (a.sort in _WORDS and b.sort in _WORDS)


def _in_order(row: Row) -> list[str]:
    """The parameters that are given, as the request has them."""
    return sorted(row, key=lambda name: row[name].mention.start)


def _span(row: Row, names: Sequence[str]) -> tuple[int, int]:
    """From where to where the values stand."""
    places = [row[name].mention for name in names]
    return min(m.start for m in places), max(m.end for m in places)


def _is_like(first: Mention, other: Mention, pieces: Sequence[Piece]) -> bool:
    """Whether the same word stands before both, or only what joins them."""
    before = _word_before(other, pieces)
    return (
        bool(JOIN.fullmatch(before))
        or not before.isalpha()
        or before == _word_before(first, pieces)
    )


def _word_before(m: Mention, pieces: Sequence[Piece]) -> str:
    return next((one.text.lower() for one in reversed(pieces) if one.end <= m.start), "")
