"""What in a request may be a value for a tool: numbers, dates, quoted texts, names, and telling words.

nano's plans make values of what looks like one. For a tool of a subject that nano never read of, any word
may be one (``lights in the kitchen``); then everything counts that is neither grammar nor said by the
tool's own description.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Final, Literal, NamedTuple, cast

from skillweave.agent.nano.literals import Kind, found
from skillweave.agent.numbers import WORDS

Sort = Literal["number", "text", "list", "data", "when", "name", "words"]
"""``data`` is JSON or a table, ``when`` a date or a time; ``name`` has capitals, ``words`` have none."""

GRAMMAR: Final = frozenset(
    "a about after again all also am an and any anyone anything are around as ask at away be been before"
    " being between but buy by calculate can check compute could did do does doing done down each either"
    " else every few find for from get give gives go goes going got went had has have having he help her here"
    " hers him his how i if in instead into is it its just keep kind know least less let like long look"
    " looking lot make many may me might mine more most much must my near need needs next no nor not now of"
    " off ok okay on once onto or other our ours out over per please put really same say saying see set"
    " shall she should show since so some someone something somewhere start starting such take tell than"
    " thanks that the their theirs them then there these they thing things this those through till to too"
    " under until up upon us use using very via want wants was we well were what when where which while who"
    " whom whose why will with within without work would yes yet you your yours"
    " im ive id ill youre youve hes shes thats whats wheres whos whens hows lets dont doesnt cant"
    " isnt another both same ones".split()
)
"""Words that are no value by themselves."""
_WHEN: Final = (
    r"(?:(?:next|this|last|coming) )?(?:mon|tues|wednes|thurs|fri|satur|sun)day(?: (?:morning|afternoon|"
    r"evening|night))?|today|tonight|tomorrow(?: (?:morning|afternoon|evening|night))?|yesterday|noon"
    r"|midnight|(?:next|this|last) (?:week(?:end)?|month|year|spring|summer|autumn|fall|winter)"
    r"|(?-i:January|February|March|April|May|June|July|August|September|October|November|December)"
)
_NUMBER_WORD: Final = "|".join(sorted((*WORDS, "dozen"), key=len, reverse=True))
_PIECE: Final = re.compile(
    rf"(?P<when>\b(?:{_WHEN})\b)|(?P<number>\b(?:{_NUMBER_WORD})\b)|(?P<word>[^\W_](?:[\w’'.&-]*\w)?)"
    r"|(?P<mark>[^\w\s])",
    re.IGNORECASE,
)
_SORTS: Final[Mapping[Kind, Sort]] = {
    "number": "number", "text": "text", "link": "text", "list": "list", "table": "data", "json": "data",
    "date": "when", "time": "when",
}  # fmt: skip
_LINKS: Final = frozenset("of the de del la le du des van von der den and &".split())
"""Words that a name may hold between two with capitals."""
ALSO: Final = frozenset(("and", "&"))
"""Those that may stand between two names as well."""
_WHEN_AND: Final = re.compile(r",? (?:on |at |in the )?")
_AND: Final = re.compile(r"\s*(?:,|,? (?:and|or)(?: with)?|&)\s+(?:an? |the )?")
_UNIT_AND: Final = re.compile(r"(?: ?[^\W\d]+)?\s*(?:,|,? (?:and|or)|&)\s+(?:an? |the )?")
_DAY: Final = re.compile(
    r"\w+day|\w+ember|\w+uary|October|April|August|March|May|June|July", re.IGNORECASE
)
"""Two of these are two days, not one moment."""
_ITEM: Final = re.compile(
    r"(?P<number>(?<![\w.])[+-]?\d+(?:\.\d+)?(?![\w.]*\w))|[\"“](?P<text>[^\"”]+)[\"”]"
)
JOIN: Final = re.compile(
    r"[,;.?!/&+\n](?=\s)|\b(?:and|or|plus|then|also|as well as|versus|vs|against)\b", re.IGNORECASE
)
"""What stands between two calls of one request, or two parts of anything."""
_CLAUSE: Final = re.compile(
    r"(?:[.?!;\n](?=\s)|,(?= (?:and|then|also|plus|but)\b)|\b(?:and|then|also|plus)\b)"
    r"(?:,? (?:and|then|also|plus|but)\b)*",
    re.IGNORECASE,
)
_TOLD: Final = re.compile(
    r"(?:(?:i|we|he|she|they|it|you|there|this|that|these|those)(?:['’]\w+)?|my|our)\b",
    re.IGNORECASE,
)
"""How a sentence begins that tells something."""
_WISH: Final = re.compile(
    r"\b(?:need|want|like (?:to|you)|looking (?:for|to)|(?:can|could|would|will) you|please|what|which|when"
    r"|where|who|how|why)\b",
    re.IGNORECASE,
)
_DOERS: Final = frozenset("i we you he she they it i'm i've we've just".split())
_STEM: Final = 5


class Mention(NamedTuple):
    """A part of a request that may be a value."""

    text: str
    start: int
    end: int
    sort: Sort


PieceSort = Sort | Literal["word", "mark"]


class Piece(NamedTuple):
    """A word, a mark or a value of a request."""

    text: str
    start: int
    end: int
    sort: PieceSort


class Clause(NamedTuple):
    """A part of a request: from where to where it goes."""

    start: int
    end: int
    asks: bool
    """Whether it may be a request of its own, and not something told beside one."""


def touches(m: Mention, places: Iterable[Mention]) -> bool:
    """Whether it shares words with one of the places."""
    return any(m.start < other.end and other.start < m.end for other in places)


def stem(word: str) -> str:
    """What two forms of a word have in common, nearly."""
    word = word.lower().removesuffix("'s").removesuffix("’s")
    for ending in ("ies", "es", "s", "ing", "ed", "er"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            word = word.removesuffix(ending)
            break
    return word[:_STEM].removesuffix("e").removesuffix("y")


def stems(text: str) -> list[str]:
    """The stems of the words of a text that are not grammar; also those of a function's name."""
    words = re.findall(r"[^\W\d_]+", re.sub(r"([a-z])([A-Z])", r"\1 \2", text))
    return [stem(word) for word in words if word.lower() not in GRAMMAR]


