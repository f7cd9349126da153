"""Templates: the actions of an operator from those of its arguments. Pure functions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations

Actions = tuple[str, ...]
Template = tuple[int | str, ...]
"""The number of an argument, or an action that stands for itself."""
Pattern = tuple[str, ...]
_OPEN = frozenset({"_", "*"})
MOST_CONSTANTS = 8
"""In a template; the space that is searched ends there."""


def apply(template: Template, values: Sequence[Actions]) -> Actions:
    """The actions.

    >>> apply(("L", 0, "L", 0), [("W",)])
    ('L', 'W', 'L', 'W')
    """
    found: list[str] = []
    for part in template:
        found += values[part] if isinstance(part, int) else (part,)
    return tuple(found)


def common(examples: Sequence[tuple[Sequence[Actions], Actions]]) -> set[Template]:
    """All templates that give every example."""
    telling = [(values, actions) for values, actions in examples if all(values)]
    if not telling:  # where an argument is empty nothing shows its place
        return set()
    values, actions = min(telling, key=lambda one: len(one[1]))
    return {
        template
        for template in _explaining(values, actions)
        if all(apply(template, given) == told for given, told in examples)
    }


def best(templates: set[Template]) -> Template:
    """The one with the fewest constants, then the shortest; it must use all arguments it can."""
    return min(templates, key=lambda t: (sum(isinstance(p, str) for p in t), len(t), repr(t)))


def solved(
    template: Template, values: Sequence[Actions | None], actions: Actions
) -> Actions | None:
    """What the one unknown value must be; None when nothing will do.

    >>> solved(("L", 0, "L", 0), [None], ("L", "L"))
    ()
    """
    unknown = values.index(None)
    known = [() if value is None else value for value in values]
    times = template.count(unknown)
    length, rest = divmod(len(actions) - len(apply(template, known)), times) if times else (0, 1)
    if rest or length < 0:
        return None
    start = len(apply(template[: template.index(unknown)], known))
    known[unknown] = actions[start : start + length]
    return known[unknown] if apply(template, known) == actions else None


def lifted(
    rules: Mapping[Pattern, Template], support: int
) -> tuple[dict[str, Actions], dict[Pattern, Template]]:
    """Words that name a constant, and the rules with these words and constants left open.

    Two rules that are equal but for one word and one constant say that the word names the constant;
    as many such pairs as ``support`` asks for make it believed. A rule seen with one of these words
    alone then holds with all of them.
    """
    pairs: dict[frozenset[tuple[str, str]], int] = defaultdict(int)
    for (one, first), (other, second) in combinations(rules.items(), 2):
        named = _named(one, first, other, second)
        if named:
            pairs[named] += 1
    names = {w: c for pair, times in pairs.items() if times >= support for w, c in sorted(pair)}
    made: dict[Pattern, set[Template]] = defaultdict(set)
    for pattern, template in rules.items():
        made[_opened(pattern, names)].add(_open_template(pattern, template, names))
    kept: dict[Pattern, Template] = {}
    for pattern, template in rules.items():
        general = made[_opened(pattern, names)]
        if len(general) == 1:
            kept[_opened(pattern, names)] = next(iter(general))
        else:  # the rules contradict each other: each stays as it was seen
            kept[pattern] = template
    return {word: (constant,) for word, constant in names.items()}, kept


def _explaining(values: Sequence[Actions], actions: Actions) -> Iterator[Template]:
    """Every way to put actions together from values and constants."""

    def rest(at: int, constants: int) -> Iterator[Template]:
        if at == len(actions):
            yield ()
            return
        for number, value in enumerate(values):
            if value and actions[at : at + len(value)] == value:
                for tail in rest(at + len(value), constants):
                    yield (number, *tail)
        if constants:
            for tail in rest(at + 1, constants - 1):
                yield (actions[at], *tail)

    yield from rest(0, MOST_CONSTANTS)


def _named(
    one: Pattern, first: Template, other: Pattern, second: Template
) -> frozenset[tuple[str, str]]:
    if len(one) != len(other) or len(first) != len(second):
        return frozenset()
    words = {(a, b) for a, b in zip(one, other, strict=True) if a != b}
    parts = {(a, b) for a, b in zip(first, second, strict=True) if a != b}
    if len(words) != 1 or len(parts) != 1:
        return frozenset()
    ((word, its),), ((constant, own),) = words, parts
    if word in _OPEN or its in _OPEN or isinstance(constant, int) or isinstance(own, int):
        return frozenset()
    return frozenset({(word, constant), (its, own)})


def _opened(pattern: Pattern, names: Mapping[str, str]) -> Pattern:
    return tuple("*" if part in names else part for part in pattern)


def _open_template(pattern: Pattern, template: Template, names: Mapping[str, str]) -> Template:
    """Arguments are numbered by their place in the pattern, so those behind a new one move on."""
    places: dict[int | str, int] = {}
    old, new = 0, 0
    for part in pattern:
        if part in names:
            places[names[part]] = new
        elif part in _OPEN:
            places[old] = new
            old += 1
        if part in names or part in _OPEN:
            new += 1
    return tuple(places.get(part, part) for part in template)
