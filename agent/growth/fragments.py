"""Mining: sub-graphs of calls that recur over verified runs (FaSTA*; library learning of DreamCoder).

Every connected part of a run that ends in one result is cut out; equal parts are put together, and the
values that differ between them become parameters (least general generalisation). Parts that only
occur inside a larger one are left out (closed patterns); what saves the most calls comes first.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from pydantic import JsonValue

from skillweave.agent.growth.search_program import Program, leaves_of, names_in
from skillweave.agent.growth.source import Argument, Call
from skillweave.agent.schema import same
from skillweave.skills.model import Case, Frozen
from skillweave.skills.names import slug

MOST_CALLS = 4
LEAST_SUPPORT = 3
MOST_CASES = 5


class Episode(Frozen):
    """One verified run as a program, with the value of every parameter and result."""

    run: str
    program: Program
    values: Mapping[str, JsonValue]


class Fragment(Frozen):
    """A part that recurs, generalised over its occurrences."""

    name: str
    program: Program
    runs: tuple[str, ...]
    """The runs it occurs in."""
    cases: tuple[Case, ...]

    @property
    def saved(self) -> int:
        """Calls that would have been spared had it been one."""
        return (len(self.program.calls) - 1) * len(self.runs)


class _Cut(Frozen):
    """One occurrence: a shape with numbered holes, and what stood in them."""

    run: str
    calls: tuple[Call, ...]
    """With arguments named ``hole_1`` and ``result_1``."""
    holes: tuple[JsonValue, ...]
    constant: tuple[bool, ...]
    """Which holes held a constant of the program."""
    value: JsonValue


def mine(
    episodes: Iterable[Episode],
    *,
    least_support: int = LEAST_SUPPORT,
    most_calls: int = MOST_CALLS,
    most: int = 32,
) -> tuple[Fragment, ...]:
    """The parts that occur at least ``least_support`` times, each time with other values."""
    groups: defaultdict[str, list[_Cut]] = defaultdict(list)
    for episode in episodes:
        for chosen in _parts(episode.program, most_calls):
            cut = _cut_out(episode, chosen)
            groups[_key(cut.calls)].append(cut)
    found: dict[str, Fragment] = {}
    for cuts in groups.values():
        for some in (cuts, *_same_constants(cuts)):
            fragment = _generalised(some) if _support(some) >= least_support else None
            if fragment is not None:
                found.setdefault(_key(fragment.program.calls), fragment)
    closed = [one for one in found.values() if not _is_inside(one, found.values())]
    ranked = sorted(closed, key=lambda one: (-one.saved, one.program.text()))
    return _named(ranked[:most])


def _parts(program: Program, most_calls: int) -> Iterator[tuple[int, ...]]:
    """Places of calls that hang together and end in one of them."""
    makes = {call.result: place for place, call in enumerate(program.calls)}
    needs = [{makes[n] for n in names_in(call) if n in makes} for call in program.calls]
    for last in range(len(needs)):
        grown = {frozenset({last})}
        for _ in range(most_calls - 1):
            grown |= {
                part | {more}
                for part in grown
                if len(part) < most_calls
                for place in part
                for more in needs[place] - part
            }
        yield from (tuple(sorted(part)) for part in grown if len(part) > 1)


def _cut_out(episode: Episode, chosen: Sequence[int]) -> _Cut:
    """Number results and holes in the order in which they are met from the end."""
    inside = {episode.program.calls[place].result: place for place in chosen}
    calls: list[Call] = []
    results: dict[str, str] = {}
    names: dict[str, int] = {}
    holes: list[JsonValue] = []
    constant: list[bool] = []

    def leaf(one: Argument) -> Argument:
        if one.name in inside:
            return Argument(name=results.get(one.name) or visit(inside[one.name]))
        place = names.get(one.name) if one.name is not None else None
        if place is None:
            place = len(holes)
            holes.append(one.value if one.name is None else episode.values[one.name])
            constant.append(one.name is None)
            if one.name is not None:
                names[one.name] = place
        return Argument(name=f"hole_{place + 1}")

    def visit(place: int) -> str:
        call = episode.program.calls[place]
        arguments = {
            name: leaf(one)
            if one.items is None
            else Argument(items=tuple(leaf(item) for item in one.items))
            for name, one in sorted(call.arguments.items())
        }
        result = results[call.result] = f"result_{len(calls) + 1}"
        calls.append(Call(result=result, component=call.component, arguments=arguments))
        return result

    visit(chosen[-1])
    return _Cut(
        run=episode.run,
        calls=tuple(calls),
        holes=tuple(holes),
        constant=tuple(constant),
        value=episode.values[episode.program.calls[chosen[-1]].result],
    )


def _key(calls: Sequence[Call]) -> str:
    return json.dumps([call.model_dump(mode="json") for call in calls], sort_keys=True)


def _support(cuts: Sequence[_Cut]) -> int:
    """Runs with values of their own; the same request again says nothing new."""
    return len({json.dumps(cut.holes, sort_keys=True): cut.run for cut in cuts})


def _same_constants(cuts: Sequence[_Cut]) -> list[list[_Cut]]:
    """The cuts whose constants agree, where there are any and they do not always."""
    groups: defaultdict[str, list[_Cut]] = defaultdict(list)
    for cut in cuts:
        fixed = [v if c else None for v, c in zip(cut.holes, cut.constant, strict=True)]
        groups[json.dumps([fixed, cut.constant])].append(cut)
    return [some for some in groups.values() if any(some[0].constant)] if len(groups) > 1 else []


def _generalised(cuts: Sequence[_Cut]) -> Fragment | None:
    """Holes that always held the same become constants; None when nothing differs."""
    first = cuts[0]
    stays = [
        all(same(cut.holes[place], first.holes[place]) for cut in cuts)
        for place in range(len(first.holes))
    ]
    if all(stays):
        return None
    names: dict[str, str] = {}

    def named(one: Argument, parameter: str) -> Argument:
        if one.name is None or not one.name.startswith("hole_"):
            return one
        place = int(one.name.removeprefix("hole_")) - 1
        if stays[place]:
            return Argument(value=first.holes[place])
        if one.name not in names:
            taken = set(names.values())
            free = (parameter, *(f"{parameter}_{n}" for n in range(2, len(first.holes) + 2)))
            names[one.name] = next(name for name in free if name not in taken)
        return Argument(name=names[one.name])

    calls = []
    for call in first.calls:
        arguments = {
            name: named(one, name)
            if one.items is None
            else Argument(items=tuple(named(item, f"{name}_item") for item in one.items))
            for name, one in call.arguments.items()
        }
        calls.append(call.model_copy(update={"arguments": arguments}))
    places = {name: int(hole.removeprefix("hole_")) - 1 for hole, name in names.items()}
    cases = {
        json.dumps([cut.holes[place] for place in places.values()]): Case(
            arguments={name: cut.holes[place] for name, place in places.items()},
            expected=cut.value,
        )
        for cut in cuts
    }
    return Fragment(
        name="",
        program=Program(parameters=tuple(names.values()), calls=tuple(calls)),
        runs=tuple(sorted({cut.run for cut in cuts})),
        cases=tuple(cases.values())[:MOST_CASES],
    )


def _is_inside(one: Fragment, others: Iterable[Fragment]) -> bool:
    """Whether a larger fragment with its tools occurs in all of its runs."""
    tools = Counter(call.component for call in one.program.calls)
    return any(
        len(other.program.calls) > len(one.program.calls)
        and set(one.runs) <= set(other.runs)
        and tools <= Counter(call.component for call in other.program.calls)
        for other in others
    )


def _named(fragments: Iterable[Fragment]) -> tuple[Fragment, ...]:
    """``split-words-then-first-items-3``, with a number where two would have the same name."""
    found: dict[str, Fragment] = {}
    for fragment in fragments:
        told = []
        for call in fragment.program.calls:
            leaves = [leaf for one in call.arguments.values() for leaf in leaves_of(one)]
            values = [str(leaf.value) for leaf in leaves if leaf.name is None]
            told.append(" ".join((call.component.partition("@")[0], *values)))
        base = (slug("-then-".join(told)) or "fragment")[:60].rstrip("-")
        free = (base, *(f"{base}-{n}" for n in range(2, len(found) + 3)))
        name = next(one for one in free if one not in found)
        found[name] = fragment.model_copy(update={"name": name})
    return tuple(found.values())