@lru_cache(maxsize=4)
def pieces(request: str) -> tuple[Piece, ...]:
    """The request cut into values, words and marks, in order; one request is put to several tools."""
    cut: list[Piece] = []
    at = 0
    for start, end, kind in [*found(request), (len(request), len(request), None)]:
        for match in _PIECE.finditer(request, at, start):
            sort = cast(PieceSort, match.lastgroup)  # every branch of the pattern has a name
            cut.append(Piece(match.group(), match.start(), match.end(), sort))
        if kind is not None:
            ended = end - (kind == "date" and request[end - 1] == ".")
            cut.append(Piece(request[start:ended], start, ended, _SORTS[kind]))
        at = end
    return tuple(cut)


def mentions(request: str, said: Collection[str]) -> list[Mention]:
    """What may be a value, in order; parts of a run of words come after the whole.

    Args:
        said: stems of the words by which the tool describes itself; they are no values by themselves.
    """
    cut = pieces(request)
    single = [
        Mention(one.text, one.start, one.end, one.sort)
        for n, one in enumerate(cut)
        if one.sort != "word" and one.sort != "mark" and not _is_of_unit(cut, n)
    ]
    single += [item for one in cut if one.sort == "list" for item in _items(one)]
    for run in _runs(cut):
        single += _of_run(request, run, said)
    out = {*single, *_moments(request, single), *_lists(request, single)}
    return sorted(out, key=lambda one: (one.start, -one.end, one.sort, one.text))


def _moments(request: str, single: Sequence[Mention]) -> Iterator[Mention]:
    """A day and a time that belong together: ``Friday at 10:00``, ``Friday at 8``."""
    same = sorted(
        (one for one in single if one.sort in ("when", "number")), key=lambda one: one.start
    )
    for first, second in itertools.pairwise(same):
        dated = "when" in (first.sort, second.sort)
        days = _DAY.fullmatch(first.text) and _DAY.fullmatch(second.text)
        if dated and not days and _WHEN_AND.fullmatch(request, first.end, second.start):
            yield Mention(request[first.start : second.end], first.start, second.end, "when")


def _lists(request: str, single: Sequence[Mention]) -> Iterator[Mention]:
    """Several of a sort with commas or ``and`` between them; units may follow the numbers."""
    for sorts in (("number",), ("name", "words", "text")):
        same = sorted(
            (one for one in single if one.sort in sorts), key=lambda one: (one.start, one.end)
        )
        for n, first in enumerate(same):
            items = [first]
            for other in same[n + 1 :]:
                gap = _UNIT_AND if sorts == ("number",) else _AND
                if gap.fullmatch(request, items[-1].end, other.start):
                    items.append(other)
            if len(items) > 1:
                text = ", ".join(one.text for one in items)
                yield Mention(text, first.start, items[-1].end, "list")


def clauses(request: str) -> list[Clause]:
    """The parts between the ends of sentences, and between ``and`` and its like; not within a value."""
    values = [one for one in pieces(request) if one.sort not in ("word", "mark")]
    joins = [
        join
        for join in _CLAUSE.finditer(request)
        if not any(one.start < join.end() and join.start() < one.end for one in values)
    ]
    starts = [0, *(join.end() for join in joins)]
    ends = [*(join.start() for join in joins), len(request)]
    return [
        Clause(start, end, not _TOLD.match(text) or bool(_WISH.search(text)))
        for start, end in zip(starts, ends, strict=True)
        if (text := request[start:end].strip(" .?!;,\n"))
    ]


