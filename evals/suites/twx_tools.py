"""Tools for the games of TextWorldExpress; every function becomes a skill of the suite's library."""

import re


def calculate(problem: str) -> float:
    """Calculate what a problem in words asks for: add, subtract, multiply or divide two numbers.

    >>> calculate("Please multiply 12 and 7.")
    84
    >>> calculate("subtract 9 from 4")
    -5
    >>> calculate("divide 36 by 8")
    4.5
    """
    found = re.search(
        r"(add|subtract|multiply|divide) (-?[\d.]+) (?:and|to|from|by) (-?[\d.]*\d)", problem
    )
    if found is None:
        raise ValueError(f"no problem of two numbers: {problem!r}")
    one, other = float(found[2]), float(found[3])
    ways = {"add": one + other, "subtract": other - one, "multiply": one * other}
    value = one / other if found[1] == "divide" else ways[found[1]]
    return int(value) if value == int(value) else value


def sort_by_quantity(things: str) -> list[str]:
    """Sort those of some things that have a quantity by it, the smallest first; units count.

    >>> sort_by_quantity("5 pears, a box, 2kg of oak, 30g of steel, 3 figs")
    ['3 figs', '5 pears', '30g of steel', '2kg of oak']
    >>> sort_by_quantity("2m of wood, 30cm of wood, 7mm of wood")
    ['7mm of wood', '30cm of wood', '2m of wood']
    """
    scale = {
        "mg": 1e-3,
        "g": 1.0,
        "kg": 1e3,
        "mm": 1e-3,
        "cm": 1e-2,
        "m": 1.0,
        "ml": 1e-3,
        "l": 1.0,
    }
    found: list[tuple[float, str]] = []
    for thing in (part.strip() for part in things.split(",")):
        match = re.match(r"([\d.]+)\s*(?:(mg|g|kg|mm|cm|m|ml|l)\b)?", thing)
        if match is not None:
            found.append((float(match[1]) * scale.get(match[2] or "", 1.0), thing))
    return [thing for _, thing in sorted(found, key=lambda one: one[0])]


def thing_of_quantity(things: str, quantity: str) -> str:
    """Find the thing of a given quantity: the one that there are so many of.

    >>> thing_of_quantity("a box, 31 pears, 3 figs", "3")
    '3 figs'
    """
    for thing in (part.strip() for part in things.split(",")):
        if thing.split()[:1] == [quantity]:
            return thing
    raise ValueError(f"there are {quantity} of no thing")


def first_unused(things: str, used: str) -> str:
    """Give the first of some things that is not yet used.

    >>> first_unused("a bench, a hook, a shelf", "a bench, a shelf")
    'a hook'
    """
    done = {part.strip() for part in used.split(",")}
    for thing in (part.strip() for part in things.split(",")):
        if thing not in done:
            return thing
    raise ValueError("all are used")


def next_place(map: str, here: str, goal: str) -> str:
    """Find the next place on the way: the first step of a shortest path on a map in words.

    >>> next_place("The hall connects to the den.\\nThe den connects to the shed.", "hall", "shed")
    'den'
    """
    ways: dict[str, set[str]] = {}
    for line in map.lower().splitlines():
        found = re.match(r"\s*the (.+?) connects to (.+?)\.?\s*$", line)
        if found is None:
            continue
        for other in re.split(r",? and |, ", found[2]):
            name = other.removeprefix("the ")
            ways.setdefault(found[1], set()).add(name)
            ways.setdefault(name, set()).add(found[1])
    before = {here: here}
    reached = [here]
    for place in reached:
        for other in sorted(ways.get(place, ())):
            if other not in before:
                before[other] = place
                reached.append(other)
    if goal not in before or goal == here:
        raise ValueError(f"no way leads from {here} to {goal}")
    while before[goal] != here:
        goal = before[goal]
    return goal


def list_items(text: str) -> list[str]:
    """Give all items of the list that stands after a colon in a text.

    >>> list_items("Bring these, in order: a pen, two cups, ink.")
    ['a pen', 'two cups', 'ink']
    """
    items = text.partition(":")[2].strip().rstrip(".").split(", ")
    if items == [""]:
        raise ValueError("the text holds no list after a colon")
    return items
