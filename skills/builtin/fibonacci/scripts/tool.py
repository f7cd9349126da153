def _whole(value: float, name: str) -> int:
    """The value as an int; 3.0 is taken as 3, 3.5 is refused."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value != value // 1:
        raise ValueError(f"{name} must be a whole number, not {value!r}")
    return int(value)


def _count(value: float, name: str) -> int:
    """The value as an int of at least 0."""
    whole = _whole(value, name)
    if whole < 0:
        raise ValueError(f"{name} must not be negative, not {value!r}")
    return whole


def fibonacci(number: int) -> list[int]:
    """List the first numbers of the Fibonacci sequence.

    Args:
        number: How many numbers of the sequence.
    """
    if _count(number, "number") > 1000:
        raise ValueError("number must not be greater than 1000")
    sequence = [0, 1]
    while len(sequence) < number:
        sequence.append(sequence[-1] + sequence[-2])
    return sequence[: int(number)]
