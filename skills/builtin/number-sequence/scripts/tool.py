def _whole(value: float, name: str) -> int:
    """The value as an int; 3.0 is taken as 3, 3.5 is refused."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value != value // 1:
        raise ValueError(f"{name} must be a whole number, not {value!r}")
    return int(value)


def number_sequence(start: int, end: int, step: int = 1) -> list[int]:
    """List the numbers from a start to an end.

    Args:
        start: The first number.
        end: The last number, included.
        step: The distance between two numbers.
    """
    first, last, stride = _whole(start, "start"), _whole(end, "end"), _whole(step, "step")
    if stride < 1:
        raise ValueError("step must be at least 1")
    if abs(last - first) // stride > 100_000:
        raise ValueError("the sequence would have more than 100000 numbers")
    return list(
        range(first, last + 1, stride) if first <= last else range(first, last - 1, -stride)
    )
