def _whole(value: float, name: str) -> int:
    """The value as an int; 3.0 is taken as 3, 3.5 is refused."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value != value // 1:
        raise ValueError(f"{name} must be a whole number, not {value!r}")
    return int(value)


def to_hexadecimal(number: int) -> str:
    """Convert a whole decimal number to hexadecimal (base 16, hex).

    Args:
        number: The whole number.
    """
    return format(_whole(number, "number"), "x")