def _items(cut: Piece) -> Iterator[Mention]:
    """The numbers of a list, and the texts in quotes."""
    for item in _ITEM.finditer(cut.text):
        number = item.group("number")
        start, end = cut.start + item.start(), cut.start + item.end()
        yield Mention(number or item.group("text"), start, end, "number" if number else "text")


def _runs(cut: Sequence[Piece]) -> Iterator[list[Piece]]:
    """Words that stand together, without grammar but within names."""
    run: list[Piece] = []
    for n, piece in enumerate(cut):
        if piece.sort == "word" and (not _is_grammar(cut, n) or _links(cut, n, run)):
            run.append(piece)
        elif run:
            yield run
            run = []
    if run:
        yield run


def _begins(cut: Sequence[Piece], n: int) -> bool:
    """Whether a sentence begins with the piece."""
    return n == 0 or cut[n - 1].text in ".!?:"


def _is_grammar(cut: Sequence[Piece], n: int) -> bool:
    """Whether a word is no value by itself; a short form is what it is without its end: ``we're``."""
    word = cut[n].text
    if word[:1].isupper() and word != "I" and not _begins(cut, n) and "'" not in word:
        return False
    said = cut[n - 1].text.lower() if n else ""
    if word.islower() and said in _DOERS:
        return True  # what somebody does
    return word.lower().partition("'")[0].partition("’")[0] in GRAMMAR


def _is_of_unit(cut: Sequence[Piece], n: int) -> bool:
    """Whether a number is part of a unit: ``litres per 100 km``."""
    return n > 0 and cut[n - 1].text.lower() == "per"


def _links(cut: Sequence[Piece], n: int, run: Sequence[Piece]) -> bool:
    """Whether a word of grammar stands within a name: ``Lord of the Rings``."""
    ahead = next((one for one in cut[n + 1 : n + 3] if one.text not in _LINKS), None)
    if ahead is None or ahead.sort != "word" or not ahead.text[:1].isupper():
        return False
    if cut[n].text == "The":
        return not _begins(cut, n)
    return cut[n].text in _LINKS and bool(run) and any(one.text[:1].isupper() for one in run)


def _of_run(request: str, run: Sequence[Piece], said: Collection[str]) -> Iterator[Mention]:
    """A run of words as a whole, and its parts: names in it, and what the tool does not say itself."""
    begins = not request[: run[0].start].strip() or request[: run[0].start].rstrip()[-1] in ".!?:"
    if begins and len(run) > 1 and stem(run[0].text) in said:
        run, begins = run[1:], False  # what the tool is told to do
    named = [_is_name(one.text) for one in run]
    linked = [name or one.text in _LINKS for name, one in zip(named, run, strict=True)]
    apart = [name or one.text in _LINKS - ALSO for name, one in zip(named, run, strict=True)]
    beside = [
        any(named[max(0, n - 1, n == 1 and begins) : n] + named[n + 1 : n + 2])
        for n in range(len(run))
    ]
    new = [
        stem(one.text) not in said or (name and near)
        for one, name, near in zip(run, named, beside, strict=True)
    ]
    after_first = [n > 0 and link for n, link in enumerate(linked)] if begins else []
    whole = [any(new)] * len(run)
    seen: set[tuple[int, int]] = set()
    for keeps in (new, linked, apart, after_first, whole):
        for words in _parts(run[: len(keeps)], keeps):
            start, end = words[0].start, words[-1].end
            if (start, end) in seen:
                continue
            seen.add((start, end))
            # The first word of a sentence has a capital anyway.
            is_name = all(one.text in _LINKS or _is_name(one.text) for one in words)
            only_first = begins and words == [run[0]]
            sort: Sort = "name" if is_name and not only_first else "words"
            yield Mention(request[start:end], start, end, sort)


def _is_name(word: str) -> bool:
    """Whether it has a capital or a digit."""
    return word[:1].isupper() or any(sign.isdigit() for sign in word)


def _parts(run: Sequence[Piece], keeps: Sequence[bool]) -> Iterator[list[Piece]]:
    """Those parts of a run of which every word is kept, without links at their ends."""
    for kept, group in itertools.groupby(zip(keeps, run, strict=True), key=lambda one: one[0]):
        words = _trimmed([one for _, one in group])
        if kept and words:
            yield words


def _trimmed(words: list[Piece]) -> list[Piece]:
    while words and words[0].text in _LINKS:
        words = words[1:]
    while words and words[-1].text in _LINKS:
        words = words[:-1]
    return words
