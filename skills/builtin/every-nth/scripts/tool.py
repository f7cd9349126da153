def _whole(value: float, name: str) -> int:
    """The value as an int; 3.0 is taken as 3, 3.5 is refused."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value != value // 1:
        raise ValueError(f"{name} must be a whole number, not {value!r}")
    return int(value)


def every_nth(items: list[str | float], step: int) -> list[str | float]:
    """Take every nth item of a list.

    Args:
        items: The list to take items from.
        step: 2 for every second item, 3 for every third.
    """
    if _whole(step, "step") < 1:
        raise ValueError("step must be at least 1")
    return items[int(step) - 1 :: int(step)]
