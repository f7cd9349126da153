import re

_ROMAN_VALUES = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100, "D": 500, "M": 1000}
_ROMAN_FORM = "M{0,3}(CM|CD|D?C{0,3})(XC|XL|L?X{0,3})(IX|IV|V?I{0,3})"


def from_roman(numeral: str) -> int:
    """Read a Roman numeral as an ordinary number.

    Args:
        numeral: The Roman numeral.
    """
    letters = numeral.strip().upper()
    if not letters or not re.fullmatch(_ROMAN_FORM, letters):
        raise ValueError(f"{numeral!r} is not a Roman numeral")
    values = [_ROMAN_VALUES[letter] for letter in letters]
    following = [*values[1:], 0]
    return sum(-v if v < after else v for v, after in zip(values, following, strict=True))
