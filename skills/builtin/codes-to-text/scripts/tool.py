def _whole(value: float, name: str) -> int:
    """The value as an int; 3.0 is taken as 3, 3.5 is refused."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value != value // 1:
        raise ValueError(f"{name} must be a whole number, not {value!r}")
    return int(value)


def codes_to_text(codes: list[int]) -> str:
    """Turn a list of character code numbers into text.

    Args:
        codes: The code numbers.
    """
    numbers = [_whole(code, "every code") for code in codes]
    if any(not 0 <= n < 0x110000 or 0xD800 <= n < 0xE000 for n in numbers):
        raise ValueError("every code must be the number of a character")
    return "".join(chr(number) for number in numbers)
