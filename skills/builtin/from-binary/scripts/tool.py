import re


def from_binary(binary: str) -> int:
    """Convert a binary number (zeros and ones) to a decimal number.

    Args:
        binary: The binary digits.
    """
    digits = binary.strip().lower().replace(" ", "").replace("_", "")
    if not re.fullmatch(r"-?(0b)?[01]+", digits):
        raise ValueError(f"{binary!r} is not a binary number")
    return int(digits.replace("0b", ""), 2)
