def _whole(value: float, name: str) -> int:
    """The value as an int; 3.0 is taken as 3, 3.5 is refused."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value != value // 1:
        raise ValueError(f"{name} must be a whole number, not {value!r}")
    return int(value)


_ROMAN = (
    (1000, "M"), (900, "CM"), (500, "D"), (400, "CD"), (100, "C"), (90, "XC"), (50, "L"),
    (40, "XL"), (10, "X"), (9, "IX"), (5, "V"), (4, "IV"), (1, "I"),
)  # fmt: skip


def to_roman(number: int) -> str:
    """Write a number as a Roman numeral.

    Args:
        number: The whole number, from 1 to 3999.
    """
    rest = _whole(number, "number")
    if not 1 <= rest <= 3999:
        raise ValueError("Roman numerals go from 1 to 3999")
    numeral = ""
    for value, letters in _ROMAN:
        numeral += letters * (rest // value)
        rest %= value
    return numeral
