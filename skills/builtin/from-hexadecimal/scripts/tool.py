import re


def from_hexadecimal(hexadecimal: str) -> int:
    """Convert a hexadecimal number (base 16, hex) to a decimal number.

    Args:
        hexadecimal: The hexadecimal digits.
    """
    digits = re.sub(r"^(-?)(0x|#)?", r"\1", hexadecimal.strip().lower())
    if not re.fullmatch(r"-?[0-9a-f]+", digits):
        raise ValueError(f"{hexadecimal!r} is not a hexadecimal number")
    return int(digits, 16)
