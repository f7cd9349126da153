import re


def is_numeric(text: str) -> bool:
    """Check whether a text is a number.

    Args:
        text: The text to check.
    """
    return re.fullmatch(r"[-+]?(\d+(\.\d*)?|\.\d+)(e[-+]?\d+)?", text.strip().lower()) is not None
