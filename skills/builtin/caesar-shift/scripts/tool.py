def _whole(value: float, name: str) -> int:
    """The value as an int; 3.0 is taken as 3, 3.5 is refused."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value != value // 1:
        raise ValueError(f"{name} must be a whole number, not {value!r}")
    return int(value)


def _shifted(letter: str, places: int) -> str:
    """One letter moved in the alphabet; anything else as it is."""
    if not (letter.isascii() and letter.isalpha()):
        return letter
    first = ord("a" if letter.islower() else "A")
    return chr(first + (ord(letter) - first + places) % 26)


def caesar_shift(text: str, shift: int) -> str:
    """Shift each letter of a text a number of places.

    Args:
        text: The text to shift.
        shift: How many places; negative shifts back.
    """
    places = _whole(shift, "shift")
    return "".join(_shifted(letter, places) for letter in text)
